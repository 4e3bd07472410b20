"""The database as `dp` finds it, opened for one question by who may only read, and closed again."""

import os
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dp_pipeline.read.errors import NothingStoredError, NotOnlyReadingError, UnreadableError

if TYPE_CHECKING:
    import sqlalchemy as sa

_READ_ONLY = "25006"
_NO_SUCH_TABLE = frozenset({"42P01", "42703"})


@contextmanager
def reading() -> Generator["sa.Connection"]:
    """A transaction that only reads; the embedded server is started if needed, and let go of.

    Raises:
        NothingStoredError: there is no database yet.
        NotOnlyReadingError: a statement would have written.
        UnreadableError: the settings, the database or the question cannot be used.
    """
    from dp_pipeline.database.database import Database
    from dp_pipeline.database.errors import DatabaseError
    from dp_pipeline.embedded_postgres import EmbeddedPostgresError
    from dp_pipeline.settings import SettingsError

    try:
        with (
            _url() as url,
            closing(Database(url)) as database,
            database.transaction() as connection,
        ):
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield connection
    except DatabaseError as error:
        if error.sqlstate != _READ_ONLY:
            raise UnreadableError(str(error)) from error
        message = "Here is only read; write with SQL of your own, at the URL of `dp db url`."
        raise NotOnlyReadingError(message) from error
    except (EmbeddedPostgresError, SettingsError) as error:
        raise UnreadableError(str(error)) from error


@contextmanager
def views() -> Generator["sa.Connection"]:
    """As `reading`, for questions of ours: a view that is not there is no fault of the caller."""
    try:
        with reading() as connection:
            yield connection
    except UnreadableError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _NO_SUCH_TABLE:
            raise
        message = (
            "The database has no tables yet, or those of an older version: `dp db url` makes or "
            "updates them."
        )
        raise NothingStoredError(message) from error


@contextmanager
def _url() -> Generator[str]:
    """Where to read, as the environment and `.env` say: of the embedded server, as its reader."""
    from dotenv import dotenv_values

    from dp_pipeline.embedded_postgres import EmbeddedPostgres
    from dp_pipeline.settings import Settings
    from dp_pipeline.settings.places import project_directory

    # What is really set comes first, as for `dp`; and nothing is set here for anybody else.
    given = {n: v for n, v in dotenv_values(project_directory() / ".env").items() if v is not None}
    settings = Settings.load({**given, **os.environ})
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    if not (settings.home / "postgres").is_dir():
        message = (
            f"There is no database in {settings.home} yet: `dp ingest openligadb:bl1:2024` makes "
            "one and fills it. If there is one elsewhere, say so with DP_HOME or DP_DATABASE_URL."
        )
        raise NothingStoredError(message)
    server = EmbeddedPostgres(settings.home)
    try:
        # The role begins no transaction that writes, so libpq takes its server for a replica.
        yield f"{server.reader_url()}?target_session_attrs=any"
    finally:
        server.release()
