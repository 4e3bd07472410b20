"""Postgres restarted under a run, in order and by force: an embedded server of the test's own."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest
from dagster import DagsterRunStatus

from dp_pipeline.database.database import DatabaseError
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.liveness import HEARTBEAT_SECONDS
from dp_pipeline.notifications.duties import DutiesFailedError
from dp_pipeline_tests.end_to_end.world import PATH, World, dawdle, payload, statement, until, world

pytestmark = pytest.mark.slow


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        assert made.ingest() == 0, made.log()
        made.tick()
        yield made


def postmaster(made: World) -> int:
    return int((made.home / "postgres/data/postmaster.pid").read_text().split()[0])


def restart(made: World, number: signal.Signals) -> None:
    """Stop the server; its watcher starts it again."""
    old = postmaster(made)
    os.kill(old, number)

    def is_back() -> bool:
        with contextlib.suppress(psycopg.OperationalError, FileNotFoundError, IndexError):
            return postmaster(made) != old and bool(made.query("SELECT 1"))
        return False

    until("Postgres to be back", is_back)


def tick(made: World) -> None:
    """A tick that meets a Postgres that is away fails, and the next one catches up."""
    with contextlib.suppress(DatabaseError, DutiesFailedError):
        made.tick()
    assert "failed" not in {row["status"] for row in made.executions()}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="stopped", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, id="killed"),
    ],
)
def test_a_run_completes_over_restarts_of_postgres_and_is_never_taken_for_dead(
    embedded: World, number: signal.Signals
) -> None:
    embedded.query(dawdle(write=0.3, ledger=0.2))
    embedded.replay.payloads[PATH] = payload(1)
    with embedded.gate.closed():
        worker = embedded.worker()
        until("a request", lambda: embedded.gate.waiting)
        restart(embedded, number)
        # Ticks before and after the worker has taken its locks again.
        over = time.monotonic() + HEARTBEAT_SECONDS + 1
        while time.monotonic() < over:
            tick(embedded)
            time.sleep(0.5)
        tick(embedded)
        (noted,) = embedded.query("SELECT value FROM delivery_note WHERE name = 'state'")
        assert noted["value"]["free_since"] == {}, "it holds its locks again"
    statement(embedded, "(INSERT INTO|UPDATE) match")
    restart(embedded, number)
    tick(embedded)
    statement(embedded, "UPDATE data_provider_executions")
    restart(embedded, number)
    while worker.is_alive():
        tick(embedded)
        time.sleep(0.2)

    assert worker.exitcode == 0, embedded.log()
    tick(embedded)
    assert {row["status"] for row in embedded.executions()} == {"completed"}
    assert set(embedded.versions().values()) == {1}
    assert [run.status for run in embedded.instance.get_runs()] == [DagsterRunStatus.SUCCESS] * 2
    assert list(embedded.told().values()) == [1, 1]


def test_a_commit_whose_answer_is_lost_is_not_taken_for_a_failure(embedded: World) -> None:
    # Waiting for a standby that does not exist, a transaction is committed and cannot say so.
    embedded.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    embedded.query("SELECT pg_reload_conf()")
    worker = embedded.worker()
    stuck = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid <> pg_backend_pid()"
    until("a commit without an answer", lambda: embedded.query(f"SELECT pid {stuck}"))
    with psycopg.connect(embedded.database_url) as connection:
        connection.execute("SET synchronous_commit = local")
        opened = "SELECT count(*) FROM data_provider_executions WHERE status = 'in_progress'"
        assert connection.execute(opened).fetchone() == (0,), "nobody sees it yet"
        connection.commit()
        connection.autocommit = True
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute(f"SELECT pg_terminate_backend(pid) {stuck}")
        connection.execute("SELECT pg_reload_conf()")
    worker.join(30)
    assert worker.exitcode == 0, embedded.log()
    assert {row["status"] for row in embedded.executions()} == {"completed"}
    assert len(embedded.executions()) == 2 * len(NAMES)
