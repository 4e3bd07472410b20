"""Old runs go with events, logs and files; what is shown of assets, and runs of others, stay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.assets.old_runs import LAST_OF_A_JOB, Ours, old_runs, remove_runs

LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=LETTERS)
def ours() -> None: ...


@dg.asset(partitions_def=LETTERS)
def theirs() -> None: ...


OUR_JOB = dg.define_asset_job("make", [ours])
OUR_REPOSITORY = dg.Definitions([ours], jobs=[OUR_JOB]).get_repository_def()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_old_runs_go_with_their_events_logs_and_files_and_partitions_stay_materialized(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def run(partition: str) -> str:
        job = OUR_REPOSITORY.get_job("make")
        return job.execute_in_process(instance=instance, partition_key=partition).run_id

    first, of_b, needed, again, *last = [run(p) for p in "abaa" + "a" * LAST_OF_A_JOB]
    foreign = dg.materialize([theirs], instance=instance, partition_key="a").run_id
    future = datetime.now(UTC) + timedelta(days=1)
    ours_ = Ours.of(OUR_REPOSITORY)
    assert old_runs(instance, ours_, future - timedelta(days=2), ()) == []
    found = old_runs(instance, ours_, future, {needed})
    assert sorted(found) == sorted([first, again])
    assert list(remove_runs(instance, found)) == found
    assert {run.run_id for run in instance.get_runs()} == {of_b, needed, *last, foreign}
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(tuple(found))]
    assert instance.get_materialized_partitions(dg.AssetKey("ours")) == {"a", "b"}
    assert old_runs(instance, ours_, future, {needed}) == []
