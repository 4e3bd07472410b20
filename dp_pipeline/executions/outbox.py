"""The ledger after the work: rows closed whose process is gone, reports and messages caught up.

Everything here may be done twice and by two processes; nothing here asks Dagster, it is told.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.executions.ledger import has_rows, storable, tournament_id_of
from dp_pipeline.executions.presence import EXECUTION_LOCK
from dp_pipeline.executions.vocabulary import Domain, operation_type
from dp_pipeline.messages.blocks import Announcement, Line
from dp_pipeline.objects import ObjectStore, ObjectStoreError, put_within

GRACE_SECONDS = 30.0
"""How long a lock must be seen free while Dagster believes in the run. A Postgres that restarts
forgets every lock; living processes retake theirs within seconds (presence.HEARTBEAT_SECONDS)."""
MOST_LOOKED_AT = 500
"""Of these the finished ones are told: tournaments of long runs must not hold up the others."""
FIRST_RETRY_SECONDS = 60
LONGEST_RETRY_SECONDS = 3_600

_executions = tables.data_provider_executions
_reports = tables.execution_report

_without_upload_error = _executions.c.summary.op("-", return_type=JSONB)("reportUploadError")

GONE = (
    "The process that worked on this ended without a word: it was killed, ran out of memory, or "
    "the machine stopped. What it had stored is consistent; run it again."
)


def _lock_is_free(column: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    name = sa.literal(EXECUTION_LOCK).concat(sa.cast(column, sa.Text))
    return sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, 0))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a look at the open rows came to: rows closed, and rows to look at again."""

    closed: tuple[UUID, ...]
    free_since: Mapping[UUID, float]


def reconcile(
    database: Database,
    *,
    finished: Callable[[Collection[UUID]], Collection[UUID]],
    free_since: Mapping[UUID, float],
    now: float,
) -> Reconciled:
    """Close the rows whose process is gone.

    Args:
        database: where the ledger is.
        finished: of some Dagster run ids, those that will do nothing any more.
        free_since: rows whose lock was free at earlier looks, with the Unix time of the first.
        now: Unix time.
    """
    # The open rows are picked first, so that no lock of another row is ever tried.
    open_rows = (
        sa.select(_executions.c.id, _executions.c.request_id)
        .where(_executions.c.status == "in_progress")
        .cte("open_rows")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    with database.transaction() as connection:
        free = {
            row.id: row.request_id
            for row in connection.execute(
                sa.select(open_rows.c.id, open_rows.c.request_id).where(
                    _lock_is_free(open_rows.c.id)
                )
            )
        }
    if not free:
        return Reconciled((), {})
    over = set(finished(set(free.values())))
    since = {id_: free_since.get(id_, now) for id_ in free}
    gone = [
        id_
        for id_, request_id in free.items()
        if request_id in over or now - since[id_] >= GRACE_SECONDS
    ]
    with database.transaction() as connection:
        closed = tuple(connection.scalars(_close_gone(gone))) if gone else ()
    return Reconciled(closed, {id_: when for id_, when in since.items() if id_ not in closed})


def _close_gone(ids: Sequence[UUID]) -> sa.UpdateBase:
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
            error_class="ProcessGone",
            error_text=GONE,
            summary=failure_summary(GONE),
            updated_at=ended,
        )
        .returning(_executions.c.id)
    )


def failure_summary(error: str) -> dict[str, Any]:
    """The summary of an execution that could not say anything itself."""
    return {
        "totalOperations": 1,
        "successfulOperations": 0,
        "failedOperations": 1,
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "leftOut": 0,
        "error": error,
    }


def record_lost(
    database: Database,
    request_id: UUID,
    planned: Mapping[str, Sequence[Domain]],
    *,
    reason: str,
    ended_at: datetime,
) -> int:
    """Give a run that ended early the rows it never opened; how many there were.

    Args:
        database: where the ledger is.
        request_id: the Dagster run.
        planned: tournament key to the domains the run was to materialize.
        reason: a sentence; how the run ended.
        ended_at: when it ended; the rows take no time, and come after those that were opened.
    """
    with database.transaction() as connection:
        known = {
            (row.tournament_key, row.domain)
            for row in connection.execute(
                sa.select(_executions.c.tournament_key, _executions.c.domain).where(
                    _executions.c.request_id == request_id
                )
            )
        }
        missing: list[dict[str, Any]] = []
        for key, domains in planned.items():
            tournament_id = tournament_id_of(key)
            missing += [
                {
                    "request_id": request_id,
                    "tournament_id": tournament_id,
                    "tournament_key": storable(key),
                    "domain": domain,
                    "attempt": 1,
                    "operation_type": operation_type(
                        domain, create=not has_rows(connection, domain, tournament_id)
                    ),
                    "status": "failed",
                    "outcome": "failed",
                    "started_at": ended_at,
                    "completed_at": ended_at,
                    "duration": 0,
                    "error_class": "RunEndedEarly",
                    "error_text": reason,
                    "summary": failure_summary(reason),
                }
                for domain in domains
                if (storable(key), domain) not in known
            ]
        if missing:
            connection.execute(insert(_executions).on_conflict_do_nothing(), missing)
    return len(missing)


