"""Two providers' lists of a season, fixture by fixture."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.comparison import Comparison, Disagreement, SeasonAtProvider, compare
from dp_pipeline.football.models import Match, Standing
from dp_pipeline_tests.football.seasons import FIRST_DAY, game, round_robin

HERE, THERE = "openligadb", "openfootball"


def season(matches: Sequence[Match], provider: str = HERE, **more: Any) -> SeasonAtProvider:
    """Its teams' clubs are called as the teams are."""
    teams = {side for match in matches for side in (match.home, match.away)}
    return SeasonAtProvider(provider, matches, {team: team for team in teams}, **more)


def elsewhere(matches: Sequence[Match], **more: Any) -> SeasonAtProvider:
    """The same fixtures under ids and names of another provider."""

    def there(team: str) -> str:
        return f"x{team}"

    shown = [
        replace(m, external_id=f"o{m.external_id}", home=there(m.home), away=there(m.away))
        for m in matches
    ]
    found = season(shown, THERE, **more)
    return replace(found, clubs={team: team.removeprefix("x") for team in found.clubs})


def of(one: Match, other: Match, **more: Any) -> list[Disagreement]:
    return [*compare(season([one], **more), elsewhere([other])).disagreements]


GAME = replace(game("a", "b", (2, 1)), home_score_ht=1, away_score_ht=0)


def test_lists_that_say_the_same_do_not_disagree() -> None:
    whole = round_robin(18)
    assert compare(season(whole), elsewhere(whole)) == Comparison(306, 306)
    assert compare(season(whole), elsewhere(whole)).sentence == (
        "306 of 306 fixtures paired; no difference"
    )


@pytest.mark.parametrize(
    ("fields", "aspect", "value", "other"),
    [
        ({"home_score": 3}, "score", "2:1", "3:1"),
        ({"away_score_ht": 1}, "half-time", "1:0", "1:1"),
        ({"status": "awarded"}, "status", "ended", "awarded"),
        (
            {"kickoff_at": FIRST_DAY + timedelta(minutes=30)},
            "kick-off",
            "2024-08-23 18:30 UTC",
            "2024-08-23 19:00 UTC",
        ),
        (
            {"kickoff_at": None, "kickoff_date": date(2024, 8, 25)},
            "day",
            "2024-08-23",
            "2024-08-25",
        ),
    ],
)
def test_each_aspect_is_told_with_both_values(
    fields: dict[str, Any], aspect: str, value: str, other: str
) -> None:
    (told,) = of(GAME, replace(GAME, **fields))
    assert (told.aspect, told.value, told.other_value) == (aspect, value, other)
    assert (told.subject, told.one, told.other) == (
        "a - b",
        GAME.external_id,
        f"o{GAME.external_id}",
    )
    assert told.agrees is None


@pytest.mark.parametrize(
    "fields",
    [
        {"home_score": None, "away_score": None},
        {"home_score_ht": None, "away_score_ht": None},
        {"status": "unknown"},
        {"kickoff_at": None},
        {"kickoff_at": None, "kickoff_date": None},
    ],
)
def test_who_says_nothing_does_not_disagree(fields: dict[str, Any]) -> None:
    assert of(GAME, replace(GAME, **fields)) == []


def test_a_day_that_differs_by_the_time_zone_is_the_same() -> None:
    assert GAME.kickoff_at is not None
    late = replace(
        GAME, kickoff_at=GAME.kickoff_at.replace(hour=23), kickoff_date=date(2024, 8, 24)
    )
    assert of(late, replace(late, kickoff_at=None)) == []
    assert of(late, replace(late, kickoff_at=None, kickoff_date=date(2024, 8, 23))) == []


@pytest.mark.parametrize(
    ("goals", "agrees"),
    [
        ([("home", 10), ("home", 45), ("away", 46)], None),
        ([("home", 10), ("home", 46), ("away", 80)], HERE),
        ([("home", 10), ("home", 46), ("away", 45)], THERE),
        ([("home", 10), ("home", None), ("away", 45)], None),
        ([("home", 10)], None),
    ],
)
def test_goals_before_half_time_say_who_is_right(
    goals: list[tuple[str, int | None]], agrees: str | None
) -> None:
    other = replace(GAME, away_score_ht=1)
    (told,) = of(GAME, other, goals={GAME.external_id: goals})
    assert (told.agrees, told.because) == (agrees, "goals" if agrees else None)


