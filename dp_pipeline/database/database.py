"""The connection to Postgres: one engine per process, short transactions, errors in our words."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import anyio
import anyio.to_thread
import psycopg
import sqlalchemy as sa
import tenacity
from sqlalchemy import exc
from sqlalchemy.engine import URL

from dp_pipeline.database import migrations
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.errors import (
    DatabaseConfigurationError,
    DatabaseError,
    translated,
)
from dp_pipeline.database.server import check_server
from dp_pipeline.database.sessions import look_after, with_defaults

T = TypeVar("T")

__all__ = ["Database", "DatabaseConfigurationError", "DatabaseError", "normalise_url"]

RETRY_SECONDS = 30.0
_BACKOFF = Backoff(first=0.2, longest=4.0, jitter=1.0)
"""A restart of Postgres takes seconds; a failover to a replica about half a minute."""
START_SECONDS = 2.0
"""A session that is ended just then is no reason to fail; one that is away is announced soon."""
LOCK_SECONDS = 60
"""Transactions here last well under a second: who waits longer waits for something broken."""

_POOL_SIZE = 4
"""So many are kept, and so many transactions of runs are under way at once: a fifth waits for a
few milliseconds, where making a connection for it would take Postgres as long."""
_POOL_OVERFLOW = 6
_DRIVER = "postgresql+psycopg"

# Materialized: the limit is set before the lock is waited for.
_LOCK_TOURNAMENT = sa.text("""
WITH limited AS MATERIALIZED (SELECT set_config('lock_timeout', :limit, true))
SELECT pg_advisory_xact_lock(hashtextextended(:name, 0)) FROM limited
""")


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
    """Let one writer of a tournament work at a time: held until the transaction ends.

    Raises:
        sqlalchemy.exc.OperationalError: another transaction held it for LOCK_SECONDS; inside
            `Database.run` and `transaction` it becomes a retryable DatabaseError.
    """
    # Another name than the lease's, which another connection of this process may be holding.
    given = {"limit": f"{LOCK_SECONDS}s", "name": f"dp_pipeline.write:{tournament_id}"}
    connection.execute(_LOCK_TOURNAMENT, given)


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
            with_defaults(self.url),
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_recycle=1_800,
            pool_use_lifo=True,
            isolation_level="READ COMMITTED",
            # Rows never enter an exception's text.
            hide_parameters=True,
        )
        self._alone = sa.create_engine(
            with_defaults(self.url),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        for engine in (self.engine, self._alone):
            look_after(engine)
        self._checked = False
        self._at_once = threading.BoundedSemaphore(_POOL_SIZE)

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
        with self.in_our_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Generator[sa.Connection]:
        """A connection on which each statement is a transaction: for what belongs to a session.

        Raises:
            DatabaseError: in place of the driver's errors.
        """
        with self.in_our_words(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def connect_alone(self) -> sa.Connection:
        """A connection beside the pool, on which each statement is a transaction; close it.

        For what is held for hours: from the pool it could wait for those who wait for it.

        Raises:
            DatabaseError: in place of the driver's errors.
        """
        with self.in_our_words():
            return self._alone.connect()

    @contextmanager
    def in_our_words(self) -> Generator[None]:
        """Raise a DatabaseError in place of the driver's errors."""
        try:
            yield
        except (exc.SQLAlchemyError, psycopg.Error) as error:
            password = self.url.password
            raise translated(error, str(password) if password else None) from error

    async def run(
        self,
        work: Callable[[sa.Connection], T],
        *,
        attempts: int | None = None,
        seconds: float | None = None,
        single: bool = False,
    ) -> T:
        """Run `work` in one transaction in a worker thread.

        When the server restarts, the connection is lost, or Postgres asks for a repetition, the
        whole transaction is run again. A connection lost during COMMIT leaves open whether it
        happened, so work must bear being done twice; an upsert does.

        Cancelling the caller waits for the transaction under way.

        Args:
            work: does its reading and writing, nothing else; waits for nobody.
            attempts: 1 for work that must not be repeated.
            seconds: for about how long it is tried; None: RETRY_SECONDS.
            single: `work` is one statement, which is a transaction by itself: that saves two of
                three round trips.

        Raises:
            DatabaseError: in place of the driver's errors. What `work` itself raises is passed on.
        """
        once = partial(
            anyio.to_thread.run_sync, self._in_turn, work, single, abandon_on_cancel=False
        )
        try:
            # Tenacity takes as long as a statement, and is seldom needed.
            return await once()
        except DatabaseError as error:
            failed: list[DatabaseError] = [error]

        async def again() -> T:
            # what has failed already is the first attempt
            if failed:
                raise failed.pop()
            return await once()

        retrying = tenacity.AsyncRetrying(**retry_options(attempts, seconds), sleep=anyio.sleep)
        return await retrying(again)

    def run_here(self, work: Callable[[sa.Connection], T], *, single: bool = False) -> T:
        """Run `work` in one transaction in this thread; else as `run`."""
        return tenacity.Retrying(**retry_options(None, None))(self._once, work, single=single)

    def _in_turn(self, work: Callable[[sa.Connection], T], single: bool) -> T:
        with self._at_once:
            return self._once(work, single=single)

    def _once(self, work: Callable[[sa.Connection], T], *, single: bool = False) -> T:
        with self.autocommit() if single else self.transaction() as connection:
            return work(connection)

    def ensure_current(self, *, seconds: float = START_SECONDS, migrates: bool = True) -> None:
        """Migrate if the tables are older than this code; two short queries if they are not.

        The first time it also checks whether the server is of use to us at all (server.py).

        Args:
            seconds: for about how long it is tried.
            migrates: whether older tables are migrated, or refused.

        Raises:
            DatabaseConfigurationError: the tables are newer than this code, or older ones and not
                to be migrated, or the database is Dagster's, or one that cannot be used.
            DatabaseError: the database cannot be reached, or a migration failed.
        """
        tenacity.Retrying(**retry_options(None, seconds))(self._ensure_current, migrates)

    def _ensure_current(self, migrates: bool) -> None:
        if not self._checked:
            with self.in_our_words():
                check_server(self._alone)
            self._checked = True
        version = self.version()
        if version == migrations.HEAD:
            return
        if not migrates:
            raise DatabaseConfigurationError(versions_in_words(version))
        self.migrate()

    def version(self) -> str | None:
        """The version of the tables; None when there are none.

        Raises:
            DatabaseConfigurationError: this code does not know it.
            DatabaseError: the database cannot be reached.
        """
        with self.transaction() as connection:
            version = migrations.version(connection)
        if version is not None and version not in migrations.REVISIONS:
            raise DatabaseConfigurationError(_unknown_revision(version))
        return version

    def migrate(self) -> None:
        """Bring the tables to this code's version. Any number of processes may do so at once.

        All of it is one transaction: it happens entirely or not at all.

        Raises:
            DatabaseConfigurationError: see `ensure_current`.
            DatabaseError: the database cannot be reached, or a migration failed.
        """
        with self.transaction() as connection:
            # Before asking for the version: the process we wait for may be migrating.
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": "dp_pipeline.migrate"},
            )
            version = migrations.version(connection)
            if version is None:
                _check_not_dagsters(connection)
            elif version not in migrations.REVISIONS:
                raise DatabaseConfigurationError(_unknown_revision(version))
            if version != migrations.HEAD:
                migrations.upgrade(connection)


