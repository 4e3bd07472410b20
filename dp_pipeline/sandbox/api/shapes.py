"""The small objects every answer is made of: sport, country, tournament, season, team."""

from typing import Any

from dp_pipeline.sandbox.world import calendar, identity, names
from dp_pipeline.sandbox.world.formats import KINDS, block, owner_of
from dp_pipeline.sandbox.world.stages import MAIN, group_sign, stage_name
from dp_pipeline.sandbox.world.worlds import World

Json = dict[str, Any]
SPORT: Json = {"name": "Football", "slug": "football", "id": 1}
_CATEGORY = 9_000
_CUP, _LEAGUE = 2, 1


def translations() -> Json:
    """Always there, here without any."""
    return {"nameTranslation": {}, "shortNameTranslation": {}}


def category(number: int) -> Json:
    """The country a competition is of."""
    country = names.country(block(number))
    return {
        "name": country["name"],
        "slug": country["slug"],
        "sport": SPORT,
        "id": _CATEGORY + block(number),
        "flag": country["slug"],
        "alpha2": country["alpha2"],
        "country": country,
        "fieldTranslations": translations(),
    }


def unique_tournament(world: World, number: int) -> Json:
    """A competition, as other objects carry it."""
    name = world.name(number)
    return {
        "name": name,
        "slug": names.slug(name),
        "category": category(number),
        "userCount": 1000 + number,
        "hasRounds": world.format(number).listing != "none",
        "hasPerformanceGraphFeature": False,
        "country": {},
        "id": identity.competition_id(number),
        "hasEventPlayerStatistics": False,
        "displayInverseHomeAwayTeams": False,
        "fieldTranslations": translations(),
    }


def tournament(world: World, number: int, stage: int) -> Json:
    """A stage of a competition: group, knockout stage, or all of it."""
    part = stage_name(stage)
    name = world.name(number) if part is None else f"{world.name(number)}, {part}"
    sign = group_sign(stage)
    group = {} if sign is None else {"groupName": part, "groupSign": sign}
    cup = not world.format(number).is_league and sign is None and stage != MAIN
    return {
        "name": name,
        "slug": names.slug(name),
        "category": category(number),
        "uniqueTournament": unique_tournament(world, number),
        "priority": 0,
        **group,
        "isGroup": sign is not None,
        "competitionType": _CUP if cup else _LEAGUE,
        "isLive": False,
        "id": identity.stage_id(number, stage),
        "fieldTranslations": translations(),
    }


def season(world: World, number: int, index: int) -> Json:
    """A season of a competition."""
    year = calendar.season_year(index, calendar_year=world.format(number).calendar_year)
    return {
        "name": f"{world.name(number)} {year}",
        "year": year,
        "editor": False,
        "id": identity.season_id(number, index),
    }


def team(world: World, identifier: int) -> Json:
    """A club or country."""
    owner, place = identity.team_owner(identifier)
    name = names.team_name(world.seed, owner, place)
    primary, secondary = names.colours(world.seed, owner, place)
    return {
        "name": name,
        "slug": names.slug(name),
        "shortName": names.short_name(world.seed, owner, place),
        "gender": "M",
        "sport": SPORT,
        "userCount": 100 + place,
        "nameCode": names.name_code(world.seed, owner, place),
        "disabled": False,
        "national": world.format(owner).national,
        "type": 0,
        "id": identifier,
        "country": names.country(block(owner)),
        "subTeams": [],
        "teamColors": {"primary": primary, "secondary": secondary, "text": "#ffffff"},
        "fieldTranslations": translations(),
    }


def is_team(world: World, identifier: int) -> bool:
    """Whether this world has a team with this id.

    Teams of a league exist with it; those of a competition beyond the world's size may still be
    met in a cup, so all of a block that is begun are there.
    """
    owner, place = identity.team_owner(identifier)
    begun = owner in world or block(owner) * KINDS + 1 in world.numbers
    return begun and owner_of(owner) == owner and 0 <= place < world.format(owner).pool
