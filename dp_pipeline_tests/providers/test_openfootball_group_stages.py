"""Old world cups: groups after groups, a group of finalists, replays; and the grounds."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.openfootball.season import SeasonData, read_season
from dp_pipeline_tests.providers.openfootball_files import entry, is_consistent, season

CUP = TournamentKey("openfootball", "worldcup", "1982")
LETTERS = "ABCD"
GROUPS = {letter: [f"{letter}land{n}" for n in range(1, 5)] for letter in LETTERS}
WINNERS = [teams[0] for teams in GROUPS.values()]


def group(name: str, teams: Iterable[str], first_day: date, **fields: Any) -> list[dict[str, Any]]:
    """All meet all, the one named earlier wins; two matches a day, if there are so many."""
    return [
        entry(
            *(home, away),
            group=name,
            round=f"Matchday {1 + n // 2}",
            date=str(first_day + timedelta(days=3 * (n // 2))),
            time=None,
            score=[2, 1],
            **fields,
        )
        for n, (home, away) in enumerate(combinations(teams, 2))
    ]


def first_stage() -> list[dict[str, Any]]:
    return [
        match
        for name, teams in GROUPS.items()
        for match in group(f"Group {name}", teams, date(1982, 6, 13))
    ]


def tables(data: SeasonData) -> dict[tuple[str | None, str | None], list[str]]:
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for row in data.standings.items:
        found.setdefault((row.stage, row.group_name), []).append(row.team)
    return found


@pytest.mark.parametrize("names", ["AB", "12"])
def test_a_second_group_stage_is_apart_from_the_first_also_with_the_same_letters(
    names: str,
) -> None:
    second = [
        *group(f"Group {names[0]}", [WINNERS[0], WINNERS[1], "Cland2"], date(1982, 6, 28)),
        *group(f"Group {names[1]}", [WINNERS[2], WINNERS[3], "Aland2"], date(1982, 6, 28)),
    ]
    final = entry(WINNERS[0], WINNERS[2], round="Final", date="1982-07-11", score=[3, 1])
    data = read_season(season([*first_stage(), *second, final]), CUP)
    assert is_consistent(data)
    assert len(data.matches.items) == 4 * 6 + 2 * 3 + 1
    found = tables(data)
    assert {key for key in found if key[0] is None} == {(None, f"Group {n}") for n in LETTERS}
    assert found["Second group stage", f"Group {names[0]}"] == ["aland1", "bland1", "cland2"]
    assert {row.games for row in data.standings.items} == {3, 2}
    assert [r.label for r in data.rounds.items] == [
        *("Matchday 1", "Matchday 2", "Matchday 3", "Matchday 1", "Matchday 2", "Final")
    ]


def test_a_wrong_letter_begins_no_second_stage() -> None:
    matches = first_stage()
    matches[5]["group"] = "Group B"
    data = read_season(season(matches), CUP)
    assert {match.stage for match in data.matches.items} == {None}


def test_a_final_round_that_is_a_group_has_a_table_and_one_of_ties_has_none() -> None:
    first = [{**match, "round": "First round"} for match in first_stage()]
    last = [
        {**match, "round": "Final Round", "group": None}
        for match in group("", WINNERS, date(1982, 7, 9))
    ]
    data = read_season(season([*first, *last]), CUP)
    assert tables(data)["Final Round", None] == ["aland1", "bland1", "cland1", "dland1"]
    assert len(tables(data)) == 5
    assert not data.rounds.findings
    ties = read_season(season([*first, last[0]]), CUP)
    assert [round_.type for round_ in ties.rounds.items] == ["season", "knockout"]


def test_replays_follow_their_round() -> None:
    days = {"First round": 5, "First round, Replays": 9, "Quarter-finals": 12, "Final": 19}
    matches = [
        entry("Cuba", "Romania", round=name, date=f"1982-06-{day:02d}", score=[1, 0])
        for name, day in days.items()
    ]
    data = read_season(season(matches), CUP)
    assert [(r.label, r.type, r.stage) for r in data.rounds.items] == [
        (name, "knockout", None) for name in days
    ]
    assert not data.rounds.findings


@pytest.mark.parametrize(
    "fields",
    [
        {"ground": "Luzhniki Stadium, Moscow", "time": "18:00 UTC+3"},
        {
            "stadium": {"key": "luzhniki", "name": "Luzhniki Stadium"},
            "city": "Moscow",
            "timezone": "UTC+3",
            "time": "18:00",
        },
    ],
    ids=["present form", "old form"],
)
def test_the_ground_is_the_venue_and_its_time_zone_that_of_the_kick_off(
    fields: dict[str, Any],
) -> None:
    data = read_season(season([entry("Russia", "Egypt", date="1982-06-14", **fields)]), CUP)
    (match,) = data.matches.items
    assert match.venue == "Luzhniki Stadium, Moscow"
    assert str(match.kickoff_at) == "1982-06-14 15:00:00+00:00"
