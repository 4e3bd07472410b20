"""Events that are logged together are to Dagster what events logged one by one are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from dp_pipeline.assets.events import Context, log_together
from dp_pipeline_tests.instance.project import make_project, open_instance

KEYS = ("openligadb:bl1:2023", "openligadb:bl1:2024")
Log = Callable[[Context, list[Any]], None]


def one_by_one(context: Context, events: list[Any]) -> None:
    for event in events:
        context.log_event(event)


@pytest.mark.parametrize("log", [log_together, one_by_one])
def test_what_is_logged_is_stored_and_heard_by_who_listens(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    heard: list[str] = []
    said: list[str | None] = []

    @dg.op(name="read")
    def read(context: dg.OpExecutionContext) -> None:
        context.instance.add_event_listener(
            context.run_id, lambda entry: heard.append(str(entry.dagster_event_type))
        )
        events = [
            dg.AssetMaterialization(asset, partition=key, metadata={"key": key})
            for asset in ("teams", "matches")
            for key in KEYS
        ]
        checked = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("teams"),
            check_name="every_team_plays",
            passed=False,
            description="Ayr FC plays no match.",
            partition=KEYS[0],
        )
        log(context, [*events, dg.AssetObservation("goals", partition=KEYS[0]), checked])

    @dg.job
    def job() -> None:
        read()

    with open_instance(make_project(tmp_path / "project")) as instance:
        assert job.execute_in_process(instance=instance).success
        for asset in (dg.AssetKey("teams"), dg.AssetKey("matches")):
            assert instance.get_materialized_partitions(asset) == set(KEYS)
            last = instance.get_latest_materialization_event(asset)
            assert last is not None
            assert last.asset_materialization is not None
            assert last.asset_materialization.metadata["key"].value == KEYS[-1]
        observed = instance.fetch_observations(dg.AssetKey("goals"), limit=9).records
        assert [record.partition_key for record in observed] == [KEYS[0]]
        said.append(_stored_check(instance))
    assert sum("ASSET_MATERIALIZATION" in each for each in heard) == 4
    assert sum("ASSET_OBSERVATION" in each for each in heard) == 1
    assert sum("ASSET_CHECK_EVALUATION" in each for each in heard) == 1
    described = "Description: 'Ayr FC plays no match.'"
    assert said == [f"Asset check 'every_team_plays' on 'teams' did not pass. {described}"]


def _stored_check(instance: dg.DagsterInstance) -> str | None:
    """The message of the one evaluation that is stored, of which its own table tells."""
    key = dg.AssetCheckKey(dg.AssetKey("teams"), "every_team_plays")
    (execution,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
    assert execution.status is AssetCheckExecutionRecordStatus.FAILED
    assert execution.partition == KEYS[0]
    assert execution.event is not None
    assert execution.event.dagster_event is not None
    assert execution.event.dagster_event.asset_check_evaluation_data.description is not None
    return execution.event.dagster_event.message
