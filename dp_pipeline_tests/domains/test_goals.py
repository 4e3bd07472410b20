"""Plans of goals: what lists and results come to, what is taken back, what is refused."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.domains.goals import GOALS
from dp_pipeline.domains.judge import Verdict, limit_of
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Goal, Match, Side
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import (
    KICKOFF,
    NAMES,
    a_match,
    counts,
    ended,
    fetched_matches,
    planned,
    stored_season,
)

LATER = KICKOFF + timedelta(days=30)
NEXT = LATER + timedelta(days=1)


def goals_of(match: int, sides: str, **fields: Any) -> list[Goal]:
    """The goals of a list, given as "HHA", each a minute after the one before."""
    count: Counter[Side] = Counter()
    found = []
    for minute, letter in enumerate(sides, start=1):
        side: Side = "home" if letter == "H" else "away"
        count[side] += 1
        goal = Goal(str(match), side, count[side], minute, scorer=f"{match}{side}{count[side]}")
        after = {"home_score": count["home"], "away_score": count["away"]}
        found.append(replace(goal, **{**after, **fields}))
    return found


def fetched_goals(
    lists: Mapping[int, list[Goal]], read_at: datetime = LATER, **fields: Any
) -> Fetched[Goal]:
    goals = tuple(goal for goals in lists.values() for goal in goals)
    covers = frozenset(str(match) for match in lists)
    return Fetched(goals, covers=covers, team_names=NAMES, read_at=read_at, **fields)


def season_of(*matches: Match) -> Snapshot:
    return stored_season((MATCHES, fetched_matches(*matches)))


def after(snapshot: Snapshot, lists: Mapping[int, list[Goal]]) -> Snapshot:
    return snapshot.after(planned(GOALS, fetched_goals(lists), snapshot))


def rows(snapshot: Snapshot) -> dict[tuple[str, str, int], Any]:
    return {
        (snapshot.match_by_row[row["match_id"]].external_id, row["side"], row["ordinal"]): row
        for row in snapshot.rows(tables.goal).values()
    }


def reasons(plan: Plan) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.left_out) for finding in plan.findings]


ONE = ended(1, "1", "2", (2, 1))
TWO = ended(2, "3", "4", (0, 3))
MANY = [ended(n, "1", "2", (2, 1)) for n in range(1, 31)]


def test_goals_are_planned_with_their_scorers_and_a_second_read_changes_nothing() -> None:
    snapshot = season_of(ONE, TWO)
    lists = {1: goals_of(1, "HAH"), 2: goals_of(2, "AAA", scorer="Kane", penalty=True)}
    plan = planned(GOALS, fetched_goals(lists), snapshot)
    assert counts(plan) == [("goal", 6, 0, 0)]
    assert plan.findings == ()
    assert plan.preview[0] == {"scorer": "Kane", "team": "Delta", "goals": 3, "penalties": 3}
    again = planned(GOALS, fetched_goals(lists, NEXT), snapshot.after(plan))
    assert counts(again) == [("goal", 0, 0, 6)]


@pytest.mark.parametrize(
    ("sides", "finding", "stored"),
    [
        ("HH", ("goals_differ_from_result", False), 2),
        ("HAHA", ("goals_differ_from_result", False), 4),
        ("AAH", ("goals_at_wrong_side", True), 0),
    ],
)
def test_a_list_that_contradicts_the_result_is_a_finding_and_never_put_right(
    sides: str, finding: tuple[str, bool], stored: int
) -> None:
    plan = planned(GOALS, fetched_goals({1: goals_of(1, sides)}), season_of(ONE, TWO))
    assert reasons(plan) == [finding]
    assert plan.findings[0].subject == "Alpha - Beta, round 1"
    assert sum(len(each.created) for each in plan.stored) == stored


def test_while_a_match_is_played_its_list_may_be_ahead_of_its_score() -> None:
    live = a_match(1, "1", "2", status="live", home_score=0, away_score=0)
    plan = planned(GOALS, fetched_goals({1: goals_of(1, "H")}), season_of(live))
    assert (reasons(plan), counts(plan)) == ([], [("goal", 1, 0, 0)])


def test_a_goal_taken_back_is_missing_and_a_later_list_that_has_it_again_clears_that() -> None:
    snapshot = after(season_of(ONE, TWO), {1: goals_of(1, "HAH"), 2: goals_of(2, "AAA")})
    shorter = fetched_goals({1: goals_of(1, "HA"), 2: goals_of(2, "AAA")}, NEXT)
    plan = planned(GOALS, shorter, snapshot)
    assert counts(plan) == [("goal", 0, 1, 5)]
    assert reasons(plan) == [
        ("goals_differ_from_result", False),
        ("goal_no_longer_at_provider", False),
    ]
    missing = snapshot.after(plan)
    assert rows(missing)["1", "home", 2]["missing_since"] == NEXT.astimezone(UTC)
    assert rows(missing)["1", "home", 2]["scorer"] == "1home2"
    assert all(row["scorer"] != "1home2" for row in plan.preview)
    later = replace(shorter, read_at=NEXT + timedelta(days=1))
    still = planned(GOALS, later, missing)
    assert counts(still) == [("goal", 0, 0, 5)], "the day is that of the first read without it"
    again = planned(GOALS, fetched_goals({1: goals_of(1, "HAH")}, NEXT), missing)
    assert counts(again) == [("goal", 0, 1, 2)]
    assert rows(missing.after(again))["1", "home", 2]["missing_since"] is None


def test_an_only_goal_taken_back_during_the_match_is_missing() -> None:
    live = a_match(1, "1", "2", status="live", home_score=1, away_score=0)
    snapshot = after(season_of(live), {1: goals_of(1, "H")})
    goalless = a_match(1, "1", "2", status="live", home_score=0, away_score=0)
    snapshot = snapshot.after(planned(MATCHES, fetched_matches(goalless), snapshot))
    plan = planned(GOALS, fetched_goals({1: []}, KICKOFF + timedelta(hours=1)), snapshot)
    assert counts(plan) == [("goal", 0, 1, 0)]


def test_an_empty_list_of_a_match_with_goals_says_nothing() -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)
    plan = planned(GOALS, fetched_goals({**lists, 7: []}, NEXT), snapshot)
    assert not plan.changes_anything
    assert reasons(plan) == [("goals_not_given", False), ("goals_no_longer_given", False)]
    first = planned(GOALS, fetched_goals({1: goals_of(1, "HAH"), 2: []}), season_of(ONE, TWO))
    assert reasons(first) == [("goals_not_given", False)]
    assert first.findings[0].data == {"examples": ["Gamma - Delta, round 1"]}


@pytest.mark.parametrize("sides", ["", "H", "HA"])
def test_lists_emptied_or_shortened_at_large_are_refused(sides: str) -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)
    plan = GOALS.plan(
        fetched_goals({n: goals_of(n, sides) for n in lists}, NEXT), snapshot, Verdict()
    )
    assert plan.refusal is not None
    assert plan.refusal.kind == "suspicious_payload"
    assert "would have vanished" in plan.refusal.because
    assert plan.writes == ()


def test_of_matches_just_played_half_of_the_goals_may_be_put_right() -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 5)}
    snapshot = after(season_of(*MANY[:4]), lists)
    soon = KICKOFF + timedelta(hours=3)
    some = planned(GOALS, fetched_goals({**lists, 1: goals_of(1, "H")}, soon), snapshot)
    assert counts(some) == [("goal", 0, 2, 10)]
    most = fetched_goals({n: goals_of(n, "H") for n in lists}, soon)
    refusal = GOALS.plan(most, snapshot, Verdict()).refusal
    assert refusal is not None
    assert refusal.kind == "suspicious_payload"


def test_goals_that_a_lower_result_has_no_room_for_go_with_it() -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)
    annulled = [ended(n, "1", "2", (0, 0)) for n in range(1, 4)]
    snapshot = snapshot.after(planned(MATCHES, fetched_matches(*annulled), snapshot))
    plan = planned(GOALS, fetched_goals({**lists, 1: [], 2: [], 3: []}, NEXT), snapshot)
    assert counts(plan) == [("goal", 0, 9, 81)]


def test_scorers_and_minutes_rewritten_at_large_are_refused_and_a_renamed_one_is_not() -> None:
    lists = {n: goals_of(n, "HAH", scorer="Mbappé") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)
    renamed = {n: [replace(g, scorer="Kylian Mbappé") for g in gs] for n, gs in lists.items()}
    assert counts(planned(GOALS, fetched_goals(renamed), snapshot)) == [("goal", 0, 90, 0)]
    for change in ({"minute": 90}, {}):
        others = {
            n: [replace(g, **{"scorer": f"S{i}{n}", **change}) for i, g in enumerate(gs)]
            for n, gs in lists.items()
        }
        refusal = GOALS.plan(fetched_goals(others), snapshot, Verdict()).refusal
        assert refusal is not None
        assert "another scorer or minute" in refusal.because


def test_goals_that_vanish_and_those_rewritten_count_together() -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)  # 90 goals, of which 4 may change
    for lost in (2, 3):
        changed = {n: goals_of(n, "HA") for n in range(1, lost + 1)}
        changed |= {n: [replace(lists[n][0], minute=90), *lists[n][1:]] for n in (11, 12)}
        refusal = GOALS.plan(fetched_goals(lists | changed), snapshot, Verdict()).refusal
        assert (refusal is not None) is (lost > 2)


def test_goals_that_earlier_reads_changed_count_with_those_of_this_one() -> None:
    lists = {n: goals_of(n, "HAH") for n in range(1, 31)}
    snapshot = after(season_of(*MANY), lists)  # 90 goals, of which 4 may change
    silent = GOALS.plan(fetched_goals(lists | {1: []}), snapshot, Verdict())
    assert silent.corrected == frozenset(), "goals of an empty list are kept"
    changed = {1: goals_of(1, "HA"), 2: [replace(lists[2][0], minute=90), *lists[2][1:]]}
    fetched = fetched_goals(lists | changed)
    goals = GOALS.plan(fetched, snapshot, Verdict()).corrected
    assert len(goals) == 2
    for earlier, refused in ((2, False), (3, True)):
        lately = frozenset(f"{n}" for n in range(earlier))
        plan = GOALS.plan(fetched, snapshot, Verdict(goals_lately=lately))
        assert (plan.refusal is not None) is refused
        again = GOALS.plan(fetched, snapshot, Verdict(goals_lately=lately | goals))
        assert again.refusal is None, "changed again, or back"


def test_what_the_provider_is_silent_about_stays_unless_it_is_another_goal() -> None:
    full = goals_of(1, "HAH", penalty=True, own_goal=False, added_time=None)
    snapshot = after(season_of(ONE), {1: full})
    silent = [
        replace(g, scorer=None, penalty=None, own_goal=None, home_score=None, away_score=None)
        for g in full
    ]
    plan = planned(GOALS, fetched_goals({1: silent}), snapshot)
    assert counts(plan) == [("goal", 0, 0, 3)]
    no_minutes = [replace(g, minute=None) for g in full]
    assert not planned(GOALS, fetched_goals({1: no_minutes}), snapshot).changes_anything
    moved = [replace(silent[0], minute=50), *silent[1:]]
    plan = planned(GOALS, fetched_goals({1: moved}), snapshot)
    assert rows(snapshot.after(plan))["1", "home", 1]["scorer"] is None


def test_goals_of_a_match_whose_result_is_taken_back_stay_with_it() -> None:
    snapshot = after(season_of(ONE, TWO), {1: goals_of(1, "HAH")})
    lists = fetched_goals({1: [], 2: goals_of(2, "AAA")})
    plan = GOALS.plan(lists, snapshot, Verdict(kept=frozenset({"1", "2"})))
    assert (plan.refusal, plan.changes_anything) == (None, False)


def test_goals_of_matches_that_are_not_stored_are_left_out_and_of_none_blocked() -> None:
    snapshot = season_of(ONE)
    plan = planned(GOALS, fetched_goals({1: goals_of(1, "HAH"), 9: goals_of(9, "H")}), snapshot)
    assert reasons(plan) == [("unknown_match", True)]
    refusal = GOALS.plan(fetched_goals({9: goals_of(9, "H")}), snapshot, Verdict()).refusal
    assert refusal is not None
    assert refusal.kind == "blocked_dependency"


def test_without_a_goal_so_far_there_is_nothing_yet() -> None:
    goalless = ended(1, "1", "2", (0, 0))
    plan = planned(GOALS, fetched_goals({1: []}), season_of(goalless))
    assert plan.absent is not None
    assert plan.absent.kind == "nothing_yet"


LISTS = st.dictionaries(st.integers(1, 6), st.text("HA", max_size=6), max_size=6)


@given(first=LISTS, second=LISTS, days=st.integers(0, 40))
def test_no_read_takes_a_row_away_and_a_plan_taken_twice_changes_nothing(
    first: dict[int, str], second: dict[int, str], days: int
) -> None:
    snapshot = season_of(*(ended(n, "1", "2", (2, 1)) for n in range(1, 7)))
    for lists in (first, second):
        read_at = KICKOFF + timedelta(days=days)
        fetched = fetched_goals({n: goals_of(n, sides) for n, sides in lists.items()}, read_at)
        plan = GOALS.plan(fetched, snapshot, Verdict())
        now = snapshot.after(plan)
        assert rows(snapshot).keys() <= rows(now).keys()
        assert not GOALS.plan(fetched, now, Verdict()).changes_anything
        gone = [
            key
            for key, row in rows(now).items()
            if row["missing_since"] and not rows(snapshot)[key]["missing_since"]
        ]
        if days > 2:
            present = [row for row in rows(snapshot).values() if not row["missing_since"]]
            unexplained = [key for key in gone if key[2] <= {"home": 2, "away": 1}[key[1]]]
            assert len(unexplained) <= limit_of(len(present))
        snapshot = now
