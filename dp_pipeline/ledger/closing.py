"""The end of an execution: its row is closed first, then its report goes to the object store.

In this order, because a row that waited for the store stayed open when the store failed in a way
nobody had thought of, and was then closed as that of a dead process.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import anyio.to_thread
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import RETRY_SECONDS, Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.ledger.execution import Execution, jsonable, plain
from dp_pipeline.ledger.kept_reports import KEEP, StoredReport, note
from dp_pipeline.ledger.report import report
from dp_pipeline.ledger.report_files import HTML, JSON, json_body, page_body, page_key
from dp_pipeline.storage import ObjectStore, ObjectStoreError, Storing

CLOSE_SECONDS = 600.0
"""How long the end of an execution is kept to be written down while the database is away."""
NOTED_TOGETHER = 25
NOTED_SECONDS = 10.0
"""How many reports the store has, or how long it has the first of them, before that is noted."""

_log = logging.getLogger(__name__)


_OF_AN_ACCOUNT = ("tournament_label", "selection", "now")
"""What an account says that can be written; without one it stays as it is."""


def _closing() -> sa.Update:
    """The statement that closes a row; made once: making it took as long as running it."""
    table = tables.data_provider_executions
    written = (
        *("status", "outcome", "scope", "completed_at", "duration"),
        *("report_file_key", "error_class", "error_text", "announced_at"),
    )

    def given(name: str) -> sa.BindParameter[Any]:
        return sa.bindparam(name, type_=table.c[name].type)

    # What was noted with the data stays, whatever became of the rest.
    before = sa.func.coalesce(table.c.summary, sa.text("'{}'::jsonb"))
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("execution_id", type_=sa.Uuid))
        .values(
            **{name: given(name) for name in written},
            **{name: sa.func.coalesce(given(name), table.c[name]) for name in _OF_AN_ACCOUNT},
            summary=before.concat(given("summary")),
            updated_at=sa.func.now(),
        )
        .add_cte(KEEP.cte("kept"))
    )


_CLOSE = _closing()


class Closing:
    """The ends of a run's executions.

    What the store has of reports is noted of many at once: a statement for each was a twentieth of
    the CPU of a read in which nothing is new. One that is not noted, because the process was
    killed, is stored once more (kept_reports.py).

    Args:
        database: where the rows are.
        objects: where the reports go.
        zone: in which their pages show times.
    """

    def __init__(self, database: Database, objects: Storing, zone: ZoneInfo) -> None:
        self._database = database
        self._objects = objects
        self._zone = zone
        self._unnoted: dict[UUID, StoredReport] = {}
        self._noted_at = time.monotonic()

    async def close(self, execution: Execution) -> None:
        """Close the row with how the execution ended, then store its report.

        Raises:
            DatabaseError: the row could not be closed.
        """
        execution.report_key = execution.report_file_key
        account, body = await _record(self._database, execution)
        with anyio.CancelScope(shield=True):
            try:
                await self._objects.ask(partial(_put, execution, account, body, self._zone))
            except ObjectStoreError as error:
                execution.report_error = plain(str(error))
                _log.warning("%s The report is kept in the database and stored later.", error)
            self._unnoted[execution.id] = StoredReport(
                execution.report_url, execution.has_page, execution.report_error
            )
            waited = time.monotonic() - self._noted_at
            if len(self._unnoted) >= NOTED_TOGETHER or waited > NOTED_SECONDS:
                await anyio.to_thread.run_sync(self.note_rest)

    def note_rest(self) -> None:
        """Note what the store has of the reports of which that was not noted yet."""
        unnoted, self._unnoted = self._unnoted, {}
        self._noted_at = time.monotonic()
        if not unnoted:
            return
        try:
            self._database.run_here(partial(note, reports=unnoted), single=True)
        except DatabaseError as error:
            # The rows are closed and the reports kept: the work has not failed.
            _log.warning("%s Reports that were stored are stored once more.", error)


def _put(
    execution: Execution,
    account: Mapping[str, Any],
    body: bytes,
    zone: ZoneInfo,
    objects: ObjectStore,
) -> None:
    """Store the report for programs, then the one for people: one is of use without the other."""
    key = execution.report_file_key
    objects.put(key, body, content_type=JSON)
    execution.report_url = objects.url(key)
    page = page_body(account, zone, key, execution.report_url)
    if page is not None:
        objects.put(page_key(key), page, content_type=HTML)
        execution.has_page = True


async def _record(database: Database, execution: Execution) -> tuple[dict[str, Any], bytes]:
    """Close the row and keep the report; the report, and as it is stored for programs."""
    try:
        values, account = _values(execution), report(execution)
        body = json_body(account)
        await _insist(database, partial(_write, execution, values, body))
    except Exception as error:
        if isinstance(error, DatabaseError) and error.retryable:
            raise
        # What a step put into its data is its own matter. Whatever of it cannot be rendered, or is
        # refused by the database, how the execution ended is known.
        _log.exception("The account of execution %s cannot be written.", execution.id)
        values, account = _bare_values(execution), _bare_report(execution, error)
        body = json_body(account)
        await _insist(database, partial(_write, execution, values, body))
    return account, body


async def _insist(database: Database, write: Callable[[sa.Connection], None]) -> None:
    # A cancelled run still says how it ended.
    with anyio.CancelScope(shield=True):
        try:
            await database.run(write, seconds=RETRY_SECONDS, single=True)
        except DatabaseError as error:
            if not error.retryable:
                raise
            _log.warning("%s The end of the execution is kept until it is back.", error)
        else:
            return
    # Cancelled here, or after this time, it is left to be closed as gone (reconcile.py).
    await database.run(write, seconds=CLOSE_SECONDS, single=True)


def _write(
    execution: Execution,
    values: dict[str, Any],
    body: bytes,
    connection: sa.Connection,
) -> None:
    run = execution.run
    announced = execution.announced or run.is_dry or run.replays is not None
    row = {
        **dict.fromkeys(_OF_AN_ACCOUNT),
        **values,
        "execution_id": execution.id,
        "summary": {**values["summary"], "reportUploadStatus": "kept"},
        "status": execution.status,
        "outcome": execution.outcome,
        "scope": execution.scope,
        "completed_at": execution.completed_at,
        "duration": execution.duration_ms,
        "report_file_key": execution.report_key,
        "report": body.decode(),
        # Should the row have been announced as that of a dead process, the truth is too.
        "announced_at": execution.completed_at if announced else None,
    }
    connection.execute(_CLOSE, row)


def _values(execution: Execution) -> dict[str, Any]:
    failure = execution.failure
    return {
        "tournament_label": jsonable(execution.label),
        "summary": execution.summary(),
        "selection": execution.selection,
        "now": execution.now,
        "error_class": failure.error_class if failure else None,
        "error_text": failure.message if failure else None,
    }


def _bare_values(execution: Execution) -> dict[str, Any]:
    """What of a row is ours alone, in characters that every database takes."""
    failure = execution.failure
    return {
        "summary": {
            "entityId": str(execution.tournament_id),
            "operationsCount": len(execution.operations),
            "totalOperations": len(execution.operations),
            "failedOperations": execution.failed_operations,
        },
        "error_class": _ascii(failure.error_class) if failure else None,
        "error_text": _ascii(failure.message) if failure else None,
    }


def _bare_report(execution: Execution, error: Exception) -> dict[str, Any]:
    return {
        "requestId": str(execution.run.id),
        "executionId": str(execution.id),
        "domain": execution.domain,
        "operationType": execution.operation_type,
        "status": execution.status,
        "outcome": execution.outcome,
        "tournament": {"key": _ascii(execution.key)},
        "startTime": jsonable(execution.started_at),
        "endTime": jsonable(execution.completed_at),
        "durationMs": execution.duration_ms,
        "incomplete": f"The whole report could not be written: {type(error).__name__}.",
    }


def _ascii(text: str) -> str:
    return text.replace("\x00", "\\0").encode("ascii", "backslashreplace").decode()
