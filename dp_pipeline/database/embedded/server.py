"""One embedded server: adopt the one that runs, or make the cluster and start it; stop it.

Only the supervisor, which holds `supervisor.lock`, may use this module, so there is one caller per
cluster. Two postmasters never work on one data directory: a start needs `server.lock`, which every
process of an earlier server still holds, and a look at the process table for servers that somebody
started by hand.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from dp_pipeline.database.embedded.binaries import (
    Account,
    Binaries,
    account_for,
    bare_environment,
    find_binaries,
)
from dp_pipeline.database.embedded.cluster import (
    PORT,
    Address,
    Answer,
    Cluster,
    EmbeddedPostgresError,
    open_lock,
    probe,
    read_pid_file,
    try_lock,
)
from dp_pipeline.database.embedded.directories import (
    create_cluster,
    data_directory_of,
    give,
    socket_directory_of,
)

if TYPE_CHECKING:
    import psycopg

# For a laptop or a small server. Durability (fsync, synchronous_commit) stays at its default: on.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
_SILENT_SECONDS = 10.0
_FAST_SHUTDOWN_SECONDS = 60.0
_FORCED_SECONDS = 10.0
_RECOVERY_SECONDS = 600.0
_POLL_SECONDS = 0.02


class Server:
    """The server of one cluster, whether we started it or found it running."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._address: Address | None = None
        self._child: subprocess.Popen[bytes] | None = None  # None: adopted
        self._postmaster: psutil.Process | None = None
        self._pid_file = b""
        self._watcher: psycopg.Connection | None = None

    def ensure(self) -> None:
        """A server that answers: adopted if it runs, else started, on a new cluster if need be.

        Raises:
            EmbeddedPostgresError: it cannot be started; nothing of it is left running.
        """
        lock = self._adopt_or_claim()
        if lock is not None:
            try:
                self._address = self._start(lock)
            finally:
                os.close(lock)  # the postmaster has its own
        if self._address is not None:
            self._pid_file = read_pid_file(self._address.data_directory)
            with contextlib.suppress(ValueError, IndexError, psutil.NoSuchProcess):
                # a server that is gone already shows in is_intact
                self._postmaster = psutil.Process(int(self._pid_file.splitlines()[0]))

    def is_intact(self) -> bool:
        """Whether its processes live and its data directory and socket are in place."""
        return (
            self._address is not None
            and self._lives()
            and read_pid_file(self._address.data_directory) == self._pid_file
            and self._address.socket.exists()
        )

    def clients(self) -> int:
        """How many clients are connected, our own question not counted.

        Asked once a second while no process has a share, over one connection that is kept.
        """
        import psycopg

        if self._address is None:
            return 0
        try:
            if self._watcher is None:
                self._watcher = psycopg.connect(**self._address.parameters(), autocommit=True)
            row = self._watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type IN ('client backend', 'walsender')"
            ).fetchone()
        except psycopg.Error:
            self._forget_watcher()
            # Full means in use. A server that does not answer is found out by is_intact.
            return 1 if probe(self._address) is Answer.ALIVE else 0
        return row[0] if row else 0

    def restart(self) -> None:
        """End what is left of the server and start it again."""
        directory = None if self._address is None else self._address.data_directory
        # Only a postmaster that still owns its directory can shut down in good order.
        orderly = directory is not None and read_pid_file(directory) == self._pid_file
        self.stop(immediately=not orderly or not self._lives())
        self.ensure()

    def stop(self, *, immediately: bool = False) -> None:
        """End every process of this server: politely, then firmly, then with SIGKILL.

        Raises:
            EmbeddedPostgresError: processes are left that this process cannot see or end.
        """
        self._forget_watcher()
        if self._address is None:
            return
        directory = self._address.data_directory
        # fast shutdown (clients are disconnected, a checkpoint is made), immediate one, the end
        steps = [
            (signal.SIGINT, _FAST_SHUTDOWN_SECONDS),
            (signal.SIGQUIT, _FORCED_SECONDS),
            (signal.SIGKILL, _FORCED_SECONDS),
        ]
        for number, seconds in steps[1:] if immediately else steps:
            if self._lives():
                _send(number, _processes_of(directory))
                self._wait_for_end(seconds)
        if self._lives():
            message = (
                f"Processes of the Postgres in {directory} cannot be ended; they may run in"
                " another container that shares this directory."
            )
            raise EmbeddedPostgresError(message, log=self.cluster.log_tail())
        # tidiness: the next start makes it again
        shutil.rmtree(self._address.socket_directory, ignore_errors=True)

    def abandon(self) -> None:
        """End the server after its home was deleted: nothing to save.

        Exactly the processes known to be its own, because a new server may already be at work in
        a new home of the same name.
        """
        self._forget_watcher()
        if self._postmaster is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            _end([self._postmaster, *self._postmaster.children(recursive=True)])
        # A new supervisor would have made its lock before it used the same socket directory.
        if self._address is not None and not self.cluster.supervisor_lock.exists():
            shutil.rmtree(self._address.socket_directory, ignore_errors=True)

    def _lives(self) -> bool:
        """Whether any process of the server holds `server.lock`."""
        if self._child is not None:
            self._child.poll()  # reaps it if it is dead
        try:
            # not made anew: the home may be in the course of being deleted
            lock = open_lock(self.cluster.server_lock, create=False)
        except FileNotFoundError:
            return self._postmaster is not None and self._postmaster.is_running()
        try:
            return not try_lock(lock)
        finally:
            os.close(lock)

    def _wait_for_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._lives() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _forget_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _adopt_or_claim(self) -> int | None:
        """None when a server answers and is adopted, else `server.lock`, for a new one."""
        self._address = self.cluster.address() or self._address
        began = silent_since = time.monotonic()
        while True:
            lock = open_lock(self.cluster.server_lock)
            if try_lock(lock):
                return lock
            os.close(lock)
            answer = Answer.SILENT if self._address is None else probe(self._address)
            if answer is Answer.ALIVE:
                return None
            now = time.monotonic()
            if now - began > _RECOVERY_SECONDS:
                message = (
                    f"A process of an earlier server of {self.cluster.directory} does not end."
                )
                raise EmbeddedPostgresError(message, log=self.cluster.log_tail())
            if answer is Answer.BUSY:
                silent_since = now
            elif now - silent_since > self._patience():
                # It lives and cannot be reached: its socket or data was deleted, or it hangs.
                self.stop(immediately=not self._has_data())
                silent_since = now
            time.sleep(_POLL_SECONDS)

    def _has_data(self) -> bool:
        return self._address is not None and bool(read_pid_file(self._address.data_directory))

    def _patience(self) -> float:
        """Seconds to wait for a silent server before it is stopped."""
        if self._address is None or (self._has_data() and self._address.socket.exists()):
            return _SILENT_SECONDS  # an orphaned initdb, or a server under load
        return 1.0  # a postmaster makes its files at once and never again

    def _start(self, lock: int) -> Address:
        data_directory = data_directory_of(self.cluster)
        _evict(data_directory)
        account = account_for(data_directory)
        if not (data_directory / "PG_VERSION").exists():
            create_cluster(data_directory, account, lock)
        give(data_directory, account)
        _check_access(data_directory, account)
        binaries = find_binaries(account, _major(data_directory))
        socket_directory = socket_directory_of(self.cluster, data_directory, account)
        address = Address(data_directory, socket_directory)
        self.cluster.write_record(address)
        # Left by dead processes, as holding server.lock proves. Postgres itself would believe a
        # pid in them that now belongs to some other program.
        (data_directory / "postmaster.pid").unlink(missing_ok=True)
        for leftover in socket_directory.iterdir():
            leftover.unlink(missing_ok=True)
        self._launch(address, binaries, account, lock)
        return address

    def _launch(self, address: Address, binaries: Binaries, account: Account, lock: int) -> None:
        settings = {**_SETTINGS, "unix_socket_directories": str(address.socket_directory)}
        if binaries.major >= 18:  # noqa: PLR2004 (asynchronous I/O came with version 18)
            settings["io_method"] = "sync"  # three worker processes less
        command = [str(binaries.folder / "postgres"), "-D", str(address.data_directory)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.cluster.open_log() as log:
            child = subprocess.Popen(  # noqa: S603 (arguments as a list)
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=bare_environment(),
                umask=0o077,
                pass_fds=(lock,),
                start_new_session=True,
                user=account.user,
                group=account.group,
                extra_groups=account.groups,
            )
        self._child = child
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while not _is_ready(address.data_directory, child.pid):
            if (code := child.poll()) is not None:
                message = f"The embedded Postgres ended while it started (exit code {code})."
                raise EmbeddedPostgresError(message, log=self.cluster.log_tail())
            if time.monotonic() > deadline:
                _end([psutil.Process(child.pid)])
                message = f"The embedded Postgres was not ready after {_RECOVERY_SECONDS:.0f} s."
                raise EmbeddedPostgresError(message, log=self.cluster.log_tail())
            time.sleep(_POLL_SECONDS)


def _evict(data_directory: Path) -> None:
    """End servers whose data directory was deleted or replaced; refuse one on ours.

    Whoever started a server by hand on our directory (a dump, a repair) may be in the middle of
    something.
    """
    named = read_pid_file(data_directory).split(b"\n")[0]
    processes = _processes_of(data_directory)
    for process in processes:
        if str(process.pid).encode() == named:
            message = (
                f"Process {process.pid}, a Postgres server that was not started by dp_pipeline,"
                f" works on {data_directory}; stop it first."
            )
            raise EmbeddedPostgresError(message)
    _end(processes)


def _check_access(data_directory: Path, account: Account) -> None:
    owner = data_directory.stat().st_uid
    if owner != account.uid:
        message = (
            f"The cluster in {data_directory} belongs to user id {owner}: run as that user or"
            " as root, or set DP_HOME to a directory of your own."
        )
        raise EmbeddedPostgresError(message)
    if not account.can_enter(data_directory):
        message = (
            f"The user {account.name}, who runs the server, cannot enter {data_directory}:"
            " let others pass its parent directories, or set DP_HOME to another place."
        )
        raise EmbeddedPostgresError(message)


def _is_ready(data_directory: Path, pid: int) -> bool:
    """The postmaster's own word: line 8 of its pid file (PostgreSQL's utils/pidfile.h)."""
    lines = read_pid_file(data_directory, lines=8).splitlines()
    return len(lines) == 8 and lines[0] == str(pid).encode() and lines[7].strip() == b"ready"  # noqa: PLR2004


def _major(data_directory: Path) -> int:
    text = (data_directory / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    try:
        return int(text.split(".")[0])
    except ValueError as error:
        message = f"{data_directory / 'PG_VERSION'} does not hold a version but {text[:20]!r}."
        raise EmbeddedPostgresError(message) from error


def _processes_of(data_directory: Path) -> list[psutil.Process]:
    """Every live Postgres process whose working directory is this one, which may be deleted."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it ended meanwhile, or is not ours to see
            if (
                process.name() == "postgres"
                and process.status() != psutil.STATUS_ZOMBIE
                and process.cwd() == str(data_directory)
            ):
                found.append(process)
    return found


def _send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    """Signal the postmaster, who tells its children; SIGKILL, which it cannot pass on, to all.

    A child that ends by itself would be a crash, after which the postmaster starts all anew.
    """
    pids = {process.pid for process in processes}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if number == signal.SIGKILL or process.ppid() not in pids:
                process.send_signal(number)


def _end(processes: list[psutil.Process]) -> None:
    """Immediate shutdown, then SIGKILL for what is left."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        _send(number, processes)
        _, processes = psutil.wait_procs(processes, timeout=_FORCED_SECONDS)
