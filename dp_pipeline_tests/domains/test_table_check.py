"""A provider's table beside the stored matches: what two requests read apart is no warning."""

from datetime import timedelta
from typing import Any

import pytest

from dp_pipeline.database import tables
from dp_pipeline.domains.checked_data import CheckedData
from dp_pipeline.domains.data_checks import results_of
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.football.models import Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import KICKOFF, stored_season


def of_team(team: str, games: int, wins: int = 0) -> Standing:
    """A row of a team that won 2:1 or lost so."""
    lost = games - wins
    return Standing(
        team, 1, games, wins, 0, lost, 2 * wins + lost, wins + 2 * lost, points=3 * wins
    )


def wrong(hours: float, *rows: Standing, **matches: Any) -> list[str]:
    """What is wrong so many hours after the kick-off of all matches: Alpha - Beta ended 2:1."""
    stored = stored_season((STANDINGS, Fetched(rows)))
    changed = {id_: {**row, **matches} for id_, row in stored.rows(tables.match).items()}
    data = CheckedData(stored.only(tables.match, changed), KICKOFF + timedelta(hours=hours))
    (result,) = (each for each in results_of(data) if each.name == "table_follows_from_matches")
    assert result.severity == "WARN"
    return list(result.rows)


@pytest.mark.parametrize("hours", [-30, 0, 2, 30])
@pytest.mark.parametrize("day", [{}, {"kickoff_at": None, "kickoff_date": KICKOFF.date()}])
def test_a_match_of_these_days_that_only_the_table_or_only_the_list_counts_is_no_warning(
    hours: float, day: dict[str, Any]
) -> None:
    both = of_team("1", 1, wins=1), of_team("2", 1)
    assert wrong(hours, *both, of_team("3", 1, wins=1), of_team("4", 1), **day) == []
    assert wrong(hours, of_team("1", 0), of_team("2", 0), **day) == []


def test_what_no_match_of_these_days_explains_is_a_warning() -> None:
    both = of_team("1", 1, wins=1), of_team("2", 1)
    only_in_the_table = ["Gamma: 1 games, by the matches 0."]
    assert wrong(49, *both, of_team("3", 1), of_team("4", 0)) == only_in_the_table
    assert wrong(49, of_team("1", 0), of_team("2", 1)) == ["Alpha: 0 games, by the matches 1."]
    two = of_team("1", 2, wins=2), of_team("2", 1)
    assert wrong(2, *two) == ["Alpha: 2 games, by the matches 1."], "it has one match, and it ended"
