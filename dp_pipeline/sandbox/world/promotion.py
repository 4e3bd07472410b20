"""Which teams play in which season: promotion and relegation, draws, national teams."""

from collections.abc import Iterator
from functools import lru_cache

from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.formats import format_of, owner_of, sibling
from dp_pipeline.sandbox.world.identity import REPLAY, match_id, team_id
from dp_pipeline.sandbox.world.matches import Fate
from dp_pipeline.sandbox.world.pairings import round_robin
from dp_pipeline.sandbox.world.play import draw_fate, draw_score, strength
from dp_pipeline.sandbox.world.stages import MAIN
from dp_pipeline.sandbox.world.tables import CountedResult, table
from dp_pipeline.sandbox.world.worlds import World

_CACHED = 512  # of tuples of up to 20 numbers


def pool(number: int) -> list[int]:
    """Every team a competition may draw from."""
    owner = owner_of(number)
    return [team_id(owner, place) for place in range(format_of(number).pool)]


def entrants(world: World, number: int, season: int) -> list[int]:
    """The teams of a season: a league's members, or for a cup the whole pool in drawn order."""
    if format_of(number).division:
        return list(_members(world, number, season))
    return Chance(world.seed, "entrants", number, season).shuffled(pool(number))


@lru_cache(maxsize=_CACHED)
def _members(world: World, number: int, season: int) -> tuple[int, ...]:
    """Of one of two divisions: those of the season before, `exchanged` of them replaced."""
    form = format_of(number)
    if season == 0:
        first = (form.division - 1) * form.group_size
        return tuple(pool(number)[first : first + form.group_size])
    upper = _final_order(world, sibling(number, 1), season - 1)
    lower = _final_order(world, sibling(number, 2), season - 1)
    count = form.exchanged
    return upper[:-count] + lower[:count] if form.division == 1 else lower[count:] + upper[-count:]


@lru_cache(maxsize=_CACHED)
def _final_order(world: World, number: int, season: int) -> tuple[int, ...]:
    """The teams as the season ends, best first.

    Reads fates and scores only, without days and goals, which makes a season ten times cheaper:
    the sixth season of a division needs ten others first.
    """
    members = _members(world, number, season)
    form = format_of(number)
    strengths = {team: strength(world.seed, team, season) for team in members}

    def results() -> Iterator[CountedResult]:
        drawn = Chance(world.seed, "fixtures", number, season, MAIN).shuffled(members)
        days = round_robin(drawn, form.meetings)
        pairs = [pair for day in days for pair in day]
        for place, (home, away) in enumerate(pairs):
            identifier = match_id(number, season, place)
            chance = Chance(world.seed, "match", identifier)
            fate = draw_fate(chance, knockout=False, compact=form.compact, replay=False)
            if fate is Fate.CANCELLED:
                continue
            if fate in {Fate.POSTPONED, Fate.ABANDONED}:
                chance = Chance(world.seed, "match", identifier + REPLAY)
                draw_fate(chance, knockout=False, compact=form.compact, replay=True)
            goals = draw_score(chance, strengths[home], strengths[away])
            yield CountedResult(home, away, *goals)

    return tuple(row.team for row in table(members, results()))
