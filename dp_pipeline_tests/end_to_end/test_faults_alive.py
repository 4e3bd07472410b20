"""Runs that Dagster calls dead while their process lives: launchers of clusters do so.

An answer of UNKNOWN counts as a failure, and a start that takes too long is not stopped.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.end_to_end.world import PATH, World, payload, until, world


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        yield made


def call_dead(made: World, *, cancelled: bool = False) -> str:
    """What run monitoring does to a run whose launcher cannot tell; the run's id.

    Or what somebody does in Dagster's pages who forces the end of a run.
    """
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    (run,) = until("a run that is started", lambda: made.instance.get_runs(started))
    if cancelled:
        made.instance.report_run_canceled(run, "Run was marked as canceled by somebody.")
    else:
        made.instance.report_run_failed(run, "Detected run worker status UNKNOWN.")
    return run.run_id


def rows_of(made: World, run_id: str) -> list[dict[str, Any]]:
    return [row for row in made.executions() if str(row["request_id"]) == run_id]


def endings(made: World, run_id: str) -> Counter[tuple[str, str | None]]:
    return Counter((row["status"], row["error_class"]) for row in rows_of(made, run_id))


@pytest.mark.parametrize("cancelled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_that_is_called_dead_while_it_works_is_left_to_end_and_announced_once(
    place: World, *, cancelled: bool
) -> None:
    with place.gate.closed():
        worker = place.worker()
        until("a request", lambda: place.gate.waiting)
        run_id = call_dead(place, cancelled=cancelled)
        for _ in range(3):
            assert "1 runs that Dagster calls dead still work" in place.tick()
        assert endings(place, run_id) == {("in_progress", None): 1}
        assert place.told()[run_id] == 0
    worker.join(60)
    assert worker.exitcode == 0, place.log()
    (run,) = place.instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS, "Dagster hears how it ended"

    said = place.tick()
    assert "still work" not in said
    assert endings(place, run_id) == {("completed", None): len(NAMES)}
    assert place.told()[run_id] == 1
    assert set(place.versions().values()) == {0}
    assert place.tick() == "Nothing new."


def test_what_a_run_that_was_called_dead_leaves_when_it_dies_is_recorded_then(
    place: World,
) -> None:
    with place.gate.closed():
        worker = place.worker()
        until("a request", lambda: place.gate.waiting)
        run_id = call_dead(place)
        place.tick()
        worker.kill()
        worker.join(10)
        assert worker.exitcode == -signal.SIGKILL
        until("its rows", lambda: place.tick() and len(rows_of(place, run_id)) == len(NAMES))
    assert endings(place, run_id) == {
        ("failed", "ProcessGone"): 1,
        ("failed", "RunEndedEarly"): len(NAMES) - 1,
    }
    assert place.told()[run_id] == 1


def test_a_run_that_lives_holds_up_nobody_that_died_after_it(place: World) -> None:
    with place.gate.closed():
        worker = place.worker()
        until("a request", lambda: place.gate.waiting)
        living = call_dead(place)
        other = place.worker("openfootball:de.1:2024-25", start=place.home / "never")
        dead = call_dead(place)
        other.kill()
        other.join(10)
        until("its rows", lambda: place.tick() and place.told()[dead] == 1)
        assert endings(place, dead) == {("failed", "RunEndedEarly"): len(NAMES)}
        assert place.told()[living] == 0
    worker.join(60)
    place.tick()
    assert endings(place, living) == {("completed", None): len(NAMES)}
    assert place.told()[living] == 1


def test_a_process_that_begins_after_its_run_was_called_dead_takes_over_what_was_said_of_it(
    place: World,
) -> None:
    start = place.home / "start"
    worker = place.worker(start=start)
    run_id = call_dead(place)
    assert f"{len(NAMES)} added for runs that died early" in place.tick()
    assert endings(place, run_id) == {("failed", "RunEndedEarly"): len(NAMES)}
    assert place.told()[run_id] == 1

    place.replay.payloads[PATH] = payload(3)
    with place.gate.closed():
        start.touch()
        until("a request", lambda: place.gate.waiting)
        for _ in range(3):
            place.tick()
        assert endings(place, run_id) == {
            ("in_progress", None): 1,
            ("failed", "RunEndedEarly"): len(NAMES) - 1,
        }
        assert place.told()[run_id] == 1, "nothing is told of it while it works"
    worker.join(60)
    assert worker.exitcode == 0, place.log()

    place.tick()
    assert endings(place, run_id) == {("completed", None): len(NAMES)}
    assert place.told()[run_id] == 2, "the truth is told too"
    assert set(place.versions().values()) == {3}
    for row in rows_of(place, run_id):
        assert row["outcome"] == ("not_applicable" if row["domain"] == "goals" else "written")
        assert row["error_text"] is None
        assert "error" not in row["summary"]
        assert row["duration"] > 0
    assert place.tick() == "Nothing new."


def test_a_process_that_took_over_and_was_killed_is_recorded_as_gone(place: World) -> None:
    start = place.home / "start"
    worker = place.worker(start=start)
    run_id = call_dead(place)
    place.tick()
    with place.gate.closed():
        start.touch()
        until("a request", lambda: place.gate.waiting)
        worker.kill()
        worker.join(10)
        until(
            "its end", lambda: place.tick() and ("failed", "ProcessGone") in endings(place, run_id)
        )
    assert endings(place, run_id) == {
        ("failed", "ProcessGone"): 1,
        ("failed", "RunEndedEarly"): len(NAMES) - 1,
    }
