"""The ledger of executions: opened before the work, closed after every ending.

Every write here is a short transaction of its own, so that a load that is rolled back still leaves
a row that says why. While a row is open its process holds an advisory lock (liveness.py).
"""

import logging
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache, partial
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import REGISTERED, operation_type
from dp_pipeline.football.key import MalformedKeyError, TournamentKey, natural_id
from dp_pipeline.ledger.closing import Closing
from dp_pipeline.ledger.errors import AlreadyRecordedError
from dp_pipeline.ledger.execution import Execution, Run, plain
from dp_pipeline.ledger.leases import Lease
from dp_pipeline.ledger.liveness import Liveness, execution_lock, run_lock
from dp_pipeline.ledger.log_fields import logged_as
from dp_pipeline.pages.words import in_zone
from dp_pipeline.storage import ANSWER_SECONDS, ObjectStore, Storing

T = TypeVar("T")

_log = logging.getLogger(__name__)

LEASE_SECONDS = 600.0
"""How long a run waits for another one that works on the same tournament."""

RUN_ENDED_EARLY = "RunEndedEarly"
"""The error class of rows that a run never opened (reconcile.py)."""
_SAID_OF_THE_LOST = (
    "outcome",
    "completed_at",
    "duration",
    "error_class",
    "error_text",
    "summary",
    "announced_at",
)


@cache
def _opening(domain: str) -> sa.Executable:
    """The statement that opens a row of a domain; made once: that took as long as running it."""
    table = tables.data_provider_executions
    attempt = ("request_id", "tournament_key", "domain", "attempt")
    row = (
        *("id", "tournament_id", "tournament_label", "run_group", "scope", "status", "started_at"),
        "operation_type",
    )
    given = {
        name: sa.bindparam(name, type_=table.c[name].type)
        for name in (*row[:-1], *attempt, "announced_at")
    }
    there = sa.exists().where(REGISTERED[domain].has_rows == given["tournament_id"])
    statement = insert(table).values(
        **given,
        operation_type=sa.case(
            (there, operation_type(domain, create=False)), else_=operation_type(domain, create=True)
        ),
    )
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(attempt),
        set_={
            **{name: new[name] for name in row},
            **dict.fromkeys(_SAID_OF_THE_LOST, sa.null()),
            "announced_at": new.announced_at,
            "updated_at": sa.func.now(),
        },
        # It bears being done twice: a COMMIT whose answer is lost may have happened.
        where=(table.c.id == new.id) | (table.c.error_class == RUN_ENDED_EARLY),
    ).returning(table.c.operation_type)


def tournament_id_of(key: str) -> UUID:
    """The id a key's rows carry; a malformed key gets one too, so that its failure has a row."""
    try:
        return TournamentKey.parse(key).tournament_id
    except MalformedKeyError:
        return natural_id("malformed", storable(key))


def has_rows(connection: sa.Connection, domain: str, tournament_id: UUID) -> bool:
    """Whether anything of the domain is stored for the tournament."""
    return bool(connection.scalar(_looking(domain), {"tournament_id": tournament_id}))


@cache
def _looking(domain: str) -> sa.Select[bool]:
    given = sa.bindparam("tournament_id", type_=sa.Uuid)
    return sa.select(sa.exists().where(REGISTERED[domain].has_rows == given))


def storable(key: str) -> str:
    """A key as Postgres can keep it: no NUL, no endless text. Dagster accepts any key at all."""
    return plain(key)[:500]


