"""The embedded Postgres as its users see it: ask for a URL, get a server that runs.

The first user starts a supervisor (supervisor.py), which runs the server and stops it once nobody
uses it. Users are the processes that asked for a URL and still live, and connected clients.
POSIX only: it stands on `flock`.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from dp_pipeline.database.embedded.binaries import LOADER
from dp_pipeline.database.embedded.cluster import (
    Address,
    Answer,
    Cluster,
    EmbeddedPostgresError,
    is_current,
    open_lock,
    probe,
    try_lock,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

# A cold start takes 0.6 s; recovery after a crash of a large database can take a minute.
START_SECONDS = 120.0
_POLL_SECONDS = 0.05
_ROOM_BYTES = 48 * 2**20  # of a new cluster and its first journal
_SUPERVISOR = "dp_pipeline.database.embedded.supervisor"
_INHERITED = ("PATH", "HOME", *LOADER)


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
        deadline = time.monotonic() + START_SECONDS
        with self._mutex:
            cluster = Cluster((self._home / "postgres").resolve())
            if "\n" in str(
                cluster.directory
            ):  # the lines of postmaster.pid could not be told apart
                message = f"A path with a line break cannot hold a cluster: {cluster.directory!r}."
                raise EmbeddedPostgresError(message)
            try:
                cluster.prepare()
                self._hold_share(cluster, deadline)
                address = self._ensure_server(cluster, deadline)
                _ensure_database(cluster, address, database)
            except (EmbeddedPostgresError, OSError) as error:
                explained = _explained(cluster, error)
                if explained is error:
                    raise
                raise explained from error
        return address.url(database)

    def release(self) -> None:
        """Give this process's share up; the kernel does the same when the process ends."""
        with self._mutex:
            self._drop_share()

    def _drop_share(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    def _hold_share(self, cluster: Cluster, deadline: float) -> None:
        if self._share is not None and not is_current(self._share, cluster.users_lock):
            self._drop_share()  # the home was deleted and made anew
        if self._share is None:
            # A plain descriptor, not a file object: garbage collection must not give the share up.
            share = open_lock(cluster.users_lock)
            while not try_lock(share, shared=True):  # the supervisor is stopping the server
                if time.monotonic() > deadline:
                    os.close(share)
                    message = (
                        f"The embedded Postgres in {cluster.directory} is being stopped"
                        f" and has not ended within {START_SECONDS:.0f} seconds."
                    )
                    raise EmbeddedPostgresError(message, log=cluster.log_tail())
                time.sleep(_POLL_SECONDS)
            self._share = share

    def _ensure_server(self, cluster: Cluster, deadline: float) -> Address:
        while True:
            # first: a supervisor that comes up and dies again must not keep us here for ever
            late = time.monotonic() > deadline
            address = cluster.address()
            answer = Answer.SILENT if address is None else probe(address)
            lock = open_lock(cluster.supervisor_lock)
            try:
                if not late and try_lock(lock):
                    # The supervisor inherits the lock, so there is no moment for a second one.
                    _start_supervisor(cluster, lock, self._linger_seconds, deadline)
                    continue
            finally:
                os.close(lock)
            if address is not None and answer is Answer.ALIVE:
                return address
            if late:
                message = (
                    f"The embedded Postgres in {cluster.directory} did not answer"
                    f" within {START_SECONDS:.0f} seconds; it {answer.value}."
                )
                raise EmbeddedPostgresError(message, log=cluster.log_tail())
            time.sleep(_POLL_SECONDS)


def _explained(cluster: Cluster, error: EmbeddedPostgresError | OSError) -> EmbeddedPostgresError:
    """Why the server cannot be used, in a sentence."""
    if (free := _free_bytes(cluster.directory)) is not None and free < _ROOM_BYTES:
        return EmbeddedPostgresError(
            f"The disk that holds {cluster.directory} is full ({free // 2**20} MB are left, and a"
            f" new database takes {_ROOM_BYTES // 2**20}): make room, or set DP_HOME to another"
            " place."
        )
    if isinstance(error, EmbeddedPostgresError):
        return error
    if isinstance(error, PermissionError):
        return EmbeddedPostgresError(
            f"The embedded Postgres in {cluster.directory} belongs to another user ({error}): run"
            " as that user or as root, or set DP_HOME to a directory of your own."
        )
    message = f"The embedded Postgres in {cluster.directory} cannot be used: {error}."
    return EmbeddedPostgresError(message, log=cluster.log_tail())


def _free_bytes(directory: Path) -> int | None:
    for place in (directory, *directory.parents):
        with contextlib.suppress(OSError):  # not made yet; or not known
            return shutil.disk_usage(place).free
    return None


def _start_supervisor(cluster: Cluster, lock: int, linger_seconds: float, deadline: float) -> None:
    """Start the supervisor and wait for its verdict: the server runs, or why it does not."""
    # The supervisor finds its modules where this process found them, not below its directory.
    modules = [*sys.path, str(Path(__file__).parents[3])]
    search_path = os.pathsep.join(str(Path(entry).absolute()) for entry in modules)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    directory, linger = str(cluster.directory), str(linger_seconds)
    try:
        starter = subprocess.run(  # noqa: S603 (our own program, arguments as a list)
            [sys.executable, "-P", "-m", _SUPERVISOR, directory, str(lock), linger],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(1.0, deadline - time.monotonic()),
            check=False,
            pass_fds=(lock,),
            start_new_session=True,  # ctrl-C in this terminal is not meant for the server
            cwd="/",
            # Nothing else of the user's environment: PG* would mislead the server, and secrets
            # do not belong into the environment of a process that outlives this one.
            env={**inherited, "PYTHONPATH": search_path},
        )
    except subprocess.TimeoutExpired as error:
        message = (
            f"The embedded Postgres in {cluster.directory} did not start within"
            f" {START_SECONDS:.0f} seconds; it may still be recovering."
        )
        raise EmbeddedPostgresError(message, log=cluster.log_tail()) from error
    try:
        failure = json.loads(starter.stdout)
    except ValueError as error:  # it died before it could say anything
        trace = starter.stderr.decode(errors="replace").strip()[-2000:]
        message = f"The supervisor of the embedded Postgres ended at once. {trace}"
        raise EmbeddedPostgresError(message, log=cluster.log_tail()) from error
    if failure:
        raise EmbeddedPostgresError(failure["message"], log=failure["log"])


def _ensure_database(cluster: Cluster, address: Address, database: str) -> None:
    import psycopg
    from psycopg import errors, sql

    try:
        with psycopg.connect(**address.parameters(), autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
            ).fetchone()
            if found is None:
                # template0: a client of template1 would be in the way. Another process may win.
                with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                            sql.Identifier(database)
                        )
                    )
    except psycopg.Error as error:
        message = f"The database {database!r} of the embedded Postgres cannot be used: {error}"
        raise EmbeddedPostgresError(message, log=cluster.log_tail()) from error
