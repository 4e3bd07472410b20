"""Real seasons beside official tables: champions, relegated clubs, level teams, deductions."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from dp_pipeline.football.decisions import team_called
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Standing
from dp_pipeline.football.rules import rules_of
from dp_pipeline.football.table import FINAL_TABLE, compute_tables
from dp_pipeline.providers.openfootball.season import read_season

SEASONS = Path(os.environ.get("DP_RECORDINGS", "")).parent / "more_seasons"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SEASONS.is_dir(), reason="the folder of more seasons is not there"),
]
SALZBURG, BAYERN, JUVENTUS = "Salzburg", "Bayern München", "Juventus"
CHAMPIONS = {
    "en.1": {
        "2010-11": "Manchester United",
        "2012-13": "Manchester United",
        "2014-15": "Chelsea",
        "2016-17": "Chelsea",
        "2018-19": "Manchester City",
        "2020-21": "Manchester City",
        "2022-23": "Manchester City",
        "2024-25": "Liverpool",
    },
    "de.1": {
        "2010-11": "Borussia Dortmund",
        **dict.fromkeys(("2012-13", "2014-15", "2016-17", "2018-19"), BAYERN),
        **dict.fromkeys(("2020-21", "2022-23", "2024-25"), BAYERN),
    },
    "at.1": {
        "2010-11": "Sturm Graz",
        "2012-13": "Austria Wien",
        "2024-25": "Sturm Graz",
        **dict.fromkeys(("2014-15", "2016-17", "2018-19", "2020-21", "2022-23"), SALZBURG),
    },
    "it.1": {
        **dict.fromkeys(("2014-15", "2016-17", "2018-19"), JUVENTUS),
        "2020-21": "Internazionale",
        "2022-23": "Napoli",
        "2024-25": "Napoli",
    },
    "es.1": {"2018-19": "Barcelona", "2020-21": "Atlético", "2022-23": "Barcelona"},
    "es.2": {"2020-21": "Espanyol"},
    "be.1": {"2018-19": "Genk", "2020-21": "Club Brugge", "2024-25": "Union"},
    "sco.1": {"2024-25": "Celtic"},
    "gr.1": {"2018-19": "PAOK", "2024-25": "Olympiakos"},
    "hu.1": {"2018-19": "Ferencvárosi"},
    "ar.1": {"2018-19": "Racing"},
    "fr.1": {"2016-17": "Monaco"},
}
PLACES = {
    # level on 38 points, and down by the matches against each other
    "it.1 2018-19": {"Genoa": (17, 38), "Empoli": (18, 38), "Chievo": (20, 17)},
    # level on 31, and down by a match of its own
    "it.1 2022-23": {"Verona": (17, 31), "Spezia": (18, 31), "Sampdoria": (20, 19)},
    "es.2 2018-19": {"Reus": (22, 0)},
    "gr.1 2018-19": {"PAOK": (1, 80), "AEK": (3, 57), "OFI": (13, None)},
    "hu.1 2018-19": {"Ferencvárosi": (1, 74)},
    "en.2 2018-19": {"Birmingham": (17, 52)},
    "de.2 2014-15": {"Aalen": (18, 31)},
    "en.2 2022-23": {"Reading": (22, 44)},
    "de.3 2016-17": {"Aalen": (None, 48)},
    "fr.1 2016-17": {"Lyonnais": (4, 67), "Bastia": (20, 34)},
    "sco.1 2024-25": {"Celtic": (1, 92), "St. Johnstone": (12, None)},
    "be.1 2018-19": {"Genk": (1, 52)},
    "at.1 2024-25": {"Sturm": (1, 40)},
    # level on 56 points, on goals away from home against each other; level on 53
    "ru.1 2018-19": {"Lokomotiv": (2, 56), "Krasnodar": (3, 56)},
    "ru.1 2020-21": {"Rubin": (4, 53), "Sochi": (5, 53)},
}
LAST = {
    "it.1 2018-19": {"Empoli", "Frosinone", "Chievo"},
    "it.1 2022-23": {"Spezia", "Cremonese", "Sampdoria"},
    "it.1 2024-25": {"Empoli", "Venezia", "Monza"},
    "es.2 2020-21": {"Logroñés", "Sabadell", "Castellón", "Albacete"},
    "gr.1 2018-19": {"PAS Giannina | Ioannina", "Levadiakos", "Apollon"},
    "hu.1 2018-19": {"MTK", "Haladás"},
    "pt.1 2020-21": {"Farense", "Nacional"},
    "ru.1 2020-21": {"Rotor", "Tambov"},
    "it.2 2024-25": {"Brescia", "Cittadella", "Cosenza"},
    "nl.1 2018-19": {"NAC"},
    "cz.1 2018-19": {"Dukla"},
}
SHARED = {"cn.1 2020"}
"""Seasons with level teams that no sourced rule separates."""


@dataclass(frozen=True)
class Table:
    rows: tuple[Standing, ...]
    names: dict[str, str]

    def place(self, words: str) -> Standing:
        """The row of a team in the table over the whole season."""
        team = team_called(words, self.names)
        return next(row for row in self.rows if row.team == team and row.whole_season)


@cache
def season_of(path: Path) -> Table:
    key = TournamentKey("openfootball", path.stem, path.parent.name)
    season = read_season(json.loads(path.read_text()), key)
    rounds = {round_.slug for round_ in season.rounds.items if round_.type == "season"}
    names = {team.external_id: team.name for team in season.teams.items}
    found = compute_tables(
        (match for match in season.matches.items if match.round_slug in rounds),
        rules=rules_of(key.provider, key.competition, key.season),
        names=names,
    )
    return Table(found.rows, names)


def of(competition: str, season: str) -> Table:
    return season_of(SEASONS / "football.json" / season / f"{competition}.json")


def files() -> Iterator[Path]:
    yield from sorted(SEASONS.glob("*/*/*.json"))


@pytest.mark.parametrize(
    ("competition", "season", "champion"),
    [(code, year, club) for code, of_year in CHAMPIONS.items() for year, club in of_year.items()],
)
def test_a_champion_is_first_in_the_table_over_the_whole_season(
    competition: str, season: str, champion: str
) -> None:
    assert of(competition, season).place(champion).position == 1


@pytest.mark.parametrize("season", PLACES)
def test_clubs_are_where_the_official_table_has_them(season: str) -> None:
    table = of(*season.split())
    for club, (position, points) in PLACES[season].items():
        row = table.place(club)
        assert row.position == (position or row.position), club
        assert row.points == (points if points is not None else row.points), club


@pytest.mark.parametrize("season", LAST)
def test_the_last_clubs_are_those_that_went_down(season: str) -> None:
    table = of(*season.split())
    clubs = sum(row.whole_season for row in table.rows)
    places = sorted(table.place(club).position for club in LAST[season])
    assert places == list(range(clubs - len(places) + 1, clubs + 1))
    zones = rules_of("openfootball", *season.split()).zones
    if zones is not None and zones.teams == clubs:
        assert {
            place for place in range(1, clubs + 1) if zones.of(place, place) == "relegation"
        } == {*places}


@pytest.mark.parametrize(
    ("year", "group", "order"),
    [
        ("1954", "Group 2", ["Hungary", "West Germany", "Turkey", "South Korea"]),
        ("1954", "Group 4", ["England", "Switzerland", "Italy", "Belgium"]),
        ("2018", "Group H", ["Colombia", "Japan", "Senegal", "Poland"]),
    ],
)
def test_a_play_off_and_fair_play_place_level_countries(
    year: str, group: str, order: list[str]
) -> None:
    table = season_of(SEASONS / "worldcup.json" / year / "worldcup.json")
    rows = [row for row in table.rows if row.group_name == group]
    assert [(row.position, table.names[row.team]) for row in rows] == list(enumerate(order, 1))


def test_every_season_has_tables_in_order_and_places_are_shared_where_no_rule_is_known() -> None:
    shared, split = set(), set()
    for path in files():
        table = season_of(path)
        places: dict[tuple[str | None, str | None], list[Standing]] = {}
        for row in table.rows:
            places.setdefault((row.stage, row.group_name), []).append(row)
        for (stage, _), rows in places.items():
            assert [row.position for row in rows] == sorted(row.position for row in rows)
            if len({row.position for row in rows}) < len(rows):
                shared.add(f"{path.stem} {path.parent.name}")
            if stage == FINAL_TABLE:
                split.add(f"{path.stem} {path.parent.name}")
    assert shared - {"euro 2020"} == SHARED
    assert split == {
        *("at.1 2018-19", "at.1 2020-21", "at.1 2022-23", "at.1 2024-25", "be.1 2018-19"),
        *("be.1 2020-21", "be.1 2024-25", "cz.1 2018-19", "eg.1 2024-25", "gr.1 2020-21"),
        *("gr.1 2024-25", "sco.1 2024-25"),
    }
