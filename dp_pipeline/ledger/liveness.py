"""Who is alive: advisory locks that a process holds while it works and loses when it dies.

A row in progress whose lock is free belongs to nobody; a run whose lock is held still works,
whatever Dagster says of it. Locks belong to a session, so they live on one connection of their own.
A thread keeps it: when the session is lost (Postgres restarted, a network cut) it opens another
one and takes every lock again, for as long as the process works.
"""

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast
from uuid import UUID, uuid4

import psycopg
import sqlalchemy as sa

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.database.locks import HELD_KEYS, check_session, end_holders
from dp_pipeline.database.sessions import is_silent

HEARTBEAT_SECONDS = 1.0
"""How soon a lost session is noticed, and so how long a living row may seem abandoned."""
RETAKE = Backoff(first=0.1, longest=1.0)
"""How soon what could not be taken again is tried again, and a new session opened."""
GIVE_UP_SECONDS = 2.0
"""How long a taken lock is tried again: who waits for it tries whether it is ours, and lets go."""
PATIENCE_SECONDS = 5.0
"""How long who needs the locks waits for a session to be back."""

EXECUTION_LOCK = "dp_pipeline.execution:"
RUN_LOCK = "dp_pipeline.run:"

_TRY = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_TRY_SHARED = sa.text("SELECT pg_try_advisory_lock_shared(hashtextextended(:name, 0))")
_UNLOCK = sa.text("""
SELECT pg_advisory_unlock(hashtextextended(name, 0)) FROM unnest(CAST(:others AS text[])) AS name
UNION ALL
SELECT pg_advisory_unlock_shared(hashtextextended(name, 0))
FROM unnest(CAST(:shared AS text[])) AS name
""")

_log = logging.getLogger(__name__)


def execution_lock(execution_id: UUID) -> str:
    """The name of the lock that says: somebody works on this execution."""
    return f"{EXECUTION_LOCK}{execution_id}"


def run_lock(request_id: UUID) -> str:
    """The name of the lock that says: a process works on this run. Several may share it."""
    return f"{RUN_LOCK}{request_id}"


def tournament_lock(tournament_id: UUID) -> str:
    """The name of the lock that says: this run has the lease of this tournament."""
    return f"dp_pipeline.tournament:{tournament_id}"


