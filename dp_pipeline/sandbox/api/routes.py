"""Which path gives what. A route is a path below the API's root, what answers it, and for how long.

Everything raises NothingThereError where the provider would answer 404.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from dp_pipeline.sandbox.api import competitions, images, listings, shapes, tables
from dp_pipeline.sandbox.api.events import awaited, detail, event, round_entry
from dp_pipeline.sandbox.world import calendar, identity, names
from dp_pipeline.sandbox.world.formats import block
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.state import state_of
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World

_HOUR, _MINUTE, _LIVE = 3600, 60, 10
_LONGEST_NUMBER = 15


class NothingThereError(LookupError):
    """The provider would answer 404."""


@dataclass(frozen=True)
class Requested:
    """What a request is about: the named parts of its path, read when they are needed."""

    world: World
    at: int
    parts: Mapping[str, str]

    def integer(self, name: str) -> int:
        """A number as it stands in the path."""
        text = self.parts[name]
        if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
            _nothing()
        return int(text)

    @cached_property
    def number(self) -> int:
        """The competition."""
        if "stage" in self.parts:
            number, _ = identity.stage_place(self.integer("stage"))
        else:
            number = identity.competition_number(self.integer("competition"))
        return number if number in self.world else _nothing()

    @cached_property
    def view(self) -> View:
        """The season of the competition."""
        index = identity.season_index(self.number, self.integer("season"))
        if index is None or index not in calendar.announced_seasons(self.at):
            _nothing()
        return View(season_of(self.world, self.number, index), self.at)

    @cached_property
    def team(self) -> int:
        """The team."""
        team = self.integer("team")
        return team if shapes.is_team(self.world, team) else _nothing()


def _competition(requested: Requested) -> Any:
    return {
        "uniqueTournament": competitions.competition(
            requested.world, requested.number, requested.at
        )
    }


def _seasons(requested: Requested) -> Any:
    return {"seasons": competitions.seasons(requested.world, requested.number, requested.at)}


def _day(requested: Requested) -> Any:
    day = requested.parts["day"]
    return {"events": _some(listings.of_day(requested.world, requested.number, day, requested.at))}


def _rounds(requested: Requested) -> Any:
    if not requested.view.season.rounds:
        _nothing()
    current = requested.view.current_round
    first = {} if current is None else {"currentRound": round_entry(current)}
    return {**first, "rounds": [round_entry(round_) for round_ in requested.view.rounds]}


def _round(requested: Requested) -> Any:
    """Without a slug it is the matchday of that number, with one the named round."""
    wanted = (
        requested.integer("round"),
        requested.parts.get("slug"),
        requested.parts.get("prefix"),
    )
    for round_ in requested.view.rounds:
        # Whether the provider minds the case of a prefix is not known; here both are served.
        prefixes = {round_.prefix, round_.prefix and round_.prefix.lower()}
        if (round_.number, round_.slug) == wanted[:2] and wanted[2] in prefixes:
            season, world = requested.view.season, requested.world
            matches = requested.view.of_round(round_)
            events = [event(world, season, *match) for match in matches]
            events += [
                awaited(world, season, fixture, place)
                for place, fixture in enumerate(requested.view.awaited(round_))
            ]
            return {"events": _some(events)}
    return _nothing()


def _page(requested: Requested) -> Any:
    events = listings.Events(requested.world, [requested.view])
    return _some(
        listings.page(events, requested.parts["way"], requested.integer("page"), requested.at)
    )


def _standings(requested: Requested) -> Any:
    stage = (
        identity.stage_place(requested.integer("stage"))[1] if "stage" in requested.parts else None
    )
    blocks = tables.standings(requested.world, requested.view, requested.parts["kind"], stage)
    return {"standings": _some(blocks)}


def _team_events(requested: Requested) -> Any:
    return {"tournamentTeamEvents": _some(tables.team_events(requested.world, requested.view))}


def _cup_trees(requested: Requested) -> Any:
    return {"cupTrees": _some(tables.cup_trees(requested.world, requested.view))}


def _info(requested: Requested) -> Any:
    return {"info": competitions.info(requested.view)}


def _event(requested: Requested) -> Any:
    identifier = requested.integer("event")
    place = identity.match_place(identifier)
    announced = calendar.announced_seasons(requested.at)
    if place.competition not in requested.world or place.season not in announced:
        _nothing()
    season = season_of(requested.world, place.competition, place.season)
    for fixture in season.fixtures:
        if fixture.id == identifier and fixture.announced <= requested.at:
            state = state_of(fixture, requested.at)
            return {"event": detail(requested.world, season, fixture, state)}
    return _nothing()


def _team(requested: Requested) -> Any:
    return competitions.team(requested.world, requested.team)


def _team_page(requested: Requested) -> Any:
    events = listings.of_team(requested.world, requested.team, requested.at)
    return _some(
        listings.page(events, requested.parts["way"], requested.integer("page"), requested.at)
    )


def _listed(requested: Requested) -> Any:
    return {"uniqueTournaments": competitions.listed(requested.world)}


def _badge(requested: Requested) -> Any:
    owner, place = identity.team_owner(requested.team)
    colours = names.colours(requested.world.seed, owner, place)
    return _some(images.image("team", requested.team, colours))


def _logo(requested: Requested) -> Any:
    colours = names.colours(requested.world.seed, requested.number, block(requested.number))
    return _some(images.image("tournament", requested.number, colours))


Handler = Callable[[Requested], Any]
_SEASON = "/unique-tournament/{competition}/season/{season}"
_ROUND = _SEASON + "/events/round/{round}"
_ROUTES: tuple[tuple[str, Handler, int], ...] = (
    ("/unique-tournament/{competition}", _competition, _HOUR),
    ("/unique-tournament/{competition}/seasons", _seasons, _MINUTE),
    ("/unique-tournament/{competition}/scheduled-events/{day}", _day, _LIVE),
    ("/unique-tournament/{competition}/image", _logo, _HOUR),
    ("/unique-tournament/{competition}/image/dark", _logo, _HOUR),
    (_SEASON + "/rounds", _rounds, _HOUR),
    (_ROUND, _round, _MINUTE),
    (_ROUND + "/slug/{slug}", _round, _MINUTE),
    (_ROUND + "/slug/{slug}/prefix/{prefix}", _round, _MINUTE),
    (_SEASON + "/events/{way:last|next}/{page}", _page, _MINUTE),
    (_SEASON + "/standings/{kind:total|home|away}", _standings, _MINUTE),
    (_SEASON + "/team-events/total", _team_events, _MINUTE),
    (_SEASON + "/cuptrees", _cup_trees, _MINUTE),
    (_SEASON + "/info", _info, _HOUR),
    ("/tournament/{stage}/season/{season}/standings/{kind:total|home|away}", _standings, _MINUTE),
    ("/event/{event}", _event, _LIVE),
    ("/team/{team}", _team, _HOUR),
    ("/team/{team}/events/{way:last|next}/{page}", _team_page, _HOUR),
    ("/team/{team}/image", _badge, _HOUR),
    ("/config/unique-tournaments/{country}/football", _listed, _HOUR),
    ("/config/top-unique-tournaments/{country}/football", _listed, _HOUR),
    ("/config/default-unique-tournaments/{country}/football", _listed, _HOUR),
)


def _compiled(path: str) -> re.Pattern[str]:
    """A regular expression of {name} and {name:pattern}."""
    named = re.sub(r"\{(\w+)(?::([^}]+))?\}", lambda m: f"(?P<{m[1]}>{m[2] or '[^/]+'})", path)
    return re.compile(named)


_TABLE = tuple((_compiled(path), handler, max_age) for path, handler, max_age in _ROUTES)


def find(world: World, path: str, at: int) -> tuple[Any, int]:
    """The JSON object or the image at this path at this moment, and how long it may be kept.

    Raises:
        NothingThereError: the provider would answer 404.
    """
    for pattern, handler, max_age in _TABLE:
        if (match := pattern.fullmatch(path)) is not None:
            return handler(Requested(world, at, match.groupdict())), max_age
    return _nothing()


def _some(entries: Any) -> Any:
    """An empty list is nothing there."""
    return entries or _nothing()


def _nothing() -> NoReturn:
    raise NothingThereError
