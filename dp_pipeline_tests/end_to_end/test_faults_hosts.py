"""Workers on hosts of their own: one vanishes, one is cut off from Postgres for a while."""

import contextlib
import signal
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from dagster import DagsterRunStatus

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger import reconcile
from dp_pipeline_tests.end_to_end.world import (
    PATH,
    World,
    dawdle,
    payload,
    statement,
    until,
    world,
)
from dp_pipeline_tests.hosts import Host, hosts
from dp_pipeline_tests.tcp_postgres import TcpPostgres, tcp_postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LOCKS_SECONDS = 60
"""After which Postgres lets go of the locks of a host that vanished."""


@pytest.fixture
def server() -> Iterator[TcpPostgres]:
    with tcp_postgres() as made:
        with contextlib.closing(Database(made.url())) as database:
            database.ensure_current()
        yield made


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, server: TcpPostgres) -> Iterator[World]:
    with world(monkeypatch, server.url(), address="0.0.0.0") as made:  # noqa: S104 - the test's own
        yield made


@pytest.fixture
def host(server: TcpPostgres) -> Iterator[Host]:
    del server  # which ends after the host
    with hosts(1) as (made,):
        yield made


def endings(made: World) -> Counter[tuple[str, str | None]]:
    return Counter((row["status"], row["error_class"]) for row in made.executions())


def test_a_host_that_vanishes_has_its_rows_closed_once_postgres_lets_go_of_its_locks(
    place: World, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "GRACE_SECONDS", 1.0)  # of the 30 s of a lock that is free
    with place.gate.closed():
        worker = place.worker(host=host)
        until("a request", lambda: place.gate.waiting)
        host.pull("pages", "data")
        began = time.monotonic()
        worker.kill()
        worker.join(10)
        assert worker.exitcode == -signal.SIGKILL

    def told() -> bool:
        place.tick()
        time.sleep(1)
        return bool(place.told()[place.run_ids()[0]])

    until("its end", told, 2 * LOCKS_SECONDS)
    assert time.monotonic() - began < LOCKS_SECONDS + 30
    assert endings(place) == {
        ("failed", "ProcessGone"): 1,
        ("failed", "RunEndedEarly"): len(NAMES) - 1,
    }
    (run,) = place.instance.get_runs()
    assert run.status is DagsterRunStatus.FAILURE
    assert place.ingest() == 0, "nothing of it is in the way"


@pytest.mark.parametrize("seconds", [5, 15, 60])
def test_a_run_that_is_cut_off_from_postgres_loses_nothing_and_is_not_taken_for_dead(
    place: World, host: Host, seconds: int
) -> None:
    assert place.ingest() == 0, place.log()
    place.tick()
    place.query(dawdle(write=0.3, ledger=0.2))
    place.replay.payloads[PATH] = payload(1)
    worker = place.worker(host=host)
    statement(place, "(INSERT INTO|UPDATE) match")
    host.pull("data")
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        place.tick()
        time.sleep(1)
    host.plug_in("data")
    while worker.is_alive():
        place.tick()
        worker.join(1)

    place.tick()
    rows = place.executions()[len(NAMES) :]
    assert {row["error_class"] for row in rows} <= {
        None,
        "DatabaseError",
        "BlockedDependencyError",
    }, rows
    assert {row["status"] for row in rows} <= {"completed", "failed"}, "no row is left open"
    assert len(rows) == len(NAMES)
    if seconds < LOCKS_SECONDS / 2:
        assert worker.exitcode == 0, place.log()
        assert endings(place) == {("completed", None): 2 * len(NAMES)}
    stored = place.versions()  # which fails where a domain is stored in part
    for row in rows:
        if row["status"] == "completed" and row["domain"] in stored:
            assert stored[row["domain"]] == 1
    assert place.told()[place.run_ids()[1]] == 1, "and once is said what became of it"
    assert place.ingest() == 0, place.log()
    assert set(place.versions().values()) == {1}


def test_a_run_goes_on_with_a_standby_that_was_promoted_in_place_of_its_primary(
    monkeypatch: pytest.MonkeyPatch, server: TcpPostgres
) -> None:
    standby = server.standby()
    standby.start()
    url = (
        "postgresql://postgres@/football?host=127.0.0.1,127.0.0.1"
        f"&port={server.port},{standby.port}&target_session_attrs=read-write"
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
    with world(monkeypatch, url) as made:
        made.query(dawdle(write=0.3, ledger=0.2))
        worker = made.worker()
        statement(made, "(INSERT INTO|UPDATE) match")
        server.stop()
        standby.promote()
        with psycopg.connect(standby.url(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")
        # the old one comes back, and knows nothing of it: it would take no writes
        (server.data / "standby.signal").touch()
        server.account.give(server.data)
        server.start()
        while worker.is_alive():
            made.tick()
            worker.join(0.5)
        assert worker.exitcode == 0, made.log()
        made.tick()
        assert endings(made) == {("completed", None): len(NAMES)}
        assert set(made.versions().values()) == {0}
        assert list(made.told().values()) == [1]
