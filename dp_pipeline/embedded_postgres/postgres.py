"""The embedded Postgres as its users see it: ask for a URL, get a server that runs.

The first user starts the server and a watcher, which stops it once nobody uses it. Users are the
processes that took a URL and still live, and connected clients. POSIX only: it stands on
`flock`.
"""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

from dp_pipeline.embedded_postgres import files
from dp_pipeline.embedded_postgres.files import EmbeddedPostgresError, ServerAddress
from dp_pipeline.embedded_postgres.place import make_private

_ROOM_BYTES = 48 * 2**20  # of a new cluster and its first journal


class EmbeddedPostgres:
    """A Postgres server below `home`, started on demand and shared by all processes.

    Args:
        home: directory of local state; the cluster lives in its folder `postgres`.
        linger_seconds: how long an unused server stays up. The process that starts the server
            decides for all.
    """

    def __init__(self, home: Path, *, linger_seconds: float = 60) -> None:
        if not 0 <= linger_seconds < float("inf"):
            message = f"linger_seconds is {linger_seconds}; it must be zero or a number of seconds."
            raise ValueError(message)
        self._home = Path(home)
        self._linger_seconds = linger_seconds
        self._mutex = threading.Lock()
        self._share: int | None = None

    def url(self, database: str = "dp_pipeline") -> str:
        """The database's URL, in libpq syntax; the server runs and the database exists.

        Starts what is missing and holds this process's share of the server until `release` or the
        end of the process, whichever way it ends. Cheap enough to call before each new engine
        (a few milliseconds). The URL stays the same across restarts of the server.

        Raises:
            EmbeddedPostgresError: the server cannot be started or reached.
        """
        return self._serving(database).url(database)

    def reader_url(self, database: str = "dp_pipeline") -> str:
        """The URL of the role that may only read, at 127.0.0.1, with its password.

        Raises:
            EmbeddedPostgresError: the server cannot be started, or not be reached at its port.
        """
        from dp_pipeline.embedded_postgres import databases

        return databases.reader_url(self._serving(database), database)

    def release(self) -> None:
        """Give this process's share up; the kernel does the same when the process ends."""
        with self._mutex:
            self._drop_share()

    def _serving(self, database: str) -> ServerAddress:
        import psycopg

        from dp_pipeline.embedded_postgres import databases, server, watcher

        deadline = time.monotonic() + server.START_SECONDS
        directory = (self._home / "postgres").resolve()
        try:
            with self._mutex:
                make_private(directory.parent)
                make_private(directory)
                self._hold_share(directory, deadline)
                watcher.ensure_watcher(directory, self._linger_seconds)
                address = server.ensure(directory, deadline)
                databases.ensure_database(address, database)
        except (EmbeddedPostgresError, OSError, psycopg.Error, subprocess.SubprocessError) as error:
            explained = _explained(directory, error)
            raise explained from (error if explained is not error else error.__cause__)
        return address

    def _drop_share(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    def _hold_share(self, directory: Path, deadline: float) -> None:
        path = directory / files.USERS
        if self._share is not None and not files.is_current(self._share, path):
            self._drop_share()  # the home was deleted and made anew
        # A plain descriptor, not a file object: garbage collection must not give the share up.
        while self._share is None:
            self._share = files.try_lock(path, shared=True)
            if self._share is None:  # the watcher is stopping the server
                if time.monotonic() > deadline:
                    message = f"The embedded Postgres in {directory} does not end."
                    raise EmbeddedPostgresError(message, log=files.log_tail(directory))
                time.sleep(files.POLL_SECONDS)


def _explained(directory: Path, error: Exception) -> EmbeddedPostgresError:
    """Why the server cannot be used, in a sentence."""
    made = next(each for each in (directory, *directory.parents) if each.is_dir())
    if (free := shutil.disk_usage(made).free) < _ROOM_BYTES:
        return EmbeddedPostgresError(
            f"The disk that holds {directory} is full ({free // 2**20} MB are left, and a new"
            f" database takes {_ROOM_BYTES // 2**20}): make room, or set DP_HOME to another place."
        )
    if isinstance(error, EmbeddedPostgresError):
        return error
    if isinstance(error, PermissionError):
        return EmbeddedPostgresError(
            f"The embedded Postgres in {directory} belongs to another user ({error}): run as that"
            " user or as root, or set DP_HOME to a directory of your own."
        )
    message = f"The database of the embedded Postgres in {directory} cannot be used: {error}."
    return EmbeddedPostgresError(message, log=files.log_tail(directory))
