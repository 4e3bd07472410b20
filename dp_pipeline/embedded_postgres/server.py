"""One embedded server: whether it serves, starting it with `pg_ctl`, stopping it.

Two postmasters never work on one data directory: a start needs SERVER, which every process of an
earlier server still holds, and a look at the process table for servers started by hand.
"""

import os
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.embedded_postgres.files import (
    LOOPBACK,
    READER,
    SERVER,
    EmbeddedPostgresError,
    ServerAddress,
    is_locked,
    log_tail,
    open_log,
    try_lock,
    write_whole,
)
from dp_pipeline.embedded_postgres.place import create_data, is_free, is_private, place_of
from dp_pipeline.embedded_postgres.programs import Account, account_for, find_programs

if TYPE_CHECKING:
    import psutil

# For a laptop or a small server. Durability (fsync, synchronous_commit) stays at its default: on.
_SETTINGS = [
    *("unix_socket_permissions=0700", "max_connections=100", "shared_buffers=64MB", "jit=off"),
    *("timezone=UTC", "log_timezone=UTC", "log_checkpoints=off", "log_line_prefix=%m [%p] "),
]
# The socket's directory is private to the server's user, who needs no password there.
_ADMITTED = f"""\
local all {READER} reject
local all all trust
host all {READER} {LOOPBACK}/32 scram-sha-256
"""
START_SECONDS = 120
"""A cold start takes 0.6 s; recovery after a crash of a large database can take a minute."""
_STOP_SECONDS = 60
_FORCED_SECONDS = 10
_LOST_SECONDS = 2  # a postmaster makes its files at once and never again
POLL_SECONDS = 0.05


def ensure(directory: Path, deadline: float) -> ServerAddress:
    """The address of a server that serves: the one that runs, or started, or started anew.

    Any number of processes may do so at once.

    Raises:
        EmbeddedPostgresError: it cannot be started, or does not answer until the deadline.
    """
    lost_since = None
    while (address := _serving(directory)) is None:
        if time.monotonic() > deadline:
            message = (
                f"The embedded Postgres in {directory} did not answer within {START_SECONDS}"
                " seconds."
            )
            raise EmbeddedPostgresError(message, log=log_tail(directory))
        if (lock := try_lock(directory / SERVER)) is not None:
            try:
                _start(directory, lock)
            finally:
                os.close(lock)  # the server has its own
            continue
        # It starts, recovers or stops; or nobody can reach it any more.
        lost = _unreachable(directory)
        lost_since = (lost_since or time.monotonic()) if lost else None
        if lost_since and time.monotonic() - lost_since > _LOST_SECONDS:
            end(lost)
        time.sleep(POLL_SECONDS)
    return address


def _serving(directory: Path) -> ServerAddress | None:
    """The address of the server, if it serves the cluster that is on disk.

    It does only if it reads the same `postmaster.pid` in its data directory as is found there from
    here: pid, path and start time. A server whose directory was deleted or replaced still answers
    for up to a minute. A server that is full serves.
    """
    import psycopg
    from psycopg.pq import PGconn, Ping

    address = ServerAddress.read(directory)
    if address is None or address.directory != str(directory) or not is_intact(address):
        return None
    try:
        with address.connect() as connection:
            row = connection.execute(
                "SELECT pg_read_binary_file('postmaster.pid', true)"
            ).fetchone()
    except psycopg.Error:
        return address if PGconn.ping(address.conninfo().encode()) == Ping.OK else None
    same = row is not None and _named(row[0] or b"") == _pid_file(address.data_directory)
    return address if same else None


def is_intact(address: ServerAddress) -> bool:
    """Whether the files by which a server is reached are in place."""
    with suppress(FileNotFoundError, NotADirectoryError):
        # /tmp is everybody's: a socket in a directory of somebody else is not our server's
        private = is_private(
            Path(address.socket_directory), Path(address.data_directory).stat().st_uid
        )
        return private and address.socket.exists() and bool(_pid_file(address.data_directory))
    return False


def _unreachable(directory: Path) -> "list[psutil.Process]":
    address = ServerAddress.read(directory)
    return [] if address is None or is_intact(address) else _processes(address.data_directory)


def clients(address: ServerAddress) -> int:
    """How many clients are connected, our own question not counted."""
    import psycopg

    try:
        with address.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type IN ('client backend', 'walsender')"
            ).fetchone()
    except psycopg.Error:
        return 1  # full means in use; a server that is broken is found out otherwise
    return row[0] if row else 0


def postmaster(address: ServerAddress) -> "psutil.Process | None":
    """The process that the pid file names."""
    import psutil

    with suppress(ValueError, psutil.Error):
        return psutil.Process(int(_pid_file(address.data_directory).split(b"\n")[0]))
    return None


