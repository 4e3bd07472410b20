"""A whole unit of work, such as a backfill, as one Slack message. Pure; delivery is slack.py's.

Counts, the distinct failures and the recoveries; what one tournament came to is in blocks.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dp_pipeline.messages.mrkdwn import (
    PLAIN,
    code,
    code_block,
    date,
    duration,
    inline,
    link,
    visible,
)
from dp_pipeline.messages.news import Class

# Together with the rest less than Slack's 12,000 or so of a whole message: see blocks.py.
HEADER = 150
SUMMARY = 400
FAILURES = 6
ALL_FAILURES = 4_400
ERROR = 800
NAMED = 5
RECOVERED = 10
NEWS = 10
LONGEST_NEWS = 90


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, however often it was met.

    Args:
        times: executions that failed so.
        tournaments: how many tournaments are concerned.
        named: keys of the first few of them.
        domains: where it was met.
        error: what one of the executions said; None for a partial failure.
        followed: it is only the consequence of another one.
    """

    times: int
    tournaments: int
    named: tuple[str, ...]
    domains: tuple[str, ...]
    error: str | None
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Recovery:
    """One domain of one tournament that completed after it had failed; `after_ms` later."""

    tournament: str
    domain: str
    after_ms: int


@dataclass(frozen=True, slots=True)
class News:
    """A sentence worth telling, and the tournament it is about."""

    tournament: str
    sentence: str


