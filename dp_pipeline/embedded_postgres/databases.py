"""The databases of the server, and the role that may only read them."""

import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import errors, sql

from dp_pipeline.embedded_postgres.files import (
    LOOPBACK,
    READER,
    EmbeddedPostgresError,
    ServerAddress,
    write_whole,
)

_IS_READY = """
SELECT NOT has_database_privilege('public', oid, 'TEMP')
    AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)
FROM pg_database WHERE datname = %s
"""
# One statement for the server, so all or nothing.
_READER = """
DO $$ BEGIN CREATE ROLE {reader}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE {reader} LOGIN CONNECTION LIMIT 20 PASSWORD {verifier};
ALTER ROLE {reader} SET default_transaction_read_only = on;
ALTER ROLE {reader} SET statement_timeout = '60s';
-- who holds a lock on a table and has gone to lunch holds up the next migration
ALTER ROLE {reader} SET idle_in_transaction_session_timeout = '5min';
GRANT USAGE ON SCHEMA public TO {reader};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {reader};
-- the sign that all was granted
REVOKE TEMPORARY ON DATABASE {database} FROM public;
"""


def ensure_database(address: ServerAddress, database: str) -> None:
    """Make the database if it is not there, and let the reader read what is and will be in it."""
    file = _password_file(address)
    with psycopg.connect(address.conninfo(), autocommit=True) as connection:
        ready = connection.execute(_IS_READY, [READER, database]).fetchone()
        if ready == (True,) and file.exists():
            return
        # Grants at the same time end with "tuple concurrently updated".
        connection.execute("SELECT pg_advisory_lock(hashtextextended('dp_pipeline.reader', 0))")
        if not file.exists():
            write_whole(file, secrets.token_urlsafe(24), mode=0o600)
        with suppress(errors.DuplicateDatabase):
            # template0: a client of template1 would be in the way
            create = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
            connection.execute(create.format(sql.Identifier(database)))
        verifier = connection.pgconn.encrypt_password(
            file.read_bytes().strip(), READER.encode(), b"scram-sha-256"
        )
        words = {"reader": sql.Identifier(READER), "database": sql.Identifier(database)}
        with psycopg.connect(address.conninfo(database), autocommit=True) as own:
            own.execute(sql.SQL(_READER).format(**words, verifier=verifier.decode()))


def reader_url(address: ServerAddress, database: str) -> str:
    """The reader's URL, with its password; refused while its port is another program's."""
    with psycopg.connect(address.conninfo()) as connection:
        if connection.execute("SHOW listen_addresses").fetchone() == ("",):
            raise EmbeddedPostgresError(address.port_taken())
    password = _password_file(address).read_text("ascii").strip()
    return f"postgresql://{READER}:{password}@{LOOPBACK}:{address.port}/{quote(database, safe='')}"


def _password_file(address: ServerAddress) -> Path:
    return Path(address.directory, "read_only_password")
