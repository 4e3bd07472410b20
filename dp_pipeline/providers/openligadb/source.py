"""Requesting OpenLigaDB: three answers for a season; by round or one by one what is due."""

import difflib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.football.plausibility import (
    MOST_USUAL_GOALS,
    is_football,
    middle_goals,
    other_sport_of,
)
from dp_pipeline.football.titles import has_words
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    Listed,
    ListedSeason,
    Provider,
    Selection,
    StoredTournament,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidTournamentKeyError,
    OtherSportError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.answers import (
    PUBLIC_URL,
    Answers,
    MatchRequest,
    season_path,
    season_url,
)
from dp_pipeline.providers.openligadb.gathered import Gathered, requests_for_due
from dp_pipeline.providers.openligadb.payload import (
    GroupPayload,
    MatchPayload,
    TableRows,
    parse_leagues,
)
from dp_pipeline.providers.polling import PolledSource, all_at_once
from dp_pipeline.providers.reading import Answer
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
        return OpenLigaDBSource(key, requests, selection, stored)

    async def seasons(
        self,
        competition: str,
        requests: Requests,
        back: int = 0,  # noqa: ARG002 - one answer lists all
    ) -> tuple[ListedSeason, ...]:
        """The seasons under this shortcut, newest first; anybody may have created them."""
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
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
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
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
        leagues = await requests.json(LEAGUES_PATH, parse_leagues)
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


@dataclass(eq=False)
class OpenLigaDBSource(PolledSource[Gathered]):
    """A season, or some matches of it: then the first refusal is the last request.

    The matches are the truth; the list of rounds and the table add to them.
    """

    def __post_init__(self) -> None:
        # Of a season, three answers, each domain meets the refusal of what it needs.
        final = self.stored is not None
        self._answers = Answers(self.key, self.requests, refusal_is_final=final)

    async def confirm(self, listed: Listed) -> None:
        """There are matches, or the season is listed: what it does not know it answers with [].

        The list alone says of which sport a league is; where results are those of football, it is
        not requested.
        """
        fixtures = (await self.season()).fixtures.matches
        matches = bool((await self.season()).payloads)
        if matches and middle_goals(fixtures) <= MOST_USUAL_GOALS:
            return
        try:
            seasons = [season for season in await listed() if season.key == self.key]
        except ProviderError:
            if not matches:
                raise
            return  # names and scores of the matches give most other sports away
        for season in seasons:
            if season.sport and not is_football(season.sport):
                raise OtherSportError.of(season.label, season.sport)
        if matches or seasons:
            return
        what = f"OpenLigaDB has no matches for {self.key.competition} {self.key.season}"
        raise TournamentNotFoundError(what, "check league and season", url=season_url(self.key))

    async def prefetch(self, domains: Collection[str]) -> None:
        """Matches and rounds at once; the table too, or when the matches show there can be one."""
        wanted: list[Callable[[], Awaitable[object]]] = []
        if self.follows_up or _NEED_MATCHES & set(domains):
            wanted.append(self.season)
        if "rounds" in domains and self.follows_up:
            wanted.append(self._answers.groups)
        if "standings" in domains:
            wanted.append(self._table)
        calls = dict(enumerate(wanted)) if domains else {}
        # The domain that needs an answer meets its error.
        await all_at_once(calls, refusal_ends=self.stored is not None)

    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one, or `absent` while the season has no matches."""
        return await self._fetched(Gathered.fetched_tournament)

    async def teams(self) -> Fetched[Team]:
        """Every team of a readable match, once, and those that are stored."""
        return await self._fetched(Gathered.fetched_teams)

    async def rounds(self) -> Fetched[Round]:
        """Every round, those without matches yet included where OpenLigaDB lists them."""
        if not self.follows_up:
            return Gathered(self.key, self.stored).fetched_rounds()
        gathered = await self.season()
        self.raise_if_not_followed()
        if gathered.absent:
            return Fetched(absent=gathered.absent)
        return replace(gathered, listed=await self._answers.groups()).fetched_rounds()

    async def matches(self) -> Fetched[Match]:
        """Every match once per id, or those that are due and others that came along."""
        return await self._fetched(Gathered.fetched_matches)

    async def goals(self) -> Fetched[Goal]:
        """The goals, as the answers with the matches list them."""
        return await self._fetched(Gathered.fetched_goals)

    async def standings(self) -> Fetched[Standing]:
        """OpenLigaDB's table of a league, or tables computed from all matches."""
        gathered = await self.season()
        if gathered.absent:
            return Fetched(absent=gathered.absent)
        table = await self._answers.table() if gathered.can_have_table else TableRows()
        return gathered.fetched_standings(table)

    async def _fetched(self, read: Callable[[Gathered], Fetched[T]]) -> Fetched[T]:
        gathered = await self.season()
        return Fetched(absent=gathered.absent) if gathered.absent else read(gathered)

    async def season(self) -> Gathered:
        """The season, or what is due of it; see `PolledSource.season`."""
        if self.stored is not None:
            return await super().season()
        # Requested each time, which costs nothing: so the report of each domain names the answer.
        request = MatchRequest(season_path(self.key), "Matches", frozenset())
        answer = await self._answers.season()
        if True not in self._read or self._read[True].answers[request] is not answer:
            names = {payload.league_name for payload in answer.items}
            for name in sorted(filter(None, names)):
                if sport := other_sport_of(name):
                    raise OtherSportError.of(name, sport)
            # After the check: each domain meets that error, not the first alone.
            self._read[True] = Gathered(self.key, None, {request: answer}, now=self.now)
        return self._read[True]

    async def read_season(self) -> Gathered:
        """The matches that are due and, once widened, the list of rounds and what waits."""
        assert self.stored is not None  # noqa: S101 - for the type checker
        listed: list[Answer[GroupPayload]] = []

        async def list_rounds() -> None:
            listed.append(await self._answers.groups())

        wanted = requests_for_due(self.key, self.stored, self.due)
        calls: dict[MatchRequest | None, Callable[[], Awaitable[Answer[MatchPayload] | None]]]
        calls = {request: partial(self._answers.matches, request) for request in wanted}
        if self.follows_up:
            calls[None] = list_rounds
        came, failed = await all_at_once(calls)
        self._answers.raise_if_blocked()
        answers = {request: answer for request in wanted if (answer := came.get(request))}
        failures = {request: failed[request] for request in wanted if request in failed}
        gathered = Gathered(self.key, self.stored, answers, failures, *listed, now=self.now)
        gathered.raise_if_nothing()
        request = gathered.next_waiting() if self.follows_up else None
        while request is not None:
            try:
                answers[request] = await self._answers.matches(request)
            except BlockedError:
                raise
            except ProviderError as error:
                failures[request] = error
            gathered = replace(gathered, answers=dict(answers), failures=failures)
            request = gathered.next_waiting() if gathered.gave(request) else None
        gathered.raise_if_nothing()
        return gathered

    async def _table(self) -> TableRows | None:
        """The table, where what is stored before the matches that are due come shows it can be."""
        gathered = Gathered(self.key, self.stored) if self.stored else await self.season()
        return await self._answers.table() if gathered.can_have_table else None
