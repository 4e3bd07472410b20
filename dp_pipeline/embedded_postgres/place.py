"""Where the data, the socket and the port of a cluster go, and making the data directory."""

import hashlib
import os
import pwd
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from dp_pipeline.embedded_postgres.files import (
    LOOPBACK,
    OWNER,
    EmbeddedPostgresError,
    ServerAddress,
)
from dp_pipeline.embedded_postgres.programs import (
    Account,
    account_for,
    find_programs,
    state_directory,
)

_SOCKETS = Path("/tmp")  # noqa: S108 (fixed and short: TMPDIR differs between processes)
# Below the ports that outgoing connections get (from 32768 on Linux, 49152 elsewhere): one of those
# is taken for a moment now and then.
_PORTS = range(20_000, 30_000)


def make_private(directory: Path, *, for_server: bool = True) -> None:
    """Make a directory for this user alone. One that exists keeps its mode.

    Args:
        directory: made whole, or left as somebody else has made it meanwhile.
        for_server: whether the server is below it. Root's runs as another OS user, whose group may
            pass through then.
    """
    if directory.is_dir():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    if for_server and os.geteuid() == 0:
        os.chown(new, -1, account_for(directory / "data").gid)
        new.chmod(0o710)
    try:
        new.rename(directory)
    except OSError:
        new.rmdir()
        if not directory.is_dir():
            raise


def place_of(directory: Path) -> tuple[ServerAddress, Account]:
    """The address of the cluster's next server, with its directories made, and who runs it."""
    written = ServerAddress.read(directory)
    # A home that was moved is still the one that was written of, a copy is not.
    if written and written.directory != str(directory) and Path(written.directory).exists():
        written = None
    data = _data_directory(directory, written)
    account = account_for(data)
    port = written.port if written else 0
    if port not in _PORTS:
        port = next(each for each in random.sample(_PORTS, len(_PORTS)) if is_free(each))
    socket_directory = _socket_directory(directory, written, account)
    return ServerAddress(str(directory), str(data), str(socket_directory), port), account


def _data_directory(directory: Path, written: ServerAddress | None) -> Path:
    """In the home, if the server's user can get there.

    Root's private home is no place for it, as the server runs as another user; its parents stay as
    they are and the data goes to a system directory, which the address remembers.
    """
    inside = directory / "data"
    recorded = Path(written.data_directory) if written else inside
    if written and recorded.parent != Path(written.directory) and recorded.exists():
        return recorded
    if inside.exists() or os.geteuid() != 0 or account_for(inside).can_enter(directory):
        return inside
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    for begun in state_directory().glob(f"{name}-*"):
        if not (begun / "data").exists():  # its initdb was killed
            return begun / "data"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=state_directory()))
    folder.chmod(0o711)
    (folder / "home").write_text(f"{directory}\n", encoding="utf-8")
    return folder / "data"


def _socket_directory(directory: Path, written: ServerAddress | None, account: Account) -> Path:
    """A short directory that only the server's user can enter.

    A socket's path has at most 107 bytes (sun_path). /tmp is writable to all, so what is found
    there is trusted by owner and mode alone; a name that somebody else took is left to him.
    """
    old = Path(written.socket_directory if written else "/")
    if written and written.directory == str(directory) and old.parent == _SOCKETS:
        with suppress(FileExistsError):
            old.mkdir(mode=0o700)
            account.give(old)
        if is_private(old, account.uid):
            return old
    new = Path(tempfile.mkdtemp(prefix="dp_pipeline-", dir=_SOCKETS))
    account.give(new)
    return new


def is_private(directory: Path, owner: int) -> bool:
    """Whether this is a real directory (no link) that `owner` alone can enter."""
    try:
        found = directory.lstat()
    except (FileNotFoundError, PermissionError):
        return False
    return found.st_uid == owner and found.st_mode == stat.S_IFDIR | stat.S_IRWXU


def is_free(port: int) -> bool:
    """Whether nothing listens at this port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def create_data(data_directory: Path, account: Account, lock: int) -> None:
    """Make a cluster beside its place and move it there whole; a killed initdb leaves no half.

    Args:
        data_directory: must not exist, or be empty.
        account: who will own it.
        lock: descriptor of SERVER, handed to initdb: while an orphaned one writes, no server is
            started beside it.
    """
    if data_directory.exists():
        try:
            data_directory.rmdir()
        except OSError as error:
            message = (
                f"{data_directory} is not a Postgres cluster and not empty:"
                " move it away so that a new cluster can be made."
            )
            raise EmbeddedPostgresError(message) from error
    for leftover in data_directory.parent.glob("unfinished-*"):
        shutil.rmtree(leftover)
    _check_known(account)
    programs, major = find_programs(account)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=data_directory.parent))
    account.give(unfinished)
    options = [f"--pgdata={unfinished}", f"--username={OWNER}", "--encoding=UTF8", "--no-locale"]
    # The socket's directory is private to the server's user.
    options += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    if major >= 17:  # noqa: PLR2004
        # ICU and the system's collations change with upgrades; the built-in one does not, and
        # knows upper and lower case beyond ASCII.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if sys.platform == "linux":  # one call instead of a thousand: 1.3 s, not 4.7
            options += ["--sync-method=syncfs"]
    try:
        made = account.run(programs / "initdb", *options, timeout=100, pass_fds=(lock,))
    except subprocess.TimeoutExpired as error:
        message = f"initdb took more than 100 seconds in {data_directory.parent}."
        raise EmbeddedPostgresError(message) from error
    if made.returncode != 0:
        said = (made.stdout + made.stderr).decode(errors="replace").strip()
        shutil.rmtree(unfinished, ignore_errors=True)  # the failure itself is what is told
        message = f"initdb could not make the cluster {data_directory}."
        raise EmbeddedPostgresError(message, log=said[-2000:])
    unfinished.rename(data_directory)


def _check_known(account: Account) -> None:
    """Refuse a user without a name, as containers run with; initdb looks it up, servers do not."""
    try:
        pwd.getpwuid(account.uid)
    except KeyError as error:
        message = (
            f"This process runs as user id {account.uid}, which this machine does not list"
            " (/etc/passwd), and Postgres makes no cluster for such a user: run as a listed one, or"
            " set DP_DATABASE_URL to a server of your own."
        )
        raise EmbeddedPostgresError(message) from error
