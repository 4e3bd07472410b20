"""Requesting OpenLigaDB: three answers for a season; by round or one by one what is due."""

import copy
import difflib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import anyio

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    DueMatches,
    Listed,
    ListedSeason,
    Provider,
    Selection,
    Source,
    StoredTournament,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidTournamentKeyError,
    NotFoundError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.answers import (
    PUBLIC_URL,
    league_table,
    listed_groups,
    season_path,
    season_url,
)
from dp_pipeline.providers.openligadb.gathered import Ask, Gathered, asks_for_due
from dp_pipeline.providers.openligadb.payload import (
    GroupList,
    MatchList,
    TableRows,
    parse_leagues,
    parse_match,
    parse_matches,
)
from dp_pipeline.providers.parts import all_at_once
from dp_pipeline.providers.refresh_window import RefreshWindow

T = TypeVar("T")
LEAGUES_PATH = "/getavailableleagues"
MOST_SIMILAR = 3

_COMPETITION = re.compile(r"[a-z0-9_-]+\Z")
_SEASON = re.compile(r"(?:19|20)\d{2}\Z")
_NEED_MATCHES = frozenset({"tournaments", "teams", "matches", "standings"})


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

    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> "OpenLigaDBSource":
        """The tournament behind a checked key. Makes no request."""
        return OpenLigaDBSource(key, requests, selection, stored)

    async def seasons(
        self,
        competition: str,
        requests: Requests,
        back: int = 0,  # noqa: ARG002 - one answer lists all
    ) -> tuple[ListedSeason, ...]:
        """The seasons under this shortcut, newest first; anybody may have created them."""
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
        labels = {
            league.league_season: league.league_name or f"{competition} {league.league_season}"
            for league in leagues
            if league.league_shortcut.lower() == competition.lower()
            and _SEASON.match(str(league.league_season))
        }
        return tuple(
            ListedSeason(TournamentKey(self.name, competition, str(year)), labels[year])
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
    """A season, or some matches of it: then the first refusal ends all asking.

    The matches are the truth; the list of rounds and the table add to them.
    """

    def __init__(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> None:
        super().__init__(key, requests, selection, stored)
        self._blocked: BlockedError | None = None
        self._gathering = anyio.Lock()
        self._read: dict[bool, Gathered] = {}
        self._not_followed: ProviderError | None = None

    async def confirm(self, listed: Listed) -> None:
        """There are matches, or the season is listed: what it does not know it answers with []."""
        if (await self._gathered()).payloads or any(s.key == self.key for s in await listed()):
            return
        what = f"OpenLigaDB has no matches for {self.key.competition} {self.key.season}"
        raise TournamentNotFoundError(what, "check league and season", url=season_url(self.key))

    async def prefetch(self, domains: Collection[str]) -> None:
        """Matches and rounds at once; the table too, or when the matches show there can be one."""
        wanted: list[Callable[[], Awaitable[object]]] = []
        if self.follows_up or _NEED_MATCHES & set(domains):
            wanted.append(self._gathered)
        if "rounds" in domains and self.follows_up:
            wanted.append(self._groups)
        if "standings" in domains:
            wanted.append(self._table)

        async def quietly(ask: Callable[[], Awaitable[object]]) -> None:
            try:
                await ask()
            except ProviderError as error:
                # The domain that needs the answer meets the error.
                if self.stored is not None and isinstance(error, BlockedError):
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for ask in wanted if domains else ():
                group.start_soon(quietly, ask)

    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one, or `absent` while the season has no matches."""
        return (await self._gathered()).fetched_tournament()

    async def teams(self) -> Fetched[Team]:
        """Every team of a readable match, once, and those that are stored."""
        return (await self._gathered()).fetched_teams()

    async def rounds(self) -> Fetched[Round]:
        """Every round, those without matches yet included where OpenLigaDB lists them."""
        if not self.follows_up:
            return Gathered(self.key, self.stored).fetched_rounds()
        gathered = await self._gathered()
        if self._not_followed is not None:
            raise copy.copy(self._not_followed) from self._not_followed.__cause__
        if gathered.absent:
            return Fetched(absent=gathered.absent)
        return replace(gathered, listed=await self._groups()).fetched_rounds()

    async def matches(self) -> Fetched[Match]:
        """Every match once per id, or those that are due and others that came along."""
        return (await self._gathered()).fetched_matches()

    async def goals(self) -> Fetched[Goal]:
        """The goals, as the answers with the matches list them."""
        return (await self._gathered()).fetched_goals()

    async def standings(self) -> Fetched[Standing]:
        """OpenLigaDB's table of a league, or tables computed from all matches."""
        gathered = await self._gathered()
        table = await self._league_table() if gathered.can_have_table else TableRows()
        return gathered.fetched_standings(table)

    async def _gathered(self) -> Gathered:
        """The season; or the matches that are due and, once widened, rounds that wait for a draw.

        Raises:
            ProviderError: a refusal, or nothing could be had.
        """
        if self.stored is None:
            return await self._whole()
        async with self._gathering:
            wide = self.follows_up
            if wide not in self._read:
                try:
                    self._read[wide] = await self._gather(wide=wide)
                except ProviderError as error:
                    if not (wide and self._read):
                        raise
                    # The matches that are due had come before: they are stored whatever follows.
                    self._not_followed, self._read[True] = error, self._read[False]
            return self._read[wide]

    async def _whole(self) -> Gathered:
        # Requested each time, which costs nothing: so the report of each domain names the answer.
        season = Ask(season_path(self.key), "Matches", frozenset())
        answer = await self._matches(season)
        if True not in self._read or self._read[True].answers[season] is not answer:
            self._read[True] = Gathered(self.key, None, {season: answer})
        return self._read[True]

    async def _gather(self, *, wide: bool) -> Gathered:
        assert self.stored is not None  # noqa: S101 - for the type checker
        due = self.selection.match_ids if isinstance(self.selection, DueMatches) else ()
        asks = asks_for_due(self.key, self.stored, due)
        wanted: dict[Ask | None, Callable[[], Awaitable[MatchList | GroupList]]]
        wanted = {ask: partial(self._matches, ask) for ask in asks}
        if wide:
            wanted[None] = self._groups
        came, failed = await all_at_once(wanted)
        self._raise_if_blocked()
        failures = {ask: failed[ask] for ask in asks if ask in failed}
        answers = {ask: answer for ask in asks if isinstance(answer := came.get(ask), MatchList)}
        listed = came.get(None)
        found = Gathered(
            self.key,
            self.stored,
            answers,
            failures,
            listed if isinstance(listed, GroupList) else None,
        )
        _raise_if_nothing(found)
        ask = found.next_waiting() if wide else None
        while ask is not None:
            try:
                answers = {**answers, ask: await self._matches(ask)}
            except BlockedError:
                raise
            except ProviderError as error:
                failures = {**failures, ask: error}
            found = replace(found, answers=answers, failures=failures)
            ask = found.next_waiting() if ask in answers and found.gave(ask) else None
        _raise_if_nothing(found)
        return found

    async def _matches(self, ask: Ask) -> MatchList:
        parse = parse_match if ask.alone else parse_matches
        try:
            return await self._once(partial(self.requests.json, ask.path, parse))
        except NotFoundError:
            if self.stored is None:
                raise
            return MatchList((), ())

    async def _groups(self) -> GroupList:
        return await self._once(partial(listed_groups, self.requests, self.key))

    async def _table(self) -> TableRows:
        """The table, where what is known before the matches that are due come shows it can be."""
        told = Gathered(self.key, self.stored) if self.stored else await self._gathered()
        return await self._league_table() if told.can_have_table else TableRows()

    async def _league_table(self) -> TableRows:
        return await self._once(partial(league_table, self.requests, self.key))

    async def _once(self, ask: Callable[[], Awaitable[T]]) -> T:
        self._raise_if_blocked()
        try:
            return await ask()
        except BlockedError as error:
            # Of a season, three answers, each domain meets the refusal of what it needs.
            if self.stored is not None:
                self._blocked = error
            raise

    def _raise_if_blocked(self) -> None:
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__


def _raise_if_nothing(found: Gathered) -> None:
    if found.failure is not None:
        raise copy.copy(found.failure) from found.failure.__cause__
