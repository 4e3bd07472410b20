"""Reports in the database until the object store has them.

A report is kept before it is sent, so that nothing the store does can lose it.
"""

import json
import time
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from dp_pipeline.database import tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.storage import ANSWER_SECONDS, PAUSE_SECONDS, ObjectStore, ObjectStoreError, within

_BACKOFF = Backoff(first=PAUSE_SECONDS, longest=3_600)

_executions = tables.data_provider_executions
_reports = tables.execution_report

_summary = sa.func.coalesce(_executions.c.summary, sa.text("'{}'::jsonb"))


def keep(
    connection: sa.Connection, execution_id: UUID, file_key: str, report: dict[str, Any]
) -> None:
    """Keep a report that nobody has tried to store yet; who opened its row tries first."""
    connection.execute(
        insert(_reports)
        .values(
            execution_id=execution_id,
            file_key=file_key,
            report=report,
            next_attempt_at=sa.func.now() + timedelta(seconds=PAUSE_SECONDS),
        )
        .on_conflict_do_nothing(index_elements=[_reports.c.execution_id])
    )


def stored(connection: sa.Connection, execution_id: UUID, url: str) -> None:
    """The store has the report: its row says where, and it is kept no longer."""
    without_error = _summary.op("-", return_type=JSONB)("reportUploadError")
    connection.execute(
        sa.update(_executions)
        .where(_executions.c.id == execution_id)
        .values(
            report_file_url=url,
            summary=without_error.concat({"reportUploadStatus": "stored"}),
            updated_at=sa.func.now(),
        )
    )
    connection.execute(sa.delete(_reports).where(_reports.c.execution_id == execution_id))


def refused(connection: sa.Connection, execution_id: UUID, error: str) -> None:
    """The store did not take the report: it is tried again, each time after twice as long."""
    connection.execute(
        sa.update(_reports)
        .where(_reports.c.execution_id == execution_id)
        .values(
            attempts=_reports.c.attempts + 1,
            last_error=error,
            next_attempt_at=_BACKOFF.until(_reports.c.attempts + 1),
        )
    )
    connection.execute(
        sa.update(_executions)
        .where(_executions.c.id == execution_id)
        .values(summary=_summary.concat({"reportUploadError": error}))
    )


def store_all(
    database: Database,
    objects: ObjectStore,
    *,
    most: int = 20,
    seconds: float = 10,
    answer_seconds: float = ANSWER_SECONDS,
) -> int:
    """Bring reports that the object store did not take at the time into it; how many it took.

    Begins none after `seconds`; each may take `answer_seconds`, as in the run, so that a store
    that is slow but well gets its reports. A store that hangs is left to itself.

    Raises:
        DatabaseError: the database; whatever the store does is noted and tried again.
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
        if time.monotonic() > latest:
            break
        try:
            within(answer_seconds, partial(_put, objects, row.file_key, row.report))
            url = objects.url(row.file_key)
        except ObjectStoreError as error:
            with database.transaction() as connection:
                refused(connection, row.execution_id, str(error))
            if error.retryable:
                break
            continue  # it is about this one
        with database.transaction() as connection:
            stored(connection, row.execution_id, url)
        taken += 1
    return taken


def _put(objects: ObjectStore, file_key: str, report: Any) -> None:
    body = json.dumps(report, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    objects.put(file_key, body, content_type="application/json")
