"""A lock that one process at a time holds on a Dagster storage, wherever that storage is.

In Postgres an advisory lock of a transaction that stays open: PgBouncer keeps it on one server
connection in session mode and in transaction mode alike. A lock of the session would be lost, or
left behind for ever, in the latter. Beside SQLite files a `flock`.
"""

import fcntl
import os
import select
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dp_pipeline.instance.dagster_storage import SqlRunStorage

# Dagster's tables may be in a schema of their own, several of them in one database.
_TRY = sa.text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(:name || coalesce(current_schema(), ''), 0))"
)
_ALIVE = sa.text("SELECT 1")
# The transaction is idle for days, which servers may be set to end; and they must notice within
# half a minute, not two hours, that the holder's machine is gone. What a version lacks is left out.
_LAST_AND_NOTICE = sa.text(
    "SELECT set_config(wanted.name, wanted.value, true) FROM (VALUES"
    " ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),"
    " ('statement_timeout', '0'),"
    " ('tcp_keepalives_idle', '15'), ('tcp_keepalives_interval', '5'),"
    " ('tcp_keepalives_count', '3')"
    ") AS wanted (name, value) JOIN pg_settings USING (name)"
)


class StorageLockError(Exception):
    """The storage did not say whether its lock is free. Trying again helps when it was away."""


@contextmanager
def storage_errors() -> Generator[None]:
    """Dagster's errors of its own storage as one of ours.

    Raises:
        StorageLockError: in their place.
    """
    from dagster_postgres.utils import DagsterPostgresException

    try:
        yield
    except (SQLAlchemyError, DagsterPostgresException) as error:
        message = (
            "Dagster's storage does not answer the daemon, or gives it no lock; behind PgBouncer"
            " that needs session or transaction mode."
        )
        raise StorageLockError(message) from error


class FileLock:
    """A `flock`: the kernel frees it when its holder dies, and nothing else does."""

    can_be_cut = False
    """Whether its holder may lose it and live."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never waits.

        Raises:
            StorageLockError: it is not known whether it is free.
        """
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"The lock {self._path} cannot be opened: {error}."
            raise StorageLockError(message) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        """Whether this process holds it now. Any thread may call it."""
        return self._descriptor is not None

    def wait(self, seconds: float) -> None:
        """Wait so long, or until there is reason to check `is_held`."""
        time.sleep(seconds)

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class PostgresLock:
    """An advisory lock on a connection of Dagster's own storage, lost with that connection."""

    can_be_cut = True

    def __init__(self, storage: SqlRunStorage, name: str) -> None:
        self._storage = storage
        self._name = name
        self._mutex = threading.Lock()
        self._opened = ExitStack()
        self._connection: sa.Connection | None = None

    def try_acquire(self) -> bool:
        """See FileLock."""
        with self._mutex:
            self._close()
            try:
                with storage_errors():
                    connection = self._opened.enter_context(self._storage.connect())
                    # Dagster's own connections are in autocommit mode
                    connection = connection.execution_options(isolation_level="READ COMMITTED")
                    connection.execute(_LAST_AND_NOTICE)
                    if connection.scalar(_TRY, {"name": self._name}):
                        self._connection = connection
            finally:
                if self._connection is None:
                    self._close()
            return self._connection is not None

    def is_held(self) -> bool:
        """See FileLock. A connection that answers still has its transaction, and so the lock."""
        with self._mutex:
            try:
                return self._connection is not None and self._connection.scalar(_ALIVE) == 1
            except SQLAlchemyError:
                return False  # whatever it is, try_acquire begins with a new connection

    def wait(self, seconds: float) -> None:
        """See FileLock. The end of a connection is something to read."""
        with self._mutex:
            connection = self._connection
            if connection is None or connection.invalidated:
                return
            driver = connection.connection.dbapi_connection
            if driver is None:
                return
            # another thread may close its own meanwhile, and the number belong to something else
            socket = os.dup(driver.fileno())
        try:
            word = select.poll()
            word.register(socket, select.POLLIN)
            word.poll(seconds * 1000)
        finally:
            os.close(socket)

    def release(self) -> None:
        """See FileLock."""
        with self._mutex:
            self._close()

    def _close(self) -> None:
        self._connection = None
        try:
            self._opened.close()
        except SQLAlchemyError:
            self._opened = ExitStack()  # a connection that is cut already cannot say goodbye


StorageLock = FileLock | PostgresLock
"""What one process holds and others wait for."""


def lock_of(storage: object, directory: Path, name: str) -> StorageLock:
    """The lock of a storage of runs; `directory` is where the files of a SQLite one are."""
    if isinstance(storage, SqlRunStorage):
        with storage.connect() as connection:
            if connection.dialect.name == "postgresql":
                return PostgresLock(storage, name)
    return FileLock(directory / f"{name}.lock")
