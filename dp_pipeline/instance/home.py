"""The directory of Dagster's local state below DP_HOME, its lock and its identity."""

import fcntl
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dp_pipeline.settings import Settings

_LOCK_PATIENCE_SECONDS = 60.0
_LOCK_POLL_SECONDS = 0.02


class HomeBusyError(Exception):
    """Another process has been initialising the local state for longer than we wait. Try again."""


def dagster_directory(settings: Settings) -> Path:
    """Where Dagster's SQLite, logs and artifacts are; created here, for this user only."""
    directory = settings.home / "dagster"
    settings.make_home()
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


@contextmanager
def initialising(
    directory: Path, *, patience_seconds: float = _LOCK_PATIENCE_SECONDS
) -> Generator[None]:
    """Let one process at a time initialise the directory.

    A kernel lock on a file: whoever is killed lets go of it.

    Raises:
        HomeBusyError: when another process keeps the lock.
    """
    path = directory / ".lock"
    with path.open("a") as file:
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    message = f"Another process has held {path} for {patience_seconds:.0f} s."
                    raise HomeBusyError(message) from error
                time.sleep(_LOCK_POLL_SECONDS)
            else:
                break
        yield


def home_id(directory: Path) -> str:
    """A name for this state directory that survives reboots, new host names and new containers."""
    path = directory / "home_id"
    with initialising(directory):
        name = path.read_text().strip() if path.exists() else ""
        if not name:
            name = str(uuid.uuid4())
            path.write_text(name + "\n")
    return name
