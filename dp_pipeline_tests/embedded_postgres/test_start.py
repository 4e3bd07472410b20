"""The first start, alone, many at once and killed half-way, and where a home may lie."""

import contextlib
import os
import subprocess
import threading
import time

import psutil
import psycopg
import pytest

from dp_pipeline.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from dp_pipeline_tests.embedded_postgres.homes import Home, matching, url_of, value, wait_until

pytestmark = pytest.mark.slow


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
