"""One club is one row over providers: what fixtures show, and what people say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from dp_pipeline import read
from dp_pipeline.assets.comparison import comparison
from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.resources import DatabaseResource
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.read.documented import question
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

OPENLIGADB, OPENFOOTBALL = "openligadb:bl1:2024", "openfootball:de.1:2024-25"
WRITTEN = """
SELECT (SELECT count(*) FROM club) AS clubs, (SELECT count(*) FROM team_pair) AS pairs,
    (SELECT max(updated_at) FROM team_pair) AS pair, (SELECT max(updated_at) FROM club) AS club,
    (SELECT max(updated_at) FROM team) AS team
"""
CLUB = "SELECT club_id FROM clubs WHERE provider = %(provider)s AND team = %(team)s"


class Bundesliga:
    """A database, and the season as two providers have it."""

    def __init__(self, database: Database, home: Path, recordings: Path) -> None:
        self.database, self.home, self.recordings = database, home, recordings
        self.url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def read(self, *keys: str, payloads: dict[str, Any] | None = None, **how: Any) -> None:
        with serve(Replay(self.recordings, payloads=payloads or {}).app()) as base_url:
            for key in keys:
                rows = ingest(self.database, base_url, self.home, key, **how)
                assert {r["status"] for d, r in rows.items() if d != "goals"} == {"completed"}

    def written(self) -> dict[str, Any]:
        (row,) = query(self.url, WRITTEN)
        return row

    def club(self, provider: str, team: str) -> Any:
        found = query(self.url, CLUB, provider=provider, team=team)
        return found[0]["club_id"] if found else None


@pytest.fixture
def bundesliga(database: Database, tmp_path: Path, recordings: Path) -> Bundesliga:
    return Bundesliga(database, tmp_path, recordings)


@pytest.fixture
def dp(bundesliga: Bundesliga, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("DP_DATABASE_URL", bundesliga.url)
    return lambda *arguments: CliRunner().invoke(main, ["clubs", *arguments])


def meet_twice_as_documented(bundesliga: Bundesliga) -> None:
    documented = query(bundesliga.url, question("all meetings of two clubs"))
    meetings = read.head_to_head("FC Bayern München", "Borussia Dortmund")
    assert documented == meetings.select(documented[0].keys()).to_dicts()
    assert [(row["place"], row["goals_for"], row["goals_against"]) for row in documented] == [
        ("away", 1, 1),
        ("home", 2, 2),
    ]


def agree_but_for_half_times(bundesliga: Bundesliga) -> None:
    compared = CliRunner().invoke(main, ["compare", OPENLIGADB])
    assert (
        "306 of 306 fixtures paired; differences: 0 score, 4 half-time, 2 kick-off, 1 status"
        in compared.output
    )
    rows = query(bundesliga.url, "SELECT * FROM comparison ORDER BY subject")
    halves = {row["subject"]: row for row in rows if row["aspect"] == "half-time"}
    assert {(each["value"], each["other_value"]) for each in halves.values()} == {
        *(("1:1", "0:0"), ("0:0", "1:0"), ("1:0", "0:0"), ("1:3", "0:1")),
    }
    leverkusen = halves["Bayer 04 Leverkusen - SC Freiburg"]
    assert (leverkusen["agrees"], leverkusen["because"]) == ("openligadb", "goals")
    assert leverkusen["tournament_key"] == OPENFOOTBALL
    made = query(
        bundesliga.url,
        "SELECT created_at FROM match WHERE id IN (%(one)s, %(other)s)",
        one=leverkusen["match_id"],
        other=leverkusen["other_match_id"],
    )
    assert leverkusen["since"] == max(row["created_at"] for row in made)
    # It was another one until then; and on another fixture they agree since.
    with bundesliga.database.transaction() as connection:
        change = sa.insert(tables.change).values(
            tournament_id=leverkusen["other_tournament_id"],
            entity="match",
            entity_id=leverkusen["other_match_id"],
            field="home_score_ht",
            old=1,
            new=0,
            changed_at=datetime(2030, 1, 1, tzinfo=UTC),
        )
        connection.execute(change)
        agreed = halves["FC Bayern München - FC Augsburg"]["other_match_id"]
        score = {"home_score_ht": 0, "away_score_ht": 0}
        connection.execute(
            sa.update(tables.match).where(tables.match.c.id == agreed).values(**score)
        )
    with dg.DagsterInstance.ephemeral() as instance:
        database = DatabaseResource(url=bundesliga.url)
        result = dg.materialize([comparison], resources={"database": database}, instance=instance)
    (made_of,) = result.asset_materializations_for_node("comparison")
    assert made_of.metadata["dagster/row_count"].value == len(rows) - 1
    again = query(bundesliga.url, "SELECT * FROM comparison ORDER BY subject")
    left = [row for row in rows if row["other_match_id"] != agreed]
    moved = next(row for row in again if row["id"] == leverkusen["id"])
    assert moved["since"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert [row for row in again if row != moved] == [row for row in left if row != leverkusen]


def test_the_bundesliga_of_two_providers_has_eighteen_clubs_and_people_have_the_last_word(
    bundesliga: Bundesliga, dp: Callable[..., Result]
) -> None:
    bundesliga.read(OPENLIGADB)
    assert bundesliga.written()["clubs"] == 0, "one provider alone shows no club"
    meet_twice_as_documented(bundesliga)
    bundesliga.read(OPENFOOTBALL, scope="dry_run")
    assert bundesliga.written()["pairs"] == 0
    bundesliga.read(OPENFOOTBALL)
    written = bundesliga.written()
    assert (written["clubs"], written["pairs"]) == (18, 18)
    teams = query(bundesliga.url, "SELECT * FROM clubs")
    assert (len(teams), {row["club_by"] for row in teams}) == (36, {"fixtures"})
    assert {(row["seasons"], row["fixtures"]) for row in teams} == {(1, 34)}
    (pairs,) = query(
        bundesliga.url,
        "SELECT sum(fixtures) / 2 AS fixtures, sum(scores_differ) AS differ FROM team_pair",
    )
    assert (int(pairs["fixtures"]), pairs["differ"]) == (306, 0)
    meet_twice_as_documented(bundesliga)
    agree_but_for_half_times(bundesliga)
    bayern, dortmund = "FC Bayern München", "Borussia Dortmund"
    club = bundesliga.club("openligadb", bayern)
    assert club == bundesliga.club("openfootball", bayern) is not None

    bundesliga.read(OPENLIGADB, OPENFOOTBALL)
    assert dp("find").output.startswith("2 tournaments were compared")
    assert bundesliga.written() == written, "what is read again unchanged writes nothing"

    assert "is of no club" in dp("unlink", f"openfootball:{bayern}").output
    assert bundesliga.club("openligadb", bayern) is None
    assert bundesliga.written()["clubs"] == 17
    dp("find")
    assert bundesliga.club("openfootball", bayern) is None, "a person's word is kept"
    assert dp("review").output == "Nothing is in doubt.\n"
    assert "forgotten" in dp("forget", f"openfootball:{bayern}").output
    assert bundesliga.club("openfootball", bayern) == club
    wrong = dp("link", f"openfootball:{bayern}", f"openligadb:{dortmund}")
    assert "are one club" in wrong.output
    dp("find")
    assert bundesliga.club("openfootball", bayern) == bundesliga.club("openligadb", dortmund)
    assert bundesliga.club("openligadb", bayern) is None
    assert "(openligadb:40)" in dp("review").output, "whom it was taken from is in doubt"
    assert "FC Bayern München" in dp("list").output
    assert "No team of openligadb is called Nobody" in dp("unlink", "openligadb:Nobody").output
    assert "write provider:id or provider:name" in dp("unlink", "Nobody").output


def test_a_league_that_no_list_names_is_recognised_by_its_fixtures(
    bundesliga: Bundesliga, recordings: Path
) -> None:
    season = json.loads((recordings / "openligadb/openliga_bl2425.json").read_bytes())
    payloads = {"/getmatchdata/mine/2024": season}
    bundesliga.read(OPENFOOTBALL, "openligadb:mine:2024", payloads=payloads)
    assert bundesliga.written()["clubs"] == 18
