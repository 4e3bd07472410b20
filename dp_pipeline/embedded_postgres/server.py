"""One embedded server: whether it serves, starting it with `pg_ctl`, stopping it.

Two postmasters never work on one data directory: a start needs SERVER, which every process of an
earlier server still holds, and the process table shows servers that were started by hand.
"""

import os
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

from dp_pipeline.embedded_postgres import files, place
from dp_pipeline.embedded_postgres.files import EmbeddedPostgresError, ServerAddress

# For a laptop or a small server. Durability (fsync, synchronous_commit) stays at its default: on.
_SETTINGS = [
    *("unix_socket_permissions=0700", "max_connections=100", "shared_buffers=64MB", "jit=off"),
    *("timezone=UTC", "log_timezone=UTC", "log_checkpoints=off", "log_line_prefix=%m [%p] "),
]
# The socket's directory is private to the server's user, who needs no password there.
_ADMITTED = f"""\
local all {files.READER} reject
local all all trust
host all {files.READER} {files.LOOPBACK}/32 scram-sha-256
"""
START_SECONDS = 120
"""A cold start takes 0.6 s; recovery after a crash of a large database can take a minute."""
_STOP_SECONDS, _FORCED_SECONDS = 60, 10
_LOST_SECONDS = 2  # a postmaster makes its files at once and never again


def ensure(directory: Path, deadline: float) -> ServerAddress:
    """The address of a server that serves: the one that runs, or started, or started anew.

    Any number of processes may do so at once.
    """
    from psycopg.pq import PGconn, Ping

    reached_at = time.monotonic()
    while True:
        address = ServerAddress.read(directory)
        intact = address is not None and is_intact(address)
        if (
            address
            and intact
            and address.directory == str(directory)
            and PGconn.ping(address.conninfo().encode()) == Ping.OK  # also of one that is full
        ):
            return address
        if time.monotonic() > deadline:
            message = f"The embedded Postgres in {directory} gave no answer in {START_SECONDS} s."
            raise EmbeddedPostgresError(message, log=files.log_tail(directory))
        if (lock := files.try_lock(directory / files.SERVER)) is not None:
            try:
                _start(directory, lock)
            finally:
                os.close(lock)  # the server has its own
            continue
        # It starts, recovers or stops; or nobody can reach it any more.
        if address is None or intact:
            reached_at = time.monotonic()
        elif time.monotonic() - reached_at > _LOST_SECONDS:
            end(_processes(address.data_directory))
        time.sleep(files.POLL_SECONDS)


def is_intact(address: ServerAddress) -> bool:
    """Whether the files by which a server is reached are in place."""
    folder, data = Path(address.socket_directory), Path(address.data_directory)
    with suppress(FileNotFoundError, NotADirectoryError):
        # /tmp is everybody's: a socket in a directory of somebody else is not our server's
        private = place.is_private(folder, data.stat().st_uid)
        return private and (folder / f".s.PGSQL.{address.port}").exists() and bool(_pid(data))
    return False


def postmaster(address: ServerAddress) -> psutil.Process | None:
    """The process that the pid file names; none if it is no Postgres, as pids are reused."""
    with suppress(ValueError, psutil.Error):
        process = psutil.Process(int(_pid(address.data_directory)))
        return process if process.name() == "postgres" else None
    return None


def _pid(data: Path | str) -> str:
    with suppress(FileNotFoundError, NotADirectoryError):
        return Path(data, "postmaster.pid").read_text("utf-8", "replace").partition("\n")[0]
    return ""


def _processes(data: Path | str) -> list[psutil.Process]:
    """Every live Postgres process whose working directory is this one, which may be deleted."""
    working = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is not ours to see
            if process.name() == "postgres" and process.cwd() == str(data):
                working.append(process)
    return working


def _start(directory: Path, lock: int) -> None:
    """Start the server, on a new cluster if there is none yet; it inherits the lock."""
    address, account = place.place_of(directory)
    data = Path(address.data_directory)
    strays = _processes(data)
    if any(str(process.pid) == _pid(data) for process in strays):
        message = (  # whoever started it (a dump, a repair) may be in the middle of something
            f"Process {_pid(data)}, a Postgres server that was not started by dp_pipeline,"
            f" works on {data}; stop it first."
        )
        raise EmbeddedPostgresError(message)
    end(strays)  # their data directory was deleted or replaced
    address.write()
    if not (data / "PG_VERSION").exists():
        place.create_data(data, account, lock)
    account.give(data)
    if data.stat().st_uid != account.uid or not account.can_enter(data):
        message = (
            f"The user {account.name}, who would run the server, is not the owner of {data} or"
            " cannot enter it: run as its owner or as root, let others pass its parent directories,"
            " or set DP_HOME to another place."
        )
        raise EmbeddedPostgresError(message)
    version = (data / "PG_VERSION").read_text("utf-8", "replace").strip()
    programs, major = place.find_programs(account, version)
    hba = data.with_name("pg_hba.conf")  # beside the data, which is another user's if we are root
    files.write_whole(hba, _ADMITTED, mode=0o644)
    # Left by dead processes, as holding the lock proves. Postgres itself would believe a pid in
    # them that now belongs to some other program.
    for leftover in (data / "postmaster.pid", *Path(address.socket_directory).iterdir()):
        leftover.unlink(missing_ok=True)
    listen = files.LOOPBACK if place.is_free(address.port) else ""
    settings = [*_SETTINGS, f"port={address.port}", f"listen_addresses={listen}", f"hba_file={hba}"]
    settings += [f"unix_socket_directories={address.socket_directory}"]
    if major >= 18:  # noqa: PLR2004 (asynchronous I/O came with version 18)
        settings += ["io_method=sync"]  # three worker processes less
    # pg_ctl puts the options into a shell command as they are, and a directory given by -D in
    # double quotes, which a path may hold itself.
    options = shlex.join(["-D", str(data), *(f"--{setting}" for setting in settings)])
    command = [
        programs / "pg_ctl",
        "start",
        "--silent",
        f"--timeout={START_SECONDS}",
        "-o",
        options,
    ]
    with files.open_log(directory) as log:
        if not listen:
            log.write(f"{address.port_taken()}\n".encode())
        wait = START_SECONDS + _FORCED_SECONDS
        made = account.run(*command, timeout=wait, output=log, pass_fds=(lock,), PGDATA=str(data))
    if made.returncode != 0:
        message = "The embedded Postgres ended while it started, or was not ready in time."
        raise EmbeddedPostgresError(message, log=files.log_tail(directory))


def stop(directory: Path) -> None:
    """End every process of the server: politely, then firmly."""
    address = ServerAddress.read(directory)
    if address is None or not files.is_locked(directory / files.SERVER):
        return
    if process := postmaster(address):  # clients are disconnected, a checkpoint is made
        end([process], signal.SIGINT, seconds=_STOP_SECONDS)
    end(_processes(address.data_directory))
    if files.is_locked(directory / files.SERVER):
        message = (
            f"Processes of the Postgres in {address.data_directory} cannot be ended; they may run"
            " in another container that shares this directory."
        )
        raise EmbeddedPostgresError(message, log=files.log_tail(directory))


def end(
    running: list[psutil.Process],
    *signals: signal.Signals,
    seconds: float = _FORCED_SECONDS,
) -> None:
    """Signal processes until they end; unless said otherwise SIGQUIT, then SIGKILL."""
    for number in signals or (signal.SIGQUIT, signal.SIGKILL):
        for process in running:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, running = psutil.wait_procs(running, timeout=seconds)
