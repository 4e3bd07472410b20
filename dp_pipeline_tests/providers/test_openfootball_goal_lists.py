"""Goals out of openfootball's two lists per match."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openfootball.season import SeasonData, read_season
from dp_pipeline_tests.providers.openfootball_files import KEY, entry, season


def fetched(*entries: Any) -> Fetched[Goal]:
    return read_season(season(list(entries)), KEY).goals


def listed(score: list[int], goals1: Any, goals2: Any, **fields: Any) -> Fetched[Goal]:
    lists = {"goals1": goals1, "goals2": goals2}
    return fetched(entry("Arsenal FC", "Chelsea FC", score={"ft": score}, **lists, **fields))


def goal(minute: Any, name: str = "Kane", **more: Any) -> dict[str, Any]:
    return {"name": name, "minute": minute, **more}


def told(found: Fetched[Goal]) -> list[tuple[Any, ...]]:
    return [
        (g.side, g.ordinal, g.minute, g.added_time, g.home_score, g.away_score) for g in found.items
    ]


def test_goals_go_by_minute_and_the_score_after_each_follows() -> None:
    # Russia - Saudi Arabia of 2018 lists both goals of one scorer together
    found = listed([3, 1], [goal(43), goal(90, offset=1), goal(71)], [goal("45+2")])
    assert told(found) == [
        ("home", 1, 43, None, 1, 0),
        ("home", 2, 71, None, 2, 1),
        ("home", 3, 90, 1, 3, 1),
        ("away", 1, 45, 2, 1, 1),
    ]


def test_penalties_and_own_goals_are_marked_and_every_other_goal_is_none() -> None:
    found = listed([3, 0], [goal(1, penalty=True), goal(2, owngoal=True), goal(3)], [])
    assert [(g.penalty, g.own_goal) for g in found.items] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert {g.scorer for g in found.items} == {"Kane"}


def test_goals_of_both_sides_in_one_minute_leave_the_score_after_them_open() -> None:
    found = listed([2, 1], [goal(10), goal(80)], [goal(10)])
    assert [row[4:] for row in told(found)] == [(None, None), (2, 1), (None, None)]


@pytest.mark.parametrize("lists", [([goal(10)], []), ([goal(10), goal(None)], [])])
def test_without_all_goals_or_all_minutes_no_score_after_a_goal_is_certain(lists: Any) -> None:
    found = listed([2, 0], *lists)
    assert {row[4:] for row in told(found)} == {(None, None)}


@pytest.mark.parametrize("lists", [("x", None), ([{"minute": [1]}], ["y"])])
def test_a_list_that_cannot_be_read_is_none(lists: Any) -> None:
    found = listed([2, 0], *lists)
    assert (found.items, found.covers) == ((), frozenset())
    assert found.absent is not None
    assert found.absent.kind == "not_applicable"


def test_a_file_without_lists_has_no_goals_and_one_without_matches_played_none_yet() -> None:
    without = fetched(entry("A FC", "B FC", score={"ft": [1, 0]}))
    assert without.absent is not None
    assert without.absent.kind == "not_applicable"
    ahead = fetched(entry("A FC", "B FC"))
    assert ahead.absent is not None
    assert ahead.absent.kind == "nothing_yet"


def test_a_match_without_goals_needs_no_list() -> None:
    found = fetched(
        entry("A FC", "B FC", score={"ft": [0, 0]}),
        entry("C FC", "D FC", score={"ft": [1, 0]}, goals1=[goal(1)], goals2=[]),
    )
    assert len(found.covers or ()) == 2


def test_a_fixture_listed_twice_has_the_goals_of_the_list_that_is_there() -> None:
    score = {"ft": [1, 0]}
    bare = entry("A FC", "B FC", score=score)
    full = entry("A FC", "B FC", score=score, goals1=[goal(5)], goals2=[])
    other = entry("A FC", "B FC", score=score, goals1=[goal(6)], goals2=[])
    assert len(fetched(bare, full, full).items) == 1
    found = fetched(full, other)
    assert found.items == ()
    assert [(i.kind, i.left_out) for i in found.findings] == [("goals_unordered", True)]


TIMES = st.tuples(st.integers(1, 120), st.none() | st.integers(1, 9))


@given(home=st.lists(TIMES, max_size=6), away=st.lists(TIMES, max_size=6))
def test_the_score_after_a_goal_goes_up_by_one_and_ends_with_the_result(
    home: list[Any], away: list[Any]
) -> None:
    lists = [[goal(m, offset=o) for m, o in side] for side in (home, away)]
    found = listed([len(home), len(away)], *lists)
    assert Counter(g.side for g in found.items) == Counter(home=len(home), away=len(away))
    for side in ("home", "away"):
        assert [g.ordinal for g in found.items if g.side == side] == list(
            range(1, len(home if side == "home" else away) + 1)
        )
    certain = sorted(
        (g.home_score, g.away_score)
        for g in found.items
        if g.home_score is not None and g.away_score is not None
    )
    for before, after in pairwise(certain):
        assert before != after
        assert before[0] <= after[0]
        assert before[1] <= after[1]


# -- recordings ------------------------------------------------------------------------------------


def recorded(recordings: Path, kind: str, year: str) -> SeasonData:
    path = recordings.parent / "more_seasons" / f"{kind}.json" / year / f"{kind}.json"
    if not path.is_file():
        pytest.skip("more_seasons are not there")
    return read_season(json.loads(path.read_bytes()), TournamentKey("openfootball", kind, year))


@pytest.mark.parametrize(
    ("kind", "year", "goals"),
    # in all, own goals and penalties
    [
        ("worldcup", "2018", (169, 12, 22)),
        ("worldcup", "2022", (172, 2, 17)),
        ("euro", "2020", (142, 11, 9)),
    ],
)
def test_recorded_tournaments_have_the_official_numbers(
    recordings: Path, kind: str, year: str, goals: tuple[int, int, int]
) -> None:
    data = recorded(recordings, kind, year)
    found = data.goals
    own = sum(bool(goal.own_goal) for goal in found.items)
    penalties = sum(bool(goal.penalty) for goal in found.items)
    assert (len(found.items), own, penalties) == goals
    assert len(found.covers or ()) == len(data.matches.items)


def test_recorded_world_cup_of_2022_has_its_scorers_as_they_are_written(recordings: Path) -> None:
    data = recorded(recordings, "worldcup", "2022")
    scorers = Counter(g.scorer for g in data.goals.items if not g.own_goal)
    assert scorers["Lionel Messi"] == 7
    assert (scorers["Kylian Mbappé"], scorers["Mbappé"]) == (6, 2), "two spellings of one player"
    (final,) = (m for m in data.matches.items if m.round_slug == "final")
    goals = [g for g in data.goals.items if g.match == final.external_id]
    assert sorted((g.minute, g.side, g.penalty, g.home_score, g.away_score) for g in goals) == [
        (23, "home", True, 1, 0),
        (36, "home", False, 2, 0),
        (80, "away", True, 2, 1),
        (81, "away", False, 2, 2),
        (108, "home", False, 3, 2),
        (118, "away", True, 3, 3),
    ]
