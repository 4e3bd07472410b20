"""The connection to Postgres: one engine per process, short transactions, errors in our words."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from uuid import UUID

import anyio
import anyio.to_thread
import psycopg
import sqlalchemy as sa
import tenacity
from sqlalchemy import exc
from sqlalchemy.engine import URL

from dp_pipeline.database import migrations
from dp_pipeline.database.errors import DatabaseConfigurationError, DatabaseError, translated

T = TypeVar("T")

__all__ = ["Database", "DatabaseConfigurationError", "DatabaseError", "normalise_url"]

OLDEST_SERVER = 15
"""NULLS NOT DISTINCT came with PostgreSQL 15."""
RETRY_SECONDS = 30.0
"""A restart of Postgres takes seconds; a failover to a replica about half a minute."""
LOCK_SECONDS = 60
"""Transactions here last well under a second: who waits longer waits for something broken."""

_POOL_SIZE = 2
_POOL_OVERFLOW = 8
_CONNECT_SECONDS = 10
_DRIVER = "postgresql+psycopg"
_CONNECTION_DEFAULTS = {
    "connect_timeout": str(_CONNECT_SECONDS),
    "application_name": "dp_pipeline",
    # A peer that vanished without a word is noticed within a minute, not after two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
_UTC = "-c timezone=UTC"


def normalise_url(text: str) -> URL:
    """Read a database URL in any spelling people use, for the driver we use.

    `postgres://`, `postgresql://` and `postgresql+anything://` all mean psycopg 3 here. Query
    arguments (`sslmode`, `host` of a Unix socket, …) stay.

    Raises:
        DatabaseConfigurationError: the text is no URL of a Postgres database.
    """
    try:
        url = sa.make_url(text.strip())
        scheme = url.get_backend_name()
    except (exc.ArgumentError, ValueError):
        message = (
            "The database URL cannot be read; write postgresql://user:password@host:5432/database, "
            "with special characters in the password percent-encoded."
        )
        # From None: the parser's own words quote pieces of the URL, so perhaps of the password.
        raise DatabaseConfigurationError(message) from None
    if scheme not in {"postgres", "postgresql"}:
        message = f"The database URL must begin with postgresql:// but begins with {scheme}://."
        raise DatabaseConfigurationError(message)
    return url.set(drivername=_DRIVER)


def tournament_lock(connection: sa.Connection, tournament_id: UUID) -> None:
    """Make writers of one tournament take turns: held until the transaction ends.

    Raises:
        sqlalchemy.exc.OperationalError: another transaction held it for LOCK_SECONDS; inside
            `Database.run` and `transaction` it becomes a retryable DatabaseError.
    """
    connection.execute(
        sa.text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": f"{LOCK_SECONDS}s"}
    )
    # Another name than the ledger's turn, which another connection of this process may be holding.
    connection.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"dp_pipeline.write:{tournament_id}"},
    )


class Database:
    """One Postgres database. Connects when first used; share one per process.

    Args:
        url: any spelling `normalise_url` reads.

    Raises:
        DatabaseConfigurationError: the URL cannot be read.
    """

    def __init__(self, url: str) -> None:
        self.url = normalise_url(url)
        self.engine = sa.create_engine(
            _with_defaults(self.url),
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_pre_ping=True,
            pool_recycle=1_800,
            pool_use_lifo=True,
            isolation_level="READ COMMITTED",
            # Rows never enter an exception's text.
            hide_parameters=True,
        )

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"

    def close(self) -> None:
        """Close idle connections. The database can be used again and then connects anew."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Generator[sa.Connection]:
        """BEGIN, and COMMIT at the end or ROLLBACK on any exception. Not retried: see `run`.

        Raises:
            DatabaseError: in place of the driver's errors.
        """
        with self._in_our_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Generator[sa.Connection]:
        """A connection on which each statement is a transaction: for what belongs to a session.

        Raises:
            DatabaseError: in place of the driver's errors.
        """
        with self._in_our_words(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _in_our_words(self) -> Generator[None]:
        try:
            yield
        except (exc.SQLAlchemyError, psycopg.Error) as error:
            password = self.url.password
            raise translated(error, str(password) if password else None) from error

    async def run(self, work: Callable[[sa.Connection], T], *, attempts: int = 30) -> T:
        """Run `work` in one transaction in a worker thread.

        When the server restarts, the connection is lost, or Postgres asks for a repetition, the
        whole transaction is run again, for about RETRY_SECONDS. A connection lost during COMMIT
        leaves open whether it happened, so work must bear being done twice; an upsert does.

        Cancelling the caller waits for the transaction under way.

        Args:
            work: does its reading and writing, nothing else; waits for nobody.
            attempts: 1 for work that must not be repeated.

        Raises:
            DatabaseError: in place of the driver's errors. What `work` itself raises is passed on.
        """
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, DatabaseError) and error.retryable
            ),
            stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_after_delay(RETRY_SECONDS),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=4),
            sleep=anyio.sleep,
            reraise=True,
        )
        return await retrying(
            partial(anyio.to_thread.run_sync, self._once, work, abandon_on_cancel=False)
        )

    def _once(self, work: Callable[[sa.Connection], T]) -> T:
        with self.transaction() as connection:
            return work(connection)

    def ensure_current(self) -> None:
        """Migrate if the tables are older than this code; two short queries if they are not.

        Raises:
            DatabaseConfigurationError: the tables are newer than this code, or the database is
                Dagster's, or too old a server.
            DatabaseError: the database cannot be reached, or a migration failed.
        """
        with self.transaction() as connection:
            version = _version(connection)
        if version != migrations.HEAD:
            self.migrate()

    def migrate(self) -> None:
        """Bring the tables to this code's version. Any number of processes may do so at once.

        All of it is one transaction: it happens entirely or not at all.

        Raises:
            DatabaseConfigurationError: see `ensure_current`.
            DatabaseError: the database cannot be reached, or a migration failed.
        """
        with self.transaction() as connection:
            _check_server(connection)
            # Before asking for the version: the process we wait for may be migrating.
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": "dp_pipeline.migrate"},
            )
            version = _version(connection)
            if version is None:
                _check_not_dagsters(connection)
            elif version not in migrations.REVISIONS:
                message = (
                    f"The tables were made by a newer dp_pipeline (version {version}, this one "
                    f"knows up to {migrations.HEAD}); update this installation."
                )
                raise DatabaseConfigurationError(message)
            if version != migrations.HEAD:
                migrations.upgrade(connection)


