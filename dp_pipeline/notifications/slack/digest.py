"""A run group, such as a backfill, as one message: counts, failures, recoveries, news. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dp_pipeline.ledger.reading_reports import command
from dp_pipeline.notifications.slack.card import (
    CROSS,
    RED,
    SUMMARY,
    WARNING,
    YELLOW,
    Card,
    plain,
)
from dp_pipeline.notifications.slack.line import STYLES, StatusStyle, counted, ways_in_lines
from dp_pipeline.notifications.slack.mrkdwn import (
    PLAIN,
    code,
    code_block,
    inline,
    link,
    shown_date,
    visible,
    weight,
)
from dp_pipeline.pages.words import duration
from dp_pipeline.settings import Class

# Together with the rest less than Slack's 12,000 or so of a whole message: see card.py.
FAILURES = 6
ALL_FAILURES = 4_400
ERROR = 800
NAMED = 5
RECOVERED = 10
NEWS = 10
LONGEST_NEWS = 90
CHANGED = 8
LONGEST_SUBJECT = 60
LONGEST_NAMES = 500
_LEAST_ERROR = 100
"""Less of an error shows nothing."""


@dataclass(frozen=True, slots=True)
class CountedFailure:
    """One reason: in how many tournaments, the first few of which are named, and in what of them.

    `error` is what one of the executions said, None for a partial failure; `execution_id` is of
    that one, and `report_url` opens its report. `ways` are what a person may do about a single
    payload that was refused: what for, and what to type.
    """

    tournaments: int
    named: tuple[str, ...]
    domains: tuple[str, ...]
    error: str | None
    ways: Mapping[str, str] = field(default_factory=dict)
    execution_id: str = ""
    report_url: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A tournament of which rows were written: its name, new rows and changed ones."""

    tournament: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What people call a run group, such as "Backfill", and what it does to a tournament."""

    name: str
    does: Literal["updated", "filled", "read"] = "updated"


@dataclass(frozen=True, slots=True)
class Recovery:
    """One domain of one tournament that completed after it had failed; `after_ms` later.

    `failed` says that a person was needed, and that it failed not only in part.
    """

    tournament: str
    domain: str
    after_ms: int
    failed: bool = True


@dataclass(frozen=True, slots=True)
class News:
    """A sentence that are news, and the tournament it is about."""

    tournament: str
    sentence: str


Ending = Literal["completed", "incomplete", "failed", "cancelled"]
"""How a backfill ended: with all of its partitions or not, by an error of its own, by a person."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What Dagster says of a backfill: it knows of partitions that no execution was begun for.

    It was to materialize so many partitions as `requested`; `done` are those of which every asset
    was. None is not known. `error` is its own.
    """

    ended: Ending
    requested: int | None = None
    done: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a run group came to: executions counted by how they ended.

    `expected` completed with nothing to store, as it should be: not published yet, or not
    applicable; they are not in `completed`. Of those that `failed`, `passing` need nobody and
    `followed` are the consequence of another one. `refused_before` failed as before, for a payload
    of which people were told or decided, and are not in `failed`. `empty_tournaments` had nothing
    to store; `changed` are those with most rows. A `backfill` may have come to nothing at all: then
    the counts are zero. What was stopped and `done_anew` counts as done: Dagster's backfill has it
    as failed.
    """

    run_group: str
    subject: Subject
    started_at: datetime
    completed_at: datetime
    tournaments: int = 0
    runs: int = 0
    completed: int = 0
    expected: int = 0
    partial: int = 0
    failed: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0
    failures: tuple[CountedFailure, ...] = ()
    more_failures: int = 0
    recoveries: tuple[Recovery, ...] = ()
    more_recoveries: int = 0
    news: tuple[News, ...] = ()
    more_news: int = 0
    url: str | None = None
    backfill: Backfill | None = None
    passing: int = 0
    followed: int = 0
    refused_before: int = 0
    changed: tuple[Changed, ...] = ()
    changed_tournaments: int = 0
    failed_tournaments: int = 0
    empty_tournaments: int = 0
    done_anew: int = 0

    @property
    def key(self) -> str:
        """What distinguishes it: what is added to a run group is another digest."""
        return f"{self.run_group} until {self.completed_at:%Y-%m-%d %H:%M:%S.%f}"

    @property
    def kinds(self) -> frozenset[Class]:
        """The classes it belongs to: one of them switched on is enough for it to be announced."""
        kinds: set[Class] = {"digest"}
        if self._alarming or self._ended == "failed":
            kinds.add("failure")
        if self.partial:
            kinds.add("partial")
        # The end of a failure that was announced is news wherever it came about.
        if self.news or self.recoveries:
            kinds.add("news")
        return frozenset(kinds)

    @property
    def ends_failure(self) -> bool:
        """Whether something ended that was a failure, and not only in part."""
        return any(each.failed for each in self.recoveries)

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook."""
        style = self._style()
        return Card(
            header=f"{style.emoji} {self._headline()}",
            summary=self._summary(),
            color=style.color,
            fields=self._fields(),
            texts=[
                *self._error(ERROR),
                *self._failures(ALL_FAILURES, most=FAILURES),
                *self._recoveries(most=RECOVERED),
                *self._news(most=NEWS),
                *self._changed(most=CHANGED),
                *self._links(),
            ],
            context=self._context(),
        ).payload()

    def plain(self) -> dict[str, Any]:
        """The same message as text alone, for when Slack refuses the blocks."""
        texts = [
            *self._error(ERROR // 2),
            *self._failures(4 * 400, most=4),
            *self._recoveries(most=5),
            *self._news(most=5),
            *self._links(),
        ]
        return plain(self._summary(), texts)

    @property
    def _ended(self) -> Ending:
        return self.backfill.ended if self.backfill else "completed"

    @property
    def _alarming(self) -> bool:
        """Whether it needs a person: a failure that passes, with what follows from it, does not."""
        if not self.passing:
            return bool(self.failed) or (self._ended == "incomplete" and not self.done_anew)
        return self.failed > self.passing + self.followed

    def _style(self) -> StatusStyle:
        if self._ended == "failed":
            return StatusStyle(3, CROSS, "Failed", RED)
        if self._ended == "cancelled":
            return StatusStyle(1, WARNING, "Cancelled", YELLOW)
        if self._alarming:
            return StatusStyle(3, CROSS, "Ended with failures", RED)
        if self.passing:
            return StatusStyle(1, WARNING, "Not all done", YELLOW)
        if self.partial:
            return StatusStyle(2, WARNING, "Ended with partial failures", YELLOW)
        return STYLES["completed"]

    def _headline(self) -> str:
        """Such as "Backfill of 30 tournaments: 27 filled, 3 failed"."""
        requested = self.backfill.requested if self.backfill else None
        tournaments = max(requested or 0, self.tournaments)
        name = self.subject.name if visible(self.subject.name) else "Unnamed run group"
        name = inline(name, LONGEST_SUBJECT, PLAIN)
        ended = {"failed": " failed", "cancelled": " was cancelled"}.get(self._ended, "")
        counts = self._counts(tournaments)
        if self.subject.does == "updated":
            return f"{name}{ended}: {_several(tournaments)}, {counts}"
        of = f" of {_several(tournaments)}" if tournaments else ""
        return f"{name}{of}{ended}: {counts}"

    def _counts(self, tournaments: int) -> str:
        """How many tournaments came to what."""
        done = self.changed_tournaments
        if self.subject.does != "updated":
            done = self.tournaments - self.failed_tournaments - self.empty_tournaments
        counts = {
            "failed" if self._alarming else "not done yet": self.failed_tournaments,
            "with nothing to store": self.empty_tournaments,
            "not begun": tournaments - self.tournaments,
        }
        first = f"{done:,} {self.subject.does}" if done > 0 else f"none {self.subject.does}"
        return ", ".join([first, *(f"{n:,} {what}" for what, n in counts.items() if n > 0)])

    def _tally(self) -> str:
        counts = {
            "completed": self.completed,
            "nothing expected": self.expected,
            "partly failed": self.partial,
            "failed": self.failed,
            "refused as before": self.refused_before,
        }
        return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "nothing done"

    def _elapsed(self) -> str:
        return duration(round((self.completed_at - self.started_at).total_seconds() * 1_000))

    def _partitions(self) -> str | None:
        """How much of a backfill was done, in Dagster's count."""
        if self.backfill is None or self.backfill.requested is None:
            return None
        requested, done = f"{self.backfill.requested:,}", self.backfill.done
        return f"{requested} requested" if done is None else f"{done:,} of {requested} done"

    def _summary(self) -> str:
        """One unescaped line; with the first reason when something failed."""
        line = f"{self._style().emoji} {self._headline()}"
        frequent = sorted(self.failures, key=lambda failure: -failure.tournaments)
        reasons = (each.error for each in frequent if each.error and visible(each.error))
        reason = next(reasons, None) if self._alarming else None
        return line if reason is None else f"{line} · {inline(reason, SUMMARY // 3, PLAIN)}"

    def _fields(self) -> list[str]:
        runs = "1 run" if self.runs == 1 else f"{self.runs:,} runs"
        fields = ["*Executions*\nnone"]
        if self.runs:
            fields = [
                f"*Tournaments*\n{self.tournaments:,} in {runs}",
                f"*Executions*\n{self._tally()}",
                f"*Rows*\n{counted(self.created, self.updated, self.unchanged, self.left_out)}",
            ]
        partitions = self._partitions()
        if partitions is not None:
            fields.append(f"*Partitions*\n{partitions}")
        return [*fields, f"*Duration*\n{self._elapsed()}"]

    def _error(self, room: int) -> list[str]:
        """What the backfill failed with, before it could begin or go on."""
        error = self.backfill.error if self.backfill else None
        return [code_block(error, room)] if error and visible(error) else []

    def _failures(self, budget: int, *, most: int) -> list[str]:
        """Each reason with its own tournaments, the frequent ones first; and what to type."""
        shown = sorted(self.failures, key=lambda failure: -failure.tournaments)[:most]
        texts = []
        for failure in shown:
            names = inline(", ".join(failure.named[:NAMED]), 250)
            hidden = failure.tournaments - len(failure.named[:NAMED])
            more = f" and {hidden:,} more" if hidden > 0 else ""
            domains = inline(", ".join(failure.domains), 80)
            verb = "lacks rows of" if failure.error is None else "failed at"
            heading = f"*{_several(failure.tournaments)}* {verb} {domains}: {names}{more}"
            ways = ways_in_lines(failure.ways)
            room = budget // len(shown) - 450 - len(ways)
            report = _report(failure, room - _LEAST_ERROR)
            error = failure.error if failure.error and visible(failure.error) else None
            if error is None:
                error = "Some rows were left out; `dp checks` and the reports say which."
            room -= weight(report)
            block = "" if room < _LEAST_ERROR else f"\n{code_block(error, room)}"
            texts.append(f"{heading}{block}{ways}{report}")
        more = len(self.failures) - len(shown) + self.more_failures
        if more > 0:
            texts.append(f"and {more:,} more reasons; `dp executions` lists all")
        if self._alarming and any(failure.error and not failure.ways for failure in shown):
            texts.append("To try again what failed: `dp retry`")
        return texts

    def _recoveries(self, *, most: int) -> list[str]:
        lines = [
            f"{inline(recovery.tournament, 60)} · {inline(recovery.domain, 30)} after "
            f"{duration(recovery.after_ms)}"
            for recovery in self.recoveries
        ]
        return _listed("*Recovered*", lines, most, self.more_recoveries)

    def _news(self, *, most: int) -> list[str]:
        lines = [
            f"{inline(one.tournament, 40)}: {inline(one.sentence, LONGEST_NEWS)}"
            for one in self.news
        ]
        return _listed("*News*", lines, most, self.more_news, "; the reports have them")

    def _changed(self, *, most: int) -> list[str]:
        """Which tournaments had new rows or other ones, by name."""
        more = max(self.changed_tournaments - len(self.changed), 0)
        if self.subject.does != "updated":
            names = ", ".join(each.tournament for each in self.changed[:most])
            rest = f" and {more:,} more" if more else ""
            title = f"*{self.subject.does.capitalize()}*"
            return [f"{title}: {inline(names, LONGEST_NAMES)}{rest}"] if self.changed else []
        lines = [
            f"{inline(each.tournament, 60)} · {counted(each.created, each.updated, 0, 0)}"
            for each in self.changed
        ]
        return _listed("*Updated*", lines, most, more)

    def _links(self) -> list[str]:
        whole = link(self.url, "Open it in Dagster")
        return [whole] if whole else []

    def _context(self) -> list[str]:
        """One line, with the ID last."""
        parts = [shown_date(self.completed_at), f"took {self._elapsed()}"]
        return [" · ".join([*parts, f"Run group: {code(self.run_group, 220)}"])]


def _report(failure: CountedFailure, room: int) -> str:
    """Where the report of a failure is: a link, or what to type where that is too long."""
    whole = link(failure.report_url, "report")
    if not failure.execution_id:
        return ""
    typed = f"`{command(failure.execution_id)}`"
    what = "Report" if failure.tournaments == 1 else "Report of one of them"
    return f"\n{what}: {whole if whole and weight(whole) < room else typed}"


def _several(tournaments: int) -> str:
    return "1 tournament" if tournaments == 1 else f"{tournaments:,} tournaments"


def _listed(title: str, lines: list[str], most: int, more: int, where: str = "") -> list[str]:
    """The first few lines below their title, and how many more there are; nothing for none."""
    more += max(len(lines) - most, 0)
    rest = [f"and {more:,} more{where}"] if more else []
    return ["\n".join([title, *lines[:most], *rest])] if lines else []
