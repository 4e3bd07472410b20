"""The databases of the server, and the role that may only read them."""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.embedded_postgres.files import READER, ServerAddress, write_whole

if TYPE_CHECKING:
    import psycopg

_PASSWORD = "read_only_password"  # noqa: S105 - the name of the file
_ADMITS = """
SELECT NOT has_database_privilege('public', oid, 'TEMP')
    AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)
FROM pg_database WHERE datname = %s
"""
_LIMITS = (
    "ALTER ROLE {reader} LOGIN CONNECTION LIMIT 20 PASSWORD {password}",
    "ALTER ROLE {reader} SET default_transaction_read_only = on",
    "ALTER ROLE {reader} SET statement_timeout = '60s'",
    # who holds a lock on a table and has gone to lunch holds up the next migration
    "ALTER ROLE {reader} SET idle_in_transaction_session_timeout = '5min'",
)
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {reader}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {reader}",
    # the sign that all was granted, for one transaction grants all of it
    "REVOKE TEMPORARY ON DATABASE {database} FROM public",
)


def password_file(directory: Path) -> Path:
    """Where the reader's password is."""
    return directory / _PASSWORD


def ensure_database(directory: Path, address: ServerAddress, database: str) -> None:
    """Make the database if it is not there, and let the reader read what is and will be in it."""
    from psycopg import errors, sql

    with address.connect() as connection:
        found = connection.execute(_ADMITS, [READER, database]).fetchone()
        if found is None:
            # template0: a client of template1 would be in the way. Another process may win.
            with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                create = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
                connection.execute(create.format(sql.Identifier(database)))
    if found == (True,) and password_file(directory).exists():
        return
    with address.connect(database) as connection, connection.transaction():
        # Grants at the same time end with "tuple concurrently updated".
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('dp_pipeline.reader', 0))"
        )
        _make_reader(connection, directory)
        words = {"database": sql.Identifier(database), "reader": sql.Identifier(READER)}
        for grant in _GRANTS:
            connection.execute(sql.SQL(grant).format(**words))


def _make_reader(connection: "psycopg.Connection", directory: Path) -> None:
    from psycopg import sql

    file = password_file(directory)
    if not file.exists():
        write_whole(file, secrets.token_urlsafe(24), mode=0o600)
    password = file.read_text("ascii").strip()
    verifier = connection.pgconn.encrypt_password(
        password.encode(), READER.encode(), b"scram-sha-256"
    )
    role = sql.Identifier(READER)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    for limit in _LIMITS:
        connection.execute(sql.SQL(limit).format(reader=role, password=verifier.decode()))
