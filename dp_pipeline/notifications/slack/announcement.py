"""Executions of one tournament in one run as a message. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
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
    ways_in_lines,
)
from dp_pipeline.notifications.slack.mrkdwn import (
    PLAIN,
    code,
    code_block,
    date,
    duration,
    inline,
    link,
    visible,
    weight,
)
from dp_pipeline.settings import Class

# The weights below add up to a whole message of less than 12,000 for any input (see card.py).
LINES = 10
ALL_LINES = 3_400
ERRORS = 5
ALL_ERRORS = 3_000
LEAST_ERROR = 60
# The matches of a round often end together, and each end is to be announced: news have what room
# lines and errors leave of this, in sections of their own.
ALL_TEXT = 7_300
LONGEST_NEWS = 300
ALL_CHANGES = 1_000
SECTION = 2_900


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
    `suppressed` is what came before without a message of its own.
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
        if self._recovered() or self._sentences():
            kinds.add("news")
        return frozenset(kinds)

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook."""
        style = self._worst()
        lines = self._lines(most=LINES, budget=ALL_LINES)
        errors = self._errors(budget=ALL_ERRORS)
        room = ALL_TEXT - sum(weight(text) for text in (*lines, *errors))
        news = self._news(budget=room)
        left = min(ALL_CHANGES, room - sum(weight(text) for text in news))
        return Card(
            header=f"{style.emoji} {style.words}: {self._label()}",
            summary=self._summary(),
            color=style.color,
            fields=self._fields(),
            texts=[*news, *self._changed(budget=left), *lines, *errors, self._run()],
            context=self._context(),
        ).payload()

    def plain(self) -> dict[str, Any]:
        """The same message as text alone, for when Slack refuses blocks."""
        texts = [
            *self._news(budget=500),
            *self._lines(most=5, budget=1_700),
            *self._errors(budget=1_000),
            self._run(),
            f"Request ID: {code(str(self.request_id), 60)}",
        ]
        return plain(self._summary(), texts)

    def _worst(self) -> StatusStyle:
        worst = max((line.style for line in self.lines), key=lambda style: style.severity)
        if worst.severity == 0 and self._recovered():
            return replace(worst, words="Recovered")
        if worst.severity == 0 and self._sentences():
            return replace(worst, words="News")
        return worst

    def _recovered(self) -> bool:
        """Whether a failure ended that needed a person."""
        return any(
            line.status == "completed"
            and line.failure_run is not None
            and line.failure_run.alarming
            for line in self.lines
        )

    def _label(self) -> str:
        for name in (self.tournament_label, self.tournament_key):
            if name and visible(name):
                return name
        return "unnamed tournament"

    def _tally(self) -> str:
        """Such as "5 operations (3 completed, 2 failed)"."""
        words = [line.style.words.lower() for line in self.lines]
        known = (style.words.lower() for style in (*STYLES.values(), *HARMLESS.values()))
        tally = ", ".join(f"{words.count(each)} {each}" for each in known if each in words)
        noun = "operation" if len(words) == 1 else "operations"
        return f"{len(words)} {noun}" + (f" ({tally})" if tally else "")

    def _summary(self) -> str:
        """One unescaped line for notifications and for clients that show no blocks."""
        style, lines = self._worst(), self.lines
        names = ("created", "updated", "unchanged", "left_out")
        counts = counted(*(sum(getattr(line, name) for line in lines) for name in names))
        label = inline(self._label(), SUMMARY // 2, PLAIN)
        news = self._sentences()
        if news and style.severity == 0:
            first = inline(news[0], SUMMARY // 3, PLAIN)
            more = f" And {len(news) - 1:,} more." if len(news) > 1 else ""
            return f"{style.emoji} {style.words}: {label} · {first}{more}"
        return f"{style.emoji} {style.words}: {label} · {self._tally()} · {counts}"

    def _sentences(self) -> list[str]:
        return [text for line in self.lines for text in line.news if visible(text)]

    def _fields(self) -> list[str]:
        style = self._worst()
        key = code(self.tournament_key, 200)
        named = self.tournament_label is not None
        tournament = f"{inline(self._label(), 300)}\n{key}" if named else key
        return [
            f"*Tournament*\n{tournament}",
            f"*Status*\n{style.emoji} {style.words}",
            f"*Operations*\n{self._tally()}",
            f"*Duration*\n{self._elapsed()}",
        ]

    def _news(self, *, budget: int) -> list[str]:
        """All sentences that are news that there is room for, in texts no longer than a section."""
        sentences = self._sentences()
        texts: list[str] = []
        used = 0
        for place, sentence in enumerate(sentences):
            shown = inline(sentence, LONGEST_NEWS)
            more = f"and {len(sentences) - place:,} more"
            last = place == len(sentences) - 1
            if used + weight(shown) + 2 + (0 if last else weight(more)) > budget:
                shown = more
            used += weight(shown) + 2
            if texts and weight(texts[-1]) + weight(shown) < SECTION:
                texts[-1] += f"\n{shown}"
            else:
                texts.append(shown)
            if shown == more:
                break
        return texts

    def _changed(self, *, budget: int) -> list[str]:
        """What changed in rows of which the news say nothing, in one text."""
        news = tuple(self._sentences())
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
        for line in sorted(self.lines, key=lambda line: line.place):
            if line.status in {"failed", "partial_failure"}:
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
        return [
            *_suppressed(self.suppressed),
            f"Request ID: {code(str(self.request_id), 60)}",
            f"Tournament ID: {code(str(self.tournament_id), 60)}",
            date(self.completed_at),
            f"Duration: {self._elapsed()}",
        ]

    def _elapsed(self) -> str:
        elapsed = self.completed_at - self.started_at
        return duration(round(elapsed.total_seconds() * 1_000))


def _suppressed(suppressed: Suppressed | None) -> list[str]:
    if suppressed is None:
        return []
    polls = "1 poll" if suppressed.polls == 1 else f"{suppressed.polls:,} polls"
    rows = "1 row" if suppressed.rows == 1 else f"{suppressed.rows:,} rows"
    return [f"Before it, {polls} since {date(suppressed.since)} wrote {rows} without news"]
