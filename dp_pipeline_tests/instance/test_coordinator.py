"""The order of the queue, as the daemon takes runs out of it on the project's own instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import BaseWorkspaceRequestContext
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon

from dp_pipeline.assets.poll_job import poll_request
from dp_pipeline.assets.refresh_job import refresh_requests
from dp_pipeline.definitions import defs
from dp_pipeline.instance.coordinator import missing_priority
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, Priority
from dp_pipeline_tests.dagster_dev import ROOT

# Dagster asks itself for it when it describes schedules.
pytestmark = pytest.mark.filterwarnings("ignore:.*environment_vars:DeprecationWarning")

KEY = "openligadb:bl1:2026"
BACKFILL = {"dagster/backfill": "abcdefgh"}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # put back what the storage sets
    with dg.DagsterInstance.from_config(str(ROOT)) as opened:
        yield opened


@pytest.fixture
def workspace(instance: dg.DagsterInstance) -> Iterator[BaseWorkspaceRequestContext]:
    origin = LoadableTargetOrigin(module_name="dp_pipeline.definitions")
    with in_process_test_workspace(instance, origin) as opened:
        yield opened


def submit(
    instance: dg.DagsterInstance,
    workspace: BaseWorkspaceRequestContext,
    request: dg.RunRequest,
    *,
    times: int = 1,
) -> str:
    """Put a run into the queue, as webserver, sensors, schedules and backfills do."""
    job = request.job_name or "ingest_tournaments"
    [location] = workspace.code_locations
    [repository] = location.get_repositories().values()
    remote = repository.get_full_job(job)
    run = instance.create_run_for_job(
        defs.resolve_job_def(job),
        run_config=request.run_config,
        tags=request.tags,
        remote_job_origin=remote.get_remote_origin(),
        job_code_origin=remote.get_python_origin(),
    )
    for _ in range(times):
        assert instance.submit_run(run.run_id, workspace).status is dg.DagsterRunStatus.QUEUED
    return run.run_id


def taken(instance: dg.DagsterInstance) -> list[str]:
    """The runs that the daemon would begin now, in its order."""
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
    config = instance.get_concurrency_config()
    return [run.run_id for run in daemon._get_runs_to_dequeue(instance, config, None)]


def test_live_is_before_manual_before_sensor_before_backfill(
    instance: dg.DagsterInstance, workspace: BaseWorkspaceRequestContext
) -> None:
    backfill = submit(instance, workspace, dg.RunRequest(tags=BACKFILL))
    (found,) = refresh_requests([KEY], priority=Priority.SENSOR)
    sensor = submit(instance, workspace, found)
    manual = submit(instance, workspace, dg.RunRequest())
    live = submit(instance, workspace, poll_request("openligadb", [KEY]))
    assert taken(instance) == [live, manual, sensor, backfill]


def test_a_night_and_a_backfill_wait_for_each_other_in_the_order_they_came(
    instance: dg.DagsterInstance, workspace: BaseWorkspaceRequestContext
) -> None:
    (asked,) = refresh_requests([KEY], priority=Priority.BACKFILL, run_group="nightly:openligadb:x")
    night = submit(instance, workspace, asked)
    backfill = submit(instance, workspace, dg.RunRequest(tags=BACKFILL))
    assert taken(instance) == [night, backfill]


def test_a_backfill_with_a_priority_of_its_own_keeps_it(
    instance: dg.DagsterInstance, workspace: BaseWorkspaceRequestContext
) -> None:
    manual = submit(instance, workspace, dg.RunRequest())
    urgent = submit(instance, workspace, dg.RunRequest(tags={**BACKFILL, PRIORITY_TAG: "5"}))
    assert taken(instance) == [urgent, manual]


def test_a_run_that_is_submitted_again_is_in_the_queue_once(
    instance: dg.DagsterInstance, workspace: BaseWorkspaceRequestContext
) -> None:
    run = submit(instance, workspace, dg.RunRequest(tags=BACKFILL), times=2)
    assert taken(instance) == [run]


@pytest.mark.parametrize(
    ("tags", "priority"),
    [
        ({}, None),
        ({PRIORITY_TAG: "10"}, None),
        (BACKFILL, Priority.BACKFILL),
        ({**BACKFILL, PRIORITY_TAG: "0"}, None),
        ({"dagster/parent_run_id": "x", PRIORITY_TAG: "-10"}, Priority.MANUAL),
        ({"dagster/parent_run_id": "x", PRIORITY_TAG: "3"}, None),
        # one that Dagster repeats by itself
        ({"dagster/parent_run_id": "x", "dagster/retry_number": "1", PRIORITY_TAG: "-10"}, None),
    ],
)
def test_the_priority_that_is_missing_follows_from_the_tags(
    tags: dict[str, str], priority: Priority | None
) -> None:
    assert missing_priority(tags) == priority


def test_the_settings_of_the_queue_are_in_force(instance: dg.DagsterInstance) -> None:
    coordinator = instance.run_coordinator
    assert isinstance(coordinator, dg.QueuedRunCoordinator)
    assert coordinator.dequeue_interval_seconds == 1
    assert (coordinator.dequeue_use_threads, coordinator.dequeue_num_workers) == (True, 4)
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 4
    assert [dict(limit) for limit in queue.tag_concurrency_limits] == [
        {"key": "dagster/backfill", "limit": 2},
        {"key": "dp/run_group", "limit": 1},
    ]


def test_the_environment_says_how_many_runs_work_at_once(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_RUNS_AT_ONCE", "40")
    monkeypatch.setenv("DP_BACKFILL_RUNS_AT_ONCE", "30")
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 40
    limits = {limit["key"]: limit["limit"] for limit in queue.tag_concurrency_limits}
    assert limits == {"dagster/backfill": 30, "dp/run_group": 1}
