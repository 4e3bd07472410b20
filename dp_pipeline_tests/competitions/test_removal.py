"""Partitions of tournaments that do not exist are taken away, and no others."""

import json
import time
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from dp_pipeline.assets.refresh_job import REFRESH_JOB, refresh_requests
from dp_pipeline.competitions.discovery import GRACE_SECONDS, ODD_SECONDS, read_waiting
from dp_pipeline.competitions.removal import remove_unknown
from dp_pipeline.database import tables
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.ledger import storable
from dp_pipeline.ledger.run_tags import Priority
from dp_pipeline.sensors.discover import discover_tournaments
from dp_pipeline_tests.competitions.place import Place, added, requested
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

# Dagster uses it itself when it makes a backfill.
pytestmark = pytest.mark.filterwarnings("ignore:.*AssetSelection.sources:DeprecationWarning")

MISSING = "openfootball:en.1:2024"
NOT_THERE = {"status": "failed", "outcome": "failed", "error_class": "TournamentNotFoundError"}


def fail_with(place: Place, key: str, error_class: str = "TournamentNotFoundError") -> None:
    finished_row(
        place.database, uuid4(), key, "tournaments", **NOT_THERE | {"error_class": error_class}
    )
    finished_row(
        place.database, uuid4(), key, "teams", **NOT_THERE | {"outcome": "blocked_dependency"}
    )


def removed(place: Place) -> list[str]:
    return sorted(remove_unknown(place.instance, place.database))


def asked_to_delete(place: Place) -> list[str]:
    """What the daemon is asked to delete by a tick of discovery, which asks for nothing else."""
    requests = list(place.evaluate(discover_tournaments).dynamic_partitions_requests or [])
    assert [type(request) for request in requests] == [dg.DeleteDynamicPartitionsRequest]
    return sorted(requests[0].partition_keys)


def test_what_was_found_missing_is_taken_away_and_its_executions_stay(place: Place) -> None:
    odd = "nonsense\x00 \u2028" + "x" * 600
    place.instance.add_dynamic_partitions("tournaments", [MISSING, odd, "openligadb:bl1:2024"])
    fail_with(place, MISSING)
    fail_with(place, storable(odd), "InvalidTournamentKeyError")
    assert removed(place) == sorted([MISSING, odd])
    assert place.partitions() == ["openligadb:bl1:2024"]
    with place.database.transaction() as connection:
        rows = connection.execute(sa.select(tables.data_provider_executions)).mappings().all()
    assert len(rows) == 4
    assert all("partitionRemovedAt" in row["summary"] for row in rows)
    assert removed(place) == []


@pytest.mark.parametrize(
    "error_class",
    [
        "NetworkError",
        "NotFoundError",
        "BlockedError",
        "ProviderServerError",
        "CircuitOpenError",
        "RateLimitedError",
        "InvalidShapeError",
        "RunEndedEarly",
        "ProcessGone",
        "DatabaseError",
    ],
)
def test_what_failed_for_another_reason_stays(place: Place, error_class: str) -> None:
    place.instance.add_dynamic_partitions("tournaments", [MISSING])
    fail_with(place, MISSING)
    fail_with(place, MISSING, error_class)
    assert removed(place) == []


def test_what_is_stored_listed_or_found_since_stays(place: Place) -> None:
    stored = "openfootball:en.2:2024"
    listed, found = "openligadb:bl1:2026", "openligadb:bl2:2026"
    place.store(stored)
    place.list_seasons("openligadb:bl1", "2026", approve=False)
    keys = [stored, listed, found]
    place.instance.add_dynamic_partitions("tournaments", keys)
    for key in keys:
        fail_with(place, key)
    place.attempt(found)
    assert removed(place) == []
    assert place.partitions() == sorted(keys)


