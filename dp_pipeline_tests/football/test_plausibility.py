"""What can be football."""

from dataclasses import replace
from datetime import date

import pytest

from dp_pipeline.football.listed_days import span_of
from dp_pipeline.football.plausibility import (
    is_football,
    other_sport_of,
    why_not_believed,
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


def test_days_outside_the_season_throughout_are_not_believed() -> None:
    told = why_not_believed(round_robin(18), span_of(2031, 2032))
    assert "outside the season" in (told or "")


def test_teams_that_play_twice_a_day_throughout_are_not_believed() -> None:
    one_day = [replace(match, kickoff_date=date(2024, 9, 1)) for match in round_robin(6)]
    assert "twice on one day" in (why_not_believed(one_day, SPAN) or "")
