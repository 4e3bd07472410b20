"""Ledger rows -> the payload of one Slack message. Pure; delivery belongs to slack.py.

Slack's limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks, header 150, section
text 3,000, field 2,000, 10 fields, 10 context elements). Its undocumented limit of a whole message
was met between 11,341 and 13,297 characters of text (slackapi/bolt-js issues 2509 and 2867).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dp_pipeline.messages.line import (
    HARMLESS,
    LOOKS,
    Line,
    Look,
    counted,
    look_of,
    place_of,
    text_of,
)
from dp_pipeline.messages.mrkdwn import (
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
from dp_pipeline.messages.news import Class, class_of, verdict

# The weights below add up to a whole message of less than 12,000 for any input.
HEADER = 150
SUMMARY = 400
LINES = 10
ALL_LINES = 3_400
ERRORS = 5
ALL_ERRORS = 2_300
# The matches of a round often end together, and each end is to be told: news have what room lines
# and errors leave of this, in sections of their own.
ALL_TEXT = 7_300
LONGEST_NEWS = 300
SECTION = 2_900


@dataclass(frozen=True, slots=True)
class Folded:
    """Polls that wrote something, had no news, and are told with the next message.

    Args:
        polls: how many.
        rows: how many rows they wrote.
        since: when the first of them ended.
    """

    polls: int
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message: the executions of one tournament in one run.

    No lines at all stand for a run that ended before it opened an execution. `earlier` are
    attempts that were followed by another one: they are told with it. `folded` is what came before
    without a message of its own.
    """

    request_id: UUID
    tournament_key: str
    tournament_label: str | None
    tournament_id: UUID
    lines: tuple[Line, ...]
    started_at: datetime
    completed_at: datetime
    run_url: str | None
    environment: str | None
    earlier: tuple[UUID, ...] = ()
    folded: Folded | None = None

    @property
    def key(self) -> str:
        """What it is told apart from others by: an execution that is closed later is told again."""
        count = len(self.lines) + len(self.earlier)
        return (
            f"{self.tournament_key} of run {self.request_id} "
            f"({count} executions until {self.completed_at:%Y-%m-%d %H:%M:%S.%f})"
        )

    @property
    def kind(self) -> Class | None:
        """The class of this message; None when everything in it is a repeat."""
        if not self.lines:
            return "failure"
        return class_of(
            (
                verdict(
                    line.status,
                    line.streak,
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
        told: set[Class] = {self.kind} if self.kind else set()
        if _recovered(self) or _sentences(self):
            told.add("news")
        return frozenset(told)

    def payload(self) -> dict[str, Any]:
        """See `render`."""
        return render(self)

    def plain(self) -> dict[str, Any]:
        """See `render_plain`."""
        return render_plain(self)


def render(announcement: Announcement) -> dict[str, Any]:
    """The payload of an incoming webhook: a summary for notifications, the rest as blocks."""
    look = _worst(announcement)
    header = f"{look.emoji} {look.words}: {_label(announcement)}"
    lines = _lines(announcement, most=LINES, budget=ALL_LINES)
    errors = _errors(announcement, budget=ALL_ERRORS)
    room = ALL_TEXT - sum(weight(text) for text in (*lines, *errors))
    blocks = [
        {
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": inline(header, HEADER, PLAIN),
                "emoji": True,
            },
        },
        {"type": "section", "fields": [_mrkdwn(field) for field in _fields(announcement)]},
        *(_section(text) for text in _news(announcement, budget=room)),
        *(_section(text) for text in lines),
        *(_section(text) for text in errors),
        _section(_run(announcement)),
        {"type": "context", "elements": [_mrkdwn(text) for text in _context(announcement)]},
    ]
    summary = _summary(announcement)
    return {
        "text": inline(summary, SUMMARY),
        "attachments": [
            {"color": look.color, "fallback": inline(summary, SUMMARY, PLAIN), "blocks": blocks}
        ],
    }


def render_plain(announcement: Announcement) -> dict[str, Any]:
    """The same message as text alone, at most 4,000 characters, for when Slack refuses blocks."""
    parts = [
        inline(_summary(announcement), SUMMARY),
        *_news(announcement, budget=500),
        *_lines(announcement, most=5, budget=1_700),
        *_errors(announcement, budget=1_000),
        _run(announcement),
        f"Request ID: {code(str(announcement.request_id), 60)}",
    ]
    return {"text": "\n".join(parts)}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack would otherwise bring a bare @channel or address inside the text to life.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _worst(announcement: Announcement) -> Look:
    looks = (look_of(line) for line in announcement.lines)
    worst = max(looks, key=lambda look: look.severity, default=LOOKS["failed"])
    if worst.severity == 0 and _recovered(announcement):
        return replace(worst, words="Recovered")
    if worst.severity == 0 and _sentences(announcement):
        return replace(worst, words="News")
    return worst


def _recovered(announcement: Announcement) -> bool:
    """Whether a failure ended that needed a person."""
    return any(
        line.status == "completed" and line.streak is not None and line.streak.alarming
        for line in announcement.lines
    )


def _label(announcement: Announcement) -> str:
    for name in (announcement.tournament_label, announcement.tournament_key):
        if name and visible(name):
            return name
    return "unnamed tournament"


def _tally(announcement: Announcement) -> str:
    """Such as "5 operations (3 completed, 2 failed)"."""
    words = [look_of(line).words.lower() for line in announcement.lines]
    known = (look.words.lower() for look in (*LOOKS.values(), *HARMLESS.values()))
    tally = ", ".join(f"{words.count(each)} {each}" for each in known if each in words)
    noun = "operation" if len(words) == 1 else "operations"
    return f"{len(words)} {noun}" + (f" ({tally})" if tally else "")


def _summary(announcement: Announcement) -> str:
    """One unescaped line for notifications and for clients that show no blocks."""
    look, lines = _worst(announcement), announcement.lines
    counts = counted(
        sum(line.created for line in lines),
        sum(line.updated for line in lines),
        sum(line.unchanged for line in lines),
        sum(line.left_out for line in lines),
    )
    label = inline(_label(announcement), SUMMARY // 2, PLAIN)
    news = _sentences(announcement)
    if news and look.severity == 0:
        first = inline(news[0], SUMMARY // 3, PLAIN)
        more = f" And {len(news) - 1:,} more." if len(news) > 1 else ""
        return f"{look.emoji} {look.words}: {label} · {first}{more}"
    return f"{look.emoji} {look.words}: {label} · {_tally(announcement)} · {counts}"


def _sentences(announcement: Announcement) -> list[str]:
    return [text for line in announcement.lines for text in line.news if visible(text)]


def _fields(announcement: Announcement) -> list[str]:
    look = _worst(announcement)
    key = code(announcement.tournament_key, 200)
    named = announcement.tournament_label is not None
    tournament = f"{inline(_label(announcement), 300)}\n{key}" if named else key
    fields = [
        f"*Tournament*\n{tournament}",
        f"*Status*\n{look.emoji} {look.words}",
        f"*Operations*\n{_tally(announcement)}",
        f"*Duration*\n{_elapsed(announcement)}",
    ]
    if announcement.environment and visible(announcement.environment):
        fields.append(f"*Environment*\n{inline(announcement.environment, 150)}")
    return fields


def _news(announcement: Announcement, *, budget: int) -> list[str]:
    """All sentences worth telling that there is room for, in texts no longer than a section."""
    sentences = _sentences(announcement)
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


def _lines(announcement: Announcement, *, most: int, budget: int) -> list[str]:
    lines = announcement.lines
    if not lines:
        return ["The run ended before it opened an execution: nothing was written by it."]
    # Where not all fit, the worst and the latest attempts are the news.
    news = sorted(lines, key=lambda line: (look_of(line).severity, line.attempt))[-most:]
    shown = [text_of(line, budget // len(news)) for line in sorted(news, key=place_of)]
    if len(lines) > len(news):
        shown.append(f"and {len(lines) - len(news):,} more")
    return shown


def _errors(announcement: Announcement, *, budget: int) -> list[str]:
    """A code block per distinct error, with the domains that met it."""
    domains: dict[str, list[str]] = {}
    for line in sorted(announcement.lines, key=place_of):
        if line.status in {"failed", "partial_failure"}:
            error = line.error if line.error and visible(line.error) else None
            if error is None and line.status == "failed":
                error = "No error text was recorded."
            if error is not None:
                domains.setdefault(error, []).append(line.domain)
    shown = list(domains.items())[:ERRORS]
    blocks = []
    for error, met in shown:
        title = inline(", ".join(dict.fromkeys(met)), 60)
        block = code_block(error, budget // len(shown) - 100)
        blocks.append(f"*Error details: {title}*\n{block}")
    if len(domains) > len(shown):
        blocks.append(f"and {len(domains) - len(shown):,} more errors; the reports have them")
    return blocks


def _run(announcement: Announcement) -> str:
    whole = link(announcement.run_url, "Open the run in Dagster")
    return whole or f"Run {code(str(announcement.request_id), 60)}"


def _context(announcement: Announcement) -> list[str]:
    return [
        *_folded(announcement.folded),
        f"Request ID: {code(str(announcement.request_id), 60)}",
        f"Tournament ID: {code(str(announcement.tournament_id), 60)}",
        date(announcement.completed_at),
        f"Duration: {_elapsed(announcement)}",
    ]


def _folded(folded: Folded | None) -> list[str]:
    if folded is None:
        return []
    polls = "1 poll" if folded.polls == 1 else f"{folded.polls:,} polls"
    rows = "1 row" if folded.rows == 1 else f"{folded.rows:,} rows"
    return [f"Before it, {polls} since {date(folded.since)} wrote {rows} without news"]


def _elapsed(announcement: Announcement) -> str:
    elapsed = announcement.completed_at - announcement.started_at
    return duration(round(elapsed.total_seconds() * 1_000))
