"""Looking again at what is due of a tournament, and at what follows when a match ends.

The domains do the work, as in a whole refresh; here is decided which of them. Each has its own row
in the ledger; one without news is only counted in the next message of its tournament.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from dp_pipeline.assets import matches, rounds, standings, teams, tournaments
from dp_pipeline.assets.frame import Desk, attempt, each
from dp_pipeline.assets.guards import believe
from dp_pipeline.assets.match_news import given_up_news
from dp_pipeline.database import rows
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.database.known import read_known
from dp_pipeline.executions.errors import (
    BlockedDependencyError,
    SuspiciousPayloadError,
    TournamentBusyError,
)
from dp_pipeline.executions.execution import Execution
from dp_pipeline.executions.ledger import note_news, tournament_id_of
from dp_pipeline.executions.turns import Turn
from dp_pipeline.executions.vocabulary import Domain
from dp_pipeline.providers.contract import Known, Now, Part, utc_now
from dp_pipeline.providers.errors import BlockedError, ProviderRestingError
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import FINAL_STATUSES, Issue, Match
from dp_pipeline.providers.registry import checked_key
from dp_pipeline.watching.pauses import caught_up, missed, put_off, refused
from dp_pipeline.watching.watch import Due, Look, due_of, keep_watch

TURN_SECONDS = 20.0
"""A refresh of the tournament that goes on longer reads what is due itself."""

_WORK = {
    "tournaments": tournaments.ingest,
    "rounds": rounds.ingest,
    "teams": teams.ingest,
    "standings": standings.ingest,
}


async def poll_tournaments(keys: Sequence[str], desk: Desk) -> None:
    """Look at what is due of several tournaments concurrently; none stops another."""
    async with desk.providers:
        await each(keys, lambda key: poll_tournament(key, desk))


async def poll_tournament(key: str, desk: Desk) -> None:
    """Matches first; when one has ended, rounds, new teams and table follow; never raises."""
    async with desk.ledger.turn(tournament_id_of(key), seconds=TURN_SECONDS) as turn:
        poll = Poll(key, desk, turn)
        execution = await attempt("matches", key, desk, poll.look)
        if execution.failure is None:
            await poll.finish(execution)


class Poll:
    """One poll of one tournament."""

    def __init__(self, key: str, desk: Desk, turn: Turn) -> None:
        self.key = key
        self._desk = desk
        self._turn = turn
        self._began: datetime | None = None
        self._clock: Now = utc_now
        self._part: Part | None = None
        self._table_moves = False
        self._failed: list[Domain] = []

    async def look(self, execution: Execution) -> None:
        """The work of the domain `matches`: what is due, and before it what it needs.

        Raises:
            BlockedDependencyError: the tournament is not stored.
            ProviderError, SuspiciousPayloadError: see `matches.ingest`.
        """
        try:
            await self._turn.come()
        except TournamentBusyError:
            detail = "Another run reads this tournament at the moment; what is due is due still."
            execution.stand_down(Issue("busy", self.key, detail))
            return
        tournament = checked_key(self.key)
        self._clock = await self._desk.providers.clock(tournament.provider)
        now = self._clock()
        known, due = await self._desk.database.run(lambda c: _read(c, tournament, now))
        if known is None:
            message = f"The tournament {self.key} is not stored; there is nothing to poll."
            raise BlockedDependencyError(message)
        execution.label = known.tournament.label
        if not due:
            execution.idle = True
            return
        self._began = now
        try:
            self._part = part = await self._desk.providers.part(self.key, known, due.matches)
            try:
                await self._look(execution, part, due)
            finally:
                execution.requests.extend(part.requests.taken())
        except ProviderRestingError as error:
            # Told once for all, by the provider's check; the sensor waits with us.
            execution.stand_down(Issue("provider_at_rest", self.key, error.message))
        except Exception as error:
            # Whatever it was: without a pause the next tick would try it again.
            failure = error
            with suppress(DatabaseError):
                await self._desk.database.run(
                    lambda c: self._pause(c, execution, known, due, failure)
                )
            raise

    async def _look(self, execution: Execution, part: Part, due: Due) -> None:
        with execution.step("scraping", "fetch_due") as data:
            found = (await part.matches()).items if due.matches else ()
            data.update(due=len(due.matches), found=len(found))
        execution.requests.extend(part.requests.taken())
        if found:
            # before anything that follows from them is written
            await self._desk.database.run(lambda c: believe(c, part, execution, found))
        if due.draw or due.owed or settled(part.known.matches, found):
            part.follow()
            await self._follow("tournaments")
            await self._follow("rounds")
            if {team.external_id for team in (await part.teams()).items} - {
                team.external_id for team in part.known.teams
            }:
                await self._follow("teams")
            found = (await part.matches()).items
            self._table_moves = has_table(part.known) and (
                due.owed
                or any(
                    match.round_slug not in knockout(part.known)
                    for match in settled(part.known.matches, found)
                )
            )
        if found or due.matches:
            await matches.ingest(part, self._desk.database, execution)
        else:
            look = Look((), draws=True, at=part.now)
            await self._desk.database.run(
                lambda c: keep_watch(c, execution.tournament_id, part.key.provider, look)
            )

    async def finish(self, execution: Execution) -> None:
        """After the matches: the table, then what is to be remembered of this poll."""
        if self._part is None or execution.idle:
            return
        if self._table_moves:
            await self._follow("standings")
        database = self._desk.database
        with suppress(DatabaseError):  # then it is done again
            await database.run(lambda connection: self._remember(connection, execution))

    async def _follow(self, domain: Domain) -> None:
        part = self._part
        assert part is not None  # noqa: S101 - for the type checker

        async def work(execution: Execution) -> None:
            try:
                await part.prefetch([domain])
                await _WORK[domain](part, self._desk.database, execution)
            except ProviderRestingError as error:
                execution.stand_down(Issue("provider_at_rest", self.key, error.message))
                self._failed.append(domain)
            finally:
                execution.requests.extend(part.requests.taken())

        label = part.known.tournament.label
        execution = await attempt(domain, self.key, self._desk, work, label=label)
        if execution.failure is not None:
            self._failed.append(domain)

    def _remember(self, connection: sa.Connection, execution: Execution) -> None:
        part, began = self._part, self._began
        assert part is not None  # noqa: S101 - for the type checker
        assert began is not None  # noqa: S101 - for the type checker
        still = due_of(connection, execution.tournament_id, began)
        # Those that were asked for and not among what came have been noted with it.
        missed(connection, execution.tournament_id, still.matches, part.now, answered=False)
        if self._failed or still.draw:
            put_off(connection, execution.tournament_id, part.key.provider)
        elif part.follows:
            caught_up(connection, execution.tournament_id)

    def _pause(
        self,
        connection: sa.Connection,
        execution: Execution,
        known: Known,
        due: Due,
        error: Exception,
    ) -> None:
        """Nothing could be had: leave alone for a while what was due."""
        id_, key = execution.tournament_id, known.tournament.key
        if isinstance(error, BlockedError):
            refused(connection, id_, due.matches)
        else:
            answered = isinstance(error, SuspiciousPayloadError)
            now = self._clock()
            given_up = missed(connection, id_, due.matches, now, answered=answered)
            names = {team.external_id: team.name for team in known.teams}
            by_id = {rows.match_id(key.provider, m.external_id): m for m in known.matches}
            news = [given_up_news(by_id[each], names) for each in given_up if each in by_id]
            note_news(connection, execution, news)
        if due.draw or due.owed:
            put_off(connection, id_, key.provider)


def settled(known: Sequence[Match], found: Sequence[Match]) -> list[Match]:
    """The found matches that are over, called off or decided now and were not, or otherwise."""
    before = {match.external_id: match for match in known}

    def differs(match: Match) -> bool:
        old = before.get(match.external_id)
        if old is None:
            return True
        result = (match.home_score, match.away_score, match.home_penalties_score)
        was = (old.home_score, old.away_score, old.home_penalties_score)
        return old.status != match.status or was != result

    rest = FINAL_STATUSES | {"postponed"}
    return [match for match in found if match.status in rest and differs(match)]


def knockout(known: Known) -> set[str | None]:
    """The slugs of the rounds whose matches count for no table."""
    return {round_.slug for round_ in known.rounds if round_.type == "knockout"}


def has_table(known: Known) -> bool:
    """Whether the tournament can have one."""
    return known.tournament.mode != "knockout-only"


def _read(connection: sa.Connection, key: TournamentKey, now: datetime) -> tuple[Known | None, Due]:
    return read_known(connection, key), due_of(connection, key.tournament_id, now)
