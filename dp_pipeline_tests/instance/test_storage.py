import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster_postgres import PostgresEventLogStorage

from dp_pipeline.instance.home import HomeBusyError, dagster_directory, home_id, initialising
from dp_pipeline.settings import Settings, SettingsError
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.instance.project import make_project, open_instance


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "state of mine"
    monkeypatch.setenv("DP_HOME", str(home))
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    # undoes what making the storage sets
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    return home


@pytest.fixture
def instance(tmp_path: Path, home: Path) -> Iterator[DagsterInstance]:
    with open_instance(make_project(tmp_path / "project")) as opened:
        assert home.is_dir()
        yield opened


def test_everything_dagster_keeps_is_below_home(instance: DagsterInstance, home: Path) -> None:
    directory = home / "dagster"
    assert (directory / "history" / "runs.db").is_file()
    assert instance.root_directory == str(directory)
    logs = instance.compute_log_manager.get_log_metadata(["run", "step"]).stdout_location
    assert logs is not None
    assert logs.startswith(str(directory / "compute_logs"))


def test_the_state_is_readable_by_its_user_only(instance: DagsterInstance, home: Path) -> None:
    assert not instance.is_ephemeral
    assert (home / "dagster").stat().st_mode & 0o077 == 0


def test_run_monitoring_frees_slots_and_asks_the_launcher(instance: DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_launcher.supports_check_run_worker_health
    settings = instance.get_settings("run_monitoring")
    assert settings["free_slots_after_run_end_seconds"] == 60
    assert settings["poll_interval_seconds"] == 30


def test_the_shipped_settings_limit_runs_and_send_no_telemetry(instance: DagsterInstance) -> None:
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 4
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_opening_the_instance_turns_on_event_batches_unless_the_user_chose(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project")
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE")
    with open_instance(project) as opened:
        assert opened._get_event_batch_size() == 500
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "7")
    with open_instance(project) as opened:
        assert opened._get_event_batch_size() == 7
    assert home.is_dir()


_OPEN_AT_ONCE = """
import os, sys
from pathlib import Path
import dagster_postgres
from dp_pipeline.instance import launcher, storage
from dp_pipeline_tests.instance.project import open_instance

children = []
for _ in range(6):
    child = os.fork()
    if child == 0:
        open_instance(Path(sys.argv[1])).dispose()
        os._exit(0)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def open_at_once(project: Path, environment: dict[str, str]) -> None:
    """Six processes open the project's instance at the same moment."""
    ended = subprocess.run(
        [sys.executable, "-c", _OPEN_AT_ONCE, str(project)],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout.strip() == "[0, 0, 0, 0, 0, 0]", ended.stderr


def test_many_processes_may_open_a_fresh_home_at_once(tmp_path: Path) -> None:
    open_at_once(make_project(tmp_path / "project"), {"DP_HOME": str(tmp_path / "home")})


def test_dagsters_storage_follows_its_postgres_url_for_many_processes_at_once(
    tmp_path: Path, home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_url.replace("postgresql://", "postgres://", 1)
    project = make_project(tmp_path / "project")
    open_at_once(project, {"DP_HOME": str(home), "DAGSTER_POSTGRES_URL": url})
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    with open_instance(project) as opened:
        assert isinstance(opened.event_log_storage, PostgresEventLogStorage)
        opened.add_dynamic_partitions("seasons", ["openligadb:bl1:2024"])
        assert opened.get_dynamic_partitions("seasons") == ["openligadb:bl1:2024"]
    assert not (home / "dagster" / "history").exists()


def test_a_home_that_stays_locked_is_named(home: Path) -> None:
    directory = dagster_directory(Settings.load())
    assert directory == home / "dagster"
    with (
        initialising(directory),
        pytest.raises(HomeBusyError, match=r"has held .*\.lock for 0 s"),
        initialising(directory, patience_seconds=0.1),
    ):
        pass


def test_a_home_keeps_its_identity(home: Path) -> None:
    directory = dagster_directory(Settings.load())
    assert home_id(directory) == home_id(directory)
    other = home.with_name("other")
    other.mkdir()
    assert home_id(directory) != home_id(other)


@pytest.mark.usefixtures("home")
def test_dagster_in_our_database_is_refused_before_it_makes_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", "postgresql://u@127.0.0.1:1/one")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://u@127.0.0.1:1/one")
    with pytest.raises(SettingsError, match="database of its own"):
        open_instance(make_project(tmp_path / "project"))
