"""Competitions, their seasons and teams in the provider's shape."""

from dp_pipeline.sandbox.api import shapes
from dp_pipeline.sandbox.api.shapes import Json
from dp_pipeline.sandbox.world import calendar, identity, names, stages
from dp_pipeline.sandbox.world.formats import block, format_of, owner_of, sibling
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World

MOST_LISTED = 300


def competition(world: World, number: int, at: int) -> Json:
    """A competition as on its own."""
    form = world.format(number)
    primary, secondary = names.colours(world.seed, number, block(number))
    index = calendar.announced_seasons(at)[-1]
    upper, lower = sibling(number, 1), sibling(number, 2)
    return {
        **shapes.unique_tournament(world, number),
        "primaryColorHex": primary,
        "secondaryColorHex": secondary,
        "tier": form.division or 1,
        "linkedUniqueTournaments": [],
        "hasGroups": form.groups > 1,
        "hasPlayoffSeries": False,
        "upperDivisions": _listed(world, upper) if form.division == 1 + 1 else [],
        "lowerDivisions": _listed(world, lower) if form.division == 1 else [],
        "periodLength": {},
        "gender": "M",
        "startDateTimestamp": calendar.season_start(index),
        "endDateTimestamp": calendar.season_end(index),
        "disabledHomeAwayStandings": False,
    }


def seasons(world: World, number: int, at: int) -> list[Json]:
    """Those announced by now, newest first."""
    return [
        {**shapes.season(world, number, index), "seasonCoverageInfo": {}}
        for index in reversed(calendar.announced_seasons(at))
    ]


def listed(world: World) -> list[Json]:
    """The first competitions of the world."""
    return [shapes.unique_tournament(world, number) for number in world.numbers[:MOST_LISTED]]


def team(world: World, identifier: int) -> Json:
    """A team as on its own."""
    owner, _ = identity.team_owner(identifier)
    details = {
        **shapes.team(world, identifier),
        "category": shapes.category(owner),
        "fullName": shapes.team(world, identifier)["name"],
    }
    if owner in world:
        details["tournament"] = shapes.tournament(world, owner, stages.MAIN)
        details["primaryUniqueTournament"] = shapes.unique_tournament(world, owner)
    return {"team": details, "pregameForm": {}}


def info(view: View) -> Json:
    """Sums of a season."""
    sides = [
        (state.home.display, state.away.display)
        for _, state in view.matches
        if state.finished and state.home is not None and state.away is not None
    ]
    return {
        "goals": sum(map(sum, sides)),
        "homeTeamWins": sum(home > away for home, away in sides),
        "awayTeamWins": sum(home < away for home, away in sides),
        "draws": sum(home == away for home, away in sides),
        "id": identity.season_id(view.season.number, view.season.index),
    }


def _listed(world: World, number: int) -> list[Json]:
    if number not in world or owner_of(number) != number - format_of(number).division + 1:
        return []
    return [shapes.unique_tournament(world, number)]
