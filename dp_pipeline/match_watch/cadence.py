"""When a match, or a draw, is polled again. Pure; all times are the provider's.

A match is polled an hour and half an hour before its kick-off, every minute while it may be
played, more slowly when it is late, and no more when it should long be over: then somebody has to
know. One whose end was seen is polled once more, hours later, because results are corrected. One
that was called off is polled again in days to come, with its round: the replay may have another
id. What was over, or given up by everybody, before it was first seen is history at every poll.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from dp_pipeline.football.models import MatchStatus

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

BEFORE = (HOUR, 30 * MINUTE, timedelta(0))
"""Polls before the kick-off: line-ups, late postponements."""
PLAYED_WITHIN = 200 * MINUTE
"""From kick-off: 120 minutes of play, three breaks, a shoot-out, and half an hour of delay."""
LIVE_EVERY = MINUTE
LATE_EVERY = 10 * MINUTE
GIVEN_UP_AFTER = 6 * HOUR
"""No match known to us took longer from its kick-off without being interrupted."""
DAY_ONLY_EVERY = HOUR
"""Of a match of which only the day is known: on that day, and until it may be over."""
INTERRUPTED_EVERY = 15 * MINUTE
INTERRUPTED_LATER_EVERY = 2 * HOUR
INTERRUPTED_GIVEN_UP_AFTER = 3 * DAY
"""An interrupted match is played on the next day or the one after, or decided about."""
CORRECTED_AFTER = 6 * HOUR + 30 * MINUTE
"""When a result is read again: corrections come within hours of the end."""
END_SEEN_WITHIN = 2 * DAY
"""An end that is first seen later than this was not observed: its corrections came before."""
CALLED_OFF_EVERY = 6 * HOUR
CALLED_OFF_LATER_EVERY = DAY
CALLED_OFF_FIRST = 3 * DAY
CALLED_OFF_GIVEN_UP_AFTER = 60 * DAY
DRAW_EVERY = 6 * HOUR
DRAW_LATER_EVERY = DAY
DRAW_FIRST = 7 * DAY
DRAW_GIVEN_UP_AFTER = 120 * DAY
"""The longest known pause between two rounds of a cup is that of the winter, under four months."""

_OVER: frozenset[MatchStatus] = frozenset({"ended", "awarded", "cancelled"})
_CALLED_OFF: frozenset[MatchStatus] = frozenset({"postponed", "abandoned"})


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a match.

    Args:
        due_at: when it is polled again; None: not at all, as far as the cadence goes.
        status: as it was at the last poll that changed something.
        since: when it was first seen in this status.
        window_from: from when on the times of play count: kick-off, or when it was taken up again.
        given_up_at: when it was given up as open for too long.
    """

    due_at: datetime | None
    status: MatchStatus
    since: datetime
    window_from: datetime | None = None
    given_up_at: datetime | None = None


def watch(  # noqa: PLR0913 - all that is known of a match
    before: Watch | None,
    *,
    status: MatchStatus,
    kickoff_at: datetime | None,
    kickoff_date: date | None,
    replaced: bool,
    now: datetime,
) -> Watch:
    """What is remembered of a match after a poll.

    Args:
        before: what was remembered; None for a match that was not stored.
        status: as it is now.
        kickoff_at: as it is now.
        kickoff_date: for a match of which only the day is known.
        replaced: another match has taken the place of this one that was called off.
        now: the time of the poll.
    """
    same = before is not None and before.status == status
    since = before.since if before is not None and same else now
    day = datetime.combine(kickoff_date, time(), UTC) if kickoff_date and not kickoff_at else None
    kickoff = kickoff_at or day
    window = _window(before, status, kickoff, now)
    after = Watch(None, status, since, window)
    if status in _OVER:
        return replace(after, due_at=_correction(before, kickoff, now))
    if status in _CALLED_OFF:
        due = None if replaced else _again(since, now, _CALLED_OFF_INTERVALS, kickoff)
        return replace(after, due_at=due)
    if window is None:
        return after
    if status == "interrupted":
        due = _again(since, now, _INTERRUPTED_INTERVALS, window)
    elif day is not None:
        due = _on_the_day(day, now, LIVE_EVERY if status == "live" else DAY_ONLY_EVERY)
    else:
        due = _open(window, now)
    if due is not None:
        return replace(after, due_at=due)
    given_up = before.given_up_at if before is not None and same else None
    return replace(after, given_up_at=given_up or now)


