"""One execution in a message: what it did to one domain, as a value and as a line of text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from dp_pipeline.domains.registry import order_of
from dp_pipeline.ledger.reading_reports import command
from dp_pipeline.ledger.vocabulary import Scope, Status
from dp_pipeline.notifications.news import FailureRun, Passing, lasts
from dp_pipeline.notifications.slack.card import CHECK_MARK, CROSS, GREEN, RED, WARNING, YELLOW
from dp_pipeline.notifications.slack.mrkdwn import (
    inline,
    link,
    shown_date,
    visible,
    weight,
)
from dp_pipeline.pages.words import duration


@dataclass(frozen=True, slots=True)
class StatusStyle:
    """How a status is shown; the worst of a message has the highest severity."""

    severity: int
    emoji: str
    words: str
    color: str


STYLES: dict[Status, StatusStyle] = {
    "completed": StatusStyle(0, CHECK_MARK, "Completed", GREEN),
    "in_progress": StatusStyle(1, "\N{HOURGLASS WITH FLOWING SAND}", "In progress", YELLOW),
    "partial_failure": StatusStyle(2, WARNING, "Partial failure", YELLOW),
    "failed": StatusStyle(3, CROSS, "Failed", RED),
}
NO_ROWS = "no rows"
NOT_BEGUN = "\N{HEAVY MINUS SIGN}"
_OUTCOMES = {"suspicious_payload": "refused", "partial_failure": "in part"}
_TOLD_BY_ROWS = frozenset({"written", "unchanged"})
HARMLESS: dict[Passing, StatusStyle] = {
    "stopped": StatusStyle(1, WARNING, "Interrupted", YELLOW),
    "again": StatusStyle(1, WARNING, "Not done yet", YELLOW),
    "refused": StatusStyle(1, WARNING, "Refused as before", YELLOW),
    "settled": StatusStyle(1, WARNING, "Refused for good", YELLOW),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One execution: what it did to one domain.

    A `report_key` without `report_url` is a report that is stored and has no web address;
    `report_error` says why there is none. `duration_ms` is in milliseconds; `attempt` counts
    from 1. `failure_run` is what it goes on with or ends; `news` are sentences that are
    news whatever else is; with a `scope` of less than the whole it is not announced without them.
    `changed` says of some rows in words what changed.
    `passing` is why a failure needs nobody, as long as it does not last. `ways` are what a person
    may do about a payload that was refused: what for, and what to type. `no_tournament`: it failed
    because there is no such tournament.
    """

    execution_id: UUID
    domain: str
    operation_type: str
    status: Status
    outcome: str | None
    created: int
    updated: int
    unchanged: int
    left_out: int
    duration_ms: int | None
    attempt: int
    report_url: str | None
    report_key: str | None
    report_error: str | None
    error: str | None
    failure_run: FailureRun | None = None
    news: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    scope: Scope = "whole"
    passing: Passing | None = None
    ways: Mapping[str, str] = field(default_factory=dict)
    no_tournament: bool = False

    @property
    def harmless(self) -> bool:
        """Whether it failed and nobody is needed."""
        harmless = self.passing is not None and not lasts(self.passing, self.failure_run)
        return self.status == "failed" and harmless

    @property
    def style(self) -> StatusStyle:
        """How one execution is shown. Red is what needs a person."""
        if self.harmless and self.passing is not None:
            return HARMLESS[self.passing]
        return STYLES[self.status]

    @property
    def place(self) -> tuple[int, str, int]:
        """To sort lines by: as domains build on each other, the first attempt first."""
        return order_of(self.domain), self.domain, self.attempt

    def text(self, limit: int) -> str:
        """One domain: what became of it, counts, duration, attempt and report."""
        style = self.style
        if self.is_consequence:
            return f"{NOT_BEGUN} *{inline(self.domain, 30)}* · {self.word}"
        rows = counted(self.created, self.updated, self.unchanged, self.left_out)
        told = self.outcome is None or self.outcome in _TOLD_BY_ROWS or not visible(self.outcome)
        parts = [
            f"{style.emoji} *{inline(self.domain, 30)}*",
            "" if told and self.status != "failed" else inline(self._outcome, 40),
            "" if self.status == "failed" and rows == NO_ROWS else inline(rows, 110),
        ]
        if self.duration_ms is not None:
            parts.append(inline(duration(self.duration_ms), 30))
        if self.attempt > 1:
            parts.append(inline(f"attempt {self.attempt:,}", 30))
        if self.failure_run is not None:
            parts.append(_failure_run(self.status, self.failure_run))
        text = " · ".join(part for part in parts if part)
        report = report_link(self) or self._report_without_link()
        if weight(text) + weight(report) + 3 > limit:
            report = self._report_command
        return f"{text} · {report}"

    @property
    def is_consequence(self) -> bool:
        """Whether it was not begun because another domain failed."""
        return self.outcome == "blocked_dependency"

    @property
    def word(self) -> str:
        """What became of it, in a word or two."""
        return "not begun" if self.is_consequence else self.style.words.lower()

    @property
    def _outcome(self) -> str:
        if self.harmless:
            return self.word
        outcome = self.outcome if self.outcome and visible(self.outcome) else self.status
        return _OUTCOMES.get(outcome, _words(outcome))

    def _report_without_link(self) -> str:
        if self.report_error is not None:
            return f"report unavailable: {inline(self.report_error, 120) or 'no reason given'}"
        if self.report_key or self.report_url:
            return self._report_command
        return "no report"

    @property
    def _report_command(self) -> str:
        return f"`{command(self.execution_id)}`"


def report_link(line: Line) -> str | None:
    """The one link to the report of an execution; None when it has no address."""
    return link(line.report_url, "report")


def _failure_run(status: Status, failure_run: FailureRun) -> str:
    """How often it has failed, or how long what is over has lasted; nothing for a first time."""
    times = f"{failure_run.times:,} times"
    if status == "completed":
        after = f"recovered after {duration(failure_run.lasted_ms)}"
        return after if failure_run.times == 1 else f"{after}, failed {times}"
    return f"failed {times} since {shown_date(failure_run.since)}" if failure_run.times > 1 else ""


def counted(created: int, updated: int, unchanged: int, left_out: int) -> str:
    """The counts that are not zero."""
    counts = {"created": created, "updated": updated, "unchanged": unchanged, "left out": left_out}
    return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or NO_ROWS


def ways_in_lines(ways: Mapping[str, str]) -> str:
    """What a person may do about a payload that was refused, each on a new line, to be copied."""
    typed = {what: f"`{how}`" if how.startswith("dp ") else how for what, how in ways.items()}
    return "".join(f"\n{what}: {how}" for what, how in typed.items())


def _words(name: str) -> str:
    return name.replace("_", " ")
