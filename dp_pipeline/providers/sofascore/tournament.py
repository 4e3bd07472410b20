"""The tournament itself: its names, and seasons for people."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.listed_days import Span
from dp_pipeline.football.models import Match, Tournament
from dp_pipeline.football.rules import first_year
from dp_pipeline.providers.sofascore.addresses import Addresses
from dp_pipeline.providers.sofascore.payload import EventPayload, SeasonPayload, UniquePayload

_TWO_SHORT = re.compile(r"(\d{2})/(\d{2})\Z")
_TWO_LONG = re.compile(r"(\d{4})/(\d{4})\Z")
# Two digits: the lists of 2026 go back to the 1960s.
FIRST_CENTURY_YEAR = 50
_LONGEST = 3
"""Years of qualifiers."""
_QUALIFIERS = re.compile(r"quali?", re.IGNORECASE)  # "World Cup Qual. UEFA 2026" took two years


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


def season_span(events: Sequence[EventPayload], stored: Sequence[Match]) -> Span | None:
    """The days that a season can have, by its name, else by most of its matches.

    A season that is named by one year may be that of the last, or go on into the next one; the
    finals of CONCACAF's Nations League of 2019/20 were in June 2021.
    """
    named = Counter(
        (display_year(event.season.year or ""), event.season.name or "")
        for event in events
        if event.season
    )
    year, name = named.most_common(1)[0][0] if named else ("", "")
    first = first_year(year)
    if first is not None and not _QUALIFIERS.search(name):
        begins = date(first if "/" in year else first - 1, 6, 1)
        return Span(begins, date(first + (2 if "/" in year else 1), 12, 31))
    moments = [event.start_timestamp for event in events] + [m.kickoff_at for m in stored]
    years = Counter(moment.year for moment in moments if moment)
    if not years:
        return None
    ((most, _),) = years.most_common(1)
    return Span(date(most - _LONGEST, 1, 1), date(most + _LONGEST, 12, 31))
