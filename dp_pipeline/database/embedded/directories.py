"""Where the data and the socket of an embedded cluster go, and making the cluster itself."""

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dp_pipeline.database.embedded.binaries import (
    Account,
    account_for,
    find_binaries,
    private_state_directory,
)
from dp_pipeline.database.embedded.cluster import (
    ROLE,
    Cluster,
    EmbeddedPostgresError,
    is_private,
)

_SOCKET_ROOT = Path("/tmp")  # noqa: S108 (fixed and short: TMPDIR differs between processes)
_INITDB_SECONDS = 100


def data_directory_of(cluster: Cluster) -> Path:
    """Where the data is or shall be: in the home if the server's user can get there.

    Root's private home is no place for it, as the server runs as another user; its parents stay as
    they are and the data goes to a system directory, which the record remembers.
    """
    inside = cluster.directory / "data"
    record = cluster.read_record()
    if record:
        recorded, recorder = Path(record["data_directory"]), Path(record["directory"])
        # Another recorder that still exists means that this home is a copy of it.
        ours = recorder == cluster.directory or not recorder.exists()
        if ours and recorded.parent not in (recorder, cluster.directory) and recorded.exists():
            return recorded
    if inside.exists() or os.geteuid() != 0:
        return inside
    if account_for(inside).can_enter(cluster.directory):
        return inside
    name = hashlib.sha256(os.fsencode(cluster.directory)).hexdigest()[:16]
    state = private_state_directory()
    for begun in state.glob(f"{name}-*"):
        if not (begun / "data").exists():  # its initdb was killed
            return begun / "data"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=state))
    folder.chmod(0o711)
    (folder / "home").write_text(f"{cluster.directory}\n", encoding="utf-8")
    return folder / "data"


def create_cluster(data_directory: Path, account: Account, lock: int) -> None:
    """Make a cluster beside its place and move it there whole; a killed initdb leaves no half.

    Args:
        data_directory: must not exist, or be empty.
        account: who will own it.
        lock: descriptor of `server.lock`, handed to initdb: while an orphaned one writes, no
            server is started beside it.
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
    binaries = find_binaries(account)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=data_directory.parent))
    give(unfinished, account)
    # ICU and the system's collations change with upgrades; the built-in one (17 and later) does
    # not, and knows upper and lower case beyond ASCII.
    options = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if sys.platform == "linux":  # one call instead of a thousand: 1.3 s, not 4.7, on a busy disk
        options.append("--sync-method=syncfs")
    try:
        made = account.run(
            [
                str(binaries.folder / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={ROLE}",
                "--auth=trust",  # the socket's directory is private to the server's user
                "--encoding=UTF8",
                "--no-instructions",
                "--no-locale",
                *(options if binaries.major >= 17 else []),  # noqa: PLR2004
            ],
            seconds=_INITDB_SECONDS,
            pass_fds=(lock,),
        )
    except subprocess.TimeoutExpired as error:
        message = f"initdb took more than {_INITDB_SECONDS} seconds in {data_directory.parent}."
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


def socket_directory_of(cluster: Cluster, data_directory: Path, account: Account) -> Path:
    """A short directory that only the server's user can enter, made if it is missing.

    A socket's path has at most 107 bytes (sun_path). /tmp is writable to all, so what is found
    there is trusted by owner and mode alone; a name that somebody else took is left to him.
    """
    name = hashlib.sha256(os.fsencode(data_directory)).hexdigest()[:16]
    candidates = [_SOCKET_ROOT / f"dp_pipeline-{account.uid}"]
    record = cluster.read_record()
    if record and Path(record["socket_directory"]).name == name:
        candidates.insert(0, Path(record["socket_directory"]).parent)
    base = next((c for c in candidates if _make_private(c, account)), None)
    if base is None:
        base = Path(tempfile.mkdtemp(prefix=f"dp_pipeline-{account.uid}-", dir=_SOCKET_ROOT))
        _make_private(base, account)
    directory = base / name
    if not _make_private(directory, account):
        message = f"{directory} must be a directory that only {account.name} can enter."
        raise EmbeddedPostgresError(message)
    return directory


def give(directory: Path, account: Account) -> None:
    """Make root's files the server's user's: a new directory, or a cluster that root copied."""
    if os.geteuid() != 0 or directory.lstat().st_uid != 0:
        return
    for path in (*directory.rglob("*"), directory):  # itself last: it says that all is done
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _make_private(directory: Path, account: Account) -> bool:
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        # root's own: made by a supervisor that was killed before it gave the directory away
        if not (os.geteuid() == 0 and is_private(directory, 0)):
            return is_private(directory, account.uid)
    if os.geteuid() == 0:
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)
    return is_private(directory, account.uid)
