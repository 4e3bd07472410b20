"""What the processes of one cluster agree on: locks, log, address.

Locks are `flock`s, because the kernel frees them when a process dies in whatever way:

- USERS, shared: one share per process that uses the server; exclusive while it is stopped.
- WATCHER, exclusive: held by the one watcher as long as it lives.
- SERVER, exclusive: taken to start the server and inherited by every process of it, so it is free
  exactly when none is left. A pid file cannot say that: pids are reused.
"""

import fcntl
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

USERS, WATCHER, SERVER = "users.lock", "watcher.lock", "server.lock"
OWNER = "postgres"  # only the socket admits it
READER = "dp_read_only"  # only 127.0.0.1 admits it
LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05
_LOG, _ADDRESS = "server.log", "server.json"
# Said aloud, the empty ones too, because libpq would otherwise take them from PGHOSTADDR, PGOPTIONS
# and their like. CREATE DATABASE copies 8 MB; on a busy disk that takes seconds.
_CONNECTION = (
    "hostaddr='' password='' options='-c statement_timeout=60s' sslmode=disable gssencmode=disable"
    " channel_binding=disable require_auth='' target_session_attrs=any client_encoding=UTF8"
    f" application_name=dp_pipeline connect_timeout=5 user={OWNER}"
)


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used: a sentence, and the log's last lines if they tell why."""

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(f"{message}\nLast lines of the server's log:\n{log}" if log else message)
        self.message = message
        self.log = log


@dataclass(frozen=True)
class ServerAddress:
    """Where data, socket and port of a cluster are; written once, so that its URLs are stable."""

    directory: str  # of the cluster: another one after its home was moved or copied
    data_directory: str
    socket_directory: str
    port: int = 5432  # version 0.1 named its socket so, and listened nowhere else

    @classmethod
    def read(cls, directory: Path) -> "ServerAddress | None":
        """What was written; None when nothing readable was, which the next start mends."""
        with suppress(FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return cls(**json.loads((directory / _ADDRESS).read_text("utf-8")))
        return None

    def write(self) -> None:
        """Remember it."""
        write_whole(Path(self.directory, _ADDRESS), json.dumps(asdict(self)), mode=0o644)

    def url(self, database: str) -> str:
        """The owner's URL, understood alike by psql, psycopg and SQLAlchemy."""
        host = quote(self.socket_directory, safe="")
        return f"postgresql://{OWNER}@/{quote(database, safe='')}?host={host}&port={self.port}"

    def conninfo(self, database: str = "postgres") -> str:
        """How the owner connects, whatever the environment says."""
        from psycopg.conninfo import make_conninfo

        host, port = self.socket_directory, self.port
        return make_conninfo(_CONNECTION, host=host, port=port, dbname=database)

    def port_taken(self) -> str:
        """What is said when the port of the reader is another program's."""
        return (
            f"Port {self.port} on {LOOPBACK}, where this database admits readers, is taken by"
            " another program, so the database is reached by its socket only: end that program, and"
            " the port is back when the database starts the next time."
        )


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
    with suppress(OSError):
        lines = (directory / _LOG).read_bytes()[-4096:].decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-12:])
    return ""


def trim_log(directory: Path, *, limit: int = 8 * 2**20) -> None:
    """Keep the log bounded: past `limit` bytes its end goes to `.1` and it starts anew."""
    log = directory / _LOG
    with suppress(FileNotFoundError):  # deleted by somebody
        if log.stat().st_size > limit:
            log.with_name(f"{_LOG}.1").write_bytes(log.read_bytes()[-(2**20) :])
            os.truncate(log, 0)  # in place, because the server has it open (for appending)


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
    with suppress(FileNotFoundError):
        descriptor = try_lock(path, create=False)
        if descriptor is None:
            return True
        os.close(descriptor)
    return False


def is_current(descriptor: int, path: Path) -> bool:
    """Whether the open lock file is still the one at `path`, and the home not a new one."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
