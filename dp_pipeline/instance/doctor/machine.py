"""Checks of the machine and of Dagster on it."""

import os
import shutil
import stat
import tempfile
from datetime import UTC, datetime

from dp_pipeline.instance.doctor.diagnosis import Diagnosis, Installation
from dp_pipeline.instance.health import daemon_part, heartbeats

_GIB = 1024**3
LEAST_BYTES, FEW_BYTES = _GIB // 4, 2 * _GIB
"""Postgres stops at a full disk; an upgrade of the embedded server's tables takes some 100 MB."""


def permissions(installation: Installation) -> Diagnosis:
    """Whether the local state can be written, and by nobody else."""
    home = installation.settings.home
    installation.settings.make_home()
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        return Diagnosis(
            "fail",
            f"{home} cannot be written: {error.strerror}.",
            f"sudo chown -R {os.geteuid()} {home}, or set DP_HOME to a directory of your own.",
        )
    mode = home.stat().st_mode & 0o7777
    if mode & stat.S_ISVTX:  # made for several users by whoever made it, as the image's is
        return Diagnosis("ok", f"{home} can be written, as by every user of this machine or image.")
    if mode & 0o007:
        said = f"{home} is open to every user of this machine (mode {mode:o})."
        return Diagnosis("warn", said, f"chmod o-rwx {home}")
    return Diagnosis("ok", f"{home} can be written, and other users cannot enter it.")


def disk(installation: Installation) -> Diagnosis:
    """Whether there is room for what is kept locally."""
    home = installation.settings.home
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    said = f"{free / _GIB:.1f} GiB are free where {home} is."
    cure = "Make room; `dp retention` says what of the stored data is older than you keep it."
    if free < LEAST_BYTES:
        return Diagnosis("fail", said, cure)
    return Diagnosis("warn", said, cure) if free < FEW_BYTES else Diagnosis("ok", said)


def dagster_storage(installation: Installation) -> Diagnosis:
    """Whether Dagster's runs can be read."""
    with installation.dagster() as instance:
        runs = instance.get_runs_count()
    where = "Postgres" if installation.settings.dagster_postgres_url else "SQLite in DP_HOME"
    return Diagnosis("ok", f"It is {where} and has {runs:,} runs.")


def daemon(installation: Installation) -> Diagnosis:
    """Whether a daemon is at work, without which nothing happens by itself."""
    with installation.dagster() as instance:
        beats = heartbeats(instance)
    part = daemon_part(beats, datetime.now(UTC))
    if not beats:
        return Diagnosis("warn", part.said, "make run, or a service as docs/deployment.md has it.")
    if part.works:
        return Diagnosis("ok", part.said)
    return Diagnosis(
        "fail",
        part.said,
        "make run, or start the service again (docs/deployment.md); its log says why it ended.",
    )
