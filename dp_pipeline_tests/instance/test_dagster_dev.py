"""What dagster.yaml promises, seen on real `dagster dev` processes that are stopped and killed."""

import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from dp_pipeline_tests.dagster_dev import ROOT, dagster_dev, wait_for
from dp_pipeline_tests.instance.project import make_project, open_instance

POLL_SECONDS = 1


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # puts back what the storage sets
    return make_project(tmp_path / "a project", poll_seconds=POLL_SECONDS)


def reach(instance: DagsterInstance, run_id: str, status: DagsterRunStatus) -> None:
    def reached() -> bool | None:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status == status or not run.is_finished, run.status
        return True if run.status == status else None

    wait_for(f"{run_id} to be {status}", reached)


def reach_step(instance: DagsterInstance, run_id: str) -> psutil.Process:
    """Wait for the run to be inside its asset; its process."""
    reach(instance, run_id, DagsterRunStatus.STARTED)
    wait_for(
        "a step",
        lambda: instance.all_logs(run_id, of_type=DagsterEventType.STEP_START) or None,
    )
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        assert entry.dagster_event is not None
        found = re.search(
            r"Started process for run \(pid: (\d+)\)", entry.dagster_event.message or ""
        )
        if found:
            return psutil.Process(int(found.group(1)))
    pytest.fail("Dagster no longer says the pid of a run's process")


def why_failed(instance: DagsterInstance, run_id: str) -> str:
    [entry] = instance.all_logs(run_id, of_type=DagsterEventType.RUN_FAILURE)
    assert entry.dagster_event is not None
    return entry.dagster_event.message or ""


@pytest.mark.slow
def test_state_outlives_dagster_dev_and_a_power_cut_ends_the_runs_it_interrupted(
    project: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with open_instance(project) as instance:
        with dagster_dev(project, home) as dev:
            quick = dev.launch("quick")
            reach(instance, quick, DagsterRunStatus.SUCCESS)
            slow = dev.launch("slow")
            reach_step(instance, slow)
            dev.kill_everything()
        reach(instance, slow, DagsterRunStatus.STARTED)

        with dagster_dev(project, home):
            reach(instance, slow, DagsterRunStatus.FAILURE)
            assert "which worked on this run" in why_failed(instance, slow)
            assert {run.run_id for run in instance.get_runs()} == {quick, slow}

        # the run's process had the setting although nobody exported it
        [entry] = instance.all_logs(quick, of_type=DagsterEventType.ASSET_MATERIALIZATION)
        assert entry.asset_materialization is not None
        assert entry.asset_materialization.metadata["batch"].value == "500"
    # dagster dev removes its temporary directory itself, unless it is killed
    left = {path.name for path in project.iterdir() if not path.name.startswith(".tmp_dagster")}
    assert left - {"__pycache__"} == {"dagster.yaml", "workspace.yaml", "stub_definitions.py"}


@pytest.mark.slow
@pytest.mark.parametrize("told_by_dg", [False, True])
def test_the_real_environment_beats_the_env_file_in_every_process(
    project: Path, tmp_path: Path, *, told_by_dg: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (project / ".env").write_text(
        f"DP_HOME={elsewhere}\nDP_MESSAGES=failure\nAWS_REGION=eu-central-1\nEMPTY=no\n"
    )
    environment = {"DP_MESSAGES": "news", "EMPTY": ""}
    if told_by_dg:  # what `dg dev` sets, so that code servers and runs read the file once more
        environment["DAGSTER_PROJECT_ENV_FILE_PATHS"] = '{"dp_pipeline": "."}'
    with open_instance(project) as instance:
        with dagster_dev(project, tmp_path / "home", environment) as dev:
            quick = dev.launch("quick")
            reach(instance, quick, DagsterRunStatus.SUCCESS)
        [entry] = instance.all_logs(quick, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    assert entry.asset_materialization is not None
    seen = entry.asset_materialization.metadata["environment"].value
    assert seen == {"DP_MESSAGES": "news", "AWS_REGION": "eu-central-1", "EMPTY": ""}
    assert not elsewhere.exists()


@pytest.mark.slow
def test_a_lost_code_server_ends_no_run_and_a_lost_worker_does(
    project: Path, tmp_path: Path
) -> None:
    with open_instance(project) as instance, dagster_dev(project, tmp_path / "home") as dev:
        slow = dev.launch("slow")
        worker = reach_step(instance, slow)
        servers = dev.code_servers()
        assert servers
        for server in servers:
            server.kill()
        psutil.wait_procs(servers, timeout=10)
        time.sleep(4 * POLL_SECONDS)
        assert worker.is_running()
        run = instance.get_run_by_id(slow)
        assert run is not None
        assert run.status == DagsterRunStatus.STARTED

        worker.kill()  # its code server, which would have noticed, is dead
        reach(instance, slow, DagsterRunStatus.FAILURE)
        assert f"Process {worker.pid}, which worked on this run" in why_failed(instance, slow)


def test_a_run_inside_another_process_is_judged_by_that_process(project: Path) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "import dagster as dg;"
        "from stub_definitions import slow;"
        "from dp_pipeline.instance.launcher import in_process_run_tags;"
        "from dp_pipeline_tests.instance.project import open_instance;"
        "dg.materialize([slow], instance=open_instance(Path(sys.argv[1])),"
        " tags=in_process_run_tags())"
    )
    with (
        subprocess.Popen([sys.executable, "-c", program, str(project)], cwd=ROOT) as process,
        open_instance(project) as instance,
    ):
        try:
            [run_id] = wait_for("the run", lambda: [r.run_id for r in instance.get_runs()] or None)
            reach(instance, run_id, DagsterRunStatus.STARTED)
            run = instance.get_run_by_id(run_id)
            assert run is not None
            assert instance.run_launcher.check_run_worker_health(run).status.value == "RUNNING"
        finally:
            process.kill()
        process.wait()
        health = instance.run_launcher.check_run_worker_health(run)
        assert health.status.value == "FAILED"
        assert f"Process {process.pid}" in (health.msg or "")
