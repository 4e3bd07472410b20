"""The ledger after the work: rows closed whose process is gone, and rows for runs that died early.

Everything here may be done twice and by two processes; what Dagster knows is handed in.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import operation_type
from dp_pipeline.ledger.ledger import (
    INTERRUPTED,
    RUN_ENDED_EARLY,
    has_rows,
    storable,
    tournament_id_of,
)
from dp_pipeline.ledger.liveness import EXECUTION_LOCK, run_lock, worked_on
from dp_pipeline.ledger.vocabulary import Scope

GRACE_SECONDS = 30.0
"""How long a lock must be seen free while Dagster believes in the run. A Postgres that restarts
forgets every lock; living processes retake theirs within seconds (liveness.HEARTBEAT_SECONDS)."""

_executions = tables.data_provider_executions
_TRY_TO_END = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")

PROCESS_GONE = "ProcessGone"
GONE = (
    "The process that worked on this did not record its end: it was killed, ran out of memory, the "
    "machine stopped, or the database was away for too long. What it had stored is consistent; run "
    "it again."
)


STOPPED = (
    "The run was cancelled, or everything was stopped, while this was under way. What it had "
    "stored is consistent; run it again."
)


def _lock_is_free(column: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    name = sa.literal(EXECUTION_LOCK).concat(sa.cast(column, sa.Text))
    return sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, 0))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The rows that were closed, and since which Unix time the locks of others are free.

    `lost` are the runs of those that were closed although Dagster believed in their runs.
    """

    closed: tuple[UUID, ...]
    free_since: Mapping[UUID, float]
    lost: frozenset[UUID] = frozenset()


def reconcile(  # noqa: PLR0913 - all that is known
    database: Database,
    *,
    finished: Callable[[Collection[UUID]], Collection[UUID]],
    free_since: Mapping[UUID, float],
    now: float,
    cancelled: Callable[[Collection[UUID]], Collection[UUID]] = lambda _: (),
    up_since: datetime | None = None,
    ended_by: Callable[[Collection[UUID], datetime], Collection[UUID]] = lambda *_: (),
) -> Reconciled:
    """Close the rows whose process is gone.

    Args:
        database: with the ledger.
        finished: of some Dagster run ids, those that will do nothing any more.
        free_since: rows whose lock was free already, with the Unix time of first sight.
        now: Unix time.
        cancelled: of some Dagster run ids, those that a person cancelled.
        up_since: when the calling process was started. What was begun earlier was stopped together
            with its predecessor: a machine that is switched off, `make run` that is ended.
        ended_by: of some Dagster run ids, those that had ended by then, so not with everything.
    """
    free = _unlocked(database)
    if not free:
        return Reconciled((), {})
    runs = {row.request_id for row in free.values()}
    over, stopped = set(finished(runs)), set(cancelled(runs))
    since = {id_: free_since.get(id_, now) for id_ in free}
    gone = [
        id_
        for id_, row in free.items()
        if row.request_id in over or now - since[id_] >= GRACE_SECONDS
    ]
    earlier = set(ended_by(runs, up_since)) if up_since is not None else set()
    by_us = [
        id_
        for id_ in gone
        if free[id_].request_id in stopped
        or (
            up_since is not None
            and free[id_].started_at < up_since
            and free[id_].request_id not in earlier
        )
    ]
    killed = [id_ for id_ in gone if id_ not in by_us]
    closed: list[UUID] = []
    with database.transaction() as connection:
        if killed:
            closed += connection.scalars(_close_gone(killed, PROCESS_GONE, GONE))
        if by_us:
            closed += connection.scalars(_close_gone(by_us, INTERRUPTED, STOPPED))
    return Reconciled(
        tuple(closed),
        {id_: when for id_, when in since.items() if id_ not in closed},
        frozenset(free[id_].request_id for id_ in closed) - over,
    )


