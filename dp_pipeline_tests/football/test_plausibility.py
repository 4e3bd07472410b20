"""What can be football, and what is missing of a season."""

import pytest

from dp_pipeline.football.plausibility import is_football, other_sport_of


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
