"""One daemon per Dagster storage: two real ones on one SQLite home, and on one Postgres."""

import os
import signal
import time
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster import DagsterInstance, reconstructable
from dagster._core.launcher import LaunchRunContext
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from dp_pipeline.instance.daemon import DaemonLease
from dp_pipeline_tests.dagster_dev import switch, wait_for
from dp_pipeline_tests.instance.daemons import (
    WAITS,
    WORKS,
    Begun,
    counting_project,
    daemon,
)
from dp_pipeline_tests.instance.project import open_instance
from dp_pipeline_tests.pgbouncer import pgbouncer

MINUTELY = dg.ScheduleDefinition(name="minutely", job_name="job", cron_schedule="* * * * *")

_TAKEN_OVER_WITHIN = 60.0

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
AND (classid::bigint << 32) | objid::bigint
    = hashtextextended('dp_pipeline.daemon' || current_schema(), 0)
"""


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, str]:
    """What two daemons of one machine share."""
    return {"DP_HOME": str(tmp_path / "home")}


@pytest.fixture
def two_machines(tmp_path: Path, postgres_url: str) -> list[dict[str, str]]:
    """Two daemons that share nothing but Dagster's Postgres."""
    return [
        {"DP_HOME": str(tmp_path / name), "DAGSTER_POSTGRES_URL": postgres_url}
        for name in ("here", "there")
    ]


def opened(
    project: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> DagsterInstance:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # puts back what the storage sets
    return open_instance(project)


def more(begun: Begun, what: str, runs: int) -> None:
    """Wait until as many further runs have begun."""
    enough = begun.count(what) + runs
    wait_for(f"{runs} runs of {what}", lambda: begun.count(what) >= enough or None, 240)


def cut(url: str) -> int:
    """Cut the connection by which a daemon holds the storage; how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        return len(connection.execute(_CUT).fetchall())


@pytest.mark.slow
def test_a_second_daemon_on_one_home_waits_and_goes_on_when_the_first_was_killed(
    tmp_path: Path, sqlite: dict[str, str]
) -> None:
    project, begun = counting_project(tmp_path)
    with daemon(project, "first", sqlite) as first, daemon(project, "second", sqlite) as second:
        wait_for("a daemon at work", lambda: begun.lines() or None)
        works, waits = (first, second) if WORKS in first.log.read_text() else (second, first)
        waits.says(WAITS)
        assert waits.log.read_text().count("\n") == 1
        more(begun, "counting", 2)
        works.process.kill()
        waits.says("goes on", _TAKEN_OVER_WITHIN)
        more(begun, "counting", 2)
    assert set(begun.times().values()) == {1}


@pytest.mark.slow
def test_a_daemon_that_waits_is_stopped_like_any_other(
    tmp_path: Path, sqlite: dict[str, str]
) -> None:
    project, _ = counting_project(tmp_path)
    with daemon(project, "first", sqlite) as first:
        first.says(WORKS)
        for number in (signal.SIGINT, signal.SIGTERM):
            with daemon(project, f"second {number}", sqlite) as second:
                second.says(WAITS)
                second.process.send_signal(number)
                assert second.process.wait(60) == 0
                assert "Traceback" not in second.log.read_text()


@dg.op
def nothing() -> None: ...


@dg.job
def idle() -> None:
    nothing()


def test_what_a_killed_daemon_had_not_come_to_launch_is_in_the_queue_again(
    tmp_path: Path, sqlite: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Launcher:
        def launch_run(self, context: LaunchRunContext) -> None: ...
        def resume_run(self, context: LaunchRunContext) -> None: ...

    project, _ = counting_project(tmp_path)
    with opened(project, sqlite, monkeypatch) as instance:
        location = RegisteredCodeLocationOrigin("dp_pipeline")  # ty: ignore[abstract-class-instantiation]
        repository = RemoteRepositoryOrigin(location, "__repository__")
        runs = [
            instance.create_run_for_job(
                idle,
                remote_job_origin=repository.get_job_origin("idle"),
                job_code_origin=reconstructable(idle).get_python_origin(),
            )
            for _ in range(2)
        ]
        for run in runs:
            starting = dg.DagsterEvent("PIPELINE_STARTING", job_name=run.job_name)
            instance.report_dagster_event(starting, run_id=run.run_id)
        killed, launcher = DaemonLease(instance), Launcher()
        killed.acquire()
        killed.guard(launcher)
        launcher.launch_run(LaunchRunContext(runs[0], None))
        killed._lock.release()  # as the kernel does

        DaemonLease(instance).acquire()
        launched, taken = [instance.get_run_by_id(run.run_id) for run in runs]
        assert launched is not None
        assert launched.status is dg.DagsterRunStatus.STARTING
        assert taken is not None
        assert taken.status is dg.DagsterRunStatus.QUEUED


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_machines_on_one_postgres_launch_every_run_once_while_their_connections_are_cut(
    tmp_path: Path,
    two_machines: list[dict[str, str]],
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, begun = counting_project(tmp_path, queued=8)
    here, there = two_machines
    with opened(project, here, monkeypatch) as instance:
        switch(instance, MINUTELY, since=time.time() - 190)  # a tick to make good
    with daemon(project, "here", here) as first:
        first.says(WORKS)
        with daemon(project, "there", there) as second:
            second.says(WAITS)
            cuts = 0
            while begun.count("many") < 8:
                cuts += cut(postgres_url)
                time.sleep(0.7)
            assert cuts > 10
            more(begun, "counting", 3)
    assert begun.count("many") == 8
    assert len(begun.ticks()) == len(set(begun.ticks())) >= 1
    assert set(begun.times().values()) == {1}
    for log in (first.log, second.log):
        assert "Caught an" not in log.read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)  # a launch that was interrupted is given up after two minutes
def test_a_daemon_that_was_asleep_while_another_took_over_starts_anew_and_launches_nothing_twice(
    tmp_path: Path, two_machines: list[dict[str, str]], postgres_url: str
) -> None:
    project, begun = counting_project(tmp_path, queued=6)
    here, there = two_machines
    with daemon(project, "here", here) as first:
        first.says(WORKS)
        with daemon(project, "there", there) as second:
            second.says(WAITS)
            more(begun, "many", 2)
            os.kill(first.process.pid, signal.SIGSTOP)  # in the middle of the queue
            assert cut(postgres_url) == 1
            second.says("goes on", _TAKEN_OVER_WITHIN)
            more(begun, "many", 1)
            os.kill(first.process.pid, signal.SIGCONT)
            first.says("this one starts anew")
            first.says(WAITS)
            more(begun, "counting", 1)
    assert set(begun.times().values()) == {1}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_behind_pgbouncer_in_transaction_mode_there_is_one_daemon_as_well(
    tmp_path: Path, two_machines: list[dict[str, str]], postgres_url: str
) -> None:
    project, begun = counting_project(tmp_path)
    here, there = two_machines
    with pgbouncer(postgres_url, mode="transaction") as pooled:
        here["DAGSTER_POSTGRES_URL"] = there["DAGSTER_POSTGRES_URL"] = pooled
        with daemon(project, "here", here) as first:
            first.says(WORKS)
            with daemon(project, "there", there) as second:
                second.says(WAITS)
                more(begun, "counting", 3)
                assert WORKS not in second.log.read_text()
                first.process.kill()
                second.says("goes on", _TAKEN_OVER_WITHIN)
                more(begun, "counting", 3)
    assert set(begun.times().values()) == {1}
