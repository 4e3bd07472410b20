"""Matches in the provider's shape."""

from dp_pipeline.sandbox.api import shapes
from dp_pipeline.sandbox.api.shapes import Json
from dp_pipeline.sandbox.world import names
from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.identity import team_owner
from dp_pipeline.sandbox.world.matches import ScriptedMatch, ScriptedRound
from dp_pipeline.sandbox.world.season import SimulatedSeason
from dp_pipeline.sandbox.world.state import (
    ABANDONED,
    AFTER_EXTRA_TIME,
    AFTER_PENALTIES,
    CANCELLED,
    ENDED,
    INTERRUPTED,
    NOT_STARTED,
    POSTPONED,
    MatchState,
    SideScore,
)
from dp_pipeline.sandbox.world.timeline import (
    EXTRA_BREAK,
    FIRST_EXTRA,
    FIRST_HALF,
    HALF_TIME,
    SECOND_EXTRA,
    SECOND_HALF,
    SHOOTOUT,
    SHOOTOUT_BREAK,
)
from dp_pipeline.sandbox.world.worlds import World

STARTED = 20
_LIVE = "inprogress"
STATUSES: dict[int, tuple[str, str]] = {
    NOT_STARTED: ("notstarted", "Not started"),
    FIRST_HALF: (_LIVE, "1st half"),
    SECOND_HALF: (_LIVE, "2nd half"),
    STARTED: (_LIVE, "Started"),
    HALF_TIME: (_LIVE, "Halftime"),
    EXTRA_BREAK: (_LIVE, "Awaiting extra time"),
    SHOOTOUT_BREAK: (_LIVE, "Awaiting penalties"),
    FIRST_EXTRA: (_LIVE, "1st extra"),
    SECOND_EXTRA: (_LIVE, "2nd extra"),
    SHOOTOUT: (_LIVE, "Penalties"),
    POSTPONED: ("postponed", "Postponed"),
    CANCELLED: ("canceled", "Canceled"),
    INTERRUPTED: ("interrupted", "Interrupted"),
    ABANDONED: ("canceled", "Abandoned"),
    ENDED: ("finished", "Ended"),
    AFTER_EXTRA_TIME: ("finished", "AET"),
    AFTER_PENALTIES: ("finished", "AP"),
}
_PLACE = 6_000_000
_MATCHES = 10_000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def event(world: World, season: SimulatedSeason, fixture: ScriptedMatch, state: MatchState) -> Json:
    """A match as in lists."""
    home, away = shapes.team(world, fixture.home), shapes.team(world, fixture.away)
    low_coverage = season.format.listing == "none"
    entry: Json = {
        "tournament": shapes.tournament(world, season.number, fixture.stage),
        "season": shapes.season(world, season.number, season.index),
    }
    if low_coverage and fixture.id % 5 == 0:
        del entry["season"]  # as in the provider's own lists of friendlies
    if fixture.round is not None:
        entry["roundInfo"] = round_info(fixture.round)
    entry |= {
        "customId": custom_id(fixture.id),
        "status": status(state, low_coverage=low_coverage),
    }
    if state.winner is not None:
        entry["winnerCode"] = state.winner
    if state.tie_winner is not None:
        entry["aggregatedWinnerCode"] = state.tie_winner
    entry |= {
        "homeTeam": home,
        "awayTeam": away,
        "homeScore": score(fixture, state, state.home, low_coverage=low_coverage),
        "awayScore": score(fixture, state, state.away, low_coverage=low_coverage),
        "time": _time(fixture, state),
        "changes": _changes(state),
        "hasGlobalHighlights": False,
        "crowdsourcingDataDisplayEnabled": False,
        "id": fixture.id,
        "slug": _slug(fixture, home, away),
    }
    if fixture.first_leg is not None:
        entry["previousLegEventId"] = fixture.first_leg.id
    entry |= {
        "startTimestamp": state.kickoff,
        "finalResultOnly": False,
        "feedLocked": state.finished,
    }
    if fixture.legs:
        entry["cupMatchesInRound"] = fixture.legs
    entry["isEditor"] = False
    return entry


