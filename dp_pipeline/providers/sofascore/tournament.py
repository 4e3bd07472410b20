"""The tournament itself: its names, and seasons for people."""

import re

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Tournament
from dp_pipeline.providers.sofascore.addresses import Addresses
from dp_pipeline.providers.sofascore.payload import SeasonPayload, UniquePayload

_TWO_SHORT = re.compile(r"(\d{2})/(\d{2})\Z")
_TWO_LONG = re.compile(r"(\d{4})/(\d{4})\Z")
# Two digits: the lists of 2026 go back to the 1960s.
FIRST_CENTURY_YEAR = 50
_NOT_BEGUN = frozenset({"scheduled", "postponed", "cancelled", "unknown"})


def tournament_of(
    key: TournamentKey, unique: UniquePayload, season: SeasonPayload, at: Addresses
) -> Tournament:
    """The tournament of a competition's season."""
    year = display_year(season.year or season.name or key.season)
    return Tournament(
        key=key,
        external_id=key.competition,
        label=label_of(unique, season, year),
        season=year,
        slug=f"{unique.slug or key.competition}-{re.sub(r'[^a-z0-9]+', '-', year.lower())}",
        public_url=at.page_url(key, unique),
        base_url=at.season_url(key),
        logo_url=at.logo_url(key),
    )


def display_year(year: str) -> str:
    """A season for people: "25/26" is "2025/26", "1965/1966" is "1965/66", else as given."""
    if two := _TWO_SHORT.match(year):
        century = 19 if int(two[1]) >= FIRST_CENTURY_YEAR else 20
        return f"{century}{two[1]}/{two[2]}"
    if two := _TWO_LONG.match(year):
        return f"{two[1]}/{two[2][2:]}"
    return year


def label_of(unique: UniquePayload, season: SeasonPayload, year: str) -> str:
    """The season's own name; some are called "25/26" only and get the competition's before it."""
    name = season.name
    if name and any(character.isalpha() for character in name) and name != season.year:
        return name
    return f"{unique.name or 'Tournament'} {name or year}"
