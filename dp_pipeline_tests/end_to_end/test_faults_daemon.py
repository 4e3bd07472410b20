"""A real `dagster dev` on the embedded Postgres: what its daemon makes of everything that dies."""

import contextlib
import re
from pathlib import Path

import psutil
import pytest
from dagster import DagsterEventType, DagsterInstance

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev
from dp_pipeline_tests.end_to_end.world import World, payload, until, world

KEYS = [f"openfootball:en.{number}:2024-25" for number in range(1, 5)]
TICKS_SECONDS = 40  # the sensor ticks every 10 s


def worker_of(instance: DagsterInstance, run_id: str) -> psutil.Process:
    """The process that works on a run, by the pid it says itself."""
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        text = (entry.dagster_event and entry.dagster_event.message) or ""
        if found := re.search(r"Started process for run \(pid: (\d+)\)", text):
            return psutil.Process(int(found[1]))
    pytest.fail("Dagster no longer says the pid of a run's process")


def kill_postgres(made: World) -> None:
    """What a power cut does to the embedded server and its watcher."""
    server = psutil.Process(
        int((made.home / "postgres/data/postmaster.pid").read_text().split()[0])
    )
    [watcher] = [p for p in psutil.process_iter() if _watches(p, made.home)]
    family = [watcher, server, *server.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=10)


def _watches(process: psutil.Process, home: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        line = process.cmdline()
        return any("embedded_postgres.watcher" in word for word in line) and (
            str((home / "postgres").resolve()) in line
        )
    return False


def rows_of(made: World, run_id: str) -> dict[str, str]:
    """Domain to status of one run's executions."""
    return {
        row["domain"]: row["status"]
        for row in made.executions()
        if str(row["request_id"]) == run_id
    }


def errors_of(made: World, run_id: str) -> list[str]:
    """The kinds of error of one run's executions, in the order of their beginning."""
    return [row["error_class"] for row in made.executions() if str(row["request_id"]) == run_id]


def path_of(key: str) -> str:
    """Where the provider has the file."""
    _, competition, season = key.split(":")
    return f"/{season}/{competition}.json"


@pytest.mark.slow
def test_what_is_killed_under_the_daemon_is_ended_recorded_and_announced_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world(monkeypatch) as made:
        for key in KEYS:
            made.replay.payloads[path_of(key)] = payload(0)
            made.gate.held.add(path_of(key))
        project = copy_project(tmp_path / "project", poll_seconds=1)
        with dagster_dev(project, made.home, made.environment) as dev:
            dev.add_partitions(*KEYS)
            runs = [dev.launch(*NAMES, partition=key) for key in KEYS]
            killed, cancelled, orphaned, lost = runs
            until("four requests", lambda: len(made.gate.waiting) == 4)
            assert [rows_of(made, run_id) for run_id in runs] == [
                {"tournaments": "in_progress"}
            ] * 4

            worker_of(made.instance, killed).kill()
            dev.cancel(cancelled)
            assert dev.wait_for_run(killed) == "FAILURE"
            assert dev.wait_for_run(cancelled) == "CANCELED"

            # A run outlives the code server that started it.
            for server in dev.code_servers():
                server.kill()
            made.gate.held.discard(path_of(KEYS[2]))
            assert dev.wait_for_run(orphaned) == "SUCCESS"
            assert rows_of(made, orphaned) == dict.fromkeys(NAMES, "completed")

            assert dev.run_status(lost) == "STARTED"
            dev.kill_everything()
            kill_postgres(made)
        made.gate.held.clear()

        with dagster_dev(project, made.home, made.environment) as dev:
            assert dev.wait_for_run(lost) == "FAILURE"
            again = dev.launch(*NAMES, partition=KEYS[3])
            assert dev.wait_for_run(again) == "SUCCESS"
            until("all to be told", lambda: all(made.told().values()), TICKS_SECONDS)
            assert dev.wait_for_tick()["status"] == "SKIPPED"
            assert dict(made.told()) == dict.fromkeys([*runs, again], 1)

            for run_id in (killed, cancelled, lost):
                assert rows_of(made, run_id) == dict.fromkeys(NAMES, "failed")
            assert rows_of(made, again) == dict.fromkeys(NAMES, "completed")
            early = ["RunEndedEarly"] * (len(NAMES) - 1)
            assert errors_of(made, killed) == ["ProcessGone", *early]
            assert errors_of(made, cancelled) == ["InterruptedRunError", *early]
            # everything was stopped with it, and started again
            assert errors_of(made, lost) == ["InterruptedRunError", *early]
            assert sorted(dev.partitions("matches")["materialized"]) == KEYS[2:]
