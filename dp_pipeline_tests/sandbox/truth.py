"""What is true at a moment, in plain words, for comparing a database with the world.

Nothing of the provider's shapes is in here: a mistake in rendering shows as a difference.
"""

from dataclasses import dataclass
from typing import Literal

from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.stages import group_sign, stage_name
from dp_pipeline.sandbox.world.state import ABANDONED, CANCELLED, INTERRUPTED, POSTPONED, MatchState
from dp_pipeline.sandbox.world.tables import Row
from dp_pipeline.sandbox.world.timeline import (
    EXTRA_BREAK,
    FIRST_EXTRA,
    HALF_TIME,
    SECOND_EXTRA,
    SHOOTOUT,
    SHOOTOUT_BREAK,
)
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World

Status = Literal["scheduled", "live", "ended", "postponed", "cancelled", "abandoned", "interrupted"]
Pair = tuple[int, int]
_STATUS: dict[int, Status] = {
    0: "scheduled",
    POSTPONED: "postponed",
    CANCELLED: "cancelled",
    INTERRUPTED: "interrupted",
    ABANDONED: "abandoned",
}
_AFTER_90 = {EXTRA_BREAK, FIRST_EXTRA, SECOND_EXTRA, SHOOTOUT_BREAK, SHOOTOUT}


@dataclass(frozen=True, slots=True)
class TrueMatch:
    """A match. Scores are (home, away) and None while there is none.

    `score` is the result with extra time and without shoot-out, and `shootout` its kicks, both as
    they stand; `after_90` and `half_time` are there once that part is over.
    """

    id: int
    home: int
    away: int
    round: tuple[int, str | None, str | None] | None
    stage: str | None
    group: str | None
    kickoff: int
    status: Status
    score: Pair | None
    after_90: Pair | None
    half_time: Pair | None
    shootout: Pair | None


@dataclass(frozen=True, slots=True)
class TrueTable:
    """A table by the name of its stage or group; both None in a plain league."""

    stage: str | None
    group: str | None
    rows: tuple[Row, ...]


def true_matches(world: World, competition: int, season: int, at: int) -> tuple[TrueMatch, ...]:
    """Every match the provider lists at that moment; ids as in a tournament key."""
    view = _view(world, competition, season, at)
    found = []
    for fixture, state in view.matches:
        round_ = fixture.round
        stage, group = _place(fixture.stage)
        found.append(
            TrueMatch(
                id=fixture.id,
                home=fixture.home,
                away=fixture.away,
                round=None if round_ is None else (round_.number, round_.slug, round_.prefix),
                stage=stage,
                group=group,
                kickoff=state.kickoff,
                status="ended" if state.finished else _STATUS.get(state.code, "live"),
                score=_pair(state, "display"),
                after_90=_pair(state, "normaltime") if _is_past_90(state) else None,
                half_time=_half_time(state),
                shootout=_pair(state, "penalties"),
            )
        )
    return tuple(found)


def true_tables(world: World, competition: int, season: int, at: int) -> tuple[TrueTable, ...]:
    """Every table the provider lists at that moment."""
    view = _view(world, competition, season, at)
    return tuple(TrueTable(*_place(each.stage), view.rows(each)) for each in view.tables)


def _view(world: World, competition: int, season: int, at: int) -> View:
    number = identity.competition_number(competition)
    index = identity.season_index(number, season)
    if number not in world or index is None:
        reason = f"This world has no season {season} of a tournament {competition}."
        raise LookupError(reason)
    return View(season_of(world, number, index), at)


def _place(stage: int) -> tuple[str | None, str | None]:
    name = stage_name(stage)
    return (name, None) if group_sign(stage) is None else (None, name)


def _pair(state: MatchState, what: Literal["display", "normaltime", "penalties"]) -> Pair | None:
    if state.home is None or state.away is None:
        return None
    home, away = getattr(state.home, what), getattr(state.away, what)
    return None if home is None else (home, away)


def _half_time(state: MatchState) -> Pair | None:
    """Once the second half or the break before it has begun."""
    if state.home is None or state.away is None:
        return None
    home, away = state.home.periods[0], state.away.periods[0]
    over = state.code == HALF_TIME or state.home.periods[1] is not None
    return (home, away) if over and home is not None and away is not None else None


def _is_past_90(state: MatchState) -> bool:
    return state.finished or state.code in _AFTER_90
