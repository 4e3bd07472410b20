"""How complete a stored tournament is."""

from dataclasses import replace
from typing import Any

import pytest

from dp_pipeline.database.rows import goal_row, standing_row
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.coverage import coverage_of
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline.football.models import Goal, Match, Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import (
    KEY,
    fetched_matches,
    fetched_rounds,
    fetched_teams,
    fetched_tournament,
    nothing_stored,
    planned,
)
from dp_pipeline_tests.football.seasons import round_robin

TEAMS_OF_TWENTY = {str(n): f"Team {n}" for n in range(20)}
SEASON = round_robin(20)


def stored(matches: list[Match], rounds: int = 38) -> Snapshot:
    """Twenty teams that meet twice, as a table of its provider has them."""
    parts: list[tuple[Domain[Any], Fetched[Any]]] = [
        (TOURNAMENTS, fetched_tournament()),
        (TEAMS, fetched_teams(TEAMS_OF_TWENTY)),
        (ROUNDS, fetched_rounds(rounds)),
        (MATCHES, replace(fetched_matches(*matches), team_names=TEAMS_OF_TWENTY)),
    ]
    snapshot = nothing_stored()
    for domain, fetched in parts:
        snapshot = snapshot.after(planned(domain, fetched, snapshot))
    return snapshot


def with_goals(snapshot: Snapshot, matches: list[Match], scorer: str = "Kane") -> Snapshot:
    goals = [
        goal_row(KEY, Goal(match.external_id, side, ordinal, scorer=scorer))
        for match in matches
        for side, scored in (("home", match.home_score), ("away", match.away_score))
        for ordinal in range(1, (scored or 0) + 1)
    ]
    rows = {row["id"]: row for row in goals}
    return replace(snapshot, stored={**snapshot.stored, "goal": rows})


def with_table(snapshot: Snapshot, **of_first: Any) -> Snapshot:
    first, *others = (replace(row, computed=False) for row in by_stored_matches(snapshot).rows)
    table: list[Standing] = [replace(first, **of_first), *others]
    rows = {row["id"]: row for row in (standing_row(KEY, each) for each in table)}
    return replace(snapshot, stored={**snapshot.stored, "tournament_standing": rows})


def test_what_a_season_lacks_is_said_in_a_line() -> None:
    first, second, *others = SEASON
    matches = [replace(second, kickoff_date=None), *others]
    snapshot = with_goals(stored(matches), matches[8:])
    coverage = coverage_of(with_table(snapshot))
    assert coverage.sentence == (
        "37 of 38 rounds, 379 of 380 matches, 1 without day, goals of 371, table agrees"
    )
    assert coverage.rounds.lacks == ("Matchday 1 (9 of 10 matches)",)
    assert coverage.days.lacks == (f"Team {second.home} - Team {second.away}",)
    assert len(coverage.goals.lacks) == 8
    assert any("others have not" in gap for gap in coverage.gaps)
    assert first.external_id not in {match.external_id for match in snapshot.matches}


def test_a_whole_season_lacks_nothing() -> None:
    coverage = coverage_of(with_table(with_goals(stored(SEASON), SEASON)))
    assert coverage.sentence == "38 of 38 rounds, 380 of 380 matches, goals of 380, table agrees"
    assert {part.lacks for part in coverage.parts} == {()}
    # the key is of a league of eighteen
    assert coverage.gaps == ("It has 20 teams; by its format it has 18.",)


def test_goals_without_names_and_goals_that_nobody_lists_are_told_apart() -> None:
    unnamed = coverage_of(with_goals(stored(SEASON), SEASON, scorer=""))
    number = sum((m.home_score or 0) + (m.away_score or 0) for m in SEASON)
    assert f"goals of 380, scorers of 0 of {number} goals named" in unnamed.sentence
    assert unnamed.scorers.lacks == ("the provider names no scorer",)
    unlisted = coverage_of(stored(SEASON))
    assert "no goals listed" in unlisted.sentence
    assert (unlisted.goals.of, unlisted.goals.lacks) == (None, ("the provider lists no goals",))


def test_a_round_that_is_not_even_listed_is_counted() -> None:
    matches = [match for match in SEASON if match.round_slug != "38"]
    assert coverage_of(stored(matches, rounds=37)).sentence.startswith(
        "37 of 38 rounds, 370 of 380 matches, "
    )


@pytest.mark.parametrize(("field", "value"), [("points", 1), ("goals_against", 0)])
def test_a_table_that_does_not_follow_from_the_matches_is_named_with_both_values(
    field: str, value: int
) -> None:
    snapshot = stored(SEASON)
    true = by_stored_matches(snapshot).rows[0]
    coverage = coverage_of(with_table(snapshot, **{field: value}))
    assert coverage.table == "table differs in 1 row"
    (said,) = coverage.differences
    assert said == (
        f"Team {true.team}: {field.replace('_', ' ')} {value}, by matches {getattr(true, field)}"
    )


def test_what_is_known_of_nothing_is_said_of_nothing() -> None:
    coverage = coverage_of(nothing_stored())
    assert coverage.sentence == "0 matches, no goals listed, no table"
    assert "| matches | 0 | not known |  |" in coverage.markdown


def test_names_of_providers_break_no_table() -> None:
    matches = [replace(SEASON[0], kickoff_date=None), *SEASON[1:]]
    odd = {**TEAMS_OF_TWENTY, SEASON[0].home: "A|B\nC"}
    snapshot = stored(matches)
    teams = planned(TEAMS, fetched_teams(odd), snapshot)
    lines = coverage_of(snapshot.after(teams)).markdown.splitlines()
    assert all(line.replace("\\|", "").count("|") == 5 for line in lines if line.startswith("|"))