def _with_defaults(url: URL) -> URL:
    url = url.update_query_dict(
        {name: value for name, value in _CONNECTION_DEFAULTS.items() if name not in url.query}
    )
    options = url.query.get("options", "")
    given = options if isinstance(options, str) else " ".join(options)
    return url.update_query_dict({"options": f"{_UTC} {given}".strip()})


def _version(connection: sa.Connection) -> str | None:
    """The version of the tables; None when there are none."""
    table = sa.table(migrations.VERSION_TABLE, sa.column("version_num", sa.Text))
    if connection.scalar(sa.select(sa.func.to_regclass(table.name))) is None:
        return None
    return connection.scalar(sa.select(table.c.version_num))


def _check_server(connection: sa.Connection) -> None:
    # server_version_num is 150004 for 15.4
    major = int(connection.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000
    if major < OLDEST_SERVER:
        message = f"The database server is PostgreSQL {major}; {OLDEST_SERVER} or newer is needed."
        raise DatabaseConfigurationError(message)


def _check_not_dagsters(connection: sa.Connection) -> None:
    # Dagster's tables have its own alembic_version beside them.
    dagsters = connection.scalar(
        sa.text(
            "SELECT to_regclass('alembic_version') IS NOT NULL AND "
            "(to_regclass('event_logs') IS NOT NULL OR to_regclass('runs') IS NOT NULL)"
        )
    )
    if dagsters:
        message = (
            "This database holds Dagster's own storage. Give DP_DATABASE_URL another database, "
            "even on the same server: both keep their own tables and versions."
        )
        raise DatabaseConfigurationError(message)
