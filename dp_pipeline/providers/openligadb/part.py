"""Requesting some matches of a season at OpenLigaDB: by round, or one by one."""

import copy
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TypeVar

import anyio

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Known, Part
from dp_pipeline.providers.errors import BlockedError, NotFoundError, ProviderError
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import Fetched, Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.openligadb.answers import league_table, listed_groups
from dp_pipeline.providers.openligadb.gathered import Ask, Gathered, asks_for_due
from dp_pipeline.providers.openligadb.payload import (
    GroupList,
    MatchList,
    Table,
    parse_match,
    parse_matches,
)
from dp_pipeline.providers.parts import all_at_once

T = TypeVar("T")
_NEED_MATCHES = frozenset({"tournaments", "teams", "matches", "standings"})


class OpenLigaDBPart(Part):
    """Some matches of a season. The first refusal ends all asking."""

    def __init__(
        self, key: TournamentKey, requests: Requests, known: Known, due: Collection[str]
    ) -> None:
        super().__init__(key, requests, known, due)
        self._blocked: BlockedError | None = None
        self._gathering = anyio.Lock()
        self._read: dict[bool, Gathered] = {}
        self._not_followed: ProviderError | None = None

    async def prefetch(self, domains: Collection[str]) -> None:
        """The matches and, beside them, the table where the stored matches can have one."""
        needed = _NEED_MATCHES | {"rounds"} if self.follows else _NEED_MATCHES
        asked: list[Callable[[], Awaitable[object]]] = []
        if needed & set(domains):
            asked.append(self._gathered)
        if "standings" in domains and Gathered(self.key, self.known).can_have_table:
            asked.append(self._table)

        async def quietly(ask: Callable[[], Awaitable[object]]) -> None:
            try:
                await ask()
            except BlockedError:
                group.cancel_scope.cancel()
            except ProviderError:
                return  # the domain that needs the answer meets the error

        async with anyio.create_task_group() as group:
            for ask in asked:
                group.start_soon(quietly, ask)

    async def tournament(self) -> Fetched[Tournament]:
        """The stored one, with mode, status and current round as they are now."""
        gathered = await self._gathered()
        if self.follows:
            self._raise_unless_followed()
            await self._groups()  # without them its status is not certain
        return gathered.found_tournament()

    async def teams(self) -> Fetched[Team]:
        """The stored teams, as they were met where they were met."""
        return (await self._gathered()).found_teams()

    async def rounds(self) -> Fetched[Round]:
        """The stored rounds; once followed, with those that are newly listed or met."""
        if not self.follows:
            return Gathered(self.key, self.known).found_rounds()
        gathered = await self._gathered()
        self._raise_unless_followed()
        await self._groups()
        return gathered.found_rounds()

    async def matches(self) -> Fetched[Match]:
        """The matches that are due, and others that came along."""
        return (await self._gathered()).found_matches()

    async def standings(self) -> Fetched[Standing]:
        """OpenLigaDB's table of a league, or tables computed from all matches."""
        gathered = await self._gathered()
        table = await self._table() if gathered.can_have_table else Table()
        return gathered.found_standings(table)

    async def _gathered(self) -> Gathered:
        """The matches that are due and, once followed, of rounds that wait for a draw.

        Raises:
            ProviderError: a refusal, or nothing could be had.
        """
        async with self._gathering:
            follows = self.follows
            if follows not in self._read:
                try:
                    self._read[follows] = await self._gather(follows=follows)
                except ProviderError as error:
                    if not (follows and self._read):
                        raise
                    # The matches that are due had come before: they are stored whatever follows.
                    self._not_followed, self._read[True] = error, self._read[False]
            return self._read[follows]

    async def _gather(self, *, follows: bool) -> Gathered:
        asks = asks_for_due(self.key, self.known, self.due)
        wanted: dict[Ask | None, Callable[[], Awaitable[MatchList | GroupList]]]
        wanted = {ask: partial(self._matches, ask) for ask in asks}
        if follows:
            wanted[None] = self._groups
        came, failed = await all_at_once(wanted)
        self._raise_if_blocked()
        failures = {ask: failed[ask] for ask in asks if ask in failed}
        answers = {ask: answer for ask in asks if isinstance(answer := came.get(ask), MatchList)}
        listed = came.get(None)
        found = Gathered(
            self.key,
            self.known,
            answers,
            failures,
            listed if isinstance(listed, GroupList) else None,
        )
        _raise_if_nothing(found)
        ask = found.next_waiting() if follows else None
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

    def _raise_unless_followed(self) -> None:
        """Raise what kept new rounds from being read; the matches that are due need none."""
        if self._not_followed is not None:
            raise copy.copy(self._not_followed) from self._not_followed.__cause__

    async def _matches(self, ask: Ask) -> MatchList:
        parse = parse_match if ask.alone else parse_matches
        try:
            return await self._once(partial(self.requests.json, ask.path, parse))
        except NotFoundError:
            return MatchList((), ())

    async def _groups(self) -> GroupList:
        return await self._once(partial(listed_groups, self.requests, self.key))

    async def _table(self) -> Table:
        return await self._once(partial(league_table, self.requests, self.key))

    async def _once(self, ask: Callable[[], Awaitable[T]]) -> T:
        self._raise_if_blocked()
        try:
            return await ask()
        except BlockedError as error:
            self._blocked = error
            raise

    def _raise_if_blocked(self) -> None:
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__


def _raise_if_nothing(found: Gathered) -> None:
    if found.failure is not None:
        raise copy.copy(found.failure) from found.failure.__cause__
