"""A session with the server: how it is opened, and how one that lies in the pool is looked at."""

import select
import time
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL

from dp_pipeline.database.errors import is_useless

_CONNECT_SECONDS = 10
_IDLE_SECONDS = 30.0
"""After so long a session is asked whether it lives, though its socket says nothing."""

_DEFAULTS = {
    "connect_timeout": str(_CONNECT_SECONDS),
    "application_name": "dp_pipeline",
    # A peer that vanished without a word is noticed within a minute, not after two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    # The same while we wait for it to take what was sent: keepalives only watch idle connections.
    "tcp_user_timeout": "60000",
    # After a failover the old primary may go on as a replica: it would give us locks that nobody
    # else sees, and refuse every write.
    "target_session_attrs": "read-write",
}
_SESSION = """
SET TIME ZONE 'UTC'; SET jit = off;
SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 60000
"""
"""The server, too, notices within a minute that a machine vanished, and lets go of its locks.

A server with Debian's settings compiles a statement that it expects to be long: a list of
executions of 3 ms took 1.3 s once there were a million of them.
"""
_USED = "dp_used"


def with_defaults(url: URL) -> URL:
    """A URL with what it does not say of a session."""
    given = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    # What PGCLIENTENCODING or the URL says would be the encoding of every text that we send.
    return url.update_query_dict({**given, "client_encoding": "UTF8"})


def look_after(engine: sa.Engine) -> None:
    """Set up the sessions of an engine, and throw away those that are of no use any more.

    One that comes from the pool is asked whether it lives only where its socket has something to
    say, as after a restart of the server, or where it was idle for long: asking each time was a
    seventh of the round trips of a read in which nothing is new.
    """
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "handle_error", _throw_away)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _look_at)


def _set_up(connection: psycopg.Connection, record: Any) -> None:
    # Not as options of the connection: poolers such as PgBouncer refuse those.
    try:
        execute_alone(connection, _SESSION)
    except psycopg.Error:
        connection.close()  # nobody else will
        raise
    _note_use(connection, record)


def execute_alone(connection: psycopg.Connection, statements: LiteralString) -> None:
    """Execute what is no part of a transaction."""
    before = connection.autocommit
    connection.autocommit = True
    connection.execute(statements)
    connection.autocommit = before


def _throw_away(context: sa.engine.ExceptionContext) -> None:
    """A session that works and is of no use any more counts as lost."""
    if is_useless(context.original_exception):
        context.is_disconnect = True


def _note_use(_: psycopg.Connection | None, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _look_at(connection: psycopg.Connection, record: Any, _: object) -> None:
    try:
        if is_silent(connection) and time.monotonic() - record.info[_USED] < _IDLE_SECONDS:
            return
        execute_alone(connection, "SELECT 1")
    except psycopg.Error as error:
        raise exc.InvalidatePoolError from error


def is_silent(connection: psycopg.Connection) -> bool:
    """Whether nothing has come since its last statement; the end of a session would have.

    Raises:
        psycopg.Error: the connection is closed.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return not socket.poll(0)
