"""Where an embedded cluster lives and whether its server answers.

What the users of a server (postgres.py) and its supervisor (supervisor.py) agree on: the files,
the three locks, the recorded address, the probe. Starting and stopping belongs to server.py.

Locks are `flock`s, because the kernel frees them when a process dies in whatever way:

- `users.lock`, shared: one share per process that uses the server; exclusive while it is stopped.
- `supervisor.lock`, exclusive: held by the one supervisor as long as it lives.
- `server.lock`, exclusive: handed to the postmaster, inherited by its children, so it is free
  exactly when no process of the server is left. A pid file cannot say that: pids are reused, and
  the pid of a dead process that nobody has reaped still exists.
"""

import enum
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

ROLE = "postgres"
PORT = 5432  # names the socket file only: no server of ours listens on a network
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60  # CREATE DATABASE copies 8 MB; on a busy disk that takes seconds
_LOG_TAIL_BYTES = 4096
_LOG_TAIL_LINES = 12
_LONGEST_LOG = 8 * 2**20  # bytes
_KEPT_LOG = 2**20


class EmbeddedPostgresError(Exception):
    """The embedded server could not be used. The text is a sentence and the log's last lines.

    Args:
        message: what happened and what to do about it, in plain words.
        log: the last lines of the server's log, if they may explain it.
    """

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(f"{message}\nLast lines of the server's log:\n{log}" if log else message)
        self.message = message
        self.log = log


class Answer(enum.Enum):
    """What a probe of the server found."""

    ALIVE = "serves the cluster that is on disk"
    BUSY = "is starting, recovering or stopping"
    SILENT = "does not answer, or serves another cluster"


@dataclass(frozen=True)
class Address:
    """Where one cluster's data and socket are; written once, so that its URL is stable."""

    data_directory: Path
    socket_directory: Path

    @property
    def socket(self) -> Path:
        """The socket file itself."""
        return self.socket_directory / f".s.PGSQL.{PORT}"

    def url(self, database: str) -> str:
        """A libpq URL, understood alike by psql, psycopg and SQLAlchemy."""
        host = quote(str(self.socket_directory), safe="")
        return f"postgresql://{ROLE}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def parameters(self, database: str = "postgres") -> dict[str, Any]:
        """Connection parameters for psycopg.

        All are said aloud, the empty ones too, because libpq would otherwise take them from
        PGHOSTADDR, PGOPTIONS and their like in the user's environment.
        """
        return {
            "host": str(self.socket_directory),
            "hostaddr": "",
            "port": PORT,
            "user": ROLE,
            "password": "",
            "dbname": database,
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s",
            "sslmode": "disable",
            "gssencmode": "disable",
            "channel_binding": "disable",
            "require_auth": "",
            "target_session_attrs": "any",
            "client_encoding": "UTF8",
            "application_name": "dp_pipeline",
            "connect_timeout": CONNECT_SECONDS,
        }


@dataclass(frozen=True)
class Cluster:
    """The files of one embedded cluster below `directory`, an absolute path without links."""

    directory: Path

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server."""
        return self.directory / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor."""
        return self.directory / "supervisor.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the postmaster and every child of it."""
        return self.directory / "server.lock"

    @property
    def log(self) -> Path:
        """What the server and its supervisor say."""
        return self.directory / "server.log"

    @property
    def _record(self) -> Path:
        return self.directory / "server.json"

    def prepare(self) -> None:
        """Make the directory. Directories that exist keep their mode, parents included."""
        if self.directory.is_dir():
            return
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        # root's server runs as another OS user, who must be able to pass through
        mode = 0o711 if os.geteuid() == 0 else 0o700
        self.directory.mkdir(mode=mode, exist_ok=True)
        self.directory.chmod(mode)  # the umask may have taken bits away

    def read_record(self) -> Mapping[str, str]:
        """What was written about this cluster; empty when nothing readable was."""
        try:
            found = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            # a damaged record is like none: it is written again at the next start
            return {}
        fields = ("directory", "data_directory", "socket_directory")
        if not isinstance(found, dict) or not all(isinstance(found.get(f), str) for f in fields):
            return {}
        return found

    def address(self) -> Address | None:
        """The recorded address; None before the first start and after the home was moved."""
        record = self.read_record()
        if not record or record["directory"] != str(self.directory):
            return None
        return Address(Path(record["data_directory"]), Path(record["socket_directory"]))

    def write_record(self, address: Address) -> None:
        """Remember the address; readers see the old or the new one, never half of it."""
        record = {
            "directory": str(self.directory),
            "data_directory": str(address.data_directory),
            "socket_directory": str(address.socket_directory),
        }
        handle, name = tempfile.mkstemp(prefix="server.json.", dir=self.directory)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
            os.fchmod(handle, 0o644)
        Path(name).replace(self._record)

    def open_log(self) -> BinaryIO:
        """The log, for appending; also when root works in another user's home, it stays theirs."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # private: Postgres logs statements that fail, and with them data
        log = os.fdopen(os.open(self.log, flags, 0o600), "ab", buffering=0)
        if os.geteuid() == 0:
            owner = self.directory.stat()
            os.fchown(log.fileno(), owner.st_uid, owner.st_gid)
        return log

    def log_tail(self) -> str:
        """The last lines of the log, bounded; empty when there is none."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LOG_TAIL_LINES:])


