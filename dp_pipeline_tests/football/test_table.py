"""Tables, form, current round, status and mode: what follows from matches alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Match, MatchStatus, Round, RoundType
from dp_pipeline.football.table import (
    compute_standings,
    current_round,
    form_of,
    tournament_mode,
    tournament_status,
)

FIRST_DAY = datetime(2024, 8, 23, 18, 30, tzinfo=UTC)


def game(  # noqa: PLR0913 - what differs between matches of a test
    home: str,
    away: str,
    score: tuple[int, int] | None = None,
    *,
    day: int | None = 0,
    round_slug: str = "1",
    status: MatchStatus | None = None,
    group: str | None = None,
    number: int = 0,
) -> Match:
    at = None if day is None else FIRST_DAY + timedelta(days=day)
    return Match(
        external_id=f"{home}-{away}-{round_slug}-{number}",
        round_slug=round_slug,
        home=home,
        away=away,
        status=status or ("ended" if score else "scheduled"),
        group_name=group,
        kickoff_at=at,
        kickoff_date=at.date() if at else None,
        home_score=score[0] if score else None,
        away_score=score[1] if score else None,
    )


def matchday(number: int) -> Round:
    return Round(slug=str(number), order=number, label=f"{number}. Spieltag", type="season")


def knockout(slug: str, order: int, label: str | None = None) -> Round:
    return Round(slug=slug, order=order, label=label or slug.title(), type="knockout")


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


def test_equal_points_are_decided_by_difference_then_goals_then_a_stable_id() -> None:
    results = [
        game("a", "x1", (1, 0)),
        game("d", "x2", (3, 2)),
        game("c", "x3", (3, 2)),
        game("b", "x4", (4, 1)),
    ]
    table = compute_standings(results)
    assert [row.team for row in table][:4] == ["b", "c", "d", "a"]


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
    assert [r.position for r in table] == list(range(1, len(table) + 1))
    assert [-r.points for r in table] == sorted(-r.points for r in table)
    shuffled = matches[:]
    random.shuffle(shuffled)
    assert compute_standings(shuffled) == table


def test_the_current_round_is_that_of_the_earliest_unfinished_match() -> None:
    rounds = [matchday(1), matchday(2), matchday(3)]
    matches = [
        game("a", "b", (1, 0)),
        game("c", "d", day=40, round_slug="1"),
        game("b", "c", day=7, round_slug="2"),
        game("b", "a", day=14, round_slug="3"),
    ]
    assert current_round(rounds, matches) == "2"


def test_a_postponed_match_does_not_hold_the_season_back() -> None:
    rounds = [matchday(1), matchday(2)]
    matches = [game("a", "b", status="postponed"), game("b", "a", day=7, round_slug="2")]
    assert current_round(rounds, matches) == "2"
    assert current_round(rounds, matches[:1]) == "1"


def test_a_result_that_is_missing_for_days_does_not_hold_the_season_back() -> None:
    rounds = [matchday(1), matchday(2), matchday(3)]
    missing = game("c", "d")
    second = game("b", "a", (2, 2), day=7, round_slug="2")
    third = game("b", "c", day=14, round_slug="3")
    assert current_round(rounds, [missing, game("a", "b", (1, 0)), third]) == "1"
    assert current_round(rounds, [missing, second, third]) == "3"


def test_matches_without_a_date_follow_the_order_of_rounds() -> None:
    rounds = [matchday(1), matchday(2), matchday(3)]
    undated = [game("a", "b", day=None, round_slug=str(n)) for n in (3, 2)]
    assert current_round(rounds, undated) == "2"
    first = game("a", "b", (1, 0))
    late = game("c", "d", day=None)
    assert current_round(rounds, [first, late, game("b", "a", day=7, round_slug="3")]) == "3"
    assert current_round(rounds, [first, *undated, game("b", "c", day=9, round_slug="3")]) == "2"


def test_when_all_is_played_the_last_round_with_matches_is_current() -> None:
    rounds = [matchday(1), knockout("halbfinale", 2), knockout("finale", 3)]
    matches = [game("a", "b", (1, 0)), game("a", "b", (1, 0), day=7, round_slug="halbfinale")]
    assert current_round(rounds, matches) == "halbfinale"
    assert current_round(rounds, []) is None


def test_a_season_is_upcoming_then_active_then_completed() -> None:
    rounds = [matchday(1), matchday(2)]
    open_, done = game("b", "a", day=7, round_slug="2"), game("b", "a", (0, 0), round_slug="2")
    assert tournament_status([], rounds) == "upcoming"
    assert tournament_status([game("a", "b"), open_], rounds) == "upcoming"
    assert tournament_status([game("a", "b", status="live"), open_], rounds) == "active"
    assert tournament_status([game("a", "b", (1, 0)), open_], rounds) == "active"
    assert tournament_status([game("a", "b", (1, 0)), done], rounds) == "completed"
    assert tournament_status([game("a", "b", (1, 0))], rounds) == "active"


def test_cancelled_matches_end_a_season_and_all_of_them_cancel_it() -> None:
    played, off = game("a", "b", (1, 0)), game("b", "a", status="cancelled")
    assert tournament_status([played, off], [matchday(1)]) == "completed"
    assert tournament_status([off], [matchday(1)]) == "cancelled"
    assert tournament_status([off, game("c", "d")], [matchday(1)]) == "upcoming"


def test_a_cup_is_not_over_before_its_final() -> None:
    semis = [
        game("a", "b", (1, 0), round_slug="halbfinale"),
        game("c", "d", (1, 0), round_slug="halbfinale"),
    ]
    final = game("a", "c", (1, 0), round_slug="finale")
    rounds = [knockout("halbfinale", 1), knockout("finale", 2)]
    assert tournament_status(semis, rounds) == "active"
    assert tournament_status(semis, rounds[:1]) == "active"
    assert tournament_status([*semis, final], rounds) == "completed"
    third = game("b", "d", (1, 0), round_slug="finale")
    assert tournament_status([*semis, third, final], rounds) == "completed"


@pytest.mark.parametrize("label", ["Semi-final", "Quarter-finals", "Halbfinale", "Semi Final"])
def test_only_the_final_itself_is_taken_for_one(label: str) -> None:
    two = [game("a", "b", (1, 0), round_slug="x"), game("c", "d", (1, 0), round_slug="x")]
    assert tournament_status(two, [knockout("x", 1, label)]) == "active"
    assert tournament_status(two, [knockout("x", 1, "Finals, Final")]) == "completed"


@pytest.mark.parametrize(
    ("types", "mode"),
    [
        (["season"], "regular-season-only"),
        (["season", "knockout"], "regular-season-and-knockout"),
        (["knockout"], "knockout-only"),
        ([], "regular-season-only"),
    ],
)
def test_the_mode_follows_from_the_types_of_rounds(types: list[RoundType], mode: str) -> None:
    rounds = [Round(slug=str(n), order=n, label=str(n), type=t) for n, t in enumerate(types)]
    assert tournament_mode(rounds) == mode


def test_matches_known_by_day_only_are_sorted_by_it() -> None:
    won = replace(game("a", "b", (1, 0), day=None), kickoff_date=date(2024, 8, 2))
    drawn = replace(game("a", "b", (0, 0), day=None, round_slug="2"), kickoff_date=date(2024, 8, 1))
    assert form_of([won, drawn], "a") == ("D", "W")
