"""Tournaments read before their draw and again at their end: each fixture and team once."""

from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.openligadb_tournaments import (
    NATIONS,
    Tournament,
    africa_cup,
    champions_league,
)
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

pytestmark = pytest.mark.slow

PLACES = ("1A", "Zweiter Gruppe C", "3C/D/E", "AF1 Sieger", "Best 3rd A/B/F", "Winner QF 1")
TIES = """
SELECT round, count(*) AS ties, count(winner) AS decided, min(legs) AS legs FROM knockout_ties
GROUP BY round
"""


class Reader:
    """A database, and tournaments that are read into it."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self.url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def read(self, tournament: Tournament, competition: str) -> dict[str, Any]:
        """The outcomes by domain; no execution may lose anything."""
        with serve(Replay(payloads=tournament.paths(competition)).app()) as base_url:
            key = f"openligadb:{competition}:2025"
            rows = ingest(self.database, base_url, self.home, key)
        assert {row["status"] for row in rows.values()} == {"completed"}
        return {domain: row["outcome"] for domain, row in rows.items()}

    def one(self, statement: str) -> Any:
        (row,) = query(self.url, statement)  # ty: ignore[invalid-argument-type]
        return next(iter(row.values()))

    def stored(self) -> set[tuple[Any, ...]]:
        """Every fixture with its result, by the names of teams."""
        rows = query(
            self.url,
            "SELECT round, home_team, away_team, home_score, away_score, home_penalties_score,"
            " away_penalties_score FROM fixtures",
        )
        assert len({tuple(row.values()) for row in rows}) == len(rows)
        return {tuple(row.values()) for row in rows}


@pytest.fixture
def reader(database: Database, tmp_path: Path) -> Reader:
    return Reader(database, tmp_path)


def given(tournament: Tournament, nobody: tuple[str, ...] = ()) -> set[tuple[Any, ...]]:
    """The fixtures of a payload by what it says itself, those of places in the draw left out."""
    fixtures = set()
    for match in tournament.matches:
        home, away = (match[side]["teamName"] for side in ("team1", "team2"))
        if home in nobody or away in nobody:
            continue
        by_type = {
            result["resultTypeID"]: (result["pointsTeam1"], result["pointsTeam2"])
            for result in match["matchResults"]
        }
        score = by_type.get(4) or by_type.get(2) or (None, None)
        kicks = (None, None)
        if 5 in by_type:
            kicks = tuple(whole - level for whole, level in zip(by_type[5], score, strict=True))
        fixtures.add((match["group"]["groupName"], home, away, *score, *kicks))
    return fixtures


@pytest.mark.parametrize(
    ("places", "by_group", "again"),
    [(PLACES, False, 0), (("TBA",), True, 0), (PLACES, True, 500), ((), False, 0)],
)
def test_a_cup_of_groups_is_the_same_before_its_draw_and_at_its_end(
    reader: Reader, places: tuple[str, ...], by_group: bool, again: int
) -> None:
    early = africa_cup(late=False, by_group=by_group, slots=places)
    reader.read(early, "afcon2025")
    assert reader.stored() == given(early, places)
    assert {row["name"] for row in query(reader.url, "SELECT name FROM team")} == {
        *NATIONS.values()
    }
    late = africa_cup(late=True, by_group=by_group, again=again)
    reader.read(late, "afcon2025")
    assert reader.stored() == given(late)
    assert reader.one("SELECT count(*) FROM match") == 51
    assert reader.one("SELECT count(*) FROM team") == 24
    tables = query(reader.url, "SELECT group_name, count(*) AS teams FROM league_table GROUP BY 1")
    assert [row["teams"] for row in tables] == [4] * 6
    ties = {row["round"]: (row["ties"], row["decided"]) for row in query(reader.url, TIES)}
    assert ties == {
        "Achtelfinale": (8, 8),
        "Viertelfinale": (4, 4),
        "Halbfinale": (2, 2),
        "Finale": (1, 1),
    }
    assert {*reader.read(late, "afcon2025").values()} == {"unchanged"}


def test_places_of_unheard_names_leave_with_the_draw(reader: Reader) -> None:
    names = tuple(f"Wundertüte {letter}{letter}x" for letter in "QRSTUVWX")
    reader.read(africa_cup(late=False, slots=names), "afcon2025")
    late = africa_cup(late=True)
    assert reader.read(late, "afcon2025")["matches"] == "written"
    assert reader.stored() == given(late)


def test_a_league_phase_with_a_knockout_stage_of_two_legs_grows_match_by_match(
    reader: Reader,
) -> None:
    for days, knockout in ((3, 0), (8, 1), (8, 5)):
        season = champions_league(days=days, knockout=knockout)
        reader.read(season, "ucl")
        assert reader.stored() == given(season)
        assert reader.one("SELECT count(*) FROM team") == 36
    assert reader.one("SELECT count(*) FROM match") == 189
    assert reader.one("SELECT count(*) FROM league_table WHERE games = 8") == 36
    ties = {row["round"]: (row["ties"], row["legs"]) for row in query(reader.url, TIES)}
    assert ties == {
        "Play-offs": (8, 2),
        "Achtelfinale": (8, 2),
        "Viertelfinale": (4, 2),
        "Halbfinale": (2, 2),
        "Finale": (1, 1),
    }
    assert {*reader.read(season, "ucl").values()} == {"unchanged"}
