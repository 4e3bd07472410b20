"""OpenLigaDB as a provider.

Its payloads and what is read of them are imported when it is read: every process has the provider.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.plausibility import is_football
from dp_pipeline.football.titles import has_words
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    ListedSeason,
    Provider,
    Selection,
    StoredTournament,
)
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.refresh_window import RefreshWindow

if TYPE_CHECKING:
    from dp_pipeline.providers.openligadb.payload import LeaguePayload
    from dp_pipeline.providers.openligadb.source import OpenLigaDBSource

PUBLIC_URL = "https://api.openligadb.de"
LEAGUES_PATH = "/getavailableleagues"
MOST_SIMILAR = 3

_COMPETITION = re.compile(r"[a-z0-9_-]+\Z")
_SEASON = re.compile(r"(?:19|20)\d{2}\Z")


@dataclass(frozen=True, kw_only=True)
class OpenLigaDB(Provider):
    """https://www.openligadb.de: community-kept German leagues and cups, and big tournaments."""

    name: str = "openligadb"
    description: str = "OpenLigaDB, kept by its users; mostly German football"
    examples: tuple[str, ...] = ("openligadb:bl1:2024", "openligadb:dfb:2025")
    licence: Licence = field(
        default=Licence(
            "ODbL 1.0",
            "Contains information from OpenLigaDB (https://www.openligadb.de/), made available "
            "under the Open Database License (ODbL) 1.0.",
            redistributable=True,
            url="https://opendatacommons.org/licenses/odbl/1-0/",
        )
    )
    public_url: str = PUBLIC_URL
    seconds_apart: float = 0.2
    refresh_window: RefreshWindow = field(default=RefreshWindow(2, 17))
    polled: bool = True

    def check(self, key: TournamentKey) -> None:
        """A competition is a league shortcut, a season the four digits of its first year."""
        if not _COMPETITION.match(key.competition):
            message = (
                f"OpenLigaDB has no league {key.competition!r} (in {str(key)!r}): a shortcut has "
                "letters, digits, '-' and '_', for example openligadb:bl1:2024."
            )
            raise InvalidTournamentKeyError(message)
        if not _SEASON.match(key.season):
            message = (
                f"OpenLigaDB has no season {key.season!r} (in {str(key)!r}): it goes by the year "
                "it starts in, for example openligadb:bl1:2024 for 2024/25."
            )
            raise InvalidTournamentKeyError(message)

    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> "OpenLigaDBSource":
        """The tournament behind a checked key. Makes no request."""
        from dp_pipeline.providers.openligadb.source import OpenLigaDBSource

        return OpenLigaDBSource(key, requests, selection, stored)

    async def seasons(
        self,
        competition: str,
        requests: Requests,
        back: int = 0,  # noqa: ARG002 - one answer lists all
    ) -> tuple[ListedSeason, ...]:
        """The seasons under this shortcut, newest first; anybody may have created them."""
        leagues = await _leagues(requests)
        seasons = {
            league.league_season: league
            for league in leagues
            if league.league_shortcut.lower() == competition.lower()
            and _SEASON.match(str(league.league_season))
        }
        return tuple(
            ListedSeason(
                TournamentKey(self.name, competition, str(year)),
                league.league_name or f"{competition} {year}",
                league.sport,
            )
            for year, league in sorted(seasons.items(), reverse=True)
        )

    async def named(self, words: Sequence[str], requests: Requests) -> tuple[ListedSeason, ...]:
        """The seasons of football whose names or shortcuts have all words."""
        leagues = await _leagues(requests)
        found = {
            key: ListedSeason(key, league.league_name or str(key), league.sport)
            for league in leagues
            if has_words(f"{league.league_name} {league.league_shortcut}", words)
            and (league.sport is None or is_football(league.sport))
            and _COMPETITION.match(shortcut := league.league_shortcut.lower())
            and _SEASON.match(season := str(league.league_season))
            for key in [TournamentKey(self.name, shortcut, season)]
        }
        return tuple(found[key] for key in sorted(found, key=lambda key: (key.season, key))[::-1])

    async def similar(self, key: TournamentKey, requests: Requests) -> tuple[TournamentKey, ...]:
        """The seasons of the league nearest to the one meant, else leagues written like it."""
        leagues = await _leagues(requests)
        years: defaultdict[str, set[int]] = defaultdict(set)
        for league in leagues:
            shortcut = league.league_shortcut.lower()
            if _COMPETITION.match(shortcut) and _SEASON.match(str(league.league_season)):
                years[shortcut].add(league.league_season)
        meant = int(key.season)
        names = [key.competition] if key.competition in years else years
        nearest = {
            name: sorted(years[name], key=lambda year: (abs(year - meant), -year))
            for name in difflib.get_close_matches(key.competition, names, n=MOST_SIMILAR)
        }
        most = MOST_SIMILAR if key.competition in years else 1
        return tuple(
            replace(key, competition=name, season=str(year))
            for name in sorted(nearest, key=lambda name: abs(nearest[name][0] - meant))
            for year in nearest[name][:most]
        )


async def _leagues(requests: Requests) -> "Sequence[LeaguePayload]":
    from dp_pipeline.providers.openligadb.payload import parse_leagues

    return await requests.json(LEAGUES_PATH, parse_leagues)