class Ledger:
    """The execution table as the work sees it: one per run, `working` around all of it."""

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        database: Database,
        objects: ObjectStore,
        *,
        conceal: Callable[[str], str] = str,
        zone: ZoneInfo | None = None,
        lease_seconds: float = LEASE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._database = database
        self._liveness = Liveness(database)
        self._conceal = conceal
        self._zone = zone or ZoneInfo("UTC")
        storing = Storing(objects, answer_seconds=answer_seconds)
        self._closing = Closing(database, storing, self._zone)
        self._lease_seconds = lease_seconds

    @contextmanager
    def working(self, request_id: UUID | None = None) -> Generator["Ledger"]:
        """Hold the locks of everything tracked inside, and from now on those of the run if given.

        While they are held nobody says of the run that it ended without having done its work.
        """
        with self._liveness.alive():
            if request_id is not None:
                self._liveness.keep(run_lock(request_id), shared=True)
            try:
                yield self
            finally:
                self._closing.note_rest()

    @asynccontextmanager
    async def track(
        self, domain: str, key: str, run: Run, *, label: str | None = None
    ) -> AsyncGenerator[Execution]:
        """One execution: row opened before the block, closed after it whatever happens inside.

        The error of the block is recorded and raised again. Raises DatabaseError when the row
        cannot be opened: work that leaves no trace is not begun.
        """
        execution = Execution(
            run=run,
            key=storable(key),
            tournament_id=tournament_id_of(key),
            domain=domain,
            conceal=self._conceal,
            zone=self._zone,
            label=label,
        )
        lock = execution_lock(execution.id)
        try:
            with logged_as(execution):
                await self._database.run(partial(self._open, execution, lock), single=True)
                try:
                    yield execution
                except BaseException as error:
                    execution.fail(_ending(error))
                    raise
                finally:
                    execution.finish()
                    await self._closing.close(execution)
                    _log_end(execution)
        finally:
            self._liveness.release_soon(lock)

    def _open(self, execution: Execution, lock: str, connection: sa.Connection) -> None:
        # Locks first: a row that is open before they are held seems abandoned.
        self._liveness.keep(run_lock(execution.run.id), shared=True)
        self._liveness.keep(lock)
        _open(connection, execution)

    @asynccontextmanager
    async def lease(
        self, tournament_id: UUID, *, seconds: float | None = None
    ) -> AsyncGenerator[Lease]:
        """The lease of one tournament; `await lease.acquire()` waits for it.

        Args:
            tournament_id: the tournament.
            seconds: how long it waits; None for as long as a run does.
        """
        wait = self._lease_seconds if seconds is None else seconds
        lease = Lease(self._liveness, self._database, tournament_id, wait)
        try:
            yield lease
        finally:
            with anyio.CancelScope(shield=True):
                await lease.release()


class InterruptedRunError(Exception):
    """The run was cancelled in the UI, reached its time limit, or its process had to end."""

    retryable = True


INTERRUPTED = InterruptedRunError.__name__


def _log_end(execution: Execution) -> None:
    """Say how an execution ended, for logs that programs read: others do not show it."""
    because = f": {execution.failure.message}" if execution.failure is not None else ""
    said = f"{execution.domain} of {execution.key}: {execution.outcome}{because}"
    facts = {"outcome": execution.outcome, "milliseconds": execution.duration_ms}
    _log.info("%s", said, extra=facts)


def _ending(error: BaseException) -> BaseException:
    if isinstance(error, Exception):
        return error
    message = "The run was cancelled or its process had to stop before this was finished."
    interrupted = InterruptedRunError(message)
    interrupted.__cause__ = error
    return interrupted


def note_news(connection: sa.Connection, execution: Execution, news: Sequence[str]) -> None:
    """Write news into the row, in the transaction that stores what they are about.

    The news of a process that dies right afterwards are announced all the same; no later read would
    see the change.
    """
    if not news:
        return
    news = [in_zone(sentence, execution.zone) for sentence in news]
    # A transaction that is repeated notes the same again, here but not there.
    execution.news = tuple(dict.fromkeys((*execution.news, *news)))
    table = tables.data_provider_executions
    noted = sa.func.coalesce(table.c.summary, sa.text("'{}'::jsonb"))
    before = sa.func.coalesce(table.c.summary["news"], sa.text("'[]'::jsonb"))
    connection.execute(
        sa.update(table)
        .where(table.c.id == execution.id)
        .values(
            summary=noted.concat(
                sa.func.jsonb_build_object("news", before.concat(list(news)), type_=JSONB)
            )
        )
    )


def note_archive_error(connection: sa.Connection, execution_id: UUID, error: str) -> None:
    """Say in a closed row why what came is not in the archive."""
    table = tables.data_provider_executions
    noted = sa.func.coalesce(table.c.summary, sa.text("'{}'::jsonb"))
    connection.execute(
        sa.update(table)
        .where(table.c.id == execution_id)
        .values(summary=noted.concat({"archiveError": plain(error)}))
    )


def _open(connection: sa.Connection, execution: Execution) -> None:
    """Write the row, or take over that of a run that was said to have ended before this began.

    Raises:
        AlreadyRecordedError: another process does or did the same for the same run.
    """
    # A dry run or a replay is not announced, also if its process is killed.
    run = execution.run
    row = {
        "id": execution.id,
        "tournament_id": execution.tournament_id,
        "tournament_label": execution.label,
        "run_group": run.run_group,
        "scope": execution.scope,
        "status": "in_progress",
        "started_at": execution.started_at,
        "request_id": run.id,
        "tournament_key": execution.key,
        "domain": execution.domain,
        "attempt": run.attempt,
        "announced_at": execution.started_at if run.is_dry or run.replays is not None else None,
    }
    opened = connection.execute(_opening(execution.domain), row).first()
    if opened is None:
        message = (
            f"Another process has recorded {execution.domain} of {execution.key} for this run "
            "already; nothing was done here."
        )
        raise AlreadyRecordedError(message)
    create = operation_type(execution.domain, create=True)
    execution.create = opened.operation_type == create