def store_kept_reports(
    database: Database, objects: ObjectStore, *, most: int = 20, seconds: float = 10
) -> int:
    """Bring reports that the object store did not take at the time into it; how many it took.

    Ends about when `seconds` are over; a store that hangs is left to itself.
    """
    taken = 0
    latest = time.monotonic() + seconds
    with database.transaction() as connection:
        due = connection.execute(
            sa.select(_reports.c.execution_id, _reports.c.file_key, _reports.c.report)
            .where(_reports.c.next_attempt_at <= sa.func.now())
            .order_by(_reports.c.created_at)
            .limit(most)
        ).all()
    for row in due:
        body = json.dumps(row.report, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        remaining = latest - time.monotonic()
        if remaining <= 0:
            break
        try:
            put_within(remaining, objects, row.file_key, body, content_type="application/json")
        except ObjectStoreError as error:
            with database.transaction() as connection:
                connection.execute(_postpone(row.execution_id, str(error)))
            break
        with database.transaction() as connection:
            connection.execute(
                sa.update(_executions)
                .where(_executions.c.id == row.execution_id)
                .values(
                    report_file_url=objects.url(row.file_key),
                    summary=_without_upload_error.concat({"reportUploadStatus": "stored"}),
                    updated_at=sa.func.now(),
                )
            )
            connection.execute(
                sa.delete(_reports).where(_reports.c.execution_id == row.execution_id)
            )
        taken += 1
    return taken


def _postpone(execution_id: UUID, error: str) -> sa.UpdateBase:
    seconds = sa.func.least(
        FIRST_RETRY_SECONDS * sa.func.power(2, sa.func.least(_reports.c.attempts, 10)),
        LONGEST_RETRY_SECONDS,
    )
    return (
        sa.update(_reports)
        .where(_reports.c.execution_id == execution_id)
        .values(
            attempts=_reports.c.attempts + 1,
            last_error=error,
            next_attempt_at=sa.func.now() + seconds * sa.text("interval '1 second'"),
        )
    )


def untold(
    database: Database,
    *,
    since: datetime,
    finished: Callable[[Collection[UUID]], Collection[UUID]],
    run_url: Callable[[UUID], str],
    most: int,
) -> list[Announcement]:
    """What is finished and untold, oldest first, one announcement per tournament and run.

    A run that goes on may still begin another domain of a tournament, so its tournaments wait.
    """
    e = _executions
    open_row = e.alias("open_row")
    groups = (
        sa.select(e.c.request_id, e.c.tournament_key)
        .where(e.c.announced_at.is_(None), e.c.completed_at >= since)
        .where(
            ~sa.exists().where(
                open_row.c.request_id == e.c.request_id,
                open_row.c.tournament_key == e.c.tournament_key,
                open_row.c.status == "in_progress",
            )
        )
        .group_by(e.c.request_id, e.c.tournament_key)
        .order_by(sa.func.min(e.c.completed_at))
        .limit(MOST_LOOKED_AT)
    )
    announcements = []
    with database.transaction() as connection:
        found = [(row.request_id, row.tournament_key) for row in connection.execute(groups)]
        over = set(finished({request_id for request_id, _ in found})) if found else set()
        for request_id, key in [group for group in found if group[0] in over][:most]:
            rows = (
                connection.execute(
                    sa.select(e)
                    .where(e.c.request_id == request_id, e.c.tournament_key == key)
                    .order_by(e.c.started_at)
                )
                .mappings()
                .all()
            )
            label = connection.scalar(
                sa.select(tables.tournament.c.label).where(
                    tables.tournament.c.id == rows[0]["tournament_id"]
                )
            )
            announcements.append(announcement(rows, label, run_url(request_id)))
    return announcements


def announcement(
    rows: Sequence[Mapping[str, Any]], label: str | None, run_url: str
) -> Announcement:
    """Ledger rows of one tournament and run as a message's content."""
    first = rows[0]
    return Announcement(
        request_id=first["request_id"],
        tournament_key=first["tournament_key"],
        tournament_label=label or next((row["tournament_label"] for row in rows), None),
        tournament_id=first["tournament_id"],
        lines=tuple(_line(row) for row in rows),
        started_at=min(row["started_at"] for row in rows),
        completed_at=max(row["completed_at"] for row in rows),
        run_url=run_url,
        environment=None,
    )


def _line(row: Mapping[str, Any]) -> Line:
    summary = row["summary"] or {}
    return Line(
        execution_id=row["id"],
        domain=row["domain"],
        operation_type=row["operation_type"],
        status=row["status"],
        outcome=row["outcome"],
        created=summary.get("created", 0),
        updated=summary.get("updated", 0),
        unchanged=summary.get("unchanged", 0),
        left_out=summary.get("leftOut", 0),
        duration_ms=row["duration"],
        attempt=row["attempt"],
        report_url=row["report_file_url"],
        report_key=row["report_file_key"],
        report_error=summary.get("reportUploadError"),
        error=row["error_text"],
    )


def mark_told(database: Database, ids: Collection[UUID]) -> None:
    """Stamp rows as told; what they say stays untouched."""
    with database.transaction() as connection:
        connection.execute(
            sa.update(_executions)
            .where(_executions.c.id.in_(ids))
            .values(announced_at=sa.func.clock_timestamp())
        )
