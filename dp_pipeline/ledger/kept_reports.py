"""Reports in the database until the object store has them.

A report is kept before it is sent, so that nothing the store does can lose it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from dp_pipeline.database import tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.report_files import HTML, JSON, PAGE, json_body, page_body, page_key
from dp_pipeline.storage import ANSWER_SECONDS, PAUSE_SECONDS, ObjectStore, ObjectStoreError, within

_BACKOFF = Backoff(first=PAUSE_SECONDS, longest=3_600)

_executions = tables.data_provider_executions
_reports = tables.execution_report

# Statements of every execution are made once: making them took as long as running them.
KEEP = (
    insert(_reports)
    .values(
        execution_id=sa.bindparam("execution_id", type_=sa.Uuid),
        file_key=sa.bindparam("report_file_key", type_=sa.Text),
        report=sa.cast(sa.bindparam("report", type_=sa.Text), sa.JSON),
        next_attempt_at=sa.func.now() + timedelta(seconds=PAUSE_SECONDS),
    )
    .on_conflict_do_nothing(index_elements=[_reports.c.execution_id])
)
"""Keeps a report that nobody has tried to store yet; who opened its row tries first."""


def _noting() -> sa.Update:
    """The statement that notes what the store has of any number of reports."""
    noted = (
        sa.func.jsonb_to_recordset(sa.bindparam("reports", type_=JSONB))
        .table_valued(
            sa.column("id", sa.Uuid),
            sa.column("url", sa.Text),
            sa.column("said", JSONB),
            sa.column("error", sa.Text),
            sa.column("done", sa.Boolean),
        )
        .render_derived("noted", with_types=True)
    )
    given = sa.select(noted).cte("given")
    mine = _reports.c.execution_id == given.c.id
    stored = sa.delete(_reports).where(mine, given.c.done)
    put_off = (
        sa.update(_reports)
        .where(mine, ~given.c.done)
        .values(
            attempts=_reports.c.attempts + 1,
            last_error=given.c.error,
            next_attempt_at=_BACKOFF.until(_reports.c.attempts + 1),
        )
    )
    summary = sa.func.coalesce(_executions.c.summary, sa.text("'{}'::jsonb"))
    return (
        sa.update(_executions)
        .where(_executions.c.id == given.c.id)
        .values(
            report_file_url=sa.func.coalesce(given.c.url, _executions.c.report_file_url),
            summary=summary.op("-", return_type=JSONB)("reportUploadError").concat(given.c.said),
            updated_at=sa.func.now(),
        )
        .add_cte(stored.cte("stored"), put_off.cte("put_off"))
    )


_NOTE = _noting()


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What the object store has of a report.

    Args:
        url: of the report for programs; None if the store has not taken it.
        has_page: whether it has the page for people, too.
        error: why not all could be stored; it is tried again.
    """

    url: str | None = None
    has_page: bool = False
    error: str | None = None


def note(connection: sa.Connection, reports: Mapping[UUID, StoredReport]) -> None:
    """Note in their rows what the store has of reports; one is kept as long as that is not all."""
    given = [{"id": str(id_), **_said(stored)} for id_, stored in reports.items()]
    connection.execute(_NOTE, {"reports": given})


def _said(stored: StoredReport) -> dict[str, Any]:
    if stored.url is None:
        said = {"reportUploadError": stored.error or "It was not sent to the object store."}
    else:
        said = {"reportUploadStatus": "stored", **({PAGE: "stored"} if stored.has_page else {})}
    done = stored.error is None and stored.url is not None
    return {"url": stored.url, "said": said, "error": stored.error, "done": done}


def store_all(  # noqa: PLR0913 - all but two have a default
    database: Database,
    objects: ObjectStore,
    *,
    most: int = 20,
    seconds: float = 10,
    answer_seconds: float = ANSWER_SECONDS,
    zone: ZoneInfo | None = None,
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
        stored, retryable = _stored(objects, row.file_key, row.report, zone, answer_seconds)
        with database.transaction() as connection:
            note(connection, {row.execution_id: stored})
        taken += stored.error is None
        if retryable:
            break  # otherwise it is about this one
    return taken


def _stored(
    objects: ObjectStore, key: str, report: Any, zone: ZoneInfo | None, seconds: float
) -> tuple[StoredReport, bool]:
    """What the store takes now, and whether it failed in a way that may concern others, too."""
    stored = StoredReport()
    try:
        put = partial(objects.put, key, json_body(report), content_type=JSON)
        within(seconds, put)
        stored = StoredReport(objects.url(key))
        page = page_body(report, zone or ZoneInfo("UTC"), key, objects.url(key))
        if page is not None:
            within(seconds, partial(objects.put, page_key(key), page, content_type=HTML))
            stored = replace(stored, has_page=True)
    except ObjectStoreError as error:
        return replace(stored, error=str(error)), error.retryable
    return stored, False
