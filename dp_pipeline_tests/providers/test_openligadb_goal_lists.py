"""Goals out of OpenLigaDB's lists: order, side, minutes, kicks, and what cannot be ordered."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Goal
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.goal_lists import goals_of
from dp_pipeline.providers.score import Pair
from dp_pipeline_tests.providers.openligadb_payloads import (
    goals,
    match,
    pascal,
    played,
    read,
    results,
)
from dp_pipeline_tests.providers.openligadb_recorded import recorded

CUP_FINAL = "Finale"


def fetched(payload: Any) -> Fetched[Goal]:
    payloads, rounds, fixtures = read(payload)
    return goals_of(payloads, fixtures.matches, rounds.rounds)


def listed(score: Pair, *entries: tuple[Any, ...], **fields: Any) -> Fetched[Goal]:
    return fetched([played(1, 1, 2, score, goals=goals(*entries), **fields)])


def told(found: Fetched[Goal]) -> list[tuple[Any, ...]]:
    return [(g.side, g.ordinal, g.home_score, g.away_score, g.minute) for g in found.items]


def reasons(found: Fetched[Goal]) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.left_out) for finding in found.findings]


def test_the_running_score_says_in_which_order_and_whose_goals_they_are() -> None:
    found = listed((2, 1), (2, 1, 88), (1, 0, 5), (1, 1, 40))
    assert told(found) == [("home", 1, 1, 0, 5), ("away", 1, 1, 1, 40), ("home", 2, 2, 1, 88)]
    assert (found.covers, found.findings) == (frozenset({"1"}), ())


def test_scorer_penalty_and_own_goal_are_taken_as_they_are_told() -> None:
    entries = goals((0, 1, 4), (0, 2, 60, "P"), (0, 3, 74, "Eigentor"))
    entries[0] |= {"goalGetterName": "  Poulsen ", "isOwnGoal": None, "isPenalty": None}
    entries[1] |= {"goalGetterName": "", "isOwnGoal": True}
    entries[2] |= {"goalGetterName": "Hradecky", "isOwnGoal": False, "isPenalty": False}
    found = fetched(pascal([played(1, 1, 2, (0, 3), goals=entries)]))
    assert [(g.scorer, g.penalty, g.own_goal) for g in found.items] == [
        ("Poulsen", None, None),
        (None, True, True),
        ("Hradecky", False, True),
    ]


@pytest.mark.parametrize(
    ("minute", "comment", "expected"),
    [
        (45, "+1", (45, 1)),
        (90, "+ 11", (90, 11)),
        (30, "+1", (30, None)),
        (93, None, (90, 3)),
        (47, None, (47, None)),
        (None, None, (None, None)),
        (0, None, (None, None)),
        (881, None, (None, None)),
    ],
)
def test_added_time_is_a_comment_or_what_lies_beyond_minute_90_of_a_league_match(
    minute: int | None, comment: str | None, expected: tuple[int | None, int | None]
) -> None:
    entry = goals((1, 0, minute))[0] | {"comment": comment}
    (goal,) = fetched([played(1, 1, 2, (1, 0), goals=[entry])]).items
    assert (goal.minute, goal.added_time) == expected


def test_a_minute_of_a_cup_match_may_be_of_extra_time() -> None:
    (goal,) = listed((1, 0), (1, 0, 97), group=CUP_FINAL).items
    assert (goal.minute, goal.added_time) == (97, None)


def test_kicks_of_a_shoot_out_are_no_goals() -> None:
    kicks = [(2, 1, None, "P"), (2, 2, None, "P"), (3, 2, None, "P"), (4, 2, None, "P")]
    entries = goals((1, 0, 10, "P"), (1, 1, 118), *kicks)
    types = results(t2=(1, 1), t3=(1, 1), t5=(4, 2))
    payload = played(1, 1, 2, (1, 1), group=CUP_FINAL, matchResults=types, goals=entries)
    found = fetched([payload])
    assert told(found) == [("home", 1, 1, 0, 10), ("away", 1, 1, 1, 118)]
    assert [goal.penalty for goal in found.items] == [True, False]

    going_on = {**payload, "matchIsFinished": False, "matchResults": []}
    assert told(fetched([going_on])) == told(found), "while the shoot-out goes on"


def test_where_a_shoot_out_began_may_not_be_certain() -> None:
    types = results(t5=(4, 3))
    entries = goals((1, 0, 10), (1, 1, 20), (3, 3, 120), (4, 3, 120, "P"))
    found = fetched([played(1, 1, 2, (4, 3), group=CUP_FINAL, matchResults=types, goals=entries)])
    assert (found.items, found.covers) == ((), frozenset())
    assert reasons(found) == [("goals_unordered", True)]


def test_an_entry_of_0_0_is_no_goal() -> None:
    assert told(listed((1, 0), (0, 0, None), (1, 0, 37))) == [("home", 1, 1, 0, 37)]


def test_a_goal_that_both_scores_rise_with_has_no_side_and_the_others_have() -> None:
    found = listed((2, 1), (0, 0, 28), (1, 1, 83), (2, 1, 90))
    assert told(found) == [("home", 2, 2, 1, 90)]
    assert reasons(found) == [("goal_without_side", False)]


def test_a_goal_that_was_never_entered_leaves_a_gap() -> None:
    found = listed((0, 3), (0, 1, 3), (0, 3, 80))
    assert told(found) == [("away", 1, 0, 1, 3), ("away", 3, 0, 3, 80)]


@pytest.mark.parametrize("scores", [[(1, 0), (0, 1)], [(2, 0), (1, 2)], [(1, 0), (2, 0), (0, 3)]])
def test_scores_that_do_not_follow_from_each_other_leave_the_list_out(scores: list[Pair]) -> None:
    found = listed((3, 2), *((*score, 10) for score in scores))
    assert (found.items, found.covers) == ((), frozenset())
    assert reasons(found) == [("goals_unordered", True)]
    live = fetched([match(1, 1, 2, goals=goals(*((*score, 10) for score in scores)))])
    assert reasons(live) == [("goals_unordered", False)], "it may be mended while they play"


def test_a_goal_given_twice_is_one_with_what_both_say_alike() -> None:
    entries = goals((1, 0, 17), (1, 0, 17), (1, 0, 19, "P"))
    for entry, name in zip(entries, ("Kane", "Kane", None), strict=True):
        entry["goalGetterName"] = name
    found = fetched([played(1, 1, 2, (1, 0), goals=entries)])
    (goal,) = found.items
    assert (goal.scorer, goal.minute, goal.penalty) == ("Kane", None, None)
    assert reasons(found) == [("goal_given_twice", False)]
    twice = fetched([played(1, 1, 2, (1, 0), goals=entries[:2])])
    assert (len(twice.items), twice.findings) == (1, ())


def test_an_unreadable_entry_leaves_the_list_out_and_other_lists_stay() -> None:
    broken = [{"goalID": 1, "scoreTeam1": "x", "scoreTeam2": 0}]
    payload = [
        played(1, 1, 2, (1, 0), goals=broken),
        played(2, 3, 4, (1, 0), goals=goals((1, 0, 1))),
    ]
    found = fetched(payload)
    assert found.covers == {"2"}
    assert [goal.match for goal in found.items] == ["2"]


def test_results_without_any_list_are_not_applicable_and_lists_without_goals_are_lists() -> None:
    absent = fetched([played(1, 1, 2, (1, 0))]).absent
    assert absent is not None
    assert absent.kind == "not_applicable"
    for goalless in (match(1, 1, 2), played(1, 1, 2, (0, 0))):
        found = fetched([goalless])
        assert (found.items, found.absent, found.covers) == ((), None, {"1"})


SIDES = st.lists(st.sampled_from(["home", "away"]), min_size=1, max_size=9)


@given(sides=SIDES, order=st.randoms(use_true_random=False), twice=st.booleans())
def test_whatever_the_order_of_a_sound_list_its_goals_are_the_same(
    sides: list[str], order: Any, twice: bool
) -> None:
    count: Counter[str] = Counter()
    expected = []
    for minute, side in enumerate(sides, start=1):
        count[side] += 1
        expected.append((side, count[side], count["home"], count["away"], minute))
    entries: list[tuple[Any, ...]] = [(home, away, minute) for _, _, home, away, minute in expected]
    entries += [entries[-1], (0, 0, None)] if twice else []
    order.shuffle(entries)
    found = listed((count["home"], count["away"]), *entries)
    assert told(found) == expected
    assert found.findings == ()


PAIRS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.none() | st.integers(-1, 140))


@given(entries=st.lists(PAIRS, max_size=8), score=st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_of_any_list_a_goal_is_told_once_and_its_place_is_its_score(
    entries: list[tuple[int, int, int | None]], score: Pair
) -> None:
    found = listed(score, *entries)
    keys = [(goal.match, goal.side, goal.ordinal) for goal in found.items]
    assert len(set(keys)) == len(keys)
    for goal in found.items:
        after = goal.home_score if goal.side == "home" else goal.away_score
        assert goal.ordinal == after
    assert not found.items or found.covers == {"1"}


# -- recordings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "goals_", "own", "penalties"),
    [
        # the season had 959 goals; 4 entries of 0:0 are none
        ("openliga_bl2425.json", 959, 21, 49),
        # 276 entries, 75 of them kicks of eight shoot-outs
        ("openliga_dfb2526.json", 200, 4, 13),
        ("gluehloch/uefa-em-2020-01.json", 94, 5, 4),
        ("gluehloch/response-2018-22.json_", 17, 1, 1),
    ],
)
@pytest.mark.usefixtures("recordings")
def test_recorded_lists_come_to_their_results(
    name: str, goals_: int, own: int, penalties: int
) -> None:
    payload = recorded(name)
    _, _, fixtures = read(payload)
    found = fetched(payload)
    assert len(found.items) == goals_
    assert sum(bool(goal.own_goal) for goal in found.items) == own
    assert sum(bool(goal.penalty) for goal in found.items) == penalties
    sides = Counter((goal.match, goal.side) for goal in found.items)
    differing = [
        match.external_id
        for match in fixtures.matches
        if match.status == "ended"
        and (sides[match.external_id, "home"], sides[match.external_id, "away"])
        != (match.home_score, match.away_score)
    ]
    assert differing == []
    assert found.findings == ()


@pytest.mark.usefixtures("recordings")
def test_recorded_scorers_are_those_who_scored() -> None:
    goals_ = fetched(recorded("gluehloch/bundesliga-2020-03.json")).items
    scorers = Counter(goal.scorer for goal in goals_ if not goal.own_goal)
    assert (scorers["Robert Lewandowski"], scorers["Haaland"]) == (3, 2)
    euro = fetched(recorded("gluehloch/uefa-em-2020-01.json")).items
    own = {goal.scorer for goal in euro if goal.own_goal}
    assert {"Merih Demiral", "Hummels, Mats", "R. Dias", "R. Guerreiro", "Hradecky"} == own


@pytest.mark.usefixtures("recordings")
def test_recorded_doubts_are_told() -> None:
    found = fetched(recorded("openliga_bl2526_20260321.json"))
    assert [(i.kind, i.subject) for i in found.findings] == [
        ("goal_without_side", "SV Werder Bremen - VfL Wolfsburg, 10. Spieltag")
    ]
    frankfurt = fetched(recorded("gluehloch/bundesliga-2022-01.json"))
    assert [i.kind for i in frankfurt.findings] == ["goal_beyond_result"]


def test_recorded_goals_without_a_result_are_kept(recordings: Path) -> None:
    case = recordings.parent / "cases" / "openligadb" / "ucl_2025_zero_zero.json"
    if not case.is_file():
        pytest.skip("the cases are not there")
    found = fetched(recorded(str(case)))
    assert Counter((g.match, g.side) for g in found.items) == {
        ("79499", "home"): 1,
        ("79499", "away"): 4,
        ("79511", "home"): 1,
        ("79512", "away"): 3,
    }
