"""Requesting OpenLigaDB: three answers for a season; by round or one by one what is due."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.football.plausibility import (
    MOST_USUAL_GOALS,
    is_football,
    middle_goals,
    other_sport_of,
)
from dp_pipeline.providers.contract import (
    Listed,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    OtherSportError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.answers import (
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
)
from dp_pipeline.providers.polling import PolledSource, all_at_once
from dp_pipeline.providers.reading import Answer

T = TypeVar("T")
_NEED_MATCHES = frozenset({"tournaments", "teams", "matches", "standings"})


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
