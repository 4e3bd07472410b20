"""Reports that were stored, found again by whoever wants to read one, and where to open it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.known_keys import attempted_key
from dp_pipeline.ledger.listing import (
    ExecutionFilter,
    IdBeginning,
    execution_named,
    newest_executions,
)
from dp_pipeline.ledger.report_files import PAGE, page_key
from dp_pipeline.ledger.report_view.view import SHORT_ID
from dp_pipeline.storage import ANSWER_SECONDS, ObjectStore, ObjectStoreError, within

_kept = tables.execution_report
ENDED = tuple(status for status in tables.EXECUTION_STATUSES if status != "in_progress")


class ReportNotFoundError(Exception):
    """There is no report of an execution; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """Where the report of an execution is, as its row in the ledger says.

    Args:
        id: of the execution.
        key: of the report in the object store; None if it has none.
        url: of that, once it is stored.
        has_page: whether the page for people is stored beside it.
        summary: of the row.
    """

    id: UUID
    key: str | None
    url: str | None
    has_page: bool
    summary: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "ReportPlace":
        """Read a row of the ledger."""
        summary = row["summary"] if isinstance(row["summary"], dict) else {}
        has_page = summary.get(PAGE) == "stored"
        return cls(row["id"], row["report_file_key"], row["report_file_url"], has_page, summary)

    @property
    def best_key(self) -> str | None:
        """Of the page, else of the report for programs."""
        return page_key(self.key) if self.key and self.has_page else self.key

    def address(self, objects: ObjectStore) -> str | None:
        """A web address that opens the report for whoever is given it; None if there is none.

        It may be signed, and so is for people alone: it goes into no row, log or metadata.
        """
        key = self.best_key
        # What another store was given does not lie in this one.
        if not key or not self.key or self.url != objects.url(self.key):
            return self.url if self.url and self.url.startswith("http") else None
        try:
            address = within(ANSWER_SECONDS, partial(objects.link, key))
        except ObjectStoreError:
            return None
        return address if address.startswith("http") else None


def command(id_: object) -> str:
    """What a person types to read the report of an execution."""
    return f"dp report {str(id_)[:SHORT_ID]}"


def place_of_report(connection: sa.Connection, wanted: IdBeginning | str) -> ReportPlace:
    """The report of an execution, or of the last one of the tournament with a key.

    That of a tournament is of the last execution that has ended.

    Raises:
        ExecutionNotFoundError: the ledger has no such execution, or several.
        ReportNotFoundError: none of the tournament has ended.
        UnknownKeyError: it has no such tournament.
    """
    if isinstance(wanted, IdBeginning):
        return ReportPlace.of(execution_named(connection, wanted))
    key = attempted_key(connection, wanted)
    # That of a poll at work has none yet, and hid the last one.
    for row in newest_executions(connection, ExecutionFilter(key, ENDED), limit=1):
        return ReportPlace.of(row)
    message = f"The ledger has no execution of {key} that has ended."
    raise ReportNotFoundError(message)


def read_report(database: Database, objects: ObjectStore, place: ReportPlace) -> Any:
    """The report for programs, from the database as long as the object store does not have it.

    Raises:
        ReportNotFoundError: it is not there any more, or not yet.
        ObjectStoreError: the store cannot be asked.
    """
    query = sa.select(_kept.c.report).where(_kept.c.execution_id == place.id)
    kept = database.run_here(lambda connection: connection.execute(query).first())
    if kept is not None:
        return kept.report
    if place.key is None:
        raise ReportNotFoundError(_why_none(place))
    body = objects.get(place.key)
    if body is None:
        message = f"The object store has no {place.key} any more."
        raise ReportNotFoundError(message)
    try:
        return json.loads(body)
    except ValueError as error:
        message = f"What the object store has as {place.key} is no report."
        raise ReportNotFoundError(message) from error


def _why_none(place: ReportPlace) -> str:
    short = str(place.id)[:SHORT_ID]
    if place.summary.get("reportUploadStatus") == "removed":
        return (
            f"The report of execution {short} was removed, because it was older than retention "
            "keeps reports; what its row in the ledger says is in `dp executions --json`."
        )
    return (
        f"Execution {short} has no report: it is still at work, or its process ended before it "
        "could write one. `dp executions --json` has what is known of it."
    )
