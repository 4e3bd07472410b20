"""Seasons that OpenLigaDB and openfootball both have, compared."""

from pathlib import Path

import pytest

from dp_pipeline.football.club_pairing import pair_teams
from dp_pipeline.football.comparison import Comparison, SeasonAtProvider, compare
from dp_pipeline_tests.football.recorded_lists import certain, openfootball_list, openligadb_list


def compared(recordings: Path, name: str, there: str, competition: str, season: str) -> Comparison:
    """An answer of OpenLigaDB and a file of openfootball, beside the recordings."""
    one = openligadb_list(name, "bl1", int(season[:4]))
    other = openfootball_list(recordings.parent / there, competition, season)
    clubs = certain(pair_teams(one, other, inferred=False))
    return compare(
        SeasonAtProvider("openligadb", one.matches, {a: a for a, _ in clubs}, one.names),
        SeasonAtProvider("openfootball", other.matches, {b: a for a, b in clubs}, other.names),
    )


@pytest.mark.parametrize(
    ("name", "season", "paired", "differ"),
    [
        ("gluehloch/response-2018-22.json_", "2018-19", 6, []),
        ("gluehloch/bundesliga-2020-03.json", "2020-21", 9, []),
        (
            "gluehloch/bundesliga-2022-01.json",
            "2022-23",
            9,
            [("kick-off", "2022-08-05 18:30 UTC", "2022-08-05 18:35 UTC")],
        ),
    ],
)
def test_a_matchday_of_one_provider_is_found_in_the_season_of_another(
    recordings: Path, name: str, season: str, paired: int, differ: list[tuple[str, str, str]]
) -> None:
    """Of 2018-19 three of the nine matches had not been played; results tell clubs apart."""
    there = f"more_seasons/football.json/{season}/de.1.json"
    found = compared(recordings, name, there, "de.1", season)
    assert (found.paired, found.listed) == (paired, 306)
    told = [each for each in found.disagreements if each.aspect != "fixture"]
    assert [(each.aspect, each.value, each.other_value) for each in told] == differ


def test_half_times_of_euro_2020_differ_in_four_of_36_group_matches(recordings: Path) -> None:
    name, there = "gluehloch/uefa-em-2020-01.json", "more_seasons/euro.json/2020/euro.json"
    found = compared(recordings, name, there, "euro", "2020")
    assert (found.paired, found.listed, found.without_club) == (36, 51, 0)
    told = {
        (each.subject, each.aspect, each.value, each.other_value)
        for each in found.disagreements
        if each.aspect != "fixture"
    }
    assert told == {
        ("Frankreich - Deutschland", "half-time", "0:0", "1:0"),
        ("Schweiz - Türkei", "half-time", "1:0", "2:0"),
        ("Russland - Dänemark", "half-time", "1:3", "0:1"),
        ("Finnland - Belgien", "half-time", "0:1", "0:0"),
    }
