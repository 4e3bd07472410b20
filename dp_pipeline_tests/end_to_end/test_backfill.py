"""A backfill of 30 tournaments of which three fail: in Dagster, the ledger and a real browser.

One file, because both look at the same running Dagster.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline.ledger.run_tags import Priority
from dp_pipeline.notifications.delivery import ANOTHER_DELIVERS
from dp_pipeline_tests.dagster_dev import wait_for
from dp_pipeline_tests.end_to_end.conftest import (
    ALL,
    BAD_KEY,
    GOOD,
    REFUSED,
    REMARKED,
    UNKNOWN,
    Backfilled,
)
from dp_pipeline_tests.end_to_end.contents import COUNTS, EXECUTIONS, query
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA
from dp_pipeline_tests.servers import operations_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Two minutes of two cores, half of them the browser's and the daemon's start.
pytestmark = pytest.mark.slow

FAILED = {BAD_KEY, UNKNOWN, REFUSED}


def test_27_of_30_tournaments_are_stored(backfilled: Backfilled) -> None:
    assert len(ALL) == len(GOOD) + len(FAILED) == 30
    counted = {row.pop("key"): tuple(row.values()) for row in query(backfilled.url, COUNTS)}
    assert counted == {key: (8, 7, 28, 8) if key == LIGA else (4, 6, 12, 4) for key in GOOD}


def test_dagster_shows_the_refused_one_as_failed_and_those_that_are_none_no_more(
    backfilled: Backfilled,
) -> None:
    for domain in NAMES:
        statuses = backfilled.dev.partitions(domain)
        assert set(statuses["failed"]) == {REFUSED}, domain
        assert set(statuses["materialized"]) == set(GOOD), domain
        assert set(statuses["unmaterialized"]) == {REFUSED}, domain
        assert statuses["materializing"] == [], domain


def test_the_backfill_itself_says_that_it_failed_in_part(backfilled: Backfilled) -> None:
    assert backfilled.ended["status"] == "COMPLETED_FAILED"
    assert [run["status"] for run in backfilled.ended["runs"]] == ["FAILURE"]


def test_its_run_waits_behind_what_people_and_sensors_ask_for(backfilled: Backfilled) -> None:
    [run] = backfilled.ended["runs"]
    assert backfilled.dev.tags(run["runId"])["dagster/priority"] == str(int(Priority.BACKFILL))


def test_the_ledger_has_a_row_for_each_domain_of_each_tournament(backfilled: Backfilled) -> None:
    rows = query(backfilled.url, EXECUTIONS)
    assert len(rows) == len(ALL) * len(NAMES)
    by_key = Counter((row["tournament_key"], row["status"]) for row in rows)
    assert by_key == {(key, "failed" if key in FAILED else "completed"): len(NAMES) for key in ALL}
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
    # and once whether the unknown one is written otherwise, unless the provider has refused by then
    assert len(asked) - asked["/2024/xx.1.json"] == 26 + 3 + 2


def test_the_daemon_posts_one_digest(backfilled: Backfilled) -> None:
    def told() -> list[dict[str, Any]] | None:
        return backfilled.slack.accepted or None

    [digest] = wait_for("the digest", told, 60)
    header, counts, *failures, _, _ = digest["attachments"][0]["blocks"]
    counted = f"27 filled, {len(FAILED)} failed"
    assert header["text"]["text"] == f"❌ Backfill of 30 tournaments: {counted}"
    assert "30 in 1 run" in counts["fields"][0]["text"]
    told_of = operations_of(digest)
    assert told_of["failed"] == len(FAILED) * len(NAMES)
    assert told_of["completed"] + told_of["nothing expected"] == 27 * len(NAMES)
    assert told_of["nothing expected"] <= 27, "a file need not list goals"
    assert counts["fields"][3]["text"] == "*Partitions*\n27 of 30 done"
    causes = [block["text"]["text"] for block in failures]
    assert all(any(key in text for text in causes[:3]) for key in FAILED)
    assert len(causes) == 5, "what only followed is under no reason"
    assert causes[3] == "To try again what failed: `dp retry`"
    assert causes[4].startswith("*Filled*: ")
    assert f"{backfilled.dev.url}/runs/b/" not in str(digest)  # DAGSTER_BASE_URL is not set
    assert "http://localhost:3000/runs/b/" in str(digest)


@pytest.mark.slow
def test_the_daemon_watches_over_what_runs_by_itself(backfilled: Backfilled) -> None:
    tick = backfilled.dev.wait_for_tick("watch_automation", seconds=90)
    assert tick["status"] == "SKIPPED"
    assert tick["skipReason"] in {"Nothing new.", ANOTHER_DELIVERS}


@pytest.fixture
def page(browser: "Browser", tmp_path: Path) -> Iterator["Page"]:
    """A new page; what it showed last stays beside the test's other files as page.png."""
    opened = browser.new_page(viewport={"width": 1500, "height": 1400})
    opened.set_default_timeout(30_000)
    yield opened
    opened.screenshot(path=tmp_path / "page.png")
    opened.close()


