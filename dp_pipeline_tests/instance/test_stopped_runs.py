"""Runs that are stopped with the server: cancelled, and queued anew as they were."""

import json
from collections.abc import Iterator

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from dp_pipeline.instance.dagster_internals import GRPC_INFO_TAG
from dp_pipeline.instance.stopped_runs import cancel_runs, queue_anew

SOCKET = "/tmp/ours"  # noqa: S108 - a name, where nothing is made


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def run_at_work(
    instance: DagsterInstance,
    socket: str = SOCKET,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
) -> DagsterRun:
    tags = {
        GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": socket}),
        "dagster/partition": "openligadb:bl1:2024",
    }
    location = RegisteredCodeLocationOrigin("dp_pipeline")  # ty: ignore[abstract-class-instantiation]
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), "refresh")
    run = DagsterRun("refresh", status=status, tags=tags, remote_job_origin=origin)
    return instance.add_run(run)


def status_of(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_that_is_cut_off_is_cancelled_and_the_same_waits_for_the_next_start(
    instance: DagsterInstance,
) -> None:
    run = run_at_work(instance)
    stopped = cancel_runs(instance, {SOCKET})
    assert status_of(instance, run) is DagsterRunStatus.CANCELING
    assert queue_anew(instance, stopped) == 1  # its worker was killed, and has not said its end
    assert status_of(instance, run) is DagsterRunStatus.CANCELED
    [again] = [each for each in instance.get_runs() if each.run_id != run.run_id]
    assert (again.job_name, again.status) == ("refresh", DagsterRunStatus.QUEUED)
    assert again.parent_run_id == again.root_run_id == run.run_id
    assert again.tags["dagster/partition"] == "openligadb:bl1:2024"
    assert GRPC_INFO_TAG not in again.tags

    # stopped once more before it began, it stays queued, and is not queued twice
    assert queue_anew(instance, cancel_runs(instance, {SOCKET})) == 0


def test_runs_of_other_servers_and_those_that_wait_are_left_alone(
    instance: DagsterInstance,
) -> None:
    others = run_at_work(instance, f"{SOCKET}2"), run_at_work(instance, "/tmp/our")  # noqa: S108
    waiting = run_at_work(instance, status=DagsterRunStatus.QUEUED)
    at_terminal = instance.add_run(DagsterRun("refresh", status=DagsterRunStatus.STARTED))
    before = {run.run_id: run.status for run in (*others, waiting, at_terminal)}
    assert cancel_runs(instance, {SOCKET}) == []
    assert {run.run_id: run.status for run in instance.get_runs()} == before


@pytest.mark.parametrize("ended", ["SUCCESS", "FAILURE"])
def test_a_run_that_came_to_its_end_before_it_heard_is_not_done_again(
    instance: DagsterInstance, ended: str
) -> None:
    run = run_at_work(instance)
    stopped = cancel_runs(instance, {SOCKET})
    instance.delete_run(run.run_id)
    instance.add_run(run.with_status(DagsterRunStatus(ended)))
    assert queue_anew(instance, stopped) == 0
    assert len(instance.get_runs()) == 1
