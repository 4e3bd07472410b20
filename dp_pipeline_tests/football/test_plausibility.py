"""What can be football, and what is missing of a season."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dp_pipeline.football.listed_days import span_of
from dp_pipeline.football.models import Match, MatchStatus, Round
from dp_pipeline.football.plausibility import (
    gaps_of,
    is_football,
    other_sport_of,
    why_not_believed,
)


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


def league(teams: int, *, goals: int = 1, legs: int = 2) -> list[Match]:
    """Every team at home and away against every other, a round a week."""
    ring = [str(n) for n in range(teams)]
    matches: list[Match] = []
    for day in range(legs * (teams - 1)):
        order = [ring[0], *(ring[1 + (day + n) % (teams - 1)] for n in range(teams - 1))]
        for place in range(teams // 2):
            pair = order[place], order[-1 - place]
            home, away = pair if day < teams - 1 else pair[::-1]
            matches.append(
                Match(
                    f"{day}-{place}",
                    f"{day + 1}",
                    home,
                    away,
                    "ended",
                    kickoff_date=date(2024, 8, 24) + timedelta(days=7 * day),
                    home_score=goals,
                    away_score=goals,
                )
            )
    return matches


ROUNDS = [Round(f"{n}", n, f"Matchday {n}", "season") for n in range(1, 60)]
SPAN = span_of(2024, 2025)


def gaps(matches: list[Match]) -> list[str]:
    return [gap.detail for gap in gaps_of(matches, ROUNDS, {})]


def test_a_whole_season_lacks_nothing() -> None:
    assert gaps(league(18)) == []
    assert gaps(league(10, legs=1)) == []


def test_a_match_that_is_missing_is_seen_in_games_and_rounds() -> None:
    games, rounds = gaps(league(18)[1:])
    assert "Of 18 teams 16 have 34 matches each" in games
    assert "1 (8)" in rounds


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
def test_a_match_and_the_one_that_made_up_for_it_are_one(status: MatchStatus) -> None:
    first, *others = league(18)
    assert gaps([replace(first, external_id="first", status=status), first, *others]) == []


def test_rounds_that_are_not_published_yet_are_seen_in_the_number_of_games() -> None:
    (told,) = gaps(league(18)[: 9 * 30])
    assert "Each of 18 teams has 30 matches, 270 in all" in told


def test_a_season_of_football_is_believed() -> None:
    assert why_not_believed(league(18), SPAN) is None
    assert why_not_believed(league(18), None) is None
    assert why_not_believed([], SPAN) is None


def test_goals_of_handball_are_no_football() -> None:
    assert "no football" in (why_not_believed(league(18, goals=27), SPAN) or "")


def test_days_outside_the_season_throughout_are_not_believed() -> None:
    told = why_not_believed(league(18), span_of(2031, 2032))
    assert "outside the season" in (told or "")


def test_teams_that_play_twice_a_day_throughout_are_not_believed() -> None:
    one_day = [replace(match, kickoff_date=date(2024, 9, 1)) for match in league(6)]
    assert "twice on one day" in (why_not_believed(one_day, SPAN) or "")
