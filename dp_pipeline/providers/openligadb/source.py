"""Requesting OpenLigaDB: at most three answers for a season, asked for together."""

import asyncio
import difflib
import re
from collections import defaultdict
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field, replace

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Known, Listed, Provider, Season, Source
from dp_pipeline.providers.errors import (
    InvalidTournamentKeyError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import (
    Absence,
    Fetched,
    Finding,
    Match,
    Round,
    Standing,
    Team,
    Tournament,
)
from dp_pipeline.providers.openligadb.answers import (
    PUBLIC_URL,
    league_table,
    listed_groups,
    season_path,
    season_url,
)
from dp_pipeline.providers.openligadb.matches import Fixtures, fixtures_of
from dp_pipeline.providers.openligadb.part import OpenLigaDBPart
from dp_pipeline.providers.openligadb.payload import (
    GroupList,
    MatchList,
    Table,
    parse_leagues,
    parse_matches,
)
from dp_pipeline.providers.openligadb.rounds import RoundList, rounds_of
from dp_pipeline.providers.openligadb.standings import can_have_table, standings_of
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline.providers.openligadb.tournament import tournament_of
from dp_pipeline.providers.refresh_window import RefreshWindow

LEAGUES_PATH = "/getavailableleagues"
MOST_SIMILAR = 3

_COMPETITION = re.compile(r"[a-z0-9_-]+\Z")
_SEASON = re.compile(r"(?:19|20)\d{2}\Z")
# The domains that ask for rounds without matches yet.
_NEED_GROUPS = frozenset({"tournaments", "rounds"})


@dataclass(frozen=True, kw_only=True)
class OpenLigaDB(Provider):
    """https://www.openligadb.de: community-kept German leagues and cups, and big tournaments."""

    name: str = "openligadb"
    description: str = "OpenLigaDB, kept by its users; mostly German football"
    examples: tuple[str, ...] = ("openligadb:bl1:2024", "openligadb:dfb:2025")
    terms: str = "ODbL 1.0"
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

    def source(self, key: TournamentKey, requests: Requests) -> "OpenLigaDBSource":
        """The tournament behind a checked key. Makes no request."""
        return OpenLigaDBSource(key, requests)

    def part(
        self, key: TournamentKey, requests: Requests, known: Known, due: Collection[str]
    ) -> OpenLigaDBPart:
        """Some matches of the tournament behind a checked key. Makes no request."""
        return OpenLigaDBPart(key, requests, known, due)

    async def seasons(
        self,
        competition: str,
        requests: Requests,
        back: int = 0,  # noqa: ARG002 - one answer lists all
    ) -> tuple[Season, ...]:
        """The seasons under this shortcut, newest first; anybody may have created them."""
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
        labels = {
            league.league_season: league.league_name or f"{competition} {league.league_season}"
            for league in leagues
            if league.league_shortcut.lower() == competition.lower()
            and _SEASON.match(str(league.league_season))
        }
        return tuple(
            Season(TournamentKey(self.name, competition, str(year)), labels[year])
            for year in sorted(labels, reverse=True)
        )

    async def similar(self, key: TournamentKey, requests: Requests) -> tuple[TournamentKey, ...]:
        """The seasons of the league nearest to the one meant, else leagues written like it."""
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
        years: defaultdict[str, set[int]] = defaultdict(set)
        for league in leagues:
            shortcut = league.league_shortcut.lower()
            if _COMPETITION.match(shortcut) and _SEASON.match(str(league.league_season)):
                years[shortcut].add(league.league_season)
        names = [key.competition] if key.competition in years else years
        near = difflib.get_close_matches(key.competition, names, n=MOST_SIMILAR)
        meant = int(key.season)
        found = {
            name: sorted(years[name], key=lambda year: (abs(year - meant), -year)) for name in near
        }
        near.sort(key=lambda name: abs(found[name][0] - meant))
        most = MOST_SIMILAR if key.competition in years else 1
        return tuple(
            replace(key, competition=name, season=str(year))
            for name in near
            for year in found[name][:most]
        )


class OpenLigaDBSource(Source):
    """One season. The matches are the truth; the list of rounds and the table add to them."""

    def __init__(self, key: TournamentKey, requests: Requests) -> None:
        super().__init__(key, requests)
        self._read: tuple[MatchList, RoundList, Fixtures] | None = None

    async def confirm(self, listed: Listed) -> None:
        """There are matches, or the season is listed: what it does not know it answers with []."""
        payload, _, _ = await self._matches()
        if payload.matches or any(season.key == self.key for season in await listed()):
            return
        what = f"OpenLigaDB has no matches for {self.key.competition} {self.key.season}"
        raise TournamentNotFoundError(what, "check league and season", url=season_url(self.key))

    async def prefetch(self, domains: Collection[str]) -> None:
        """Matches and rounds at once; the table follows when the matches show there can be one."""
        asked: list[Awaitable[object]] = [
            self._table() if "standings" in domains else self._matches()
        ]
        if _NEED_GROUPS & set(domains):
            asked.append(self._groups())
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, ProviderError):
                raise outcome

    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one, or `absent` while the season has no matches."""
        payload, _, fixtures = await self._matches()
        if absent := self._absent(payload):
            return Fetched(absent=absent)
        listed = await self._groups()
        rounds = rounds_of(payload.matches, listed.groups, season_url(self.key)).rounds
        return Fetched((tournament_of(self.key, payload.matches, rounds, fixtures.matches),))

    async def teams(self) -> Fetched[Team]:
        """Every team of a readable match, once."""
        payload, _, _ = await self._matches()
        if absent := self._absent(payload):
            return Fetched(absent=absent)
        found = teams_of(payload.matches)
        if not found.items:
            because = "Only places in the draw are known, no team yet."
            return Fetched(issues=found.issues, absent=Absence("nothing_yet", because))
        return found

    async def rounds(self) -> Fetched[Round]:
        """Every round, those without matches yet included where OpenLigaDB lists them."""
        payload, _, _ = await self._matches()
        if absent := self._absent(payload):
            return Fetched(absent=absent)
        listed = await self._groups()
        found = rounds_of(payload.matches, listed.groups, season_url(self.key))
        return Fetched(found.rounds, (*listed.issues, *found.issues))

    async def matches(self) -> Fetched[Match]:
        """Every match, once per id."""
        payload, _, fixtures = await self._matches()
        if absent := self._absent(payload):
            return Fetched(absent=absent)
        issues = (*payload.issues, *fixtures.issues)
        if not fixtures.matches:
            because = "No match with known teams is there yet."
            return Fetched(issues=issues, absent=Absence("nothing_yet", because))
        return Fetched(fixtures.matches, issues)

    async def standings(self) -> Fetched[Standing]:
        """OpenLigaDB's table of a league, or tables computed from the matches."""
        payload, rounds, fixtures = await self._matches()
        if absent := self._absent(payload):
            return Fetched(absent=absent)
        table = await self._table()
        return standings_of(rounds.rounds, fixtures.groups, fixtures.matches, table)

    async def _matches(self) -> tuple[MatchList, RoundList, Fixtures]:
        payload = await self.requests.json(season_path(self.key), parse_matches)
        if self._read is None or self._read[0] is not payload:
            rounds = rounds_of(payload.matches, (), season_url(self.key))
            self._read = (payload, rounds, fixtures_of(payload.matches, rounds))
        return self._read

    async def _groups(self) -> GroupList:
        listed = await listed_groups(self.requests, self.key)
        if listed.groups:
            return listed
        detail = "OpenLigaDB lists no rounds; these are the rounds that have matches."
        return GroupList((), (*listed.issues, Finding("rounds_from_matches", "Rounds", detail)))

    async def _table(self) -> Table:
        payload, rounds, fixtures = await self._matches()
        if not payload.matches or not can_have_table(rounds.rounds, fixtures.groups):
            return Table()
        return await league_table(self.requests, self.key)

    def _absent(self, payload: MatchList) -> Absence | None:
        if payload.matches:
            return None
        return Absence(
            "nothing_yet",
            f"OpenLigaDB has no matches for {self.key.competition} {self.key.season}; "
            "check league and season.",
        )
