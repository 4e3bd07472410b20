"""Tables that matches come to: sums, form, shared places, groups nobody names."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Match, MatchStatus
from dp_pipeline.football.table import compute_standings, form_of
from dp_pipeline_tests.football.seasons import game


def test_points_goals_and_positions_follow_from_the_results() -> None:
    table = compute_standings([game("a", "b", (3, 1)), game("c", "a", (2, 2), round_slug="2")])
    rows = [
        (
            r.position,
            r.team,
            r.games,
            r.wins,
            r.draws,
            r.losses,
            r.goals_for,
            r.goals_against,
            r.points,
        )
        for r in table
    ]
    assert rows == [
        (1, "a", 2, 1, 1, 0, 5, 3, 4),
        (2, "c", 1, 0, 1, 0, 2, 2, 1),
        (3, "b", 1, 0, 0, 1, 1, 3, 0),
    ]
    assert all(row.computed for row in table)


def test_by_the_default_equal_points_are_decided_by_difference_then_goals_then_shared() -> None:
    results = [
        game("a", "x1", (1, 0)),
        game("d", "x2", (3, 2)),
        game("c", "x3", (3, 2)),
        game("b", "x4", (4, 1)),
    ]
    table = compute_standings(results)
    assert [(row.position, row.team) for row in table][:4] == [
        (1, "b"),
        (2, "c"),
        (2, "d"),
        (4, "a"),
    ]
    assert table[0].rule == "rule unknown: goal difference, goals"
    assert table[1].note == "Shares the place with d: the rule does not separate them further."
    assert table[0].note is None


@pytest.mark.parametrize(
    "status",
    ["scheduled", "live", "postponed", "cancelled", "abandoned", "interrupted", "unknown"],
)
def test_only_ended_and_awarded_matches_count(status: MatchStatus) -> None:
    table = compute_standings([game("a", "b", (3, 1), status=status)])
    assert [(row.team, row.games, row.points) for row in table] == [("a", 0, 0), ("b", 0, 0)]
    awarded = compute_standings([game("a", "b", (0, 2), status="awarded")])
    assert [(row.team, row.points) for row in awarded] == [("b", 3), ("a", 0)]


def test_an_ended_match_without_a_full_score_does_not_count() -> None:
    match = Match(external_id="1", round_slug="1", home="a", away="b", status="ended", home_score=1)
    assert [row.games for row in compute_standings([match])] == [0, 0]


def test_of_a_match_and_its_replay_only_the_later_counts() -> None:
    played = game("a", "b", (0, 1), day=1, number=1)
    replay = game("a", "b", (2, 0), day=30, number=2)
    table = compute_standings([replay, played])
    assert [(row.team, row.games, row.points) for row in table] == [("a", 1, 3), ("b", 1, 0)]


def test_the_same_pairing_in_two_rounds_counts_twice() -> None:
    table = compute_standings([game("a", "b", (1, 0)), game("a", "b", (1, 0), round_slug="23")])
    assert [(row.team, row.games) for row in table] == [("a", 2), ("b", 2)]


def test_each_group_has_its_own_table_with_its_own_positions() -> None:
    table = compute_standings(
        [game("c", "d", (0, 1), group="Group B"), game("a", "b", (1, 0), group="Group A")]
    )
    assert [(row.group_name, row.position, row.team) for row in table] == [
        ("Group A", 1, "a"),
        ("Group A", 2, "b"),
        ("Group B", 1, "d"),
        ("Group B", 2, "c"),
    ]


def test_a_team_that_has_not_played_has_a_row_of_zeros() -> None:
    table = compute_standings([game("a", "b", (1, 0))], teams=["a", "b", "c"])
    assert [(row.team, row.games, row.points) for row in table] == [
        ("a", 1, 3),
        ("c", 0, 0),
        ("b", 1, 0),
    ]
    assert [row.team for row in compute_standings([], teams=["y", "x"])] == ["x", "y"]
    assert compute_standings([]) == ()


def test_form_holds_the_last_five_results_oldest_first() -> None:
    results = [(1, 0), (0, 0), (0, 1), (2, 0), (3, 0), (0, 4)]
    matches = [
        game("a", f"b{n}", score, day=n, round_slug=str(n)) for n, score in enumerate(results)
    ]
    assert form_of(reversed(matches), "a") == ("D", "L", "W", "W", "L")
    assert form_of(matches, "b2") == ("W",)
    assert form_of(matches, "nobody") == ()
    row = next(row for row in compute_standings(matches) if row.team == "a")
    assert row.form == ("D", "L", "W", "W", "L")


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from("abcdef"),
            st.integers(0, 9),
            st.integers(0, 9),
            st.sampled_from(["ended", "awarded", "live", "postponed"]),
        ),
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_sums_of_any_table_balance_and_order_of_matches_is_irrelevant(
    results: list[tuple[str, str, int, int, MatchStatus]], random: Random
) -> None:
    matches = [
        game(home, away, (hs, as_), day=n, round_slug=str(n), status=status)
        for n, (home, away, hs, as_, status) in enumerate(results)
    ]
    table = compute_standings(matches)
    assert sum(r.goals_for for r in table) == sum(r.goals_against for r in table)
    assert sum(r.wins for r in table) == sum(r.losses for r in table)
    assert sum(r.draws for r in table) % 2 == 0
    assert all(r.games == r.wins + r.draws + r.losses for r in table)
    assert all(r.points == 3 * r.wins + r.draws for r in table)
    assert all(1 <= r.position <= place for place, r in enumerate(table, start=1))
    assert [r.position for r in table] == sorted(r.position for r in table)
    assert [-r.points for r in table] == sorted(-r.points for r in table)
    shuffled = matches[:]
    random.shuffle(shuffled)
    assert compute_standings(shuffled) == table


def test_matches_known_by_day_only_are_sorted_by_it() -> None:
    won = replace(game("a", "b", (1, 0), day=None), kickoff_date=date(2024, 8, 2))
    drawn = replace(game("a", "b", (0, 0), day=None, round_slug="2"), kickoff_date=date(2024, 8, 1))
    assert form_of([won, drawn], "a") == ("D", "W")


def group_of(*teams: str) -> list[Match]:
    """Everybody at home against everybody, goalless; one goal for who comes first in the list."""
    return [
        game(a, b, (int(teams.index(a) < teams.index(b)), 0), number=n)
        for n, (a, b) in enumerate(permutations(teams, 2))
    ]


def test_a_stage_in_which_sets_of_teams_only_meet_each_other_has_a_table_per_set() -> None:
    matches = [*group_of("d", "e", "f"), *group_of("c", "b", "a")]
    table = compute_standings(matches)
    assert [(r.group_name, r.position, r.team) for r in table if r.position == 1] == [
        ("Group 1", 1, "c"),
        ("Group 2", 1, "d"),
    ]
    assert {r.group_name for r in table} == {"Group 1", "Group 2"}


@pytest.mark.parametrize(
    "matches",
    [
        [*group_of("d", "e", "f"), *group_of("c", "b", "a")[1:]],  # not everybody meets
        [*group_of("a", "b"), *group_of("c", "d")],  # ties of two legs
        [*group_of("d", "e", "f"), *group_of("c", "b", "a"), game("a", "d")],
        group_of("a", "b", "c", "d"),
    ],
)
def test_what_does_not_show_groups_keeps_one_table(matches: list[Match]) -> None:
    assert {row.group_name for row in compute_standings(matches)} == {None}


def test_teams_that_have_not_played_share_the_first_place() -> None:
    table = compute_standings([game("a", "b"), game("c", "d")])
    assert [row.position for row in table] == [1, 1, 1, 1]
    assert all(row.whole_season for row in table)
