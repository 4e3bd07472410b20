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
class Asked:
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
        return number if number in self.world.numbers else _nothing()

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


def _competition(asked: Asked) -> Any:
    return {"uniqueTournament": competitions.competition(asked.world, asked.number, asked.at)}


def _seasons(asked: Asked) -> Any:
    return {"seasons": competitions.seasons(asked.world, asked.number, asked.at)}


def _day(asked: Asked) -> Any:
    day = asked.parts["day"]
    return {"events": _some(listings.of_day(asked.world, asked.number, day, asked.at))}


def _rounds(asked: Asked) -> Any:
    if not asked.view.season.rounds:
        _nothing()
    current = asked.view.current_round
    first = {} if current is None else {"currentRound": round_entry(current)}
    return {**first, "rounds": [round_entry(round_) for round_ in asked.view.rounds]}


def _round(asked: Asked) -> Any:
    """Without a slug it is the matchday of that number, with one the named round."""
    wanted = (asked.integer("round"), asked.parts.get("slug"), asked.parts.get("prefix"))
    for round_ in asked.view.rounds:
        # Whether the provider minds the case of a prefix is not known; here both are served.
        prefixes = {round_.prefix, round_.prefix and round_.prefix.lower()}
        if (round_.number, round_.slug) == wanted[:2] and wanted[2] in prefixes:
            season, world = asked.view.season, asked.world
            matches = asked.view.of_round(round_)
            found = [event(world, season, *match) for match in matches]
            found += [
                awaited(world, season, fixture, place)
                for place, fixture in enumerate(asked.view.awaited(round_))
            ]
            return {"events": _some(found)}
    return _nothing()


def _page(asked: Asked) -> Any:
    events = listings.Events(asked.world, [asked.view])
    return _some(listings.page(events, asked.parts["way"], asked.integer("page"), asked.at))


def _standings(asked: Asked) -> Any:
    stage = identity.stage_place(asked.integer("stage"))[1] if "stage" in asked.parts else None
    found = tables.standings(asked.world, asked.view, asked.parts["kind"], stage)
    return {"standings": _some(found)}


def _team_events(asked: Asked) -> Any:
    return {"tournamentTeamEvents": _some(tables.team_events(asked.world, asked.view))}


def _cup_trees(asked: Asked) -> Any:
    return {"cupTrees": _some(tables.cup_trees(asked.world, asked.view))}


def _info(asked: Asked) -> Any:
    return {"info": competitions.info(asked.view)}


def _event(asked: Asked) -> Any:
    identifier = asked.integer("event")
    place = identity.match_place(identifier)
    announced = calendar.announced_seasons(asked.at)
    if place.competition not in asked.world.numbers or place.season not in announced:
        _nothing()
    season = season_of(asked.world, place.competition, place.season)
    for fixture in season.fixtures:
        if fixture.id == identifier and fixture.announced <= asked.at:
            state = state_of(fixture, asked.at)
            return {"event": detail(asked.world, season, fixture, state)}
    return _nothing()


def _team(asked: Asked) -> Any:
    return competitions.team(asked.world, asked.team)


def _team_page(asked: Asked) -> Any:
    events = listings.of_team(asked.world, asked.team, asked.at)
    return _some(listings.page(events, asked.parts["way"], asked.integer("page"), asked.at))


def _listed(asked: Asked) -> Any:
    return {"uniqueTournaments": competitions.listed(asked.world)}


def _badge(asked: Asked) -> Any:
    owner, place = identity.team_owner(asked.team)
    colours = names.colours(asked.world.seed, owner, place)
    return _some(images.image("team", asked.team, colours))


def _logo(asked: Asked) -> Any:
    colours = names.colours(asked.world.seed, asked.number, block(asked.number))
    return _some(images.image("tournament", asked.number, colours))


Handler = Callable[[Asked], Any]
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
            return handler(Asked(world, at, match.groupdict())), max_age
    return _nothing()


def _some(found: Any) -> Any:
    """An empty list is nothing there."""
    return found or _nothing()


def _nothing() -> NoReturn:
    raise NothingThereError
