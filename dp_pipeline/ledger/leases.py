"""Leases of tournaments: two runs never interleave their writes."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import anyio
import anyio.to_thread
import sqlalchemy as sa
from tenacity import AsyncRetrying

from dp_pipeline.database import tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database, retry_options
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.ledger.liveness import (
    HEARTBEAT_SECONDS,
    Liveness,
    tournament_lock,
    works_on_execution,
)

RELEASE_SECONDS = 3 * HEARTBEAT_SECONDS
"""How long a run whose session was ended may take to be back before its lease is another's."""
_BUSY = Backoff(first=0.1, longest=2.0)
"""How often the lease is tried while another run has it."""


class Lease:
    """One run's lease of one tournament."""

    def __init__(
        self, liveness: Liveness, database: Database, tournament_id: UUID, seconds: float
    ) -> None:
        self._liveness = liveness
        self._database = database
        self._tournament_id = tournament_id
        self._lock = tournament_lock(tournament_id)
        self._seconds = seconds
        self._taken = False
        self._cut_off: frozenset[UUID] = frozenset()
        self._waits_until = 0.0

    async def acquire(self) -> None:
        """Wait until no other run works on the tournament.

        Raises:
            TournamentBusyError: the other run did not finish in time, or took over while our
                connection to Postgres was lost.
        """
        if self._taken:
            if self._liveness.held_lately(self._lock):
                return  # of eight tournaments at work each asked for each domain
            if await self._ask(self._liveness.lost):
                message = (
                    "The connection to Postgres was lost and another run has taken over this "
                    "tournament; this run leaves it alone."
                )
                raise TournamentBusyError(message)
            return
        give_up = anyio.current_time() + self._seconds
        failures = 0
        while not await self._take():
            if anyio.current_time() >= give_up:
                message = (
                    f"Another run has been working on this tournament for more than "
                    f"{self._seconds:.0f} s; nothing was changed. Try again when it has ended."
                )
                raise TournamentBusyError(message)
            failures += 1
            await anyio.sleep(_BUSY.seconds(failures))
        self._taken = True

    async def release(self) -> None:
        """Let the next run have the tournament."""
        if self._taken:
            await anyio.to_thread.run_sync(self._liveness.release, self._lock)
            self._taken = False

    async def _take(self) -> bool:
        """Acquire the lease if it is free, and not only because a session has just been ended."""
        if not await self._ask(self._liveness.take):
            self._cut_off = frozenset()  # whoever was away is back
            return False
        now = anyio.current_time()
        cut_off = await self._database.run(partial(_cut_off, id_=self._tournament_id), single=True)
        if cut_off != self._cut_off:
            # Others than before: it was back meanwhile, and was cut off once more.
            self._cut_off, self._waits_until = cut_off, now + RELEASE_SECONDS
        if not cut_off or now >= self._waits_until:
            return True
        await anyio.to_thread.run_sync(self._liveness.release, self._lock)
        return False

    async def _ask(self, ask: Callable[[str], bool]) -> bool:
        """Ask the locks, for as long as a transaction is tried."""
        retrying = AsyncRetrying(**retry_options(), sleep=anyio.sleep)
        return await retrying(partial(anyio.to_thread.run_sync, ask, self._lock))


_executions = tables.data_provider_executions
_CUT_OFF = sa.select(_executions.c.id).where(
    _executions.c.tournament_id == sa.bindparam("tournament", type_=sa.Uuid),
    _executions.c.status == "in_progress",
    ~works_on_execution(_executions.c.id),
)


def _cut_off(connection: sa.Connection, id_: UUID) -> frozenset[UUID]:
    """The open rows of the tournament whose process is gone, or has lost its session."""
    return frozenset(connection.scalars(_CUT_OFF, {"tournament": id_}))
