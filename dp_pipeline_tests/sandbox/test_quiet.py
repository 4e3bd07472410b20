"""The demo's clock passes over what is quiet: three seasons are watched without waiting."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.sandbox.clock import Clock, read_moment
from dp_pipeline.sandbox.demo import SEED, SHOWN, SPEED, TOURNAMENTS
from dp_pipeline.sandbox.quiet import next_event, past_quiet
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.formats import KINDS
from dp_pipeline.sandbox.world.matches import Fate
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline.sandbox.world.worlds import World

WORLD = World(SEED, TOURNAMENTS)
LOOKED_EVERY = 5
LONGEST_WAIT = 30
START = read_moment("37%", 0)
OVER = calendar.season_end(calendar.SEASONS - 1)


def shown_in(block: int) -> list[int]:
    return [number + block * KINDS for number in SHOWN]


def ends(numbers: Sequence[int]) -> list[int]:
    """When matches end in the seasons that the demo shows."""
    return sorted(
        timeline(fixture).over
        for number in numbers
        for season in range(calendar.HOME_SEASON, calendar.SEASONS)
        for fixture in season_of(WORLD, number, season).fixtures
        if fixture.fate not in {Fate.POSTPONED, Fate.CANCELLED}
    )


def seen(start: int, numbers: Sequence[int], ended: Sequence[int], looks: int) -> list[float]:
    """The real times at which a look finds matches that have ended since the one before."""
    clock, before, found = Clock(start, 0, SPEED), start, []
    for real in range(0, looks * LOOKED_EVERY, LOOKED_EVERY):
        at = clock.at(real)
        if at > OVER:
            break
        if bisect_right(ended, before) < bisect_right(ended, at):
            found.append(float(real))
        clock = past_quiet(clock, real, next_event(WORLD, numbers, at))
        before = clock.at(real)
        assert before >= at, "the clock never goes back"
        assert bisect_right(ended, before) == bisect_right(ended, at), "no match is passed over"
    return found


@pytest.mark.parametrize("block", [0, 1, 57])
def test_no_minute_of_three_seasons_passes_without_the_end_of_a_match(block: int) -> None:
    numbers = shown_in(block)
    found = seen(START, numbers, ends(numbers), looks=5_000)
    assert max(later - earlier for earlier, later in pairwise([0.0, *found])) <= LONGEST_WAIT
    assert found[-1] > 3_600, "the seasons do not rush by"


@settings(max_examples=50, deadline=None)
@given(st.integers(START, calendar.day_of(calendar.SEASONS - 1, 285)))
def test_wherever_it_is_started_again_a_match_ends_within_the_first_minute(moment: int) -> None:
    numbers = shown_in(0)
    assert seen(moment, numbers, ends(numbers), looks=LONGEST_WAIT // LOOKED_EVERY + 1)
