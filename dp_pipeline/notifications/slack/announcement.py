"""Executions of one tournament in one run as a message. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dp_pipeline.notifications.news import class_of, verdict
from dp_pipeline.notifications.slack.card import SUMMARY, Card, plain
from dp_pipeline.notifications.slack.line import (
    HARMLESS,
    STYLES,
    Line,
    StatusStyle,
    counted,
    report_link,
    ways_in_lines,
)
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

# The weights below add up to a whole message of less than 12,000 for any input (see card.py).
LINES = 10
ALL_LINES = 3_400
ERRORS = 5
ALL_ERRORS = 3_000
LEAST_ERROR = 60
# The matches of a round often end together, and each end is to be announced: news have what room
# lines and errors leave of this, in sections of their own.
ALL_TEXT = 6_700
LONGEST_NEWS = 300
ALL_CHANGES = 1_000
SECTION = 2_900
ROOM_FOR_MORE = 60
ROWS = 3
LONGEST_ROW = 150


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Polls that wrote rows, had no news, and are announced with the next message."""

    polls: int
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message: the executions of one tournament in one run.

    `earlier` are attempts that were followed by another one: they are announced with it.
    `suppressed` is what came before without a message of its own. `table` is the top of the table
    after news. With a `day` it is all of that day.
    """

    request_id: UUID
    tournament_key: str
    tournament_label: str | None
    tournament_id: UUID
    lines: tuple[Line, ...]
    started_at: datetime
    completed_at: datetime
    run_url: str | None
    earlier: tuple[UUID, ...] = ()
    suppressed: Suppressed | None = None
    table: tuple[str, ...] = ()
    day: date | None = None

    @property
    def executions(self) -> list[UUID]:
        """All that it announces."""
        return [line.execution_id for line in self.lines] + list(self.earlier)

    @property
    def key(self) -> str:
        """What distinguishes it: an execution that is closed later is another message."""
        return (
            f"{self.tournament_key} of run {self.request_id} "
            f"({len(self.executions)} executions until {self.completed_at:%Y-%m-%d %H:%M:%S.%f})"
        )

    @property
    def kind(self) -> Class | None:
        """The class of this message; None when everything in it is a repeat."""
        return class_of(
            (
                verdict(
                    line.status,
                    line.failure_run,
                    noteworthy=bool(line.news),
                    quiet=line.scope != "whole",
                    passing=line.passing,
                ),
                line.outcome == "written",
            )
            for line in self.lines
        )

    @property
    def kinds(self) -> frozenset[Class]:
        """The classes whose readers it is for: news beside a failure stay news."""
        kinds: set[Class] = {self.kind} if self.kind else set()
        if self._recovered() or self.sentences:
            kinds.add("news")
        return frozenset(kinds)

    @property
    def ends_failure(self) -> bool:
        """Whether something ended that was a failure, and not only in part."""
        return any(line.failure_run and line.failure_run.failed for line in self._ended())

    @property
    def sentences(self) -> list[str]:
        """What is news whatever else is."""
        return [text for line in self.lines for text in line.news if visible(text)]

    @property
    def is_match_news(self) -> bool:
        """Whether it is made for its news alone."""
        return bool(self.sentences) and self._worst().severity == 0 and not self._recovered()

    @property
    def is_new_failure(self) -> bool:
        """Whether something failed that needs a person, and people have not heard of it."""
        failed = (line for line in self.lines if line.status == "failed" and not line.harmless)
        return any(
            line.failure_run is None or line.failure_run.last_announced is None for line in failed
        )

    @property
    def first_announced(self) -> datetime | None:
        """When people first heard of a failure that it goes on with or ends."""
        runs = (line.failure_run for line in self.lines if line.failure_run is not None)
        announced = [run.first_announced for run in runs if run.first_announced is not None]
        return min(announced, default=None)

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook."""
        style = self._worst()
        if self.is_match_news or (self.day and self.sentences and style.severity == 0):
            return self._match_news(style)
        lines = self._lines(most=LINES, budget=ALL_LINES)
        errors = self._errors(budget=ALL_ERRORS)
        table = self._table()
        room = ALL_TEXT - sum(weight(text) for text in (*lines, *errors, *table))
        news = self._news(budget=room)
        left = min(ALL_CHANGES, room - sum(weight(text) for text in news))
        changed = self._changed(budget=left)
        return Card(
            header=f"{style.emoji} {style.words}: {self._name()}",
            summary=self._summary(),
            color=style.color,
            fields=self._fields(),
            texts=[*news, *table, *changed, *lines, *errors, *self._cure(), self._run()],
            context=self._context(),
        ).payload()

    def _match_news(self, style: StatusStyle) -> dict[str, Any]:
        """News alone: what the executions behind them did stands in their reports."""
        table = [*self._recoveries(), *self._table()]
        room = ALL_TEXT - sum(map(weight, table))
        news = self._news(budget=room)
        changed = self._changed(budget=min(ALL_CHANGES, room - sum(map(weight, news))))
        reports = (report_link(line) for line in self.lines if line.news)
        links = " · ".join([self._run(), *filter(None, reports)][:3])
        return Card(
            header=f"{style.emoji} {style.words}: {self._name()}",
            summary=self._summary(),
            color=style.color,
            texts=[*news, *table, *changed, links],
            context=self._context(),
        ).payload()

    def plain(self) -> dict[str, Any]:
        """The same message as text alone, for when Slack refuses blocks."""
        texts = [
            *self._news(budget=500),
            *self._lines(most=5, budget=1_700),
            *self._errors(budget=1_000),
            *self._cure(),
            self._run(),
            f"Request ID: {code(str(self.request_id), 60)}",
        ]
        return plain(self._summary(), texts)

    def _worst(self) -> StatusStyle:
        worst = max((line.style for line in self.lines), key=lambda style: style.severity)
        if worst.severity == 0 and self._recovered():
            return replace(worst, words="Recovered")
        if worst.severity == 0 and self.sentences:
            return replace(worst, words="News")
        return worst

    def _recovered(self) -> bool:
        """Whether a failure ended that needed a person."""
        return bool(self._ended())

    def _ended(self) -> list[Line]:
        """The lines that say so, in the order of domains."""
        return [
            line
            for line in sorted(self.lines, key=lambda line: line.place)
            if line.status == "completed" and line.failure_run and line.failure_run.alarming
        ]

    def _label(self) -> str:
        for name in (self.tournament_label, self.tournament_key):
            if name and visible(name):
                return name
        return "unnamed tournament"

    def _name(self) -> str:
        """The tournament, and the day when it is all of one."""
        label = self._label()
        return label if self.day is None else f"{label} · {self.day:%A, %d %B %Y}"

    def _tally(self) -> str:
        """Such as "5 domains (3 completed, 2 failed)"."""
        words = [line.word for line in self.lines]
        known = [style.words.lower() for style in (*STYLES.values(), *HARMLESS.values())]
        known.append("not begun")
        tally = ", ".join(f"{words.count(each)} {each}" for each in known if each in words)
        noun = "domain" if len(words) == 1 else "domains"
        return f"{len(words)} {noun}" + (f" ({tally})" if tally else "")

    def _summary(self) -> str:
        """One unescaped line for notifications and for clients that show no blocks."""
        style, lines = self._worst(), self.lines
        names = ("created", "updated", "unchanged", "left_out")
        counts = counted(*(sum(getattr(line, name) for line in lines) for name in names))
        label = inline(self._name(), SUMMARY // 2, PLAIN)
        news = self.sentences
        if news and style.severity == 0:
            first = inline(news[0], SUMMARY // 3, PLAIN)
            more = f" And {len(news) - 1:,} more." if len(news) > 1 else ""
            return f"{style.emoji} {style.words}: {label} · {first}{more}"
        failed = (line for line in self.lines if line.style is style and line.status == "failed")
        for line in sorted(failed, key=lambda line: line.place):
            if line.error and visible(line.error):
                error = inline(line.error, SUMMARY // 3, PLAIN)
                domain = inline(line.domain, 30, PLAIN)
                return f"{style.emoji} {style.words}: {label} · {domain}: {error}"
        return f"{style.emoji} {style.words}: {label} · {self._tally()} · {counts}"

    def _fields(self) -> list[str]:
        names = ("created", "updated", "unchanged", "left_out")
        rows = counted(*(sum(getattr(line, name) for line in self.lines) for name in names))
        fields = [f"*Domains*\n{self._tally()}", f"*Rows*\n{rows}"]
        return fields if self.day else [*fields, f"*Duration*\n{self._elapsed()}"]

    def _recoveries(self) -> list[str]:
        """What was wrong and is well again, in a line."""
        ended = self._ended()
        lasted = max((line.failure_run.lasted_ms for line in ended if line.failure_run), default=0)
        domains = inline(", ".join(line.domain for line in ended), 200)
        return [f"*Recovered* after {duration(lasted)}: {domains}"] if ended else []

    def _table(self) -> list[str]:
        """The top of the table in one text."""
        rows = [inline(row, LONGEST_ROW) for row in self.table if visible(row)]
        return ["\n".join(["*Top of the table*", *rows[:ROWS]])] if rows else []

    def _cure(self) -> list[str]:
        """What a person types when something failed, or was left out."""
        key, texts = self.tournament_key, []
        causes = [line for line in self.lines if not line.is_consequence and not line.ways]
        if any(line.no_tournament for line in causes):
            texts.append(
                f"{code(key, 220)} is no tournament: its partition is taken away by itself once no "
                f"run or backfill works on it, and at once by {code(f'dp remove {key}', 220)}."
            )
        elif any(line.status == "failed" and line.passing in {None, "stopped"} for line in causes):
            texts.append(f"To read it again: {code(f'dp ingest {key}', 220)}")
        if any(line.status == "partial_failure" for line in causes):
            texts.append(f"To see what was left out: {code(f'dp checks {key}', 220)}")
        return texts

    def _news(self, *, budget: int) -> list[str]:
        """All news that there is room for, in texts no longer than a section.

        Of a day the latest are shown: the earlier ones were, when they were the latest.
        """
        sentences = [inline(sentence, LONGEST_NEWS) for sentence in self.sentences]
        hidden = 0
        if sum(weight(each) + 2 for each in sentences) > budget:
            room, fitting = budget - ROOM_FOR_MORE, 0
            order = sentences[::-1] if self.day else sentences
            while fitting < len(order) and (room := room - weight(order[fitting]) - 2) >= 0:
                fitting += 1
            hidden = len(sentences) - fitting
            sentences = sentences[hidden:] if self.day else sentences[:fitting]
        if hidden and self.day:
            sentences.insert(0, f"After {hidden:,} earlier ones:")
        elif hidden:
            sentences.append(f"and {hidden:,} more")
        texts: list[str] = []
        for sentence in sentences:
            if texts and weight(texts[-1]) + weight(sentence) < SECTION:
                texts[-1] += f"\n{sentence}"
            else:
                texts.append(sentence)
        return texts

    def _changed(self, *, budget: int) -> list[str]:
        """What changed in rows of which the news say nothing, in one text."""
        news = tuple(self.sentences)
        sentences = [
            sentence
            for line in self.lines
            for sentence in line.changed
            if visible(sentence) and not any(n.startswith(sentence.split(": ")[0]) for n in news)
        ]
        shown: list[str] = []
        for sentence in sentences:
            text = inline(sentence, LONGEST_NEWS)
            if weight("\n".join([*shown, text])) > budget:
                break
            shown.append(text)
        return ["\n".join(shown)] if shown else []

    def _lines(self, *, most: int, budget: int) -> list[str]:
        # Where not all fit, the worst and the latest attempts are the news.
        news = sorted(self.lines, key=lambda line: (line.style.severity, line.attempt))[-most:]
        shown = [
            line.text(budget // len(news)) for line in sorted(news, key=lambda line: line.place)
        ]
        if len(self.lines) > len(news):
            shown.append(f"and {len(self.lines) - len(news):,} more")
        return shown

    def _errors(self, *, budget: int) -> list[str]:
        """A code block per distinct error, with the domains that met it."""
        domains: dict[str, list[str]] = {}
        ways: dict[str, str] = {}
        wrong = [line for line in self.lines if line.status in {"failed", "partial_failure"}]
        causes = [line for line in wrong if not line.is_consequence]
        for line in sorted(causes or wrong, key=lambda line: line.place):
            error = line.error if line.error and visible(line.error) else None
            if error is None and line.status == "failed":
                error = "No error text was recorded."
            if error is not None:
                domains.setdefault(error, []).append(line.domain)
                ways[error] = ways_in_lines(line.ways)
        shown = list(domains.items())[:ERRORS]
        blocks = []
        for error, met in shown:
            title = inline(", ".join(dict.fromkeys(met)), 60)
            room = max(budget // len(shown) - 100 - len(ways[error]), LEAST_ERROR)
            block = code_block(error, room)
            blocks.append(f"*Error details: {title}*\n{block}{ways[error]}")
        if len(domains) > len(shown):
            blocks.append(f"and {len(domains) - len(shown):,} more errors; the reports have them")
        return blocks

    def _run(self) -> str:
        whole = link(self.run_url, "Open the run in Dagster")
        return whole or f"Run {code(str(self.request_id), 60)}"

    def _context(self) -> list[str]:
        """Small print: what came before, and one line with names first and ids last."""
        ids = [
            shown_date(self.completed_at),
            *([] if self.day else [f"took {self._elapsed()}"]),
            code(self.tournament_key, 200),
            f"Request ID: {code(str(self.request_id), 60)}",
            f"Tournament ID: {code(str(self.tournament_id), 60)}",
        ]
        return [*_suppressed(self.suppressed), " · ".join([inline(self._label(), 200), *ids])]

    def _elapsed(self) -> str:
        elapsed = self.completed_at - self.started_at
        return duration(round(elapsed.total_seconds() * 1_000))


def _suppressed(suppressed: Suppressed | None) -> list[str]:
    if suppressed is None:
        return []
    polls = "1 poll" if suppressed.polls == 1 else f"{suppressed.polls:,} polls"
    rows = "1 row" if suppressed.rows == 1 else f"{suppressed.rows:,} rows"
    return [f"Before it, {polls} since {shown_date(suppressed.since)} wrote {rows} without news"]
