"""Runs over any set of tournaments: how they are cut, what is read from them, what they do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.assets.refresh_job import (
    REFRESH_JOB,
    Priority,
    planned_refresh,
    refresh_requests,
)
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.domains.registry import NAMES, REGISTERED
from dp_pipeline.jobs import planned_work
from dp_pipeline.ledger.run_tags import BACKFILL_TAG, RUN_GROUP_TAG
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEYS = st.builds(
    "{}:c{}:2026".format, st.sampled_from(["openligadb", "openfootball"]), st.integers(0, 300)
)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def keys_of(request: dg.RunRequest) -> list[str]:
    return request.run_config["ops"]["refresh"]["config"]["keys"]


@given(st.sets(KEYS, max_size=250), st.sampled_from([NAMES, tuple(REGISTERED)]))
def test_every_tournament_is_in_one_run_of_its_provider(
    keys: set[str], domains: tuple[str, ...]
) -> None:
    requests = refresh_requests(
        keys, priority=Priority.BACKFILL, run_group="u", run_key="r", domains=domains
    )
    chunks = [keys_of(request) for request in requests]
    assert sorted(key for chunk in chunks for key in chunk) == sorted(keys)
    for request in requests:
        assert {key.partition(":")[0] for key in keys_of(request)} == {request.tags["dp/provider"]}
    assert len({request.run_key for request in requests}) == len(requests)


@pytest.mark.parametrize(
    ("provider", "domains", "sizes"),
    [
        ("openligadb", NAMES, [300, 50]),
        ("openfootball", NAMES, [300, 50]),
        ("openligadb", tuple(REGISTERED), [100, 100, 100, 50]),
        ("sofascore", NAMES, [100, 100, 100, 50]),
    ],
    ids=["openligadb", "openfootball", "images", "a slow provider"],
)
def test_a_run_is_as_long_as_the_pace_lets_it_be_short(
    provider: str, domains: tuple[str, ...], sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"{provider}:{number}:2026" for number in range(350)]

    def sizes_now() -> list[int]:
        requests = refresh_requests(keys, priority=Priority.BACKFILL, domains=domains)
        return [len(keys_of(request)) for request in requests]

    assert sizes_now() == sizes
    monkeypatch.setenv("DP_PARTITIONS_PER_RUN", "200")
    assert sizes_now() == [200, 150]


def test_a_request_says_its_run_group_its_provider_and_its_priority() -> None:
    (request,) = refresh_requests(
        ["openligadb:bl1:2026"],
        priority=Priority.BACKFILL,
        run_group="nightly:openligadb:2026-11-23",
    )
    assert request.job_name == REFRESH_JOB
    assert request.run_key is None
    assert request.tags == {
        "dagster/priority": "-10",
        "dp/provider": "openligadb",
        RUN_GROUP_TAG: "nightly:openligadb:2026-11-23",
    }
    assert Priority.LIVE > Priority.MANUAL > Priority.SENSOR > Priority.BACKFILL


def test_a_dry_run_was_to_materialize_nothing(instance: dg.DagsterInstance) -> None:
    (request,) = refresh_requests(["openligadb:bl1:2026"], priority=Priority.MANUAL)
    config = dict(request.run_config["ops"]["refresh"]["config"])
    for dry_run, planned in ((False, {"openligadb:bl1:2026": NAMES}), (True, {})):
        run = dg.DagsterRun(
            job_name=REFRESH_JOB,
            run_config={"ops": {"refresh": {"config": {**config, "dry_run": dry_run}}}},
        )
        assert planned_work(instance, run) == planned_refresh(run) == planned


def test_a_repeated_tick_launches_nothing_twice_and_loses_nobody_who_came_since() -> None:
    first = refresh_requests(["openligadb:a:1"], priority=Priority.BACKFILL, run_key="night")
    again = refresh_requests(["openligadb:a:1"], priority=Priority.BACKFILL, run_key="night")
    grown = refresh_requests(
        ["openligadb:a:1", "openligadb:b:1"], priority=Priority.BACKFILL, run_key="night"
    )
    next_night = refresh_requests(["openligadb:a:1"], priority=Priority.BACKFILL, run_key="next")
    assert first[0].run_key == again[0].run_key
    assert len({r[0].run_key for r in (first, grown, next_night)}) == 3


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ops", "refresh", "config", "keys", "domains"]), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.just("ops"), _JSON))
def test_a_run_with_any_configuration_is_understood_or_has_no_work(config: Any) -> None:
    run = dg.DagsterRun(job_name=REFRESH_JOB, run_config=config)
    assert all(set(domains) <= set(REGISTERED) for domains in planned_refresh(run).values())


def test_the_work_of_a_refresh_is_read_from_its_configuration(
    instance: dg.DagsterInstance,
) -> None:
    (request,) = refresh_requests(
        ["openligadb:bl1:2026", "openligadb:bl2:2026"],
        priority=Priority.LIVE,
        domains=("matches", "standings"),
    )
    run = dg.DagsterRun(job_name=REFRESH_JOB, run_config=json.loads(json.dumps(request.run_config)))
    domains = ("matches", "standings")
    assert planned_work(instance, run) == {
        "openligadb:bl1:2026": domains,
        "openligadb:bl2:2026": domains,
    }
    by_hand = {"ops": {"refresh": {"config": {"keys": ["openligadb:bl1:2026"]}}}}
    run = dg.DagsterRun(job_name=REFRESH_JOB, run_config=by_hand)
    assert planned_work(instance, run) == {"openligadb:bl1:2026": NAMES}


def refresh(
    instance: dg.DagsterInstance, url: str, base_url: str, config: dict[str, Any]
) -> dg.ExecuteInProcessResult:
    definitions = build(
        {
            "database": DatabaseResource(url=url),
            "providers": ProvidersResource(base_urls={"openfootball": base_url}),
        }
    )
    return definitions.resolve_job_def(REFRESH_JOB).execute_in_process(
        instance=instance,
        run_config={"ops": {"refresh": {"config": config}}},
        tags={RUN_GROUP_TAG: "nightly:openfootball:2026-11-23"},
        raise_on_error=False,
    )


def test_scattered_tournaments_are_materialized_each_in_its_partition_and_fate(
    instance: dg.DagsterInstance,
    database: Database,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    keys = [f"openfootball:en.{number}:2024-25" for number in (1, 2, 3)]
    instance.add_dynamic_partitions("tournaments", keys)
    file = season(league("A", "B", "C", "D"))
    replay = Replay(payloads={f"/2024-25/en.{number}.json": file for number in (1, 3)})
    with serve(replay.app()) as base_url:
        result = refresh(instance, migrated_url, base_url, {"keys": [*keys, keys[0]]})
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    said = str(failed.event_specific_data)
    assert "1 of 3 tournaments failed." in said
    assert "openfootball:en.2:2024-25, tournaments: openfootball has no file" in said
    for domain in NAMES:
        assert instance.get_materialized_partitions(dg.AssetKey(domain)) == {keys[0], keys[2]}
    table = tables.data_provider_executions
    with database.transaction() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
    assert len(rows) == 3 * len(NAMES)
    assert {row["run_group"] for row in rows} == {"nightly:openfootball:2026-11-23"}
    assert {row["tournament_key"] for row in rows if row["status"] == "failed"} == {keys[1]}
    assert replay.seen["/2024-25/en.1.json"] == 1


def test_only_the_domains_asked_for_are_read_and_an_unknown_one_is_refused(
    instance: dg.DagsterInstance,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    key = "openfootball:en.1:2024-25"
    replay = Replay(payloads={"/2024-25/en.1.json": season(league("A", "B"))})
    with serve(replay.app()) as base_url:
        odd = refresh(instance, migrated_url, base_url, {"keys": [key], "domains": ["cards"]})
        assert not odd.success
        assert not replay.seen
        done = refresh(
            instance, migrated_url, base_url, {"keys": [key], "domains": ["teams", "tournaments"]}
        )
        assert done.success
    assert instance.get_materialized_partitions(dg.AssetKey("teams")) == {key}
    assert instance.get_materialized_partitions(dg.AssetKey("matches")) == set()


def test_backfills_and_refreshes_together_leave_a_slot_to_people() -> None:
    runs = yaml.safe_load((ROOT / "dagster.yaml").read_text())["run_coordinator"]["config"]
    limits = {limit["key"]: limit["limit"] for limit in runs["tag_concurrency_limits"]}
    assert set(limits) == {BACKFILL_TAG, RUN_GROUP_TAG}
    assert sum(limits.values()) < runs["max_concurrent_runs"]
