"""Dagster compares data versions: an unchanged read triggers nothing downstream."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.definitions import build
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:en.1:2024-25"
JOB = "ingest_tournaments"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@dg.asset(
    deps=["matches"],
    partitions_def=TOURNAMENTS,
    automation_condition=dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.data_version_changed()
    ),
)
def downstream() -> None:
    """What somebody makes of the matches."""


def versions(instance: dg.DagsterInstance) -> dict[str, str]:
    """The data version of the newest materialization of each domain."""
    found = {}
    for domain in NAMES:
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(domain), asset_partitions=[KEY]), limit=1
        ).records
        (record,) = records
        assert record.asset_materialization is not None
        found[domain] = (record.asset_materialization.tags or {})[DATA_VERSION_TAG]
        metadata = record.asset_materialization.metadata
    assert (
        metadata["coverage"].value
        == "6 of 6 rounds, 12 of 12 matches, no goals listed, table computed"
    )
    assert "| matches | 12 | 12 |  |" in str(metadata["coverage by part"].value)
    return found


def test_only_a_read_that_changes_rows_is_a_new_version_and_triggers_what_follows(
    instance: dg.DagsterInstance,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    instance.add_dynamic_partitions(str(TOURNAMENTS.name), [KEY])
    matches = league("A", "B", "C", "D")
    for match in matches[6:]:
        match["score"] = {}
    replay = Replay(payloads={"/2024-25/en.1.json": season(matches)})
    seen: list[dict[str, str]] = []
    triggered: list[int] = []
    with serve(replay.app()) as base_url:
        ours = build(
            {
                "database": DatabaseResource(url=migrated_url),
                "providers": ProvidersResource(base_urls={"openfootball": base_url}),
            }
        )
        definitions = dg.Definitions.merge(ours, dg.Definitions([downstream]))
        job, cursor = definitions.resolve_job_def(JOB), None

        def read() -> None:
            nonlocal cursor
            assert job.execute_in_process(instance=instance, partition_key=KEY).success
            seen.append(versions(instance))
            result = dg.evaluate_automation_conditions(
                definitions, instance, dg.AssetSelection.assets(downstream), cursor=cursor
            )
            cursor = result.cursor
            triggered.append(result.total_requested)

        read()  # the first evaluation has nothing to compare with
        read()
        matches[6]["score"] = {"ht": [0, 0], "ft": [3, 0]}
        read()
        read()
    assert triggered == [0, 0, 1, 0]
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
    changed = {domain for domain in NAMES if seen[1][domain] != seen[2][domain]}
    assert changed == {"matches", "standings"}
