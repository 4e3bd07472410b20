"""What a server must be for us, checked once per process before anything else."""

from uuid import uuid4

import psycopg
import sqlalchemy as sa

from dp_pipeline.database.errors import NO_SESSIONS, DatabaseConfigurationError

OLDEST_SERVER = 15
"""NULLS NOT DISTINCT came with PostgreSQL 15."""
HEARD_SECONDS = 10.0
"""A session hears of a notification within milliseconds."""


def check_server(engine: sa.Engine) -> None:
    """Refuse a server on which something would go wrong later and silently.

    Args:
        engine: in autocommit, without a pool.

    Raises:
        DatabaseConfigurationError: it is too old, its encoding cannot hold every name, or its
            connections are no sessions.
    """
    with engine.connect() as one:
        check_version_and_encoding(one)
        with engine.connect() as other:
            if not gives_sessions(one, other):
                raise DatabaseConfigurationError(NO_SESSIONS)


def check_version_and_encoding(connection: sa.Connection) -> None:
    """Raise DatabaseConfigurationError where the server is too old or cannot hold every name."""
    query = (
        "SELECT current_setting('server_version_num')::int / 10000 AS major, current_database() AS"
        " name, current_setting('server_encoding') AS encoding"
    )
    server = connection.execute(sa.text(query)).one()
    if server.major < OLDEST_SERVER:
        message = (
            f"The database server is PostgreSQL {server.major}; {OLDEST_SERVER} or newer is needed."
        )
        raise DatabaseConfigurationError(message)
    if server.encoding != "UTF8":
        message = (
            f"The database {server.name} is encoded in {server.encoding}, which cannot hold every "
            f"name, such as Beşiktaş. Make one in UTF-8 (CREATE DATABASE … TEMPLATE template0 "
            "ENCODING 'UTF8') and name it in DP_DATABASE_URL."
        )
        raise DatabaseConfigurationError(message)


def gives_sessions(one: sa.Connection, other: sa.Connection) -> bool:
    """Whether what a connection sets lasts until its next statement.

    A pooler may by chance give the same session to the next statement, so neither a lock nor a
    variable proves anything. Only who has the session between statements hears a notification.
    """
    channel = f"dp_pipeline_{uuid4().hex}"
    mine = _listen(one, channel)
    if mine == _notify(other, channel):
        return False
    driver = one.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - for the type checker
    heard = driver.notifies(timeout=HEARD_SECONDS, stop_after=1)
    return any(each.channel == channel for each in heard)


def _listen(connection: sa.Connection, channel: str) -> int:
    connection.exec_driver_sql(f"LISTEN {channel}")
    return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()


def _notify(connection: sa.Connection, channel: str) -> int:
    # Together one transaction: it is not to wait for a standby, nor to leave that behind.
    connection.exec_driver_sql(f"SET LOCAL synchronous_commit = off; NOTIFY {channel}")
    return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