Ending = Literal["completed", "incomplete", "failed", "cancelled"]
"""How a backfill ended: with all of its partitions or not, by an error of its own, by a person."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What Dagster says of a backfill: it knows of partitions that no execution was begun for.

    Args:
        ended: how.
        asked: how many partitions it was to materialize; None if that is not known.
        done: of how many every asset was materialized; None likewise.
        error: what it failed with itself.
    """

    ended: Ending
    asked: int | None = None
    done: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a unit of work came to: executions counted by how they ended.

    `expected` completed with nothing to store, as it should be: not published yet, or not
    applicable; they are not in `completed`. Of those that `failed`, `passing` need nobody and
    `followed` are the consequence of another one. A `backfill` may have come to nothing at all:
    then the counts are zero.
    """

    unit: str
    title: str
    tournaments: int
    runs: int
    completed: int
    expected: int
    partial: int
    failed: int
    created: int
    updated: int
    unchanged: int
    left_out: int
    started_at: datetime
    completed_at: datetime
    failures: tuple[Failure, ...] = ()
    more_failures: int = 0
    recoveries: tuple[Recovery, ...] = ()
    more_recoveries: int = 0
    news: tuple[News, ...] = ()
    more_news: int = 0
    url: str | None = None
    backfill: Backfill | None = None
    passing: int = 0
    followed: int = 0

    @property
    def key(self) -> str:
        """What it is told apart from others by: what is added to a unit is another digest."""
        return f"{self.unit} until {self.completed_at:%Y-%m-%d %H:%M:%S.%f}"

    @property
    def kinds(self) -> frozenset[Class]:
        """The classes it belongs to: one of them switched on is enough for it to be told."""
        kinds: set[Class] = {"digest"}
        if self._alarming or self._ended == "failed":
            kinds.add("failure")
        if self.partial:
            kinds.add("partial")
        # The end of a failure that was told is news wherever it came about.
        if self.news or self.recoveries:
            kinds.add("news")
        return frozenset(kinds)

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook: a summary for notifications, the rest as blocks."""
        emoji, words, color = self._look()
        summary = self._summary()
        blocks = [
            {
                "type": "header",
                "text": {
                    "type": "plain_text",
                    "text": inline(f"{emoji} {words}: {self._name()}", HEADER, PLAIN),
                    "emoji": True,
                },
            },
            {"type": "section", "fields": [_mrkdwn(field) for field in self._fields()]},
            *(_section(text) for text in self._error(ERROR)),
            *(_section(text) for text in self._failures(ALL_FAILURES, most=FAILURES)),
            *(_section(text) for text in self._recoveries(most=RECOVERED)),
            *(_section(text) for text in self._news(most=NEWS)),
            *(_section(text) for text in self._links()),
            {"type": "context", "elements": [_mrkdwn(text) for text in self._context()]},
        ]
        return {
            "text": inline(summary, SUMMARY),
            "attachments": [
                {"color": color, "fallback": inline(summary, SUMMARY, PLAIN), "blocks": blocks}
            ],
        }

    def plain(self) -> dict[str, Any]:
        """The same message as text alone, at most 4,000 characters, for when Slack refuses it."""
        parts = [
            inline(self._summary(), SUMMARY),
            *self._error(ERROR // 2),
            *self._failures(4 * 400, most=4),
            *self._recoveries(most=5),
            *self._news(most=5),
            *self._links(),
        ]
        return {"text": "\n".join(parts)}

    @property
    def _ended(self) -> Ending:
        return self.backfill.ended if self.backfill else "completed"

    @property
    def _alarming(self) -> bool:
        """Whether it needs a person: a failure that passes, with what follows from it, does not."""
        if not self.passing:
            return bool(self.failed) or self._ended == "incomplete"
        return self.failed > self.passing + self.followed

    def _look(self) -> tuple[str, str, str]:
        warning = "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}"
        if self._ended == "failed":
            return "\N{CROSS MARK}", "Failed", "#e01e5a"
        if self._ended == "cancelled":
            return warning, "Cancelled", "#ecb22e"
        if self._alarming:
            return "\N{CROSS MARK}", "Ended with failures", "#e01e5a"
        if self.passing:
            return warning, "Not all done", "#ecb22e"
        if self.partial:
            return warning, "Ended with partial failures", "#ecb22e"
        return "\N{WHITE HEAVY CHECK MARK}", "Completed", "#2eb67d"

    def _name(self) -> str:
        return self.title if visible(self.title) else "unnamed unit of work"

    def _tally(self) -> str:
        counts = {
            "completed": self.completed,
            "nothing expected": self.expected,
            "partly failed": self.partial,
            "failed": self.failed,
        }
        return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "nothing done"

    def _counts(self) -> str:
        counts = {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "left out": self.left_out,
        }
        return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "no rows"

    def _elapsed(self) -> str:
        return duration(round((self.completed_at - self.started_at).total_seconds() * 1_000))

    def _partitions(self) -> str | None:
        """How much of a backfill was done, in Dagster's count."""
        if self.backfill is None or self.backfill.asked is None:
            return None
        asked = f"{self.backfill.asked:,}"
        done = self.backfill.done
        return f"{asked} asked for" if done is None else f"{done:,} of {asked} done"

    def _summary(self) -> str:
        emoji, words, _ = self._look()
        name = inline(self._name(), SUMMARY // 2, PLAIN)
        parts = [f"{emoji} {words}: {name}"]
        partitions = self._partitions()
        if partitions is not None:
            parts.append(f"partitions: {partitions}")
        if self.runs:
            parts += [_several(self.tournaments), self._tally()]
        else:
            parts.append("no execution")
        return " · ".join(parts)

    def _fields(self) -> list[str]:
        runs = "1 run" if self.runs == 1 else f"{self.runs:,} runs"
        fields = ["*Executions*\nnone"]
        if self.runs:
            fields = [
                f"*Tournaments*\n{self.tournaments:,} in {runs}",
                f"*Operations*\n{self._tally()}",
                f"*Rows*\n{self._counts()}",
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
        """A title and a code block per distinct failure, causes before consequences."""
        shown = sorted(self.failures, key=lambda failure: (failure.followed, -failure.times))
        shown = shown[:most]
        texts = []
        for failure in shown:
            title = f"*{failure.times:,} x {inline(', '.join(failure.domains), 80)}*"
            where = inline(", ".join(failure.named[:NAMED]), 250, PLAIN)
            hidden = failure.tournaments - len(failure.named[:NAMED])
            more = f" and {hidden:,} more" if hidden > 0 else ""
            heading = f"{title} · {_several(failure.tournaments)}: {code(where, 260)}{more}"
            room = budget // len(shown) - 450
            error = failure.error if failure.error and visible(failure.error) else None
            if error is None:
                error = "No error text was recorded; the reports say what was left out."
            texts.append(heading if room < 100 else f"{heading}\n{code_block(error, room)}")  # noqa: PLR2004 - less shows nothing
        more = len(self.failures) - len(shown) + self.more_failures
        if more > 0:
            texts.append(f"and {more:,} more kinds of failure; `dp executions` lists all")
        return texts

    def _recoveries(self, *, most: int) -> list[str]:
        shown = self.recoveries[:most]
        if not shown:
            return []
        lines = [
            f"{code(recovery.tournament, 60)} {inline(recovery.domain, 30)} after "
            f"{duration(recovery.after_ms)}"
            for recovery in shown
        ]
        more = len(self.recoveries) - len(shown) + self.more_recoveries
        if more > 0:
            lines.append(f"and {more:,} more")
        return ["*Recovered*\n" + "\n".join(lines)]

    def _news(self, *, most: int) -> list[str]:
        shown = self.news[:most]
        if not shown:
            return []
        lines = [
            f"{code(one.tournament, 40)} {inline(one.sentence, LONGEST_NEWS)}" for one in shown
        ]
        more = len(self.news) - len(shown) + self.more_news
        if more > 0:
            lines.append(f"and {more:,} more; the reports have them")
        return ["*News*\n" + "\n".join(lines)]

    def _links(self) -> list[str]:
        whole = link(self.url, "Open it in Dagster")
        return [whole] if whole else []

    def _context(self) -> list[str]:
        return [
            f"Unit: {code(self.unit, 220)}",
            date(self.completed_at),
            f"Duration: {self._elapsed()}",
        ]


def _several(tournaments: int) -> str:
    return "1 tournament" if tournaments == 1 else f"{tournaments:,} tournaments"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack would otherwise bring a bare @channel or address inside the text to life.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