def _start(directory: Path, lock: int) -> None:
    """Start the server, on a new cluster if there is none yet; it inherits the lock."""
    address, account = place_of(directory)
    data = Path(address.data_directory)
    _end_strays(data)
    if not (data / "PG_VERSION").exists():
        create_data(data, account, lock)
    account.give(data)
    _check_access(data, account)
    programs, major = find_programs(
        account, (data / "PG_VERSION").read_text("utf-8", "replace").strip()
    )
    address.write()
    hba = data.with_name("pg_hba.conf")  # beside the data, which is another user's if we are root
    write_whole(hba, _ADMITTED, mode=0o644)
    # Left by dead processes, as holding the lock proves. Postgres itself would believe a pid in
    # them that now belongs to some other program.
    for leftover in (data / "postmaster.pid", *Path(address.socket_directory).iterdir()):
        leftover.unlink(missing_ok=True)
    listen = LOOPBACK if is_free(address.port) else ""
    settings = [*_SETTINGS, f"port={address.port}", f"listen_addresses={listen}", f"hba_file={hba}"]
    settings += [f"unix_socket_directories={address.socket_directory}"]
    if major >= 18:  # noqa: PLR2004 (asynchronous I/O came with version 18)
        settings += ["io_method=sync"]  # three worker processes less
    with open_log(directory) as log:
        if not listen:
            log.write(f"{taken(address.port)}\n".encode())
        # pg_ctl puts the options into a shell command as they are, and a directory given by -D in
        # double quotes, which a path may hold itself.
        options = shlex.join(["-D", str(data), *(f"--{setting}" for setting in settings)])
        wait = f"--timeout={START_SECONDS}"
        command = [programs / "pg_ctl", "start", "--silent", wait, "-o", options]
        started = account.run(
            *command,
            timeout=START_SECONDS + _FORCED_SECONDS,
            env={"PGDATA": str(data)},
            output=log,
            pass_fds=(lock,),
        )
    if started.returncode != 0:
        message = "The embedded Postgres ended while it started, or was not ready in time."
        raise EmbeddedPostgresError(message, log=log_tail(directory))


def taken(port: int) -> str:
    """What is said when the port of the reader is another program's."""
    return (
        f"Port {port} on {LOOPBACK}, where this database admits readers, is taken by another"
        " program, so the database is reached by its socket only: end that program, and the port"
        " is back when the database starts the next time."
    )


def stop(directory: Path) -> None:
    """End every process of the server: politely, then firmly.

    Raises:
        EmbeddedPostgresError: processes are left that this process cannot see or end.
    """
    address = ServerAddress.read(directory)
    if address is None or not is_locked(directory / SERVER):
        return
    data = Path(address.data_directory)
    if _pid_file(data):
        account = account_for(data)
        program = find_programs(account)[0] / "pg_ctl"
        # clients are disconnected, a checkpoint is made
        options = ["--silent", "--mode=fast", f"--timeout={_STOP_SECONDS}"]
        with open_log(directory) as log:
            wait = _STOP_SECONDS + _FORCED_SECONDS
            account.run(
                program, "stop", *options, timeout=wait, env={"PGDATA": str(data)}, output=log
            )
    end(_processes(data))
    deadline = time.monotonic() + _FORCED_SECONDS
    while is_locked(directory / SERVER):
        if time.monotonic() > deadline:
            message = (
                f"Processes of the Postgres in {data} cannot be ended; they may run in another"
                " container that shares this directory."
            )
            raise EmbeddedPostgresError(message, log=log_tail(directory))
        time.sleep(POLL_SECONDS)


def end(processes: "list[psutil.Process]") -> None:
    """Immediate shutdown, then SIGKILL for what is left."""
    import psutil

    for number in (signal.SIGQUIT, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, processes = psutil.wait_procs(processes, timeout=_FORCED_SECONDS)


def _end_strays(data: Path) -> None:
    """End servers whose data directory was deleted or replaced; refuse one on ours.

    Whoever started a server by hand on our directory (a dump, a repair) may be in the middle of
    something.
    """
    named = _pid_file(data).split(b"\n")[0]
    processes = _processes(data)
    for process in processes:
        if str(process.pid).encode() == named:
            message = (
                f"Process {process.pid}, a Postgres server that was not started by dp_pipeline,"
                f" works on {data}; stop it first."
            )
            raise EmbeddedPostgresError(message)
    end(processes)


def _check_access(data: Path, account: Account) -> None:
    if data.stat().st_uid != account.uid or not account.can_enter(data):
        message = (
            f"The user {account.name}, who would run the server, is not the owner of {data} or"
            " cannot enter it: run as its owner or as root, let others pass its parent directories,"
            " or set DP_HOME to another place."
        )
        raise EmbeddedPostgresError(message)


def _pid_file(data: Path | str) -> bytes:
    with suppress(FileNotFoundError, NotADirectoryError):
        return _named(Path(data, "postmaster.pid").read_bytes())
    return b""


def _named(pid_file: bytes) -> bytes:
    """Pid, data directory and start time: the lines that never change."""
    return b"\n".join(pid_file.split(b"\n")[:3])


def _processes(data: Path | str) -> "list[psutil.Process]":
    """Every live Postgres process whose working directory is this one, which may be deleted."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is not ours to see
            if process.name() == "postgres" and process.cwd() == str(data):
                found.append(process)
    return found
