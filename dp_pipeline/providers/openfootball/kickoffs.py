"""Date and time of a match. Files give local time without a zone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

from dp_pipeline.football.days import DayReading, read_days
from dp_pipeline.football.listed_days import ListedDay, Span
from dp_pipeline.providers.openfootball.payload import RawMatch
from dp_pipeline.providers.openfootball.results import was_played
from dp_pipeline.providers.openfootball.rounds import RoundName, previous_stage

Problem = Literal["no_date", "unreadable_date", "unreadable_time", "no_time", "no_zone"]

PROBLEMS: dict[Problem, str] = {
    "no_date": "no date is given",
    "unreadable_date": "the date is none of the calendar",
    "unreadable_time": "the time is none of the clock; only the day is kept",
    "no_time": "only the day is given",
    "no_zone": "the time zone of the kick-offs is not known; they are kept as local times",
}
# "20:30", "9:30", and as other openfootball files write it "13:00 UTC-6" and "20:45 CEST"
_TIME = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:\s*(?:UTC\s*([+\u00b1-]\d{1,2})(?::(\d{2}))?|(UTC|GMT|[A-Z]{3,4})))?\Z"
)
_HOURS = {"UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
_FURTHEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Kickoff:
    """`day` is the calendar day at the ground, `at` the moment in UTC.

    `local` is day and time as given, where the zone is not known.
    """

    day: date | None = None
    at: datetime | None = None
    local: datetime | None = None
    problem: Problem | None = None


def days_of(
    listed: Sequence[tuple[RawMatch, RoundName | None]], span: Span, today: date | None
) -> tuple[DayReading, ...]:
    """The day of every entry of a file, read against the rounds around it.

    Args:
        listed: the entries, each with its round.
        span: the days of the season.
        today: the present day; None where nothing is judged by the clock.
    """
    stages = {name.stage for _, name in listed if name and name.type == "season" and name.place}

    def of(raw: RawMatch, name: RoundName | None) -> ListedDay:
        day, sides = day_of(raw.date), (raw.team1, raw.team2)
        decided = was_played(raw.score, raw.status)
        if name is None:
            return ListedDay(day, decided=decided, sides=sides)
        knockout = name.type == "knockout"
        return ListedDay(
            day,
            series=(name.stage, knockout),
            place=name.place,
            follows=previous_stage(name, stages),
            decided=decided,
            sides=sides,
        )

    return read_days([of(raw, name) for raw, name in listed], span, today)


def kickoff_of(raw: RawMatch, day: date | None, zone: tzinfo | None) -> Kickoff:
    """The kick-off of a match on the day that was read; `zone` is None where it is not known."""
    if day is None:
        return Kickoff(problem=_problem(raw.date))
    if raw.time is None:
        return Kickoff(day, problem="no_time")
    given = _TIME.match(raw.time)
    apart = raw.timezone and given and not (given[3] or given[5])
    return _at(day, f"{raw.time} {raw.timezone}" if apart else raw.time, zone)


def day_of(text: str | None) -> date | None:
    """A date of the calendar, as it is given."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _problem(text: str | None) -> Problem | None:
    """Why there is no day; None where the given one is doubtful."""
    if text is None:
        return "no_date"
    return None if day_of(text) else "unreadable_date"


def _at(day: date, time_text: str, zone: tzinfo | None) -> Kickoff:
    written = _TIME.match(time_text)
    if not written:
        return Kickoff(day, problem="unreadable_time")
    try:
        clock = time(int(written[1]), int(written[2]))
    except ValueError:
        return Kickoff(day, problem="unreadable_time")
    if written[3]:
        minutes = int(written[4] or 0) * (-1 if written[3].startswith("-") else 1)
        offset = timedelta(hours=int(written[3].lstrip("\u00b1")), minutes=minutes)
        if abs(offset) > _FURTHEST_OFFSET:
            return Kickoff(day, problem="unreadable_time")
        zone = timezone(offset)
    elif written[5]:
        if written[5] not in _HOURS:
            return Kickoff(day, problem="unreadable_time")
        zone = timezone(timedelta(hours=_HOURS[written[5]]))
    local = datetime.combine(day, clock)
    if zone is None:
        return Kickoff(day, local=local, problem="no_zone")
    return Kickoff(day, local.replace(tzinfo=zone).astimezone(UTC))
