"""Whole simulated seasons through the SofaScore provider over HTTP, compared with the truth."""

from datetime import UTC, datetime

import anyio
import pytest

from dp_pipeline.football.models import Match, Standing
from dp_pipeline.providers.registry import Providers
from dp_pipeline.sandbox.api.answers import page_path
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.calendar import HOME_SEASON
from dp_pipeline.sandbox.world.matches import NEVER_COUNTED
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.state import INTERRUPTED
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.states import state
from dp_pipeline_tests.sandbox.truth import Pair, TrueMatch, TrueTable, true_matches, true_tables
from dp_pipeline_tests.sandbox.worlds import (
    SMALL,
    Read,
    key_of,
    percent,
    read,
    served,
    standing_still,
)

MOMENTS = [pytest.param(0, marks=pytest.mark.slow), 37, pytest.param(100, marks=pytest.mark.slow)]
COMPETITIONS = list(SMALL.numbers)


def _truth(number: int, at: int) -> tuple[tuple[TrueMatch, ...], tuple[TrueTable, ...]]:
    ids = identity.competition_id(number), identity.season_id(number, HOME_SEASON)
    return true_matches(SMALL, *ids, at), true_tables(SMALL, *ids, at)


def _pair(home: int | None, away: int | None) -> Pair | None:
    return None if home is None or away is None else (home, away)


def _as_told(match: Match) -> tuple[object, ...]:
    return (
        match.external_id,
        match.home,
        match.away,
        match.stage,
        match.group_name,
        match.kickoff_at,
        match.status,
        _pair(match.home_score, match.away_score),
        _pair(match.home_score_90, match.away_score_90),
        _pair(match.home_score_ht, match.away_score_ht),
        _pair(match.home_penalties_score, match.away_penalties_score),
    )


def _as_true(match: TrueMatch) -> tuple[object, ...]:
    kept = match.status not in {"postponed", "cancelled"}
    return (
        str(match.id),
        str(match.home),
        str(match.away),
        match.stage,
        match.group,
        datetime.fromtimestamp(match.kickoff, UTC),
        match.status,
        match.score if kept else None,
        match.after_90,
        match.half_time,
        match.shootout,
    )


def _rows(standings: tuple[Standing, ...]) -> set[tuple[object, ...]]:
    found = set()
    for r in standings:
        sums = r.games, r.wins, r.draws, r.losses, r.goals_for, r.goals_against, r.points
        found.add((r.stage, r.group_name, r.team, r.position, *sums))
    return found


def _true_rows(tables: tuple[TrueTable, ...]) -> set[tuple[object, ...]]:
    found = set()
    for t in tables:
        for r in t.rows:
            sums = r.matches, r.wins, r.draws, r.losses, r.goals_for, r.goals_against, r.points
            found.add((t.stage, t.group, str(r.team), r.position, *sums))
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_matches_and_tables_arrive_as_they_are_in_the_world(moment: int) -> None:
    at = percent(moment)
    with served(standing_still(SMALL, at)) as url:
        for number in COMPETITIONS:
            told = read(url, key_of(number))
            matches, tables = _truth(number, at)
            assert sorted(map(_as_told, told.matches.items)) == sorted(map(_as_true, matches))
            if tables:
                assert _rows(told.standings.items) == _true_rows(tables), SMALL.name(number)
            _no_surprises(told, moment)


def _no_surprises(told: Read, moment: int) -> None:
    parts = (told.tournament, told.teams, told.rounds, told.matches, told.standings)
    reasons = {finding.kind for part in parts for finding in part.findings}
    assert reasons <= {"round_not_published", "placeholder_team", "table_computed"}
    assert "SofaScore" not in repr(parts), "the simulated world was asked"
    playing = {team for match in told.matches.items for team in (match.home, match.away)}
    assert playing <= {team.external_id for team in told.teams.items}
    assert all(team.name.startswith("Simulated ") for team in told.teams.items)
    (tournament,) = told.tournament.items
    assert state(told).status == {0: "upcoming", 37: "active", 100: "completed"}[moment]
    assert tournament.label.startswith("Simulated ")
    if told.rounds.items and moment == 100:
        assert state(told).current_round == told.rounds.items[-1].slug


def test_a_page_of_the_world_leads_to_its_newest_season() -> None:
    async def key(url: str) -> str:
        async with Providers({"sandbox": url}, NoRateLimit()) as providers:
            return str(await providers.key_of(url + page_path(SMALL, 4)))

    with served(standing_still(SMALL, percent(37))) as url:
        assert anyio.run(key, url) == key_of(4)


def test_the_seasons_of_a_competition_are_those_announced_by_then() -> None:
    async def seasons(url: str) -> list[str]:
        async with Providers({"sandbox": url}, NoRateLimit()) as providers:
            found = await providers.seasons("sandbox", "900001", 0)
            return [str(season.key) for season in found]

    with served(standing_still(SMALL, percent(37))) as url:
        found = anyio.run(seasons, url)
    assert found == [key_of(1, season) for season in (3, 2, 1, 0)]


@pytest.mark.parametrize("code", [6, 31, 7, 32, 41, 42, 34, 50, 80])
def test_a_running_match_arrives_with_the_score_of_that_minute(code: int) -> None:
    number, at = _when_one_is(code)
    with served(standing_still(SMALL, at)) as url:
        told = read(url, key_of(number))
    matches, _ = _truth(number, at)
    assert {"live", "interrupted"} & {match.status for match in matches}
    assert sorted(map(_as_told, told.matches.items)) == sorted(map(_as_true, matches))
    assert not any(finding.left_out for finding in told.matches.findings)


def _when_one_is(code: int) -> tuple[int, int]:
    """A competition and the middle of the first phase of this code in its season."""
    for number in (4, 3, 5, 1):
        for fixture in season_of(SMALL, number, HOME_SEASON).fixtures:
            if fixture.fate in NEVER_COUNTED:
                continue
            line = timeline(fixture)
            if code == INTERRUPTED and line.stop is not None:
                return number, (line.stop + line.resume) // 2
            for phase in line.phases:
                if phase.code == code:
                    return number, line.real((phase.start + phase.end) // 2)
    raise LookupError(code)
