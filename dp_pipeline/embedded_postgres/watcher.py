"""The process that watches the embedded server: `python -m dp_pipeline.embedded_postgres.watcher`.

Started by postgres.py, never by hand. It detaches itself, holds WATCHER (inherited from whoever
started it), starts the server again should it die while in use, and stops it once nobody has used
it for a while.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from dp_pipeline.embedded_postgres import files, server
from dp_pipeline.embedded_postgres.files import EmbeddedPostgresError, ServerAddress
from dp_pipeline.embedded_postgres.place import environment

_TICK_SECONDS, _FIRST_TICK_SECONDS = 1.0, 0.05
_DELETION_SECONDS = 0.25  # what seems a broken server may be a home that is being deleted


def ensure_watcher(directory: Path, linger_seconds: float) -> None:
    """Start a watcher unless there is one."""
    lock = files.try_lock(directory / files.WATCHER)
    if lock is None:
        return
    # It finds its modules where this process found them, not below its directory.
    modules = [*sys.path, str(Path(__file__).parents[2])]
    search_path = os.pathsep.join(str(Path(entry).absolute()) for entry in modules)
    watch = [sys.executable, "-P", "-m", __name__, str(directory), str(lock), str(linger_seconds)]
    with files.open_log(directory) as log:
        # It ends once the watcher, which inherits the lock, is a process of its own: so there is no
        # moment for a second one, and a home that is deleted at once still has its server ended.
        subprocess.run(  # noqa: S603 (our own program, arguments as a list)
            watch,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
            pass_fds=(lock,),
            start_new_session=True,  # ctrl-C in this terminal is not meant for the server
            cwd="/",
            env=environment(PYTHONPATH=search_path),
        )
    os.close(lock)


class _Watcher:
    """Watches the server of `directory` until nobody has needed it for so long.

    `lock` is the descriptor of WATCHER, already taken.
    """

    def __init__(self, directory: Path, lock: int, linger_seconds: float) -> None:
        self._directory = directory
        self._lock = lock
        self._linger_seconds = linger_seconds
        self._used_at = time.monotonic()
        self._address: ServerAddress | None = None
        self._postmaster: psutil.Process | None = None
        self.is_shutdown = False

    def watch(self) -> None:
        """Until the server is no longer needed; then it is stopped."""
        tick = min(_TICK_SECONDS, max(self._linger_seconds / 4, _FIRST_TICK_SECONDS))
        began = time.monotonic()
        while not self.is_shutdown and not self._has_lost_home():
            self._address = ServerAddress.read(self._directory) or self._address
            intact = self._address is not None and server.is_intact(self._address)
            if self._address and intact:
                self._postmaster = server.postmaster(self._address)
            with suppress(FileNotFoundError):  # the home is being deleted
                runs = files.is_locked(self._directory / files.SERVER)
                users = files.try_lock(self._directory / files.USERS, create=False)
                if users is None or (self._address and intact and _has_clients(self._address)):
                    self._used_at = time.monotonic()
                # Whoever has just come starts the server and is given a second for that.
                seen = self._postmaster is not None
                late = seen or time.monotonic() - began > _TICK_SECONDS
                if users is None and ((late and not runs) or (seen and not intact)):
                    time.sleep(_DELETION_SECONDS)
                    if not self._has_lost_home():
                        deadline = time.monotonic() + server.START_SECONDS
                        server.ensure(self._directory, deadline)
                elif users is not None:
                    unused = time.monotonic() - self._used_at >= self._linger_seconds
                    if unused or not runs:
                        break  # with USERS: who comes now waits for our end
                    os.close(users)
            files.trim_log(self._directory)
            # soon for the first time: a server that was never seen could not be ended
            time.sleep(tick if self._postmaster else _FIRST_TICK_SECONDS)
        self.end()
        os.close(self._lock)  # before USERS: who comes now is to see that there is no watcher

    def end(self) -> None:
        """Stop the server; of a home that is gone, what was seen of it.

        A new home of the same name may have a server already.
        """
        if not self._has_lost_home():
            server.stop(self._directory)
        elif self._address is not None:
            # its data may be elsewhere
            process = self._postmaster or server.postmaster(self._address)
            server.end([process] if process else [])
            shutil.rmtree(self._address.socket_directory, ignore_errors=True)

    def _has_lost_home(self) -> bool:
        """Whether the home was deleted or moved."""
        return not files.is_current(self._lock, self._directory / files.WATCHER)


def _has_clients(address: ServerAddress) -> bool:
    import psycopg

    query = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND backend_type IN ('client backend', 'walsender')"
    )
    try:
        with psycopg.connect(address.conninfo()) as connection:
            return connection.execute(query).fetchone() == (True,)
    except psycopg.Error:
        return True  # full means in use; a server that is broken is found out otherwise


def _main(directory: Path, lock: int, linger_seconds: float) -> int:
    watcher = _Watcher(directory, lock, linger_seconds)

    def shut_down(*_: object) -> None:  # the machine does
        watcher.is_shutdown = True

    if os.fork():
        return 0
    os.umask(0o022)
    signal.signal(signal.SIGTERM, shut_down)
    signal.signal(signal.SIGINT, shut_down)
    try:
        watcher.watch()
    except (EmbeddedPostgresError, OSError, subprocess.SubprocessError) as error:
        print(f"watcher: {error} The server is stopped.", flush=True)  # noqa: T201 - into the log
        watcher.end()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
