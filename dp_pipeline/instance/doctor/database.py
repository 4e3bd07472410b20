"""Checks of the database."""

import time

import sqlalchemy as sa

from dp_pipeline.database import migrations
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import NO_SESSIONS, DatabaseConfigurationError
from dp_pipeline.database.server import check_version_and_encoding, gives_sessions
from dp_pipeline.instance.doctor.diagnosis import Diagnosis, Installation

AHEAD_SECONDS, FAR_AHEAD_SECONDS = 2.0, 60.0
"""Polls are due to the minute, and liveness is judged by seconds."""


def server(installation: Installation) -> Diagnosis:
    """Whether the server answers, and is one that holds what is stored."""
    database = installation.database()
    with database.connect_alone() as connection:
        try:
            check_version_and_encoding(connection)
        except DatabaseConfigurationError as error:
            cure = "Name another server or database in DP_DATABASE_URL."
            return Diagnosis("fail", str(error), cure)
        version = connection.scalar(sa.text("SELECT current_setting('server_version')"))
    embedded = installation.settings.database_url is None
    where = "the embedded server" if embedded else f"at {database.url.host or 'a socket'}"
    return Diagnosis("ok", f"PostgreSQL {version}, {where}, database {database.url.database}.")


def versions(installation: Installation) -> Diagnosis:
    """Whether the tables are of this code's version."""
    version = _version(installation.database())
    if version is None:
        said = "The database has no tables yet."
        return Diagnosis("warn", said, "The first `dp ingest KEY` or `make run` makes them.")
    if version == migrations.HEAD:
        return Diagnosis("ok", f"They are of version {version}, as this code is.")
    if version in migrations.REVISIONS:
        said = f"They are of version {version}, and this code is of {migrations.HEAD}."
        return Diagnosis(
            "warn",
            said,
            "Stop older processes, take a backup, and run `dp db migrate` (docs/deployment.md).",
        )
    said = f"They are of version {version}, which this code ({migrations.HEAD}) does not know."
    return Diagnosis("fail", said, "Update this installation to the version that made them.")


def pooler(installation: Installation) -> Diagnosis:
    """Whether connections are sessions, or a pooler between hands them round."""
    database = installation.database()
    with database.connect_alone() as one, database.connect_alone() as other:
        if gives_sessions(one, other):
            return Diagnosis("ok", "Connections are sessions, so that locks hold.")
    return Diagnosis(
        "fail",
        NO_SESSIONS,
        "Set pool_mode = session in the pooler, or name the server itself in DP_DATABASE_URL.",
    )


def clock(installation: Installation) -> Diagnosis:
    """Whether this machine and the database agree on what time it is."""
    with installation.database().connect_alone() as connection:
        connection.scalar(sa.text("SELECT 1"))
        before = time.time()
        theirs = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())"))
        theirs = float(theirs.scalar_one())
        after = time.time()
    # Somewhere between both the server looked at its clock.
    apart = max(before - theirs, theirs - after, 0.0)
    if apart < AHEAD_SECONDS:
        return Diagnosis("ok", "This machine's clock and the database's agree.")
    said = f"This machine's clock and the database's are {apart:,.0f} s apart."
    cure = "sudo timedatectl set-ntp true, on the machine whose clock is wrong."
    return Diagnosis("fail" if apart >= FAR_AHEAD_SECONDS else "warn", said, cure)


def _version(database: Database) -> str | None:
    with database.transaction() as connection:
        return migrations.version(connection)