def trim_log(log: Path, *, limit: int = _LONGEST_LOG) -> None:
    """Keep a log bounded: past `limit` bytes its end goes to `.1` and it starts anew.

    Truncated in place, because the server has it open (for appending).
    """
    try:
        size = log.stat().st_size
        if size > limit:
            with log.open("rb") as file:
                file.seek(-min(size, _KEPT_LOG), os.SEEK_END)
                log.with_name(f"{log.name}.1").write_bytes(file.read(_KEPT_LOG))
            os.truncate(log, 0)
    except FileNotFoundError:
        return  # deleted by somebody: what is written until the next start is lost, nothing else


def open_lock(path: Path, *, create: bool = True) -> int:
    """A descriptor to `flock`; children of this process do not inherit it.

    Read-only is enough for `flock`, and lets another user of the same home take the lock.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    return os.open(path, flags, 0o644)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock if it is free. Never waits."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_current(descriptor: int, path: Path) -> bool:
    """Whether the open lock file is still the one at `path`, and the home not a new one."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def is_private(directory: Path, owner: int) -> bool:
    """Whether this is a real directory (no link) that `owner` alone can enter."""
    try:
        status = directory.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == owner
        and stat.S_IMODE(status.st_mode) == 0o700  # noqa: PLR2004 (rwx for the owner, no more)
    )


def probe(address: Address) -> Answer:
    """Ask the server at this address whether it serves the cluster that is on disk there.

    The answer is ALIVE only if the server reads the same `postmaster.pid` in its data directory as
    is found there from here: pid, path and start time. A server whose directory was deleted or
    replaced still answers for up to a minute.
    """
    import psycopg

    on_disk = read_pid_file(address.data_directory)
    # /tmp is everybody's: a socket in a directory of somebody else is not our server's
    if (
        not on_disk
        or not is_private(address.socket_directory.parent, address.data_directory.stat().st_uid)
        or not address.socket.exists()
    ):
        return Answer.SILENT
    try:
        with psycopg.connect(**address.parameters(), autocommit=True) as connection:
            cursor = connection.execute("SELECT pg_read_binary_file('postmaster.pid', true)")
            row = cursor.fetchone()
    except psycopg.Error:
        return _ping(address)
    same = row is not None and row[0] is not None and pid_lines(row[0]) == on_disk
    return Answer.ALIVE if same else Answer.SILENT


def read_pid_file(data_directory: Path, *, lines: int = 3) -> bytes:
    """The first lines of `postmaster.pid`; empty when there is none."""
    try:
        return pid_lines((data_directory / "postmaster.pid").read_bytes(), lines)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def pid_lines(content: bytes, lines: int = 3) -> bytes:
    """The first lines of a pid file: pid, data directory, start time; later ones may change."""
    return b"\n".join(content.split(b"\n")[:lines])


def _ping(address: Address) -> Answer:
    """Why there was no connection: nobody there, not yet (or no longer) open, or full."""
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import PGconn, Ping

    conninfo = make_conninfo("", **address.parameters()).encode()
    answers = {Ping.OK: Answer.ALIVE, Ping.REJECT: Answer.BUSY}
    return answers.get(Ping(PGconn.ping(conninfo)), Answer.SILENT)