def worked_on(request_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Whether a process works on the run of a row, whatever Dagster says of it."""
    return _is_held(RUN_LOCK, request_id)


def works_on_execution(execution_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Whether a process works on the execution of a row."""
    return _is_held(EXECUTION_LOCK, execution_id)


def _is_held(kind: str, id_: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    name = sa.literal(kind).concat(sa.cast(id_, sa.Text))
    return sa.func.hashtextextended(name, 0).in_(sa.text(HELD_KEYS).columns(sa.column("key")))


class Liveness:
    """The advisory locks of one process at work. Safe to use from several threads.

    What is `taken` may be lost to another session while ours is away. What is `kept` nobody else
    wants for longer than a query takes, so it is tried until it is held again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._session: sa.Connection | None = None
        self._wire: psycopg.Connection | None = None
        """The driver's part of the session."""
        # Nobody else knows this name: who holds it is a session of ours.
        self._me = f"dp_pipeline.liveness:{uuid4()}"
        self._settled = False
        self._looked_at = -HEARTBEAT_SECONDS
        """When the session was last seen to live, by the monotonic clock."""
        self._gives_up_at = 0.0
        self._taken: set[str] = set()
        self._kept: dict[str, bool] = {}
        """With whether others may hold it too."""
        self._held: set[str] = set()
        self._lost: set[str] = set()
        self._done: list[str] = []
        """To be released with the next heartbeat."""
        self._wake = threading.Event()
        self._closed = False

    @contextmanager
    def alive(self) -> Generator[None]:
        """Keep the locks over the block; all are free after it."""
        heart = threading.Thread(target=self._live, name="liveness", daemon=True)
        heart.start()
        try:
            yield
        finally:
            self._closed = True
            self._wake.set()
            heart.join()
            with self._changed:
                self._drop()

    def take(self, name: str) -> bool:
        """Take the lock if it is free; False when another session has it.

        Raises:
            DatabaseError: there is no session at the moment; try again.
        """
        with self._changed:
            session = self._settled_session()
            taken = bool(self._ask(session, _TRY, name=name))
            if taken:
                self._taken.add(name)
                self._held.add(name)
            return taken

    def keep(self, name: str, *, shared: bool = False) -> None:
        """Hold the lock from now on, or as soon as there is a session.

        Waits a little for it, as a row that is open before its lock is held seems abandoned.
        """
        with self._changed:
            if name in self._kept:
                return
            self._kept[name] = shared
            if self._session is not None and self._settled:
                self._retake(self._session, name)
            if name not in self._held:
                self._wake.set()
                self._changed.wait_for(lambda: name in self._held, PATIENCE_SECONDS)

    def release(self, *names: str) -> None:
        """Let go; a lost session has done so already."""
        with self._changed:
            held = self._held.intersection(names)
            shared = [name for name in names if self._kept.pop(name, False) and name in held]
            for mine in (self._held, self._taken, self._lost):
                mine.difference_update(names)
            if held and self._session is not None:
                try:
                    given = {"shared": shared, "others": list(held.difference(shared))}
                    self._ask(self._session, _UNLOCK, **given)
                except DatabaseError as error:
                    _log.warning("%s The locks it held are free with it.", error)

    def release_soon(self, name: str) -> None:
        """Let go with the next heartbeat, where nobody waits for it; returns at once."""
        self._done.append(name)

    def held_lately(self, name: str) -> bool:
        """Whether the lock was held a heartbeat ago, at most, and nothing was heard of a cut since.

        Asks nobody and waits for nothing: who wants a lock whose session was cut waits for longer
        than a heartbeat (leases.py).
        """
        wire = self._wire
        if wire is None or time.monotonic() - self._looked_at > HEARTBEAT_SECONDS:
            return False
        try:
            return name in self._held and is_silent(wire)
        except psycopg.Error:  # another thread has just closed it
            return False

    def lost(self, name: str) -> bool:
        """Whether another session took this lock while ours was away.

        Raises:
            DatabaseError: there is no session at the moment; try again.
        """
        with self._changed:
            session = self._settled_session()
            self._look(session)
            return name in self._lost

    # -- with the mutex held -----------------------------------------------------------------------

    def _settled_session(self) -> sa.Connection:
        """The session, once it has taken again what another session of ours held."""
        if not self._settled:
            self._wake.set()
            self._changed.wait_for(lambda: self._settled, PATIENCE_SECONDS)
        if self._session is None or not self._settled:
            message = "The connection that holds the locks is lost and not yet back."
            raise DatabaseError(message, retryable=True)
        return self._session

    def _ask(self, session: sa.Connection, statement: sa.TextClause, **given: object) -> object:
        with self._dropping():
            return session.scalar(statement, given)

    def _look(self, session: sa.Connection) -> None:
        began = time.monotonic()
        with self._dropping():
            check_session(session)
        self._looked_at = began

    @contextmanager
    def _dropping(self) -> Generator[None]:
        """Whatever went wrong: a session of which we do not know what it holds is no use."""
        try:
            with self._database.in_our_words():
                yield
        except DatabaseError:
            self._drop()
            self._wake.set()
            raise

    def _retake(self, session: sa.Connection, name: str) -> None:
        try:
            if self._ask(session, _TRY_SHARED if self._kept[name] else _TRY, name=name):
                self._held.add(name)
                self._changed.notify_all()
        except DatabaseError as error:
            _log.warning("%s Its locks are taken again by the next session.", error)

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._wire = None
        self._settled = False
        self._held.clear()
        if session is not None:
            # A session that is lost says so once more when it is closed.
            session.invalidate()
            session.close()

    # -- the thread --------------------------------------------------------------------------------

    def _live(self) -> None:
        failures = 0
        while not self._closed:
            try:
                complete = self._beat()
            # This thread is what says that the process lives: it must outlive every error.
            except Exception as error:  # noqa: BLE001
                _log.warning("%s The locks are taken again as soon as there is a session.", error)
                complete = False
                with self._changed:
                    self._drop()
            failures = 0 if complete else failures + 1
            if not complete:
                self._wake.clear()  # it was ourselves
            if not self._closed:
                self._wake.wait(HEARTBEAT_SECONDS if complete else RETAKE.seconds(failures))
                self._wake.clear()

    def _beat(self) -> bool:
        """Look after the session and what it is to hold; False when something is missing."""
        if self._session is None:
            # Not while others wait for the mutex: a server that is away takes its time to say so.
            session = self._database.connect_alone()
            with self._changed:
                self._session = session
                self._wire = cast("psycopg.Connection", session.connection.driver_connection)
                self._gives_up_at = time.monotonic() + GIVE_UP_SECONDS
        with self._changed:
            self.release(*(self._done.pop() for _ in range(len(self._done))))
            session = self._session
            if session is None:
                return False
            self._look(session)
            with self._dropping():
                if not self._settled:
                    self._settle(session)
            for name in self._kept.keys() - self._held:
                if self._settled:
                    self._retake(session, name)
            return self._settled and self._kept.keys() <= self._held

    def _settle(self, session: sa.Connection) -> None:
        """Take again what the session before held, once that has ended.

        Postgres may not have noticed that it was cut, and it holds all of our locks: nobody takes
        them while it does, and we end it.
        """
        if not session.scalar(_TRY, {"name": self._me}):
            end_holders(session, self._me)
            return
        missing = self._taken - self._lost - self._held
        self._held |= {name for name in missing if session.scalar(_TRY, {"name": name})}
        missing -= self._held
        if missing and time.monotonic() < self._gives_up_at:
            return
        self._lost |= missing
        self._settled = True
        self._changed.notify_all()
