"""The execution as one value: ledger row, report, metadata and message are renderings of it.

Belongs here: what happened and how it is summed up. Not here: where it is stored or announced.
"""

import secrets
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import isfinite
from typing import Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from dp_pipeline.database.store import Stored
from dp_pipeline.domains.change_words import change_sentences, is_news
from dp_pipeline.domains.coverage import Coverage
from dp_pipeline.domains.registry import operation_type
from dp_pipeline.http.request_log import Request
from dp_pipeline.ledger.vocabulary import Outcome, Scope, Status, Step
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.fetched import Absence, Fetched, Finding

# A report lists every change, but a table cell or a row's error text must stay readable.
MOST_NOTED = 100
"""Changes in the summary of a dry run; its report has all of them."""
MOST_SAID = 5
"""Rows whose changes the summary says in words; the report and the history have all of them."""
LONGEST_ERROR = 4_000
LONGEST_TRACEBACK = 20_000


@dataclass(slots=True)
class Operation:
    """One step inside an execution. `data` is filled by whoever runs the step."""

    step: Step
    operation: str
    started_at: datetime
    status: Literal["completed", "failed"] = "completed"
    duration_ms: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an execution failed. `message` is the sentence people read."""

    error_class: str
    message: str
    retryable: bool
    url: str | None = None
    http_status: int | None = None
    snippet: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The Dagster run an execution belongs to. `id` becomes the ledger's request_id.

    `run_group` names the backfill or refresh the run is part of (run_tags.py); `scope` is what it
    reads of a domain; `at_terminal` says that somebody waits for its end at a terminal. One that
    `replays` an archived run reads what was answered then; it is not announced again. One that
    has `accepted` takes in what was refused: of which execution, by whom and why.
    """

    id: UUID
    attempt: int = 1
    url: str | None = None
    run_group: str | None = None
    scope: Scope = "whole"
    at_terminal: bool = False
    replays: datetime | None = None
    accepted: Mapping[str, str] | None = None

    @property
    def is_dry(self) -> bool:
        """Whether it only says what it would write."""
        return self.scope == "dry_run"


