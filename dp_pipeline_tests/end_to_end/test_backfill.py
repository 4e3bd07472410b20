"""A backfill of 30 tournaments of which three fail: shown the same by Dagster and the ledger."""

from collections import Counter

from dp_pipeline.executions.vocabulary import DOMAINS
from dp_pipeline_tests.end_to_end.conftest import ALL, BAD_KEY, GOOD, REFUSED, UNKNOWN, Backfilled
from dp_pipeline_tests.end_to_end.contents import COUNTS, EXECUTIONS, query
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA

FAILED = {BAD_KEY, UNKNOWN, REFUSED}


def test_27_of_30_tournaments_are_stored(backfilled: Backfilled) -> None:
    assert len(ALL) == len(GOOD) + len(FAILED) == 30
    counted = {row.pop("key"): tuple(row.values()) for row in query(backfilled.url, COUNTS)}
    assert counted == {key: (8, 7, 28, 8) if key == LIGA else (4, 6, 12, 4) for key in GOOD}


def test_dagster_shows_exactly_the_three_as_failed_for_every_asset(backfilled: Backfilled) -> None:
    for domain in DOMAINS:
        statuses = backfilled.dev.partitions(domain)
        assert set(statuses["failed"]) == FAILED, domain
        assert set(statuses["materialized"]) == set(GOOD), domain
        assert set(statuses["unmaterialized"]) == FAILED, domain
        assert statuses["materializing"] == [], domain


def test_the_backfill_itself_says_that_it_failed_in_part(backfilled: Backfilled) -> None:
    assert backfilled.ended["status"] == "COMPLETED_FAILED"
    assert [run["status"] for run in backfilled.ended["runs"]] == ["FAILURE"]


def test_the_ledger_has_a_row_for_each_domain_of_each_tournament(backfilled: Backfilled) -> None:
    rows = query(backfilled.url, EXECUTIONS)
    assert len(rows) == len(ALL) * len(DOMAINS)
    by_key = Counter((row["tournament_key"], row["status"]) for row in rows)
    assert by_key == {
        (key, "failed" if key in FAILED else "completed"): len(DOMAINS) for key in ALL
    }
    [run] = backfilled.ended["runs"]
    assert {str(row["request_id"]) for row in rows} == {run["runId"]}
    texts = {
        row["tournament_key"]: row["error_text"] for row in rows if row["domain"] == "tournaments"
    }
    assert texts[BAD_KEY] == (
        "The tournament key 'Bundesliga 2024/25' needs three parts between colons, "
        "provider:competition:season (for example openligadb:bl1:2024), and has 1."
    )
    assert "openfootball has no file 2024-25/xx.1.json" in texts[UNKNOWN]
    assert "openfootball refused the request (HTTP 403" in texts[REFUSED]


def test_every_season_was_asked_for_once(backfilled: Backfilled) -> None:
    asked = backfilled.replay.seen
    assert {path: n for path, n in asked.items() if n > 1} == {}
    assert len(asked) == 26 + 3 + 2