def retry_options(attempts: int | None = None, seconds: float | None = None) -> dict[str, Any]:
    """How tenacity tries again what failed for the moment; see `Database.run`."""
    stop: tenacity.stop.stop_base
    stop = tenacity.stop_after_delay(RETRY_SECONDS if seconds is None else seconds)
    if attempts is not None:
        stop |= tenacity.stop_after_attempt(attempts)
    return {
        "retry": tenacity.retry_if_exception(
            lambda error: isinstance(error, DatabaseError) and error.retryable
        ),
        "stop": stop,
        "wait": _BACKOFF,
        "reraise": True,
    }


def versions_in_words(version: str | None) -> str:
    """What a version of the tables, or that there are none, is to this code."""
    if version == migrations.HEAD:
        return f"The tables are of version {version}, as this code is."
    what = "are no tables yet" if version is None else f"are tables of version {version}"
    missing = migrations.missing(version)
    return (
        f"There {what}, and this code is of version {migrations.HEAD}: `dp db migrate` runs the"
        f" {missing} migration{'s' if missing > 1 else ''} between."
    )


def _unknown_revision(version: str) -> str:
    if version < migrations.REVISIONS[0]:
        return (
            f"The tables are older than version 0.1 left them (revision {version}): run"
            " dp_pipeline 0.1 on this database once, which brings them up to date, and then this"
            " one."
        )
    return (
        f"The tables were made by a newer dp_pipeline (version {version}, this one "
        f"knows up to {migrations.HEAD}); update this installation."
    )


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