@dataclass(slots=True)
class Execution:
    """One attempt to materialize one domain of one tournament, while it happens and afterwards.

    `news` are sentences people want to hear whatever else is. An `idle` one made no request.
    `rows` says how many rows are stored, `data_version` which they are, `coverage` how complete the
    tournament is, `figures` numbers of it to be followed. `noted` is what the summary says besides.
    `causes` has the domains by whose failure it was not begun, each with the reason of that.
    `selection` and `now` are what it wanted and the present at the provider, once it began to read.
    One that is `announced` says nothing that the person who launched it has not read already. Its
    sentences have moments of `zone`.
    """

    run: Run
    key: str
    tournament_id: UUID
    domain: str
    conceal: Callable[[str], str] = field(repr=False, default=str)
    zone: ZoneInfo = field(repr=False, default=ZoneInfo("UTC"))
    id: UUID = field(default_factory=uuid4)
    create: bool = False
    label: str | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed_at: datetime | None = None
    operations: list[Operation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    absent: Absence | None = None
    failure: Failure | None = None
    failed_as: Outcome | None = None
    preview: list[dict[str, Any]] = field(default_factory=list)
    news: tuple[str, ...] = ()
    idle: bool = False
    announced: bool = False
    rows: int | None = None
    data_version: str | None = None
    coverage: Coverage | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    selection: dict[str, Any] | None = None
    now: datetime | None = None
    changed: list[dict[str, Any]] = field(default_factory=list)
    refused: str | None = None
    report_key: str | None = None
    report_url: str | None = None
    has_page: bool = False
    report_error: str | None = None
    _clock: float = field(default_factory=time.monotonic, repr=False)
    _token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    # -- what domains say while they work ------------------------------------------------------

    @contextmanager
    def step(self, step: Step, operation: str) -> Generator[dict[str, Any]]:
        """Record one operation; what is put into the yielded dict appears in the report."""
        entry = Operation(step, operation, datetime.now(UTC))
        self.operations.append(entry)
        began = time.monotonic()
        try:
            yield entry.data
        except BaseException as error:
            entry.status = "failed"
            entry.error = self._sentence(error)
            raise
        finally:
            entry.duration_ms = round((time.monotonic() - began) * 1000)

    def stand_down(self, finding: Finding) -> None:
        """No request was to be made now: nothing was read, and no operation counts as failed."""
        self.idle = True
        self.add_findings(finding)
        self.operations = [each for each in self.operations if each.status == "completed"]

    def received(self, fetched: Fetched[Any]) -> None:
        """Take what a provider gave; what it left out makes this a partial failure."""
        self.findings.extend(fetched.findings)
        left_out = sum(finding.left_out for finding in fetched.findings)
        counts = {"accepted": len(fetched.items), "findings": len(fetched.findings) - left_out}
        self._judged("validate", left_out, counts)

    def add_findings(self, *findings: Finding) -> None:
        """Take what a domain itself noticed; one left out makes this a partial failure."""
        self.findings.extend(findings)
        left_out = sum(finding.left_out for finding in findings)
        if left_out:
            self._judged("accept", left_out, {})

    def _judged(self, verb: str, left_out: int, counts: dict[str, int]) -> None:
        error = f"{left_out} could not be stored soundly and were left out." if left_out else None
        self.operations.append(
            Operation(
                "transformation",
                f"{verb}_{self.domain}",
                datetime.now(UTC),
                status="failed" if left_out else "completed",
                data={**counts, "leftOut": left_out},
                error=error,
            )
        )

    def wrote(self, stored: Stored) -> None:
        """Take what an upsert did into the counts."""
        self.stored.append(stored)

    def refuse(self, because: str) -> None:
        """Note, in a dry run, that nothing would be written, and why."""
        self.refused = because
        self.noted["refused"] = because
        self.add_findings(Finding("refused", self.label or self.key, because, left_out=True))

    def note_changes(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Note what changed, or would in a dry run: table, row, field, from, to."""
        self.changed = [dict(change) for change in changes]
        if self.run.is_dry:
            self.noted["changes"] = self.changed[:MOST_NOTED]
            return
        said = (change for change in self.changed if is_news(change, first=self.create))
        if sentences := change_sentences(islice(said, MOST_NOTED), self.zone):
            self.noted["changed"] = sentences[:MOST_SAID]

    def nothing(self, absent: Absence) -> None:
        """There is nothing to store, and that is as it should be."""
        self.absent = absent

    def fail(self, error: BaseException) -> None:
        """Take the error that ended this execution."""
        provider = error if isinstance(error, ProviderError) else None
        expected = provider is not None or hasattr(error, "retryable")
        self.failed_as = getattr(error, "outcome", "failed")
        self.failure = Failure(
            error_class=type(error).__name__,
            message=self._sentence(error),
            retryable=bool(getattr(error, "retryable", False)),
            url=provider.url if provider else None,
            http_status=provider.status if provider else None,
            snippet=self.conceal(provider.snippet) if provider and provider.snippet else None,
            trace=None if expected else self._trace(error),
        )
        if not any(operation.status == "failed" for operation in self.operations):
            self.operations.append(
                Operation(
                    "initialization",
                    f"start_{self.domain}",
                    datetime.now(UTC),
                    status="failed",
                    error=self.failure.message,
                )
            )

    def finish(self) -> None:
        """Fix the end. Duration is taken from the monotonic clock: wall clocks jump."""
        self.completed_at = self.started_at + timedelta(seconds=time.monotonic() - self._clock)

    # -- what it came to -------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """in_progress until `finish`; partial_failure when operations failed but not all."""
        if self.failure is not None:
            return "failed"
        if self.completed_at is None:
            return "in_progress"
        return "partial_failure" if self.failed_operations else "completed"

    @property
    def outcome(self) -> Outcome:
        """What it came to, in the words of the vocabulary."""
        if self.failed_as is not None:
            return self.failed_as
        if self.absent is not None:
            return self.absent.kind
        if self.run.is_dry:
            return "planned"
        written = any(stored.created or stored.updated for stored in self.stored)
        return "written" if written else "unchanged"

    @property
    def read_at(self) -> datetime:
        """When what it reads came from the provider, by our clock."""
        return self.run.replays or self.started_at

    @property
    def operation_type(self) -> str:
        """`matches_create` when there were no rows of the domain yet, else `matches_update`."""
        return operation_type(self.domain, create=self.create)

    @property
    def created(self) -> int:
        """Rows that were not there."""
        return sum(len(stored.created) for stored in self.stored if stored.counted)

    @property
    def updated(self) -> int:
        """Rows that changed in at least one field."""
        return sum(len(stored.updated) for stored in self.stored if stored.counted)

    @property
    def unchanged(self) -> int:
        """Rows that were equal and not touched."""
        return sum(stored.unchanged for stored in self.stored if stored.counted)

    @property
    def left_out(self) -> list[Finding]:
        """What could not be stored soundly."""
        return [finding for finding in self.findings if finding.left_out]

    @property
    def scope(self) -> Scope:
        """How much of the domain was read."""
        return "nothing" if self.idle else self.run.scope

    @property
    def failed_operations(self) -> int:
        """How many operations failed."""
        return sum(operation.status == "failed" for operation in self.operations)

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from opening to end; None while it runs."""
        if self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds() * 1000)

    # -- renderings ------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """What the ledger row says in numbers; the first five are the guide's (docs/guide.md)."""
        total = len(self.operations)
        summary: dict[str, Any] = {
            "entityId": str(self.tournament_id),
            "entityLabel": self.label,
            "operationsCount": total,
            "totalOperations": total,
            "successfulOperations": total - self.failed_operations,
            "failedOperations": self.failed_operations,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "leftOut": len(self.left_out),
            "findings": len(self.findings) - len(self.left_out),
            "requests": sum(not request.reused for request in self.requests),
            "bytes": sum(request.bytes for request in self.requests if not request.reused),
        }
        summary |= self.noted
        if self.run.replays is not None:
            summary["replays"] = self.run.replays
        if self.run.accepted is not None:
            summary["accepted"] = dict(self.run.accepted)
        if self.absent is not None:
            summary["because"] = self.absent.because
        if self.failure is not None:
            summary["error"] = self.failure.message
            summary["retryable"] = self.failure.retryable
        return jsonable(summary)

    @property
    def report_file_key(self) -> str:
        """Where the report belongs in the object store. The random part cannot be guessed."""
        folder = "/".join(_folders(self.key))
        day = self.started_at.strftime("%Y-%m-%d")
        return (
            "data-provider-operation-reports/"
            f"{folder}/{day}/"
            f"{self.operation_type}-{self.id}-{self._token}.json"
        )

    def _sentence(self, error: BaseException) -> str:
        try:
            text = str(error).strip()
        # The text of somebody else's error may be broken; that it happened is recorded.
        except Exception:  # noqa: BLE001
            text = ""
        if not hasattr(error, "retryable"):
            # Ours and the providers' errors are sentences; anything else gets its name in front.
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        text = plain(self.conceal(text)) or type(error).__name__
        if len(text) > LONGEST_ERROR:
            half = LONGEST_ERROR // 2
            text = f"{text[:half]} … {len(text) - 2 * half} characters left out … {text[-half:]}"
        return text

    def _trace(self, error: BaseException) -> str:
        text = self.conceal("".join(traceback.format_exception(error)))
        return plain(text[-LONGEST_TRACEBACK:])


def _folders(key: str) -> Iterable[str]:
    for part in key.split(":")[:3]:
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in part)[:60]
        yield name.strip(".") or "-"


def plain(text: str) -> str:
    """A text as Postgres can hold it: without NUL, without half of a character."""
    said = text if "\x00" not in text else text.replace("\x00", "\\0")
    return said if said.isascii() else said.encode("utf-8", "backslashreplace").decode()


def jsonable(value: Any) -> Any:
    """A value as JSON in Postgres can hold it."""
    if isinstance(value, str):
        return plain(str(value))
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {plain(str(name)): jsonable(item) for name, item in value.items()}
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, bytes):
        return [jsonable(item) for item in value]
    return plain(str(value))
