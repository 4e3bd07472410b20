"""A dry run says what would be written, and writes nothing but its rows of the ledger."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import never_attempted
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.jobs import planned_work
from dp_pipeline.notifications.outbox import unannounced_runs
from dp_pipeline_tests.end_to_end.command import dp
from dp_pipeline_tests.end_to_end.contents import EXECUTIONS, query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

TABLES = """
SELECT tablename AS name FROM pg_tables
WHERE schemaname = 'public'
  AND tablename NOT IN ('data_provider_executions', 'execution_report', 'provider_rate_limit')
"""


def everything(url: str) -> dict[str, list[Any]]:
    """All rows of all tables but those of the ledger and of the rate limit."""
    names = [row["name"] for row in query(url, TABLES)]
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(
                sql.SQL("SELECT t.* FROM {} t ORDER BY t::text").format(sql.Identifier(name))
            ).fetchall()
            for name in names
        }


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Callable[..., dict[str, dict[str, Any]]]:
    def one(payloads: dict[str, Any], key: str, scope: Any = "whole") -> dict[str, Any]:
        with serve(Replay(payloads=payloads).app()) as base_url:
            return ingest(database, base_url, tmp_path, key, scope=scope)

    return one


def counts(rows: dict[str, dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    names = ("created", "updated", "unchanged", "leftOut")
    return {d: tuple(row["summary"][name] for name in names) for d, row in rows.items()}


@pytest.mark.parametrize("key", [LIGA, FILE])
def test_on_an_empty_database_all_domains_are_planned_as_they_are_written_later(
    database: Database, run: Callable[..., dict[str, dict[str, Any]]], key: str
) -> None:
    url = url_of(database)
    before = everything(url)
    dry = run(healthy(), key, "dry_run")
    assert everything(url) == before
    assert list(dry) == list(NAMES)
    assert {(row["outcome"], row["status"]) for row in dry.values()} == {("planned", "completed")}
    assert {row["scope"] for row in dry.values()} == {"dry_run"}
    assert all(row["summary"]["changes"] == [] for row in dry.values()), "all rows would be new"
    written = run(healthy(), key)
    assert counts(dry) == counts(written)
    again = run(healthy(), key, "dry_run")
    assert counts(again) == counts(run(healthy(), key))
    assert all(row["summary"]["changes"] == [] for row in again.values())


def test_a_dry_run_is_announced_to_nobody_and_counts_as_no_attempt(
    database: Database, run: Callable[..., dict[str, dict[str, Any]]]
) -> None:
    run({}, LIGA, "dry_run")
    rows = query(url_of(database), EXECUTIONS)
    assert {row["status"] for row in rows} == {"failed"}
    assert all(row["announced_at"] for row in rows)
    assert unannounced_runs(database, min(row["started_at"] for row in rows)) == []
    with database.transaction() as connection:
        assert never_attempted(connection, [LIGA]) == [LIGA]


def test_old_and_new_values_are_named_and_a_refusal_says_why(
    database: Database, run: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    run(healthy(), FILE)
    before = everything(url_of(database))
    corrected = copy.deepcopy(healthy())
    corrected[MATCHES_OF[FILE]]["matches"][0]["score"] = {"ft": [9, 0], "ht": [1, 0]}
    rows = run(corrected, FILE, "dry_run")
    changes = rows["matches"]["summary"]["changes"]
    assert {"home_score"} <= {change["field"] for change in changes}
    assert {change["to"] for change in changes if change["field"] == "home_score"} == {9}
    assert all(" - " in change["row"] for change in changes)
    assert rows["standings"]["summary"]["updated"] > 0, "planned upon what would be stored"
    (report,) = tmp_path.rglob(f"*{rows['matches']['id']}*.json")
    account = json.loads(report.read_bytes())
    assert account["planned"] == changes
    assert account["outcome"] == "planned"

    doubtful = copy.deepcopy(healthy())
    for match in doubtful[MATCHES_OF[FILE]]["matches"]:
        match["score"] = {"ft": [3, 3]}
    refused = run(doubtful, FILE, "dry_run")
    assert refused["tournaments"]["outcome"] == "planned"
    assert refused["tournaments"]["status"] == "partial_failure"
    assert "Nothing was changed" in refused["tournaments"]["summary"]["refused"]
    assert everything(url_of(database)) == before


@pytest.mark.slow
def test_the_command_prints_the_plan_and_registers_nothing(
    migrated_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    further = {"DP_DATABASE_URL": migrated_url}
    payloads = healthy()
    with serve(Replay(payloads=payloads).app()) as base_url:
        further |= {"OPENLIGADB_BASE_URL": base_url, "OPENFOOTBALL_BASE_URL": base_url}
        first = dp("ingest", FILE, "--dry-run", home=home, further=further)
        assert dp("ingest", FILE, home=home, further=further).returncode == 0
        payloads[MATCHES_OF[FILE]]["matches"][0]["score"] = {"ft": [9, 0], "ht": [1, 0]}
        second = dp("ingest", FILE, "--dry-run", home=home, further=further)
        missing = dp("ingest", "openfootball:xx.1:2024-25", "--dry-run", home=home, further=further)
    assert (first.returncode, first.stderr) == (0, "")
    words = [line.split() for line in first.stdout.splitlines()]
    assert [line[1:4] for line in words if line[:1] and line[0] in NAMES and "planned" in line] == [
        ["completed", "planned", str(count)] for count in (1, 8, 14, 56, 168, 8)
    ]
    assert "is not registered" not in first.stdout
    assert second.returncode == 0
    assert "Would be updated" in second.stdout
    assert "home_score" in second.stdout
    assert missing.returncode == 1
    scopes = Counter(row["scope"] for row in query(migrated_url, EXECUTIONS))
    assert scopes == {
        "dry_run": 3 * len(NAMES),
        "whole": len(NAMES),
    }


def test_a_dry_run_that_ends_early_leaves_nothing_to_be_made_up_for() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        config = {"ops": {"ingest": {"config": {"dry_run": True}}}}
        run = dg.DagsterRun("ingest_tournaments", tags={"dagster/partition": LIGA})
        assert planned_work(instance, run)
        assert planned_work(instance, dg.DagsterRun("ingest_tournaments", run_config=config)) == {}
