"""What is killed, deleted or left over is made good, at the same URL and with the same data."""

import shutil
import subprocess
import time

import psycopg
import pytest

from dp_pipeline_tests.embedded_postgres.homes import (
    Home,
    delete,
    socket_directory,
    url_of,
    value,
    wait_until,
)

pytestmark = pytest.mark.slow


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
