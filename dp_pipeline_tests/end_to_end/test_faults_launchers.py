"""Run monitoring under launchers that are not ours: what works is left alone, what died is ended.

Dagster's monitoring and the daemon's own start are the real ones; the launchers answer as those of
clusters do when their API fails, and for runs that they never launched.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.instance.worker import MARK_TAG
from dp_pipeline.ledger import reconcile
from dp_pipeline_tests.end_to_end.world import World, until, world


class ForeignLauncher(DefaultRunLauncher):
    """One of a cluster, whose answers are given."""

    answer: WorkerStatus | None = WorkerStatus.RUNNING

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        if self.answer is None:
            message = f"the API does not know of {run.run_id}"
            raise RuntimeError(message)
        return CheckRunHealthResult(self.answer, "503 Service Unavailable")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        yield made


def begin_daemon(made: World, launcher: Any) -> None:
    """What the daemon does before its first work, on an instance that names this launcher."""
    made.instance._run_launcher = launcher
    launcher.register_instance(made.instance)
    coordinator: Any = made.instance.run_coordinator
    assert coordinator.dequeue_interval_seconds == 1


def monitor(made: World) -> None:
    """One iteration of Dagster's run monitoring."""
    context: Any = SimpleNamespace(instance=made.instance, create_request_context=lambda: None)
    for _ in execute_run_monitoring_iteration(context, logging.getLogger("monitoring"), None):
        pass


def started(made: World) -> dg.DagsterRun:
    these = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    (run,) = until("a run that is started", lambda: made.instance.get_runs(these))
    return run


def status(made: World, run_id: str) -> dg.DagsterRunStatus:
    run = made.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def endings(made: World) -> Counter[tuple[str, str | None]]:
    return Counter((row["status"], row["error_class"]) for row in made.executions())


def test_neither_dp_ingest_nor_a_run_that_works_is_ended_by_any_answer_of_a_launcher(
    place: World,
) -> None:
    launcher = ForeignLauncher()
    begin_daemon(place, launcher)
    start = place.home / "start"
    with place.gate.closed():
        worker = place.worker(start=start)
        run_id = started(place).run_id
        launcher.answer = WorkerStatus.NOT_FOUND
        monitor(place)
        assert status(place, run_id) is dg.DagsterRunStatus.STARTED, "it holds no lock yet"
        start.touch()
        until("a request", lambda: place.gate.waiting)
        # as one that a launcher has launched
        place.instance.add_run_tags(run_id, {MARK_TAG: "of nobody"})
        for answer in (WorkerStatus.UNKNOWN, WorkerStatus.NOT_FOUND, WorkerStatus.FAILED, None):
            launcher.answer = answer
            monitor(place)
            assert status(place, run_id) is dg.DagsterRunStatus.STARTED, answer
    worker.join(60)
    assert worker.exitcode == 0, place.log()
    assert status(place, run_id) is dg.DagsterRunStatus.SUCCESS
    assert endings(place) == {("completed", None): len(NAMES)}


@pytest.mark.parametrize(
    "answer",
    [
        WorkerStatus.RUNNING,
        pytest.param(WorkerStatus.UNKNOWN, marks=pytest.mark.slow),
        pytest.param(None, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_died_is_ended_whatever_the_launcher_believes(
    place: World, answer: WorkerStatus | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "GRACE_SECONDS", 0.5)
    # the code server is started again after the run: elsewhere that ends no run
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: time.time() + 60)
    launcher = ForeignLauncher()
    launcher.answer = answer
    begin_daemon(place, launcher)
    with place.gate.closed():
        worker = place.worker()
        until("a request", lambda: place.gate.waiting)
        run_id = started(place).run_id
        place.instance.add_run_tags(run_id, {MARK_TAG: "of nobody"})
        worker.kill()
        worker.join(10)

    def told() -> bool:
        monitor(place)
        place.tick()
        return place.told()[run_id] == 1

    until("its end", told)
    assert status(place, run_id) is dg.DagsterRunStatus.FAILURE
    assert endings(place) == {
        ("failed", "ProcessGone"): 1,
        ("failed", "RunEndedEarly"): len(NAMES) - 1,
    }
