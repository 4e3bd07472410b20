"""What can be football."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from dp_pipeline.football.listed_days import span_of
from dp_pipeline.football.models import Match
from dp_pipeline.football.plausibility import (
    as_scheduled,
    is_football,
    left_behind,
    listed_twice,
    other_sport_of,
    why_not_believed,
    with_result_of,
    without_goals,
    without_score,
)
from dp_pipeline_tests.football.seasons import round_robin


@pytest.mark.parametrize("sport", ["football", "Fußball", "Fussball", "Frauenfußball", "Soccer"])
def test_football_is_football(sport: str) -> None:
    assert is_football(sport)


@pytest.mark.parametrize(
    "sport", ["tennis", "Handball", "american-football", "futsal", "Eishockey", "beach-soccer"]
)
def test_another_sport_is_none(sport: str) -> None:
    assert not is_football(sport)


@pytest.mark.parametrize(
    "league",
    [
        *("1. Fußball-Bundesliga 2024/2025", "DFB-Pokal 2025/26", "UEFA Champions League 2025/26"),
        *("Österreichische Bundesliga", "Fußball-WM 2026", "Copa del Rey", "Premier League"),
        *("Kreisliga A Hochtaunus", "Frauen-Bundesliga", "Africa Cup of Nations 2025"),
    ],
)
def test_a_league_of_football_names_no_other_sport(league: str) -> None:
    assert other_sport_of(league) is None


@pytest.mark.parametrize(
    "league",
    [
        *("Handball-Bundesliga 2024/25", "DKB Handball Bundesliga", "DEL 2024/2025"),
        *("Basketball Bundesliga", "NFL 2025", "Eishockey WM 2026", "NBA 2024/25"),
    ],
)
def test_a_league_of_another_sport_names_it(league: str) -> None:
    assert other_sport_of(league)


SPAN = span_of(2024, 2025)


def test_a_season_of_football_is_believed() -> None:
    assert why_not_believed(round_robin(18), SPAN) is None
    assert why_not_believed(round_robin(18), None) is None
    assert why_not_believed([], SPAN) is None


def test_goals_of_handball_are_no_football() -> None:
    assert "no football" in (why_not_believed(round_robin(18, goals=27), SPAN) or "")


@pytest.mark.parametrize(
    ("scores", "believed"),
    [
        (((3, 0), (1, 3), (3, 2)), False),
        (((3, 0), (1, 3), (3, 2), (2, 2)), True),
        (((3, 0), (1, 3)), True),
        (((2, 1), (1, 2)), True),
    ],
)
def test_results_in_sets_are_no_football(
    scores: tuple[tuple[int, int], ...], believed: bool
) -> None:
    matches = [
        replace(match, home_score=scores[n % len(scores)][0], away_score=scores[n % len(scores)][1])
        for n, match in enumerate(round_robin(6))
    ]
    assert (why_not_believed(matches, SPAN) is None) is believed


def test_a_round_in_which_nobody_scored_is_a_form_that_nobody_filled_in() -> None:
    season = round_robin(10)
    goalless = [without_score(m) if m.round_slug == "3" else m for m in season]
    goalless = [
        replace(m, home_score=0, away_score=0) if m.round_slug == "3" else m for m in goalless
    ]
    assert without_goals(goalless) == {m.external_id for m in season if m.round_slug == "3"}
    assert without_goals(season) == set()
    one = next(m for m in goalless if m.round_slug == "3")
    assert without_goals([replace(m, home_score=1) if m is one else m for m in goalless]) == set()
    nobody = [replace(m, home_score=0, away_score=0) for m in season]
    assert without_goals(nobody) == set()


@pytest.mark.parametrize("known_by", ["day", "moment"])
@pytest.mark.parametrize("result", [True, False])
def test_a_match_that_is_listed_under_two_rounds_is_one_before_it_is_played_and_after(
    known_by: str, result: bool
) -> None:
    season = round_robin(10) if result else [as_scheduled(m) for m in round_robin(10)]
    if known_by == "moment":
        season = [_at_noon(match) for match in season]
    one = season[20]
    assert listed_twice([*season, replace(one, external_id="z")]) == {"z": one}
    again = replace(one, external_id="again", round_slug="9")
    assert listed_twice([*season, again]) == {"again": one}
    assert listed_twice([*season, again], stored={"again"}) == {one.external_id: again}
    assert listed_twice([*season, replace(again, home_score=7)]) == (
        {} if result else {"again": one}
    )
    late = replace(again, kickoff_date=None, kickoff_at=None)
    assert listed_twice([*season, late]) == {}
    assert with_result_of(as_scheduled(one), one) == one


def test_a_match_to_come_whose_day_is_long_past_was_played_under_another_id() -> None:
    season = round_robin(10)
    one = season[20]
    old = replace(as_scheduled(one), external_id="old", kickoff_date=date(2024, 9, 2))
    assert left_behind([*season, old], datetime(2024, 12, 1, tzinfo=UTC)) == {"old": one}
    assert left_behind([*season, old], datetime(2024, 9, 5, tzinfo=UTC)) == {}
    other = replace(old, round_slug="17")
    assert left_behind([*season, other], datetime(2024, 12, 1, tzinfo=UTC)) == {}


def test_matches_to_come_on_a_day_that_stands_for_others_are_several() -> None:
    day = date(2025, 5, 31)
    placeholder = [
        replace(
            as_scheduled(m), kickoff_date=day, external_id=f"{leg}-{m.external_id}", round_slug=leg
        )
        for leg in "12"
        for m in round_robin(10)
    ]
    assert listed_twice(placeholder) == {}


def _at_noon(match: Match) -> Match:
    assert match.kickoff_date is not None
    noon = datetime.combine(match.kickoff_date, time(12), UTC)
    return replace(match, kickoff_date=None, kickoff_at=noon)


def test_days_outside_the_season_throughout_are_not_believed() -> None:
    told = why_not_believed(round_robin(18), span_of(2031, 2032))
    assert "outside the season" in (told or "")


def test_teams_that_play_twice_a_day_throughout_are_not_believed() -> None:
    one_day = [replace(match, kickoff_date=date(2024, 9, 1)) for match in round_robin(6)]
    assert "twice on one day" in (why_not_believed(one_day, SPAN) or "")
