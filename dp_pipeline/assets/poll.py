"""Polling what is due of a tournament, what follows when a match ends, and the checks of both.

The data takes the way of a whole refresh; here is decided which domains, and what is paused. Each
domain has its own row in the ledger; one without news is only counted in the next message of its
tournament.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.assets.materialization import Materialization
from dp_pipeline.assets.runner import RunContext, acquire, attempt, check, each
from dp_pipeline.database import rows
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.match_news import NamesInNews, given_up_news
from dp_pipeline.domains.matches import MATCHES, follows_from, settled
from dp_pipeline.domains.registry import DOMAINS, TABLES
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.errors import (
    BlockedDependencyError,
    SuspiciousPayloadError,
    TournamentBusyError,
)
from dp_pipeline.ledger.execution import Execution
from dp_pipeline.ledger.leases import Lease
from dp_pipeline.ledger.ledger import note_news, tournament_id_of
from dp_pipeline.match_watch.due import change, read_watched
from dp_pipeline.match_watch.watch import Due, PolledMatches, Watched
from dp_pipeline.providers.contract import DueMatches, Now, Source, utc_now
from dp_pipeline.providers.errors import BlockedError, CircuitOpenError, ProviderError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.registry import checked_key

LEASE_SECONDS = 20.0
"""A refresh of the tournament that goes on longer reads what is due itself."""


async def poll_tournaments(keys: Sequence[str], context: RunContext) -> None:
    """Poll what is due of several tournaments concurrently; none stops another."""
    async with context.providers:
        await each(keys, lambda key: poll_tournament(key, context))


async def poll_tournament(key: str, context: RunContext) -> None:
    """Matches first; when one has ended, rounds, new teams and table follow; never raises."""
    async with context.ledger.lease(tournament_id_of(key), seconds=LEASE_SECONDS) as lease:
        poll = Poll(key, context, lease)
        execution = await attempt("matches", key, context, poll.due)
        if execution.failure is None:
            await poll.finish(execution)
        await poll.check(execution)


class Poll:
    """One poll of one tournament."""

    def __init__(self, key: str, context: RunContext, lease: Lease) -> None:
        self.key = key
        self._context = context
        self._lease = lease
        self._began: datetime | None = None
        self._clock: Now = utc_now
        self._work: Materialization | None = None
        self._label: str | None = None
        self._table_moves = False
        self._failed: list[str] = []
        self._followed: list[Execution] = []

    async def due(self, execution: Execution) -> None:
        """The work of the domain `matches`: what is due, and before it what it needs.

        Raises:
            BlockedDependencyError: the tournament is not stored.
            ProviderError, SuspiciousPayloadError: see `Materialization.applied`.
        """
        try:
            await acquire(self._lease, self._context)
        except TournamentBusyError:
            detail = "Another run reads this tournament at the moment; what is due is due still."
            execution.stand_down(Finding("busy", self.key, detail))
            return
        key = checked_key(self.key)
        context = self._context
        self._clock = await context.providers.clock(key.provider)
        now = self._clock()
        stored, due = await context.database.run(lambda c: _read(c, key, now))
        models = stored.models
        if models is None:
            message = f"The tournament {self.key} is not stored; there is nothing to poll."
            raise BlockedDependencyError(message)
        execution.label = self._label = models.tournament.label
        if not due:
            execution.idle = True
            return
        self._began = now
        try:
            wanted = DueMatches(frozenset(due.matches))
            source = await context.providers.source(self.key, wanted, models)
            self._work = work = Materialization(source, context.database, stored)
            try:
                await self._read_due(execution, work, source, due)
            finally:
                execution.requests.extend(source.requests.taken())
        except CircuitOpenError as error:
            # Announced once for all, by the provider's check; the sensor waits with us.
            execution.stand_down(Finding("provider_at_rest", self.key, error.message))
        except Exception as error:
            # Whatever it was: without a pause the next tick would try it again.
            failure = error
            with suppress(DatabaseError):
                await context.database.run(
                    lambda c: self._pause(c, execution, stored, due, failure)
                )
            raise

    async def _read_due(
        self, execution: Execution, work: Materialization, source: Source, due: Due
    ) -> None:
        matches = await work.planned(MATCHES, execution) if due.matches else None
        execution.requests.extend(source.requests.taken())
        widens = due.draw or due.follow_up
        if matches is not None and matches.fetched.items:
            if matches.is_doubtful:
                await work.applied(matches, execution)  # before anything that follows is written
            widens = widens or follows_from(matches.plan)
        if widens:
            source.widen()
            await self._follow(ROUNDS)
            met = {team.external_id for team in (await source.teams()).items}
            if met - work.stored.team_names.keys():
                await self._follow(TEAMS)
            matches = await work.planned(MATCHES, execution)
            self._table_moves = _has_table(work.stored) and (
                due.follow_up or bool(settled(matches.plan) - _knockout(work.stored))
            )
        if matches is not None and (matches.fetched.items or due.matches):
            await work.applied(matches, execution)
            return
        models, poll = work.stored.models, PolledMatches((), draws=True, at=source.now)
        assert models is not None  # noqa: S101 - see `due`
        polled = lambda watched: watched.polled(models, poll)  # noqa: E731
        await self._context.database.run(lambda c: change(c, source.key, polled))

    async def finish(self, execution: Execution) -> None:
        """After the matches: the table, what came with them, then what is to be remembered."""
        if self._work is None or execution.idle:
            return
        if self._table_moves:
            await self._follow(STANDINGS)
        for domain in DOMAINS:
            if domain.comes_with_matches and await self._has_changed(domain):
                await self._follow(domain)
        key, database = self._work.source.key, self._context.database
        with suppress(DatabaseError):  # then it is done again
            await database.run(lambda connection: change(connection, key, self._remembered))

    async def check(self, execution: Execution) -> None:
        """Check the tournament, if the poll has changed any of it."""
        changed = any(each.outcome == "written" for each in (execution, *self._followed))
        if self._work is not None and changed:
            await check(self._work, self._context)

    async def _has_changed(self, domain: Domain[Any]) -> bool:
        assert self._work is not None  # noqa: S101 - see `finish`
        try:
            return await self._work.would_change(domain)
        except (ProviderError, DatabaseError):
            return False  # it is no reason for a poll to fail; a whole read meets it too

    async def _follow(self, domain: Domain[Any]) -> None:
        work = self._work
        assert work is not None  # noqa: S101 - for the type checker

        async def materialize(execution: Execution) -> None:
            source = work.source
            try:
                await source.prefetch([domain.name])
                await work.of(domain, execution)
            except CircuitOpenError as error:
                execution.stand_down(Finding("provider_at_rest", self.key, error.message))
                self._failed.append(domain.name)
            finally:
                execution.requests.extend(source.requests.taken())

        execution = await attempt(
            domain.name, self.key, self._context, materialize, label=self._label
        )
        self._followed.append(execution)
        if execution.failure is not None:
            self._failed.append(domain.name)

    def _remembered(self, watched: Watched) -> Watched:
        work, began = self._work, self._began
        assert work is not None  # noqa: S101 - for the type checker
        assert began is not None  # noqa: S101 - for the type checker
        still = watched.due(began)
        # Those that were requested and not among what came have been noted with it.
        after = watched.missed(still.matches, work.source.now, answered=False)
        if self._failed or still.draw:
            return after.put_off()
        return after.caught_up() if work.source.follows_up else after

    def _pause(
        self,
        connection: sa.Connection,
        execution: Execution,
        stored: Snapshot,
        due: Due,
        error: Exception,
    ) -> None:
        """Nothing could be had: pause what was due."""
        now, answered = self._clock(), isinstance(error, SuspiciousPayloadError)

        def paused(watched: Watched) -> Watched:
            if isinstance(error, BlockedError):
                after = watched.refused(due.matches)
            else:
                after = watched.missed(due.matches, now, answered=answered)
            return after.put_off() if due.draw or due.follow_up else after

        before, after = change(connection, stored.key, paused)
        by_id = {rows.match_id(stored.key.provider, m.external_id): m for m in stored.matches}
        given_up = [by_id[id_] for id_ in after.given_up_since(before) if id_ in by_id]
        rounds = {round_.slug: round_.label for round_ in stored.rounds}
        names = NamesInNews(stored.team_names, rounds)
        news = [given_up_news(each, names) for each in given_up]
        note_news(connection, execution, news)


def _knockout(stored: Snapshot) -> set[str | None]:
    """The slugs of the rounds whose matches count for no table."""
    return {round_.slug for round_ in stored.rounds if round_.type == "knockout"}


def _has_table(stored: Snapshot) -> bool:
    """Whether the tournament can have one."""
    tournament = stored.tournament
    return tournament is not None and tournament["mode"] != "knockout-only"


def _read(connection: sa.Connection, key: TournamentKey, now: datetime) -> tuple[Snapshot, Due]:
    return read_snapshot(connection, key, TABLES), read_watched(connection, key).due(now)
