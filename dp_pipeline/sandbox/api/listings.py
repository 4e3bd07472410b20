"""Lists of matches by page, by day and of a team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from dp_pipeline.sandbox.api.events import event
from dp_pipeline.sandbox.api.shapes import Json
from dp_pipeline.sandbox.world import calendar, identity
from dp_pipeline.sandbox.world.formats import KINDS, block
from dp_pipeline.sandbox.world.matches import ScriptedMatch
from dp_pipeline.sandbox.world.season import SimulatedSeason, season_of
from dp_pipeline.sandbox.world.state import MatchState
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World

PAGE = 30
_SPILL = 12 * calendar.HOUR
_Listed = tuple[SimulatedSeason, ScriptedMatch, MatchState]


@dataclass(frozen=True, slots=True)
class Events:
    """The matches of some seasons, of all teams or of one."""

    world: World
    views: Sequence[View]
    team: int | None = None

    def listed(self) -> list[_Listed]:
        """All of them by kick-off."""
        events = [
            (view.season, fixture, state)
            for view in self.views
            for fixture, state in view.matches
            if self.team is None or self.team in (fixture.home, fixture.away)
        ]
        return sorted(events, key=lambda entry: (entry[2].kickoff, entry[1].id))

    def rendered(self, entries: Sequence[_Listed]) -> list[Json]:
        """In the provider's shape."""
        return [event(self.world, *entry) for entry in entries]


def page(events: Events, way: str, number: int, at: int) -> Json | None:
    """A page of thirty, oldest first; None past the end.

    "last" goes back from now, "next" forward.
    """
    listed = events.listed()
    if way == "last":
        begun = [entry for entry in listed if entry[2].kickoff <= at]
        end = len(begun) - number * PAGE
        chosen, more = begun[max(0, end - PAGE) : max(0, end)], end > PAGE
    else:
        coming = [entry for entry in listed if entry[2].kickoff > at]
        start = number * PAGE
        chosen, more = coming[start : start + PAGE], len(coming) > start + PAGE
    if not chosen:
        return None
    return {"events": events.rendered(chosen), "hasNextPage": more}


def of_day(world: World, number: int, day: str, at: int) -> list[Json]:
    """The matches of a day, and as at the provider some of the days beside it."""
    try:
        start = int(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp())
    except ValueError:
        return []
    views = [View(season_of(world, number, i), at) for i in calendar.announced_seasons(at)]
    events = Events(world, [v for v in views if _is_near(v.season, start)])
    first, last = start - _SPILL, start + calendar.DAY + _SPILL
    return events.rendered([e for e in events.listed() if first <= e[2].kickoff < last])


def of_team(world: World, team: int, at: int) -> Events:
    """The matches of a team in the newest season of every competition of its block."""
    owner, _ = identity.team_owner(team)
    first = block(owner) * KINDS + 1
    numbers = [n for n in range(first, first + KINDS) if n in world]
    index = calendar.announced_seasons(at)[-1]
    return Events(world, [View(season_of(world, n, index), at) for n in numbers], team)


def _is_near(season: SimulatedSeason, moment: int) -> bool:
    start, end = calendar.season_start(season.index), calendar.season_end(season.index)
    return start - calendar.DAY <= moment <= end + calendar.DAY
