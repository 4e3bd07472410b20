"""`dp ingest` of several tournaments: one run that fetches them at once, and each has its fate."""

import os
import signal
from collections.abc import Iterator

import pytest
from dagster import DagsterRunStatus
from starlette.responses import Response

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.benchmarks.world import openfootball_keys, payloads
from dp_pipeline_tests.end_to_end.world import World, until, world

KEYS = openfootball_keys(6)
UNKNOWN = "openfootball:en.9:1970-71"


def path_of(key: str) -> str:
    _, competition, season = key.split(":")
    return f"/{season}/{competition}.json"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        made.replay.payloads = payloads(len(KEYS))
        yield made


def partitions(place: World) -> set[str]:
    return set(place.instance.get_dynamic_partitions("tournaments"))


def statuses(place: World) -> dict[str, list[str]]:
    """Of each tournament how its executions ended, in the order in which they began."""
    found: dict[str, list[str]] = {}
    for row in place.executions():
        found.setdefault(row["tournament_key"], []).append(row["status"])
    return found


def all_wait(place: World) -> None:
    paths = {path_of(key) for key in KEYS}
    until("a request for each", lambda: paths <= set(place.gate.waiting))


COMPLETED = ["completed"] * len(NAMES)


def test_all_are_requested_before_one_is_answered_and_told_in_the_order_typed(
    place: World,
) -> None:
    with place.gate.closed():
        worker = place.worker(*KEYS[::-1])
        all_wait(place)
        assert partitions(place) == set(), "none was confirmed"
    worker.join(60)
    assert worker.exitcode == 0, place.log()
    assert statuses(place) == dict.fromkeys(KEYS, COMPLETED)
    assert partitions(place) == set(KEYS)
    told = [place.log().index(f"({key})") for key in KEYS]
    assert told == sorted(told, reverse=True)
    (run,) = place.instance.get_runs()
    assert run.status is DagsterRunStatus.SUCCESS
    assert run.tags["dp/tournament"].startswith("6 tournaments: Test League 1975")
    assert "dagster/partition" not in run.tags


def test_ctrl_c_stops_all_and_closes_what_was_begun(place: World) -> None:
    with place.gate.closed():
        worker = place.worker(*KEYS)
        all_wait(place)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGINT)
        worker.join(10)
        assert worker.exitcode == 130, place.log()
    assert statuses(place) == {key: ["failed"] for key in KEYS}
    assert {row["error_class"] for row in place.executions()} == {"InterruptedRunError"}
    assert place.log().endswith("Stopped before all was done.\n")
    assert [run.status for run in place.instance.get_runs()] == [DagsterRunStatus.FAILURE]
    assert partitions(place) == set()


def test_one_that_fails_or_does_not_exist_holds_up_no_other_and_one_removed_comes_back(
    place: World,
) -> None:
    refused, removed, *_ = KEYS
    place.query("INSERT INTO removed_tournament (key, removed_by) VALUES (%s, 'somebody')", removed)
    place.replay.fault = lambda path: Response("no", 403) if path == path_of(refused) else None
    assert place.ingest(UNKNOWN, *KEYS, "--dry-run") == 1, place.log()
    assert partitions(place) == set()
    assert place.query("SELECT count(*) FROM tournament") == [{"count": 0}]
    assert [row["key"] for row in place.query("SELECT key FROM removed_tournament")] == [removed]
    assert {row["outcome"] for row in place.executions() if row["tournament_key"] == removed} == {
        "planned",
        "not_applicable",
    }

    assert place.ingest(UNKNOWN, *KEYS) == 1, place.log()
    assert partitions(place) == set(KEYS) - {refused}
    assert place.query("SELECT key FROM removed_tournament") == []
    _, run_id = place.run_ids()
    ended = {
        (row["tournament_key"], row["status"])
        for row in place.executions()
        if str(row["request_id"]) == run_id
    }
    assert ended == {
        (UNKNOWN, "failed"),
        (refused, "failed"),
        *((key, "completed") for key in KEYS[1:]),
    }
    assert f"{UNKNOWN} is not registered: openfootball has no file" in place.log()
    assert f"{refused} is not registered: nobody has confirmed that it exists." in place.log()
    assert "Traceback" not in place.log()
