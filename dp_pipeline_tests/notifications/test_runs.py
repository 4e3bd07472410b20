"""What a run was to do, and which runs will do nothing any more."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import dagster as dg
import pytest

from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.jobs import planned_work
from dp_pipeline.notifications.runs import finished_runs


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_a_range_run_is_planned_for_the_partitions_between_its_ends(
    instance: dg.DagsterInstance,
) -> None:
    keys = [f"openligadb:bl1:{year}" for year in range(2015, 2025)]
    instance.add_dynamic_partitions("tournaments", keys)
    run = instance.create_run_for_job(
        defs.resolve_job_def("ingest_tournaments"),
        tags={
            "dagster/asset_partition_range_start": keys[3],
            "dagster/asset_partition_range_end": keys[5],
        },
    )
    assert planned_work(instance, run) == dict.fromkeys(keys[3:6], NAMES)
    instance.delete_dynamic_partition("tournaments", keys[5])
    assert planned_work(instance, run) == {}


def test_a_run_of_something_else_is_none_of_ours(instance: dg.DagsterInstance) -> None:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def other() -> None:
        nothing()

    assert planned_work(instance, instance.create_run_for_job(other)) == {}


def test_a_run_that_dagster_does_not_know_is_finished(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(defs.resolve_job_def("ingest_tournaments"))
    unknown = uuid4()
    assert finished_runs(instance, {UUID(run.run_id), unknown}) == {unknown}
    assert finished_runs(instance, set()) == set()
