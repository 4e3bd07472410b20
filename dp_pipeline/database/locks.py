"""What only one process at a time may do, such as telling people: session-level advisory locks.

A lock is free as soon as its holder, or the holder's connection, is gone. Here whoever loses it
stops; ledger/liveness.py holds many for hours and takes them again.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dp_pipeline.database.database import Database, DatabaseError

_TRY = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")
_READ_ONLY = sa.text("SELECT current_setting('transaction_read_only') = 'on'")
_HELD = """
SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
HELD_KEYS = f"SELECT key FROM ({_HELD}) AS held"  # noqa: S608 - our own text
"""The hashes of the names of all locks that are held."""

_END_HOLDERS = sa.text(f"""
SELECT pg_terminate_backend(pid) FROM ({_HELD}) AS held
WHERE key = hashtextextended(:name, 0) AND pid <> pg_backend_pid()
""")  # noqa: S608 - our own text


def check_session(connection: sa.Connection) -> None:
    """Ask whether a session that holds locks lives and is where writing is done.

    A primary that has become a replica goes on to give locks, which nobody else sees.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the session is lost, and its locks with it.
        DatabaseError: it is read only.
    """
    if connection.scalar(_READ_ONLY):
        message = "The database takes no writes at the moment: it is a replica or set read only."
        raise DatabaseError(message, retryable=True)


def end_holders(connection: sa.Connection, name: str) -> None:
    """End the other sessions that hold a lock whose name nobody else knows: they are our own."""
    connection.execute(_END_HOLDERS, {"name": name}).all()


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held."""

    connection: sa.Connection

    def check(self) -> None:
        """Ask whether it is still held, before what nobody else may do at the same time.

        Raises:
            DatabaseError, sqlalchemy.exc.SQLAlchemyError: the lock is lost; inside `held` it is
                always a DatabaseError.
        """
        check_session(self.connection)


@contextmanager
def held(database: Database, name: str) -> Generator[Lock | None]:
    """Hold a lock over the block if it is free; None, at once, if another session has it.

    Raises:
        DatabaseError: in place of the driver's errors.
    """
    with database.autocommit() as connection:
        if not connection.scalar(_TRY, {"name": name}):
            yield None
            return
        try:
            yield Lock(connection)
        finally:
            try:
                connection.execute(_UNLOCK, {"name": name})
            except SQLAlchemyError:
                # A pooled connection would keep the lock: close it for good.
                connection.invalidate()