def text_of(page: "Page", url: str, *awaited: str) -> str:
    """The text of a page once it shows what is awaited, with single spaces."""
    page.goto(url)
    for text in awaited:
        page.get_by_text(text).first.wait_for()
    return " ".join(page.inner_text("body").split())


def partition_of(backfilled: Backfilled, asset: str, key: str) -> str:
    return f"{backfilled.dev.url}/assets/{asset}?view=partitions&partition={quote(key)}"


def execution_of(backfilled: Backfilled, asset: str, key: str) -> dict[str, Any]:
    [row] = [
        row
        for row in query(backfilled.url, EXECUTIONS)
        if (row["tournament_key"], row["domain"]) == (key, asset)
    ]
    return row


def test_the_partition_of_a_league_shows_its_table_and_where_the_report_is(
    backfilled: Backfilled, page: "Page"
) -> None:
    text = text_of(page, partition_of(backfilled, "standings", LIGA), "SV Hanau")
    row = execution_of(backfilled, "standings", LIGA)
    _, text = text.split("Metadata ")
    assert text.startswith("tournament 1. Testliga 2024/2025 preview")
    assert "outcome written status completed points of the leader 21 number of findings 0" in text
    assert "pos team games w d l goals points form 1 SV Ahlen 7 7 0 0 14:7 21 WWWWW" in text
    assert "8 created, 0 updated, 0 unchanged, 0 left out" in text
    assert str(backfilled.home / "objects" / page_key(row["report_file_key"])) in text
    assert f"/runs/{row['request_id']}" in text
    assert str(row["id"]) in text


def test_the_partition_of_a_season_shows_its_matches_and_what_was_noticed(
    backfilled: Backfilled, page: "Page"
) -> None:
    text = text_of(page, partition_of(backfilled, "matches", REMARKED), "impossible_shootout")
    assert "kick-off round match score status" in text
    assert "A shoot-out cannot end 4:4; it is not kept." in text


def test_the_partition_view_counts_and_lists_what_failed(
    backfilled: Backfilled, page: "Page"
) -> None:
    text = text_of(page, partition_of(backfilled, "matches", REFUSED), "Materialized (27)")
    assert "28 Partitions Selected Failed (1) Materialized (27)" in text
    assert "Missing (0)" in text
    assert REFUSED in text
    assert not any(key in text for key in (BAD_KEY, UNKNOWN))
    [run] = backfilled.ended["runs"]
    page.get_by_text(run["runId"][:8]).first.wait_for()


def test_the_run_page_says_in_sentences_why_it_failed(backfilled: Backfilled, page: "Page") -> None:
    [run] = backfilled.ended["runs"]
    url = f"{backfilled.dev.url}/runs/{run['runId']}"
    text = text_of(page, url, "3 of 30 tournaments failed.")
    _, text = text.split("STEP_FAILURE ", 1)
    text, _ = text.split("Stack Trace", 1)
    for key in (BAD_KEY, UNKNOWN, REFUSED):
        assert f"{key}, tournaments: " in text
        assert execution_of(backfilled, "tournaments", key)["error_text"] in text


def test_the_overview_of_an_asset_says_what_its_columns_mean(
    backfilled: Backfilled, page: "Page"
) -> None:
    url = f"{backfilled.dev.url}/assets/matches?view=overview"
    # its parts are loaded one by one
    text = text_of(page, url, "home_penalties", "Every match of a tournament, one row per")
    assert "Goals of the home side, extra time included, a shoot-out never" in text
    assert "Storage match" in text
    assert "Group football" in text
