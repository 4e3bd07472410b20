"""Date and time of a match. Files give local time without a zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

Problem = Literal[
    "no_date", "unreadable_date", "date_outside_season", "unreadable_time", "no_time", "no_zone"
]

PROBLEMS: dict[Problem, str] = {
    "no_date": "no date is given",
    "unreadable_date": "the date is none of the calendar",
    "date_outside_season": "the date is not of this season, so neither day nor time is kept",
    "unreadable_time": "the time is none of the clock; only the day is kept",
    "no_time": "only the day is given",
    "no_zone": "the time zone of this competition's kick-offs is not known; only the day is kept",
}
# "20:30", "9:30", and as other openfootball files write it "13:00 UTC-6"
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:\s*UTC\s*([+-]\d{1,2})(?::(\d{2}))?)?\Z")
_FURTHEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Kickoff:
    """`day` is the calendar day at the ground, `at` the moment in UTC."""

    day: date | None = None
    at: datetime | None = None
    problem: Problem | None = None


def kickoff_of(
    day_text: str | None, time_text: str | None, zone: str | None, years: tuple[int, int]
) -> Kickoff:
    """Read date and time. `years` are the season's; a season may run over into the year after."""
    day, problem = day_of(day_text, years)
    if day is None:
        return Kickoff(problem=problem)
    if time_text is None:
        return Kickoff(day, problem="no_time")
    return _at(day, time_text, zone)


def day_of(text: str | None, years: tuple[int, int]) -> tuple[date | None, Problem | None]:
    """Read a date: the day, or what is wrong with it."""
    if text is None:
        return None, "no_date"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "unreadable_date"
    if not years[0] <= day.year <= years[1] + 1:
        return None, "date_outside_season"
    return day, None


def _at(day: date, time_text: str, zone: str | None) -> Kickoff:
    found = _TIME.match(time_text)
    if not found:
        return Kickoff(day, problem="unreadable_time")
    try:
        clock = time(int(found[1]), int(found[2]))
    except ValueError:
        return Kickoff(day, problem="unreadable_time")
    if found[3]:
        minutes = int(found[4] or 0) * (-1 if found[3].startswith("-") else 1)
        offset = timedelta(hours=int(found[3]), minutes=minutes)
        if abs(offset) > _FURTHEST_OFFSET:
            return Kickoff(day, problem="unreadable_time")
        local = datetime.combine(day, clock, timezone(offset))
    elif zone:
        local = datetime.combine(day, clock, ZoneInfo(zone))
    else:
        return Kickoff(day, problem="no_zone")
    return Kickoff(day, local.astimezone(UTC))
