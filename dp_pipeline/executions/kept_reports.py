"""Reports in the database until the object store has them, as statements of a transaction.

A report is kept before the store is asked, so that nothing the store does can lose it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from dp_pipeline.database import tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.objects import PAUSE_SECONDS

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
