"""Who is alive: advisory locks that a process holds while it works and loses when it dies.

A row in progress whose lock is free belongs to nobody. Locks belong to a session, so they live on
one connection of their own; when that connection is lost (Postgres restarted, a network cut) it is
opened again and every lock retaken.
"""

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from dp_pipeline.database.database import Database

HEARTBEAT_SECONDS = 3.0
"""How soon a lost connection is noticed, and so how long a living row may look abandoned."""

EXECUTION_LOCK = "dp_pipeline.execution:"

_PATIENCE = sa.text("SET lock_timeout = '10s'")
_ALIVE = sa.text("SELECT 1")
_TRY = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_WAIT = sa.text("SELECT pg_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")

_log = logging.getLogger(__name__)


def execution_lock(execution_id: UUID) -> str:
    """The name of the lock that says: somebody works on this execution."""
    return f"{EXECUTION_LOCK}{execution_id}"


def tournament_lock(tournament_id: UUID) -> str:
    """The name of the lock that says: this run has its turn at this tournament."""
    return f"dp_pipeline.tournament:{tournament_id}"


class Presence:
    """The advisory locks of one run. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mutex = threading.Lock()
        self._connection: sa.Connection | None = None
        self._held: list[str] = []
        self._lost: set[str] = set()
        self._closed = threading.Event()
        self._heart: threading.Thread | None = None

    @contextmanager
    def alive(self) -> Generator[None]:
        """Keep the locks over the block; all are free after it."""
        self._heart = threading.Thread(target=self._beat, name="presence", daemon=True)
        self._heart.start()
        try:
            yield
        finally:
            self._closed.set()
            self._heart.join()
            with self._mutex:
                self._disconnect()

    def take(self, name: str) -> bool:
        """Take the lock if it is free; False when another session has it."""
        with self._mutex:
            taken = self._try(name)
            if taken:
                self._held.append(name)
            return taken

    def release(self, name: str) -> None:
        """Let go; a lost connection has done so already."""
        with self._mutex:
            if name in self._held:
                self._held.remove(name)
            if name in self._lost:
                self._lost.discard(name)
            elif self._connection is not None:
                try:
                    self._connection.execute(_UNLOCK, {"name": name})
                except DBAPIError:
                    self._disconnect()

    def lost(self, name: str) -> bool:
        """Whether another session took this lock while our connection was away."""
        with self._mutex:
            return name in self._lost

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT_SECONDS):
            with self._mutex:
                try:
                    self._session().execute(_ALIVE)
                except DBAPIError:
                    _log.warning("Lost the connection that holds the locks; connecting anew.")
                    self._disconnect()
                    # Postgres may still be down: the next beat tries again.
                    with suppress(DBAPIError):
                        self._session()

    def _try(self, name: str) -> bool:
        try:
            return bool(self._session().scalar(_TRY, {"name": name}))
        except DBAPIError:
            self._disconnect()
            return bool(self._session().scalar(_TRY, {"name": name}))

    def _session(self) -> sa.Connection:
        if self._connection is None:
            connection = self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
            self._connection = connection
            # After a cut our own old session may hold our locks until Postgres notices: then this
            # attempt fails and the next beat tries again.
            connection.execute(_PATIENCE)
            self._lost.clear()
            for name in self._held:
                if name.startswith(EXECUTION_LOCK):
                    # Only a look at open rows competes for it, and that lets go at once.
                    connection.execute(_WAIT, {"name": name})
                elif not connection.scalar(_TRY, {"name": name}):
                    self._lost.add(name)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            # A pooled connection would keep its locks: close it for good.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
