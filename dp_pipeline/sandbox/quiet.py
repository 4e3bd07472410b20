"""The stretches in which nothing ends in a simulated world, and a clock that passes over them.

A minute of the demo is four days there: without this, 30 pauses between matchdays a season lasted
more than a minute, and the summer break 15 to 20.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sandbox.world.calendar import announced_seasons, season_announced, season_end
from dp_pipeline.sandbox.world.identity import SEASONS
from dp_pipeline.sandbox.world.matches import Fate
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline.sandbox.world.worlds import World

LONGEST_PAUSE = 20.0
"""Real seconds; a poll that begins every ten and takes as long makes 40 of them."""
_LEAD = 3.0
_NEVER_ENDS = {Fate.POSTPONED, Fate.CANCELLED}


def next_event(world: World, numbers: Sequence[int], at: int) -> int:
    """When the next match of these competitions ends, or a season of theirs begins or is over.

    Args:
        world: the world.
        numbers: of the competitions.
        at: the world's time.
    """
    index = announced_seasons(at)[-1]
    listed = index + 1 < SEASONS
    following = season_announced(index + 1) if listed else season_end(index) + 1
    ends = [_ends(world, number, index) for number in numbers]
    later = [each[place] for each in ends if (place := bisect_right(each, at)) < len(each)]
    return min([*later, following])


def past_quiet(clock: Clock, real: float, event: int) -> Clock:
    """The clock moved on to shortly before the next event, if that is far off; else as it is."""
    if event - clock.at(real) <= LONGEST_PAUSE * clock.speed:
        return clock
    return replace(clock, began=real - (event - clock.start) / clock.speed + _LEAD)


@lru_cache(maxsize=8)
def _ends(world: World, number: int, index: int) -> Sequence[int]:
    fixtures = season_of(world, number, index).fixtures
    return sorted(timeline(each).over for each in fixtures if each.fate not in _NEVER_ENDS)
