"""The tournament itself: names, seasons for people, how it is played, whether it is over."""

import re
from collections.abc import Collection, Sequence

from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import (
    FINAL_STATUSES,
    Match,
    Mode,
    StandingsMode,
    Tournament,
    TournamentStatus,
)
from dp_pipeline.providers.sofascore.addresses import Addresses
from dp_pipeline.providers.sofascore.matches import season_matches
from dp_pipeline.providers.sofascore.payload import SeasonPayload, UniquePayload
from dp_pipeline.providers.sofascore.rounds import RoundList
from dp_pipeline.providers.sofascore.stages import Place
from dp_pipeline.providers.table import (
    current_round,
    tournament_mode,
    tournament_status,
    without_replaced,
)

_TWO_SHORT = re.compile(r"(\d{2})/(\d{2})\Z")
_TWO_LONG = re.compile(r"(\d{4})/(\d{4})\Z")
# Two digits: the lists of 2026 go back to the 1960s.
FIRST_CENTURY_YEAR = 50
_NOT_BEGUN = frozenset({"scheduled", "postponed", "cancelled", "unknown"})


def tournament_of(  # noqa: PLR0913 - each is another source of what is said
    key: TournamentKey,
    *,
    unique: UniquePayload,
    season: SeasonPayload,
    rounds: RoundList,
    matches: Sequence[Match],
    places: Collection[Place],
    status: TournamentStatus,
    at: Addresses,
) -> Tournament:
    """The tournament.

    Args:
        key: its key.
        unique: the competition.
        season: the season of the key in its list.
        rounds: of the season.
        matches: of the season.
        places: stage and group of every table the provider has.
        status: see `status_of_season`.
        at: addresses.
    """
    year = display_year(season.year or season.name or key.season)
    return Tournament(
        key=key,
        external_id=key.competition,
        label=label_of(unique, season, year),
        season=year,
        slug=f"{unique.slug or key.competition}-{re.sub(r'[^a-z0-9]+', '-', year.lower())}",
        mode=mode_of(rounds, matches, has_table=bool(places)),
        standings_mode=standings_mode_of(rounds, matches, places),
        status=status,
        current_round=current_of(rounds, matches),
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


def current_of(rounds: RoundList, matches: Sequence[Match]) -> str | None:
    """The round the provider calls current, else the one the matches say."""
    return rounds.current or current_round(rounds.rounds, matches)


def mode_of(rounds: RoundList, matches: Sequence[Match], *, has_table: bool) -> Mode:
    """By the rounds with and without names; matches of no round or a table are a season too."""
    mode = tournament_mode(rounds.rounds)
    roundless = any(match.round_slug is None for match in matches)
    if mode == "knockout-only" and (has_table or roundless):
        return "regular-season-and-knockout"
    return mode


def standings_mode_of(
    rounds: RoundList, matches: Sequence[Match], places: Collection[Place]
) -> StandingsMode:
    """Several tables, or as long as there are none several groups of matches, are multi-group."""
    season = season_matches(matches, rounds.rounds)
    groups = {(match.stage, match.group_name) for match in season}
    return "multi-group" if len(places) > 1 or len(groups) > 1 else "unique-group"


def status_of_season(
    rounds: RoundList, matches: Sequence[Match], *, complete: bool
) -> TournamentStatus | None:
    """Whether the season is to come, running or over; None when that cannot be told.

    Args:
        rounds: of the season.
        matches: of the season.
        complete: False when a round's matches could not be had: then begun and unfinished matches
            prove that it runs, and nothing else is certain.
    """
    waiting = without_replaced(matches)
    if complete:
        return tournament_status(waiting, rounds.rounds)
    begun = any(match.status not in _NOT_BEGUN for match in waiting)
    unfinished = any(match.status not in FINAL_STATUSES for match in waiting)
    return "active" if begun and unfinished else None
