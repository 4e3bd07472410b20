"""A person takes in what was refused: once, shown first, and never over something newer."""

import copy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dp_pipeline.cli import main
from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import EXECUTIONS, query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

RESULTS = """
SELECT f.home_score, f.away_score FROM fixtures f WHERE f.tournament_key = %(key)s
"""
COUNTS = """
SELECT count(*) AS matches, count(*) FILTER (WHERE m.superseded_by IS NULL) AS counting
FROM match m JOIN tournament t ON t.id = m.tournament_id WHERE t.key = %(key)s
"""


class Desk:
    """A database, and a person at a terminal beside it."""

    def __init__(self, database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.home, self.monkeypatch = database, home, monkeypatch
        self.url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("DP_HOME", str(home))
        monkeypatch.setenv("DP_DATABASE_URL", self.url)

    def read(self, payloads: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
        with serve(Replay(payloads=payloads).app()) as base_url:
            for name in ("OPENLIGADB_BASE_URL", "OPENFOOTBALL_BASE_URL"):
                self.monkeypatch.setenv(name, base_url)
            return ingest(self.database, base_url, self.home, key)

    def accept(self, execution: object, *options: str) -> Result:
        arguments = ["accept", str(execution), "--reason", "The league was voided.", *options]
        return CliRunner().invoke(main, arguments)


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(database, tmp_path, monkeypatch)


def rewritten(key: str) -> dict[str, Any]:
    """All results of the season are others."""
    payloads = copy.deepcopy(healthy())
    for match in payloads[MATCHES_OF[key]]["matches"]:
        match["score"] = {"ft": [3, 3]}
    return payloads


def test_what_was_refused_is_shown_and_written_once(desk: Desk) -> None:
    desk.read(healthy(), FILE)
    refused = desk.read(rewritten(FILE), FILE)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    before = query(desk.url, RESULTS, key=FILE)
    declined = desk.accept(refused["id"])
    assert (declined.exit_code, query(desk.url, RESULTS, key=FILE)) == (1, before)
    assert "Would be updated" in declined.output
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    results = {(row["home_score"], row["away_score"]) for row in query(desk.url, RESULTS, key=FILE)}
    assert results == {(3, 3)}
    accepted = [row for row in query(desk.url, EXECUTIONS) if row["summary"].get("accepted")]
    said = {(row["summary"]["accepted"]["reason"], row["scope"]) for row in accepted}
    assert said == {("The league was voided.", "dry_run"), ("The league was voided.", "whole")}
    again = desk.accept(refused["id"], "--yes")
    assert again.exit_code == 1
    assert "It was taken in already: by " in again.output
    after = desk.read(rewritten(FILE), FILE)
    assert {row["status"] for row in after.values()} == {"completed"}, "it is what is stored now"


def test_a_league_that_is_created_anew_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.read(healthy(), LIGA)
    (counts,) = query(desk.url, COUNTS, key=LIGA)
    anew = copy.deepcopy(healthy())
    for match in anew[MATCHES_OF[LIGA]]:
        match["matchID"] += 100_000
    refused = desk.read(anew, LIGA)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    assert query(desk.url, COUNTS, key=LIGA) == [
        {"matches": 2 * counts["matches"], "counting": counts["matches"]}
    ]


def test_nothing_is_taken_in_over_a_newer_read_and_nothing_that_was_not_refused(
    desk: Desk,
) -> None:
    first = desk.read(healthy(), FILE)["matches"]
    assert "It refused nothing: it ended written." in desk.accept(first["id"], "--yes").output
    refused = desk.read(rewritten(FILE), FILE)["tournaments"]
    newer = copy.deepcopy(healthy())
    newer[MATCHES_OF[FILE]]["matches"][0]["date"] = "2024-09-30"
    assert desk.read(newer, FILE)["matches"]["outcome"] == "written"
    late = desk.accept(refused["id"], "--yes")
    assert late.exit_code == 1
    assert "A newer read was stored at " in late.output
