"""Messages of one tournament as one: what ends together is one message, and so is a day. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dp_pipeline.notifications.slack.announcement import Announcement, Suppressed
from dp_pipeline.notifications.slack.line import Line

SETTLED = timedelta(minutes=3)
"""After so long without more, news of a tournament are posted: the matches of a round end within
minutes of each other, and 20 of 32 messages of half an hour were of one match each."""
LONGEST = timedelta(minutes=10)
"""News wait no longer than this; `messages_delivered` fails after 15 minutes."""
MOST_TOGETHER = 40
"""Sentences in one message, so that each is shown: a simulated world has hundreds in minutes."""
DAY_TURNS = timedelta(hours=6)
"""A day of football ends at six in the morning of DP_TIMEZONE: at six UTC evening matches in the
Americas are over, but those of a Saturday noon in Japan were of Friday."""


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day of football that a moment is in, for people in a zone."""
    return (moment.astimezone(zone) - DAY_TURNS).date()


def fold(messages: Iterable[Announcement]) -> Announcement:
    """Messages of one tournament as one: all news, and how each domain is after the last of them.

    A whole read ends what polls failed at; a poll does not make good what a whole read failed at.
    """
    ordered = sorted(messages, key=lambda message: message.completed_at)
    lines: dict[tuple[str, str], Line] = {}
    for message in ordered:
        for line in message.lines:
            before = [lines.pop((line.domain, line.scope), None)]
            if line.scope == "whole" and line.status == "completed":
                before.append(lines.pop((line.domain, "part"), None))
            lines[line.domain, line.scope] = _after([each for each in before if each], line)
    shown = {line.execution_id for line in lines.values()}
    all_ids = (id_ for message in ordered for id_ in message.executions)
    last = ordered[-1]
    return replace(
        last,
        lines=tuple(lines.values()),
        started_at=min(message.started_at for message in ordered),
        earlier=tuple(dict.fromkeys(id_ for id_ in all_ids if id_ not in shown)),
        suppressed=_together([m.suppressed for m in ordered if m.suppressed is not None]),
        table=next((message.table for message in reversed(ordered) if message.table), ()),
    )


def _after(before: Sequence[Line], line: Line) -> Line:
    """A line with the news of those that it takes the place of, and what it ended."""
    news = [sentence for each in (*before, line) for sentence in each.news]
    changed = [sentence for each in (*before, line) for sentence in each.changed]
    ended = line.failure_run
    if line.status == "completed" and ended is None:
        ended = next((each.failure_run for each in before if each.status == "completed"), None)
    return replace(
        line,
        news=tuple(dict.fromkeys(news)),
        changed=tuple(dict.fromkeys(changed)),
        failure_run=ended,
    )


def _together(suppressed: Sequence[Suppressed]) -> Suppressed | None:
    if not suppressed:
        return None
    return Suppressed(
        sum(each.polls for each in suppressed),
        sum(each.rows for each in suppressed),
        min(each.since for each in suppressed),
    )


def settled(
    messages: Iterable[Announcement], now: datetime, *, hold: bool
) -> Iterator[Announcement]:
    """Messages, oldest first, with news that came close together as one.

    To `hold` leaves out news of which more may come within minutes: a later tick has them.
    """
    waiting: dict[str, list[Announcement]] = {}
    for message in messages:
        group = waiting.setdefault(message.tournament_key, [])
        if message.is_match_news:
            if group and not (_close(group, message.completed_at) and _fits(group, message)):
                yield fold(group)
                group.clear()
            group.append(message)
            continue
        if group and message.kinds:  # its order is kept; polls that say nothing keep none
            yield fold(group)
            group.clear()
        yield message
    for group in waiting.values():
        if group and not (hold and _close(group, now)):
            yield fold(group)


def _fits(group: Sequence[Announcement], message: Announcement) -> bool:
    return sum(len(each.sentences) for each in (*group, message)) <= MOST_TOGETHER


def _close(group: Sequence[Announcement], moment: datetime) -> bool:
    """Whether a moment belongs to the news of a group."""
    since_last, since_first = moment - group[-1].completed_at, moment - group[0].completed_at
    return since_last < SETTLED and since_first < LONGEST
