"""How long a server stays: until its last user, and whoever is connected, has gone."""

import time
from pathlib import Path

import psycopg
import pytest

from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline_tests.embedded_postgres.homes import Home, url_of, value, wait_until

pytestmark = pytest.mark.slow


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
        postgres = home.postgres(linger_seconds=2)
        postgres.url()
        time.sleep(0.5)
        postgres.release()
        time.sleep(1.2)
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


def test_a_watcher_that_is_told_to_stop_stops_the_server_in_good_order(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    home.watchers()[0].terminate()  # what a machine does that shuts down
    wait_until(lambda: not home.servers() and not home.watchers())
    assert "database system is shut down" in (home.directory / "server.log").read_text()
    assert value(postgres.url(), "SELECT 1") == 1


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_an_impossible_linger_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ValueError, match="linger_seconds"):
        EmbeddedPostgres(tmp_path, linger_seconds=seconds)