def next_draw(since: datetime, now: datetime, last: datetime | None) -> datetime | None:
    """When to poll again for the draw of a round that is awaited since then; None: no more.

    Args:
        since: when it was first seen to be awaited.
        now: the time of the poll.
        last: the kick-off of the last match before it.
    """
    return _again(since, now, _DRAW_INTERVALS, last)


@dataclass(frozen=True, slots=True)
class _Intervals:
    first: timedelta
    every: timedelta
    later: timedelta
    until: timedelta


_CALLED_OFF_INTERVALS = _Intervals(
    CALLED_OFF_FIRST, CALLED_OFF_EVERY, CALLED_OFF_LATER_EVERY, CALLED_OFF_GIVEN_UP_AFTER
)
_INTERRUPTED_INTERVALS = _Intervals(
    HOUR, INTERRUPTED_EVERY, INTERRUPTED_LATER_EVERY, INTERRUPTED_GIVEN_UP_AFTER
)
_DRAW_INTERVALS = _Intervals(DRAW_FIRST, DRAW_EVERY, DRAW_LATER_EVERY, DRAW_GIVEN_UP_AFTER)


def _again(
    since: datetime, now: datetime, intervals: _Intervals, came: datetime | None
) -> datetime | None:
    """When to poll again what is as it is since it was seen, and came about at some kick-off.

    Seen only when looking for it would have ended, it is history: a season of long ago has matches
    that were never played, and rounds that were never entered.
    """
    passed = now - since
    if passed >= intervals.until or (came is not None and since - came >= intervals.until):
        return None
    return now + (intervals.every if passed < intervals.first else intervals.later)


def _window(
    before: Watch | None, status: MatchStatus, kickoff: datetime | None, now: datetime
) -> datetime | None:
    """From when on the times of play count."""
    if before is None or before.window_from is None:
        return kickoff
    if before.status == "interrupted" and status == "live":
        return now
    # A match taken up again is later than its kick-off; only a kick-off moved past that counts.
    return max(before.window_from, kickoff) if status == "live" and kickoff else kickoff


def _correction(before: Watch | None, kickoff: datetime | None, now: datetime) -> datetime | None:
    """When one that is over is read again: once, and only if we saw it end."""
    if before is None:
        return None
    if before.status not in _OVER:
        return now + CORRECTED_AFTER if _end_was_seen(before, kickoff, now) else None
    # The poll may be ahead still; that a decision has replaced the result asks for no other one.
    return before.due_at if before.due_at is not None and now < before.due_at else None


def _end_was_seen(before: Watch, kickoff: datetime | None, now: datetime) -> bool:
    """Whether a match that was not over at the last poll ended not long before this one."""
    expected = kickoff
    if before.status in _CALLED_OFF or before.status == "interrupted":
        expected = before.due_at or kickoff  # it went on, or was decided, later than its kick-off
    elif before.status == "live" and before.window_from and kickoff:
        expected = max(before.window_from, kickoff)  # it was taken up again
    return expected is not None and now - expected <= END_SEEN_WITHIN


def _on_the_day(day: datetime, now: datetime, every: timedelta) -> datetime | None:
    """When one of which only the day is known is polled again."""
    if now < day:
        return day
    return now + every if now < day + DAY + GIVEN_UP_AFTER else None


def _open(window: datetime, now: datetime) -> datetime | None:
    """When one that is to be played, or is played, is polled again."""
    for ahead in BEFORE:
        if now < window - ahead:
            return window - ahead
    passed = now - window
    if passed < PLAYED_WITHIN:
        return now + LIVE_EVERY
    return now + LATE_EVERY if passed < GIVEN_UP_AFTER else None
