"""What a run was to do, and which runs will do nothing any more."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from uuid import UUID, uuid4

import dagster as dg
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.jobs import planned_work
from dp_pipeline.notifications.notes import HandledRuns
from dp_pipeline.notifications.runs import finished_runs, record_lost_runs


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


def test_a_run_on_a_host_whose_clock_is_minutes_fast_or_slow_gets_its_missing_rows_once(
    instance: dg.DagsterInstance, database: Database
) -> None:
    key = "openligadb:bl1:2024"
    instance.add_dynamic_partitions("tournaments", [key])
    handled = HandledRuns(time.time() - 60)
    for skew in (600, -600, 0):
        run = instance.create_run_for_job(
            defs.resolve_job_def("ingest_tournaments"), tags={"dagster/partition": key}
        )
        failure = dg.DagsterEvent("PIPELINE_FAILURE", job_name=run.job_name, message="It failed.")
        instance.report_dagster_event(failure, run.run_id, timestamp=time.time() + skew)
        ids = {UUID(run.run_id)}
        assert finished_runs(instance, ids, handled=handled) == set(), "its rows are missing"
        for added in (len(NAMES), 0):
            with dg.build_sensor_context(instance=instance) as context:
                lost = record_lost_runs(
                    context, database, handled, (), each=lambda _: nullcontext()
                )
            assert lost.added == added, skew
            handled = lost.handled
        assert finished_runs(instance, ids, handled=handled) == ids, "nobody waits for it"
        assert handled.until <= time.time()