def _unlocked(database: Database) -> dict[UUID, sa.Row[Any]]:
    """The open rows whose lock nobody holds."""
    # The open rows are picked first, so that no lock of another row is ever tried.
    open_rows = (
        sa.select(_executions.c.id, _executions.c.request_id, _executions.c.started_at)
        .where(_executions.c.status == "in_progress")
        .cte("open_rows")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    with database.transaction() as connection:
        free = sa.select(open_rows).where(_lock_is_free(open_rows.c.id))
        return {row.id: row for row in connection.execute(free)}


def _close_gone(ids: Sequence[UUID], error_class: str, error: str) -> sa.UpdateBase:
    picked = (
        sa.select(_executions.c.id)
        .where(_executions.c.id.in_(ids))
        .cte("picked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    free = sa.select(picked.c.id).where(_lock_is_free(picked.c.id))
    ended = sa.func.clock_timestamp()
    milliseconds = sa.func.extract("epoch", ended - _executions.c.started_at) * 1000
    return (
        sa.update(_executions)
        .where(_executions.c.id.in_(free), _executions.c.status == "in_progress")
        .values(
            status="failed",
            outcome="failed",
            completed_at=ended,
            duration=sa.cast(sa.func.least(milliseconds, 2_147_483_647), sa.Integer),
            error_class=error_class,
            error_text=error,
            summary=sa.func.coalesce(_executions.c.summary, sa.text("'{}'::jsonb"))
            .concat(failure_summary(error))
            .concat(
                sa.func.jsonb_build_object(
                    "entityId",
                    _executions.c.tournament_id,
                    "entityLabel",
                    _executions.c.tournament_label,
                )
            ),
            updated_at=ended,
        )
        .returning(_executions.c.id)
    )


def without_worker(connection: sa.Connection, request_ids: Collection[UUID]) -> frozenset[UUID]:
    """Of some runs those on which no process works."""
    ids = sa.select(sa.func.unnest(sa.literal(list(request_ids), ARRAY(sa.Uuid))).label("id")).cte()
    return frozenset(connection.scalars(sa.select(ids.c.id).where(~worked_on(ids.c.id))))


def was_stopped(row: Mapping[str, Any]) -> bool:
    """Whether an execution failed only because somebody cancelled its run or stopped the server."""
    return row["error_class"] == INTERRUPTED or bool((row["summary"] or {}).get("stopped"))


def failure_summary(error: str) -> dict[str, Any]:
    """The summary of an execution that could not say anything itself."""
    return {
        "operationsCount": 1,
        "totalOperations": 1,
        "successfulOperations": 0,
        "failedOperations": 1,
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "leftOut": 0,
        "error": error,
    }


@dataclass(frozen=True, slots=True)
class LostRun:
    """A Dagster run that ended before it had begun everything it was to do.

    `planned` are the domains it was to materialize, by tournament key; `reason` is a sentence. The
    missing rows take no time, and come after those that were opened. `stopped`: a person did it.
    """

    request_id: UUID
    planned: Mapping[str, Sequence[str]]
    reason: str
    ended_at: datetime
    run_group: str | None = None
    scope: Scope = "whole"
    stopped: bool = False


def record_lost(database: Database, run: LostRun) -> int | None:
    """Give a run that ended early the rows it never opened; how many there were.

    None when a process still works on the run, whatever Dagster says: it may open them yet.
    """
    with database.transaction() as connection:
        # To the end of the transaction: a process that begins meanwhile meets the rows and takes
        # them over.
        if not connection.scalar(_TRY_TO_END, {"name": run_lock(run.request_id)}):
            return None
        recorded = {
            (row.tournament_key, row.domain)
            for row in connection.execute(
                sa.select(_executions.c.tournament_key, _executions.c.domain).where(
                    _executions.c.request_id == run.request_id
                )
            )
        }
        missing: list[dict[str, Any]] = []
        for key, domains in run.planned.items():
            tournament_id = tournament_id_of(key)
            missing += [
                {
                    "request_id": run.request_id,
                    "tournament_id": tournament_id,
                    "tournament_key": storable(key),
                    "domain": domain,
                    "attempt": 1,
                    "run_group": run.run_group,
                    "scope": run.scope,
                    "operation_type": operation_type(
                        domain, create=not has_rows(connection, domain, tournament_id)
                    ),
                    "status": "failed",
                    "outcome": "failed",
                    "started_at": run.ended_at,
                    "completed_at": run.ended_at,
                    "duration": 0,
                    "error_class": RUN_ENDED_EARLY,
                    "error_text": run.reason,
                    "summary": {
                        **failure_summary(run.reason),
                        "entityId": str(tournament_id),
                        "stopped": run.stopped,
                    },
                }
                for domain in domains
                if (storable(key), domain) not in recorded
            ]
        if missing:
            connection.execute(insert(_executions).on_conflict_do_nothing(), missing)
    return len(missing)
