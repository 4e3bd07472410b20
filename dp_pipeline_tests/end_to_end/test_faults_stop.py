"""The worker told to stop, by a service manager or by ctrl-C: it closes what it had begun."""

import os
import signal
from collections.abc import Iterator

import pytest
from dagster import AssetKey, DagsterRunStatus

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.end_to_end.world import KEY, World, dawdle, statement, until, world


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        made.query(dawdle())
        yield made


def materialized(made: World) -> set[str]:
    return {
        domain
        for domain in NAMES
        if KEY in made.instance.get_materialized_partitions(AssetKey(domain))
    }


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGINT]
)
def test_a_worker_told_to_stop_while_it_waits_for_the_provider_says_so(
    slow: World, number: signal.Signals
) -> None:
    with slow.gate.closed():
        worker = slow.worker()
        until("a request", lambda: slow.gate.waiting)
        assert worker.pid is not None
        os.kill(worker.pid, number)
        worker.join(10)
        assert worker.exitcode == 130, slow.log()
    (row,) = slow.executions()
    assert (row["status"], row["error_class"]) == ("failed", "InterruptedRunError")
    assert "had to stop" in row["error_text"]
    assert slow.instance.get_runs()[0].status is DagsterRunStatus.FAILURE

    slow.tick()
    assert [row["error_class"] for row in slow.executions()] == [
        "InterruptedRunError",
        *["RunEndedEarly"] * (len(NAMES) - 1),
    ]
    assert list(slow.told().values()) == [1]


def test_a_worker_told_to_stop_while_it_writes_keeps_what_was_done(slow: World) -> None:
    worker = slow.worker()
    statement(slow, "(INSERT INTO|UPDATE) match")
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGTERM)
    worker.join(10)
    assert worker.exitcode == 130, slow.log()

    rows = {row["domain"]: row["status"] for row in slow.executions()}
    done = {domain for domain, status in rows.items() if status == "completed"}
    assert done >= {"tournaments", "teams", "rounds"}
    assert "in_progress" not in rows.values()
    assert materialized(slow) == done
    slow.versions()
    slow.tick()
    assert len(slow.executions()) == len(NAMES)
    assert list(slow.told().values()) == [1]

    assert slow.ingest() == 0, slow.log()
    slow.tick()
    assert materialized(slow) == set(NAMES)
    assert list(slow.told().values()) == [1, 1]
