"""The process that watches the embedded server: `python -m dp_pipeline.embedded_postgres.watcher`.

Started by postgres.py, never by hand. It detaches itself, holds WATCHER (inherited from whoever
started it), starts the server again should it die while in use, and stops it once nobody has used
it for a while. It looks around once a second.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.embedded_postgres.files import (
    SERVER,
    USERS,
    WATCHER,
    EmbeddedPostgresError,
    ServerAddress,
    is_current,
    is_locked,
    log_tail,
    open_log,
    trim_log,
    try_lock,
)
from dp_pipeline.embedded_postgres.programs import inherited
from dp_pipeline.embedded_postgres.server import (
    START_SECONDS,
    clients,
    end,
    ensure,
    is_intact,
    postmaster,
    stop,
)

if TYPE_CHECKING:
    import psutil

_TICK_SECONDS, _FIRST_TICK_SECONDS = 1.0, 0.05
_DELETION_SECONDS = 0.25  # what looks like a broken server may be a home that is being deleted
# A server that dies this often has a fault that starting again does not mend.
_MOST_STARTS, _WITHIN_SECONDS = 5, 60


def ensure_watcher(directory: Path, linger_seconds: float) -> None:
    """Start a watcher unless there is one.

    Raises:
        EmbeddedPostgresError: it ended at once.
    """
    lock = try_lock(directory / WATCHER)
    if lock is None:
        return
    # It finds its modules where this process found them, not below its directory.
    modules = [*sys.path, str(Path(__file__).parents[2])]
    search_path = os.pathsep.join(str(Path(entry).absolute()) for entry in modules)
    arguments = [str(directory), str(lock), str(linger_seconds)]
    try:
        # It inherits the lock, so there is no moment for a second one.
        started = subprocess.run(  # noqa: S603 (our own program, arguments as a list)
            [sys.executable, "-P", "-m", __name__, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            pass_fds=(lock,),
            start_new_session=True,  # ctrl-C in this terminal is not meant for the server
            cwd="/",
            env={**inherited(), "PYTHONPATH": search_path},
        )
    finally:
        os.close(lock)
    if started.returncode != 0:
        trace = started.stderr.decode(errors="replace").strip()[-2000:]
        message = f"The watcher of the embedded Postgres ended at once. {trace}"
        raise EmbeddedPostgresError(message, log=log_tail(directory))


class _Watcher:
    """Watches one server until nobody needs it.

    Args:
        directory: of the cluster.
        lock: descriptor of WATCHER, already taken.
        linger_seconds: how long an unused server stays up.
    """

    def __init__(self, directory: Path, lock: int, linger_seconds: float) -> None:
        self._directory = directory
        self._lock = lock
        self._linger_seconds = linger_seconds
        self._used_at = time.monotonic()
        self._starts: list[float] = []
        self._address: ServerAddress | None = None
        self._postmaster: psutil.Process | None = None
        self.is_told_to_stop = False

    def watch(self) -> None:
        """Until the server is no longer needed; then it is stopped."""
        tick = min(_TICK_SECONDS, max(self._linger_seconds / 4, _FIRST_TICK_SECONDS))
        while not self.is_told_to_stop:
            # soon for the first time: a server that was never seen could not be ended
            time.sleep(tick if self._postmaster else _FIRST_TICK_SECONDS)
            if self._has_lost_home():
                break
            address = ServerAddress.read(self._directory)
            self._address = address or self._address
            if address is not None and is_intact(address):
                self._postmaster = postmaster(address)
            else:
                address = None
            with suppress(FileNotFoundError):  # the home is being deleted
                users = try_lock(self._directory / USERS, create=False)
                if users is None:
                    self._used_at = time.monotonic()
                    if address is None or not is_locked(self._directory / SERVER):
                        self._start_again()
                elif self._is_done(address):
                    break  # with USERS: who comes now waits for our end and starts a new watcher
                else:
                    os.close(users)
            trim_log(self._directory)
        self.end()
        os.close(self._lock)  # before USERS: who comes now is to see that there is no watcher

    def end(self) -> None:
        """Stop the server; of a home that is gone, what was seen of it.

        A new home of the same name may have a server already.
        """
        if not self._has_lost_home():
            stop(self._directory)
        elif self._address is not None:
            # its data may be elsewhere
            process = self._postmaster or postmaster(self._address)
            end([process] if process else [])
            shutil.rmtree(self._address.socket_directory, ignore_errors=True)

    def _has_lost_home(self) -> bool:
        """Whether the home was deleted or moved."""
        return not is_current(self._lock, self._directory / WATCHER)

    def _is_done(self, address: ServerAddress | None) -> bool:
        """No process has a share. Is there no client either, for long enough?"""
        if not is_locked(self._directory / SERVER):
            return True
        if address is not None and clients(address):
            self._used_at = time.monotonic()
        return time.monotonic() - self._used_at >= self._linger_seconds

    def _start_again(self) -> None:
        time.sleep(_DELETION_SECONDS)
        if self._has_lost_home():
            return  # which the next look finds out
        now = time.monotonic()
        self._starts = [at for at in self._starts if now - at < _WITHIN_SECONDS]
        if len(self._starts) >= _MOST_STARTS:
            message = f"The server died {_MOST_STARTS} times within a minute: giving up."
            raise EmbeddedPostgresError(message)
        self._starts.append(now)
        ensure(self._directory, now + START_SECONDS)


def _main(directory: Path, lock: int, linger_seconds: float) -> int:
    """Detach; the process that was called ends at once."""
    watcher = _Watcher(directory, lock, linger_seconds)

    def tell_to_stop(*_: object) -> None:  # the machine shuts down
        watcher.is_told_to_stop = True

    with open_log(directory) as log:
        if os.fork():
            return 0
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.umask(0o022)
    signal.signal(signal.SIGTERM, tell_to_stop)
    signal.signal(signal.SIGINT, tell_to_stop)
    try:
        watcher.watch()
    except (EmbeddedPostgresError, OSError, subprocess.SubprocessError) as error:
        print(f"watcher: {error} The server is stopped.", flush=True)  # noqa: T201 - into the log
        watcher.end()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
