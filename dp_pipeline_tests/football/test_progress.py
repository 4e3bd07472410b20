"""How far a season has come: current round, status and mode."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dp_pipeline.football.models import Match, Round, RoundType
from dp_pipeline.football.progress import (
    current_round,
    state_of,
    tournament_mode,
    tournament_status,
)
from dp_pipeline.football.rules import rules_of
from dp_pipeline_tests.football.seasons import game, knockout, matchday


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


def test_a_league_phase_is_not_the_whole_where_a_final_is_known_to_follow() -> None:
    league = [game("a", "b", (1, 0)), game("b", "a", (0, 0))]
    assert tournament_status(league, [matchday(1)], final_expected=True) == "active"
    assert state_of([matchday(1)], league).status == "completed"
    assert state_of([matchday(1)], league, final_expected=True).status == "active"
    final = game("a", "b", (1, 0), day=9, round_slug="final")
    rounds = [matchday(1), knockout("final", 2)]
    assert tournament_status([*league, final], rounds, final_expected=True) == "completed"


def test_the_champions_league_is_known_to_end_with_a_final() -> None:
    for season in ("2005-06", "2024-25", "2031-32"):
        ties = rules_of("openligadb", "ucl", season).ties
        assert ties is not None
        assert ties.ends_with_a_final


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


def two_legs(
    home: str, away: str, first: tuple[int, int], second: tuple[int, int], day: int
) -> list[Match]:
    return [
        game(home, away, first, day=day, round_slug="playoffs"),
        game(away, home, second, day=day + 4, round_slug="playoffs"),
    ]


def test_play_offs_in_one_round_are_over_with_the_final_of_those_who_won_their_ties() -> None:
    rounds = [matchday(1), knockout("playoffs", 2, "Playoffs")]
    league = [game("a", "b", (1, 0), round_slug="1")]
    semis = two_legs("a", "b", (1, 0), (1, 1), 10) + two_legs("c", "d", (0, 0), (1, 2), 11)
    third = game("b", "d", (1, 0), day=18, round_slug="playoffs")
    final = game("a", "c", (1, 1), day=20, round_slug="playoffs")
    assert tournament_status([*league, *semis], rounds) == "active"
    assert tournament_status([*league, *semis, third], rounds) == "active"
    assert tournament_status([*league, *semis, final], rounds) == "completed"


def test_a_match_that_is_made_up_does_not_pull_the_season_back() -> None:
    rounds = [Round(f"{n}", n, f"Matchday {n}", "season") for n in range(1, 19)]
    first = date(2025, 8, 23)
    matches = [
        Match(
            f"{n}-{place}",
            f"{n}",
            f"{place}",
            f"{place + 9}",
            "ended" if n < 14 else "scheduled",
            kickoff_date=first + timedelta(days=7 * n),
        )
        for n in range(1, 19)
        for place in range(9)
    ]
    made_up = first + timedelta(days=7 * 13 + 3)
    moved = [
        replace(m, status="scheduled", kickoff_date=made_up) if m.external_id == "5-0" else m
        for m in matches
    ]
    assert current_round(rounds, moved) == "14"
    live = [replace(m, status="live") if m.external_id == "5-0" else m for m in moved]
    assert current_round(rounds, live) == "14"
    ended = [replace(m, status="ended") if m.external_id != "5-0" else m for m in moved]
    assert current_round(rounds, ended) == "18"


def test_a_group_stage_in_one_round_is_not_over_before_the_next_begins() -> None:
    rounds = [Round("groups", 1, "Groups", "season"), Round("last-16", 2, "Last 16", "knockout")]
    days = [date(2024, 6, 14) + timedelta(days=n) for n in range(12)]
    matches = [
        Match(
            f"{n}", "groups", f"{n}", f"{n}x", "ended" if n < 9 else "scheduled", kickoff_date=day
        )
        for n, day in enumerate(days)
    ]
    last_16 = Match("16", "last-16", "0", "1", "scheduled", kickoff_date=date(2024, 6, 29))
    assert current_round(rounds, [*matches, last_16]) == "groups"