def test_goals_and_tables_say_who_is_right_unless_they_contradict_each_other() -> None:
    goals = {GAME.external_id: [("home", 1), ("home", 2), ("away", 3)]}
    other = replace(GAME, home_score=3)
    table = {"a": True, "b": True}
    (told,) = of(GAME, other, goals=goals, table_agrees=table)
    assert (told.agrees, told.because) == (HERE, "goals and table")
    (told,) = of(GAME, other, table_agrees=table)
    assert (told.agrees, told.because) == (HERE, "table")
    (told,) = of(GAME, other, table_agrees={"a": True})
    assert told.agrees is None
    theirs = elsewhere([other], table_agrees={"xa": True, "xb": True})
    (told,) = compare(season([GAME], goals=goals), theirs).disagreements
    assert (told.agrees, told.because) == (None, None)


def test_a_fixture_that_only_one_lists_is_told_and_one_of_an_unknown_club_is_counted() -> None:
    games = [GAME, game("b", "a", day=7), game("a", "c", day=14)]
    found = compare(season(games[:1]), elsewhere(games))
    (told,) = found.disagreements
    assert (told.aspect, told.subject) == ("fixture", "xb - xa")
    assert (told.value, told.other_value) == ("not listed", "listed for 2024-08-30")
    assert (told.one, told.other) == (None, f"o{games[1].external_id}")
    unknown = replace(elsewhere(games), clubs={"xa": "a", "xb": "b"})
    assert compare(season(games), unknown) == Comparison(
        2, 3, 1, compare(season(games), unknown).disagreements
    )


def test_clubs_that_meet_twice_at_one_place_are_paired_by_day() -> None:
    first, second = game("a", "b", (1, 0)), game("a", "b", (0, 2), day=90, number=1)
    found = compare(season([first, second]), elsewhere([second, first]))
    assert (found.paired, found.disagreements) == (2, ())


def test_at_a_neutral_place_either_side_may_be_named_first() -> None:
    turned = game("b", "a", (1, 2))
    goals = {f"o{turned.external_id}": [("home", 1), ("away", 2), ("away", 3)]}
    assert compare(season([GAME]), elsewhere([turned])).disagreements == ()
    wrong = replace(GAME, home_score=4)
    (told,) = compare(season([wrong]), elsewhere([turned], goals=goals)).disagreements
    assert (told.value, told.other_value, told.agrees) == ("4:1", "2:1", THERE)


def test_rows_of_tables_are_compared_when_they_count_as_many_games() -> None:
    def row(team: str, **fields: Any) -> Standing:
        sums: dict[str, Any] = {
            "games": 1,
            "wins": 1,
            "draws": 0,
            "losses": 0,
            "goals_for": 2,
            "goals_against": 1,
        }
        given: dict[str, Any] = {**sums, "points": 3, "whole_season": True, **fields}
        return Standing(team, 1, **given)

    def told(ours: Standing, theirs: Standing) -> list[Disagreement]:
        one = season([GAME], standings=[ours], table_agrees={"a": True})
        other = elsewhere([GAME], standings=[theirs], table_agrees={"xa": False})
        return [*compare(one, other).disagreements]

    assert told(row("a"), row("xa")) == []
    (deducted,) = told(row("a"), row("xa", points=1))
    assert (deducted.aspect, deducted.subject, deducted.agrees) == ("table", "a", HERE)
    assert deducted.value == "1., 1-0-0, 2:1, 3 points"
    assert told(row("a"), row("xa", games=2, wins=2, points=6)) == [], "a matchday behind"
    assert told(row("a", computed=True), row("xa", points=1, computed=True)) == []


@given(st.sets(st.integers(0, 29), max_size=12), st.sets(st.integers(0, 29), max_size=12))
def test_every_fixture_is_paired_or_told_and_whoever_is_first(
    here: set[int], there: set[int]
) -> None:
    whole = round_robin(6)
    one = season([match for place, match in enumerate(whole) if place not in here])
    other = elsewhere([match for place, match in enumerate(whole) if place not in there])
    found, turned = compare(one, other), compare(other, one)
    assert found.paired == turned.paired == 30 - len(here | there)
    told = {(d.one, d.other) for d in found.disagreements}
    assert told == {(d.other, d.one) for d in turned.disagreements}
    assert all(None in pair for pair in told)
