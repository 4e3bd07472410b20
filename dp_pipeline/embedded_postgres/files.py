"""The files of an embedded cluster's directory: locks, log, address.

Locks are `flock`s, because the kernel frees them when a process dies in whatever way:

- USERS, shared: one share per process that uses the server; exclusive while it is stopped.
- WATCHER, exclusive: held by the one watcher as long as it lives.
- SERVER, exclusive: taken to start the server and inherited by every process of it, so it is free
  exactly when none is left. A pid file cannot say that: pids are reused.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

if TYPE_CHECKING:
    import psycopg

USERS, WATCHER, SERVER = "users.lock", "watcher.lock", "server.lock"
OWNER = "postgres"
"""The role that owns everything; only the socket admits it."""
READER = "dp_read_only"
"""The role that may read and nothing else; only 127.0.0.1 admits it."""
LOOPBACK = "127.0.0.1"
_LOG, _ADDRESS = "server.log", "server.json"
_LONGEST_LOG, _KEPT_LOG = 8 * 2**20, 2**20  # bytes
# Said aloud, the empty ones too, because libpq would otherwise take them from PGHOSTADDR, PGOPTIONS
# and their like. CREATE DATABASE copies 8 MB; on a busy disk that takes seconds.
_CONNECTION = (
    "hostaddr='' password='' options='-c statement_timeout=60s' sslmode=disable gssencmode=disable"
    " channel_binding=disable require_auth='' target_session_attrs=any client_encoding=UTF8"
    " application_name=dp_pipeline connect_timeout=5"
)


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


@dataclass(frozen=True)
class ServerAddress:
    """Where data, socket and port of a cluster are; written once, so that its URLs are stable."""

    directory: str
    """Of the cluster: another one after its home was moved or copied."""
    data_directory: str
    socket_directory: str
    port: int = 5432
    """Version 0.1 named its socket so, and listened nowhere else."""

    @classmethod
    def read(cls, directory: Path) -> "ServerAddress | None":
        """What was written; None when nothing readable was, which the next start mends."""
        try:
            return cls(**json.loads((directory / _ADDRESS).read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write(self) -> None:
        """Remember it."""
        write_whole(Path(self.directory, _ADDRESS), json.dumps(asdict(self)), mode=0o644)

    @property
    def socket(self) -> Path:
        """The socket file."""
        return Path(self.socket_directory, f".s.PGSQL.{self.port}")

    def url(self, database: str) -> str:
        """The owner's URL, understood alike by psql, psycopg and SQLAlchemy."""
        host = quote(self.socket_directory, safe="")
        return f"postgresql://{OWNER}@/{quote(database, safe='')}?host={host}&port={self.port}"

    def reader_url(self, database: str, password: str) -> str:
        """The reader's URL."""
        return f"postgresql://{READER}:{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def conninfo(self, database: str = "postgres") -> str:
        """How the owner connects."""
        from psycopg.conninfo import make_conninfo

        host, port = self.socket_directory, self.port
        return make_conninfo(_CONNECTION, host=host, port=port, user=OWNER, dbname=database)

    def connect(self, database: str = "postgres") -> "psycopg.Connection":
        """A connection of the owner, on which each statement is a transaction."""
        import psycopg

        return psycopg.connect(self.conninfo(database), autocommit=True)


def write_whole(path: Path, text: str, *, mode: int) -> None:
    """Write a file so that readers see the old or the new one, never half of it."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(handle, mode)
        _give_to_owner(handle, path.parent)
    Path(name).replace(path)


def open_log(directory: Path) -> BinaryIO:
    """The log, for appending. Private: Postgres logs statements that fail, and with them data."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    log = os.fdopen(os.open(directory / _LOG, flags, 0o600), "ab", buffering=0)
    _give_to_owner(log.fileno(), directory)
    return log


def log_tail(directory: Path) -> str:
    """The last lines of the log; empty when there is none."""
    try:
        lines = (directory / _LOG).read_bytes()[-4096:].decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-12:])


def trim_log(directory: Path, *, limit: int = _LONGEST_LOG) -> None:
    """Keep the log bounded: past `limit` bytes its end goes to `.1` and it starts anew.

    Truncated in place, because the server has it open (for appending).
    """
    log = directory / _LOG
    with contextlib.suppress(FileNotFoundError):  # deleted by somebody
        if log.stat().st_size > limit:
            log.with_name(f"{_LOG}.1").write_bytes(log.read_bytes()[-_KEPT_LOG:])
            os.truncate(log, 0)


def _give_to_owner(handle: int, directory: Path) -> None:
    """Let a file that root makes in another user's home be theirs."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def try_lock(path: Path, *, shared: bool = False, create: bool = True) -> int | None:
    """A descriptor that holds the lock, not inherited by children; None if others hold it.

    Read-only is enough for `flock`, and lets another user of the same home take the lock.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o644)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock. Not made anew: the home may be in course of deletion."""
    try:
        descriptor = try_lock(path, create=False)
    except FileNotFoundError:
        return False
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def is_current(descriptor: int, path: Path) -> bool:
    """Whether the open lock file is still the one at `path`, and the home not a new one."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