def test_what_a_run_is_to_materialize_stays_until_it_is_over(place: Place) -> None:
    others = [f"openfootball:en.{number}:2024" for number in range(2, 6)]
    place.instance.add_dynamic_partitions("tournaments", [MISSING, *others])
    for key in (MISSING, *others):
        fail_with(place, key)
    job = defs.resolve_job_def("ingest_tournaments")
    first = place.instance.create_run_for_job(job, tags={"dagster/partition": MISSING})
    ends = {"start": others[0], "end": others[1]}
    between = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
    place.instance.create_run_for_job(
        job, tags=between, asset_selection=frozenset({dg.AssetKey("matches")})
    )
    (request,) = refresh_requests([others[2]], priority=Priority.SENSOR)
    place.launch(request, REFRESH_JOB)
    assert removed(place) == [others[3]]
    place.instance.report_run_canceled(first)
    assert removed(place) == [MISSING]
    assert place.partitions() == sorted(others[:3])


def test_what_a_backfill_is_to_materialize_stays_until_it_is_over(place: Place) -> None:
    other = "openfootball:en.2:2024"
    place.instance.add_dynamic_partitions("tournaments", [MISSING, other])
    for key in (MISSING, other):
        fail_with(place, key)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="one",
        asset_graph=defs.resolve_asset_graph(),
        partition_names=[MISSING],
        asset_selection=[dg.AssetKey("matches")],
        backfill_timestamp=time.time(),
        tags={},
        dynamic_partitions_store=place.instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    place.instance.add_backfill(backfill)
    assert removed(place) == [other]
    place.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_FAILED))
    assert removed(place) == [MISSING]


def test_one_that_is_added_again_is_looked_for_again_and_not_taken_for_what_was_said_before(
    place: Place,
) -> None:
    place.instance.add_dynamic_partitions("tournaments", [MISSING])
    fail_with(place, MISSING)
    assert removed(place) == [MISSING]
    assert requested(place.tick()) == added(place.tick()) == [], "nothing brings it back"
    place.instance.add_dynamic_partitions("tournaments", [MISSING])
    assert removed(place) == []
    place.cursors[discover_tournaments.name] = json.dumps(
        {"waiting": {MISSING: time.time() - GRACE_SECONDS}}
    )
    assert requested(place.tick()) == [MISSING]
    fail_with(place, MISSING)
    assert removed(place) == [], "its run goes on"
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert removed(place) == [MISSING]


def test_one_that_no_tournament_can_have_and_nobody_materializes_goes_after_a_while(
    place: Place,
) -> None:
    keys = ["nonsense", "openligadb:bl1:x", "a\x00b"]
    place.instance.add_dynamic_partitions("tournaments", [*keys, "openligadb:bl1:2024"])
    assert added(place.tick()) == []
    cursor = json.loads(place.cursors[discover_tournaments.name] or "")
    cursor["odd"] = {key: since - ODD_SECONDS for key, since in cursor["odd"].items()}
    place.cursors[discover_tournaments.name] = json.dumps(cursor)
    assert asked_to_delete(place) == sorted(keys)
    job = defs.resolve_job_def("ingest_tournaments")
    place.instance.create_run_for_job(job, tags={"dagster/partition": keys[0]})
    assert asked_to_delete(place) == sorted(keys[1:])


def test_images_that_were_looked_for_too_early_are_no_attempt(place: Place) -> None:
    key = "openligadb:bl1:2024"
    place.instance.add_dynamic_partitions("tournaments", [key])
    values = NOT_THERE | {"outcome": "blocked_dependency", "error_class": "BlockedDependencyError"}
    finished_row(place.database, uuid4(), key, "logos", **values)
    place.tick()
    assert set(read_waiting(place.cursors[discover_tournaments.name])) == {key}


@pytest.mark.parametrize("domains", [("matches",), ("teams", "rounds"), ("standings",), NAMES])
def test_whatever_is_materialized_of_it_first_finds_it_missing(
    place: Place, tmp_path: Path, domains: tuple[str, ...]
) -> None:
    key = "openligadb:bl9:2024"
    with serve(Replay().app()) as base_url:
        rows = ingest(place.database, base_url, tmp_path, key, domains)
    assert {row["error_class"] for row in rows.values()} <= {
        "TournamentNotFoundError",
        "BlockedDependencyError",
    }
    assert rows[domains[0]]["error_class"] == "TournamentNotFoundError"
    assert not any(row["announced_at"] for row in rows.values()), "it was no command in a terminal"
