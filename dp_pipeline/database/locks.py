"""What only one process at a time may do, such as telling people: session-level advisory locks.

A lock is free as soon as its holder, or the holder's connection, is gone. Here whoever loses it
stops; executions/presence.py holds many for hours and takes them again.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dp_pipeline.database.database import Database

_TRY = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")
_ALIVE = sa.text("SELECT 1")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held."""

    connection: sa.Connection

    def check(self) -> None:
        """Ask whether it is still held, before what nobody else may do at the same time.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the connection is lost and the lock with it; inside
                `held` it becomes a DatabaseError.
        """
        self.connection.execute(_ALIVE)


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