def awaited(world: World, season: SimulatedSeason, fixture: ScriptedMatch, place: int) -> Json:
    """A match whose teams nobody knows yet: two places in the draw that look like teams.

    The match keeps its id when it gets its teams.
    """
    entry = event(world, season, fixture, MatchState(NOT_STARTED, fixture.kickoff))
    words = fixture.round.name.split() if fixture.round and fixture.round.name else []
    sign = "".join(word[0].upper() for word in words)
    for number, side in enumerate(("homeTeam", "awayTeam"), start=2 * place + 1):
        name = f"Winner {sign}{number}"
        place_team = {
            "name": name,
            "slug": names.slug(name),
            "shortName": name,
            "nameCode": f"W{number}",
            "disabled": True,
            "id": _PLACE + fixture.id % _MATCHES * 2 + number % 2,
        }
        entry[side] = {**entry[side], **place_team}
    entry["slug"] = f"{entry['homeTeam']['slug']}-{entry['awayTeam']['slug']}"
    return entry


def detail(
    world: World, season: SimulatedSeason, fixture: ScriptedMatch, state: MatchState
) -> Json:
    """A match as on its own: with venue and lengths."""
    ground = names.place_name(world.seed, *team_owner(fixture.home))
    venue = f"Simulated {ground} Ground"
    return {
        "eventState": {},
        **event(world, season, fixture, state),
        "venue": {
            "name": venue,
            "slug": names.slug(venue),
            "capacity": 5000 + fixture.home % 50 * 1000,
            "id": fixture.home,
            "city": {"name": f"Simulated {ground}", "id": fixture.home},
            "fieldTranslations": shapes.translations(),
        },
        "defaultPeriodCount": 2,
        "defaultPeriodLength": 45,
        "defaultOvertimeLength": 15,
    }


def status(state: MatchState, *, low_coverage: bool) -> Json:
    """Code, description and type; of a match with little coverage only that it runs."""
    code = state.code
    if low_coverage and STATUSES[code][0] == _LIVE:
        code = STARTED
    kind, description = STATUSES[code]
    return {"code": code, "description": description, "type": kind}


def round_info(round_: ScriptedRound) -> Json:
    """As in events."""
    entry = round_entry(round_)
    return entry if round_.cup_type is None else {**entry, "cupRoundType": round_.cup_type}


def round_entry(round_: ScriptedRound) -> Json:
    """As in lists of rounds: a number, and what a named round has."""
    entry: Json = {"round": round_.number}
    if round_.name is not None:
        entry |= {"name": round_.name, "slug": round_.slug}
    if round_.prefix is not None:
        entry["prefix"] = round_.prefix
    return entry


def score(
    fixture: ScriptedMatch, state: MatchState, side: SideScore | None, *, low_coverage: bool
) -> Json:
    """Of one side; empty before the first whistle. `current` counts the shoot-out in."""
    if side is None:
        return {}
    current = side.display + (side.penalties or 0)
    points: Json = {"current": current, "display": side.display}
    if low_coverage and not state.finished:
        return points
    first, second, extra_first, extra_second = side.periods
    parts = {"period1": first, "period2": second, "normaltime": side.normaltime}
    # After a shoot-out the halves of extra time are often not there.
    halves_lost = side.penalties is not None and fixture.id % 3 == 0
    if not halves_lost:
        parts |= {"extra1": extra_first, "extra2": extra_second}
    parts |= {
        "overtime": side.overtime,
        "penalties": side.penalties,
        "aggregated": side.aggregated,
    }
    return points | {name: value for name, value in parts.items() if value is not None}


def custom_id(identifier: int) -> str:
    """Seven letters."""
    chance = Chance("custom id", identifier)
    return "".join(chance.pick(_LETTERS) for _ in range(7))


def _time(fixture: ScriptedMatch, state: MatchState) -> Json:
    if state.period_start is None:
        return {}
    times: Json = {"currentPeriodStartTimestamp": state.period_start}
    if state.finished:
        first, second = fixture.play.added
        times = {"injuryTime1": first // 60, "injuryTime2": second // 60, **times}
    return times


def _changes(state: MatchState) -> Json:
    if not state.changed:
        return {"changeTimestamp": 0}
    return {"changes": list(state.change), "changeTimestamp": state.changed}


def _slug(fixture: ScriptedMatch, home: Json, away: Json) -> str:
    """Not in the order of home and away: nobody may read the sides from it."""
    first, second = (home, away) if fixture.id % 2 else (away, home)
    return f"{first['slug']}-{second['slug']}"
