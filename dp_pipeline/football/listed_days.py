"""Days of a season as they are given, and what other days one can have been meant to be. Pure.

Belongs here: what concerns one day. Not here: what the matches around it show.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date

THROUGHOUT = 0.9
"""So many of a season's days are outside it: it is another season, and nothing is put right."""
_FEWEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day that a season can have."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def span_of(first_year: int, last_year: int) -> Span:
    """The days of a season of one or two calendar years.

    European qualifiers begin in June, Egypt's league of 2021-22 ended on 30 August, Brazil's of
    2020 in February; the European championship of 2020 was played a year late.
    """
    if first_year == last_year:
        return Span(date(first_year, 1, 1), date(first_year + 1, 12, 31))
    return Span(date(first_year, 6, 1), date(last_year, 8, 31))


@dataclass(frozen=True, slots=True)
class ListedDay:
    """The day of one match as it is given, and where the match stands among the others.

    Args:
        day: None when there is none.
        series: rounds that are played one after the other, such as a stage.
        place: of its round in the series; None when it has no place in any order.
        follows: the series that is over when this one begins; None when there is none.
        decided: whether the match has a result, so that its day is past.
        sides: the two teams, neither of which plays again the next day.
    """

    day: date | None
    series: Hashable = None
    place: int | None = None
    follows: Hashable = None
    decided: bool = False
    sides: tuple[Hashable, ...] = ()


def is_another_season(days: Sequence[date], span: Span) -> bool:
    """Whether days are outside a season throughout."""
    outside = sum(day not in span for day in days)
    return len(days) >= _FEWEST_DAYS and outside >= THROUGHOUT * len(days)


def other_years(day: date, span: Span) -> list[date]:
    """The day in every other year in which the season can have it."""
    years = range(span.first.year, span.last.year + 1)
    moved = [_in_year(day, year) for year in years if year != day.year]
    return [one for one in moved if one and one in span]


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return None


def swapped_day(day: date) -> date | None:
    """The day with day and month in each other's place, if there is one."""
    try:
        other = date(day.year, day.day, day.month)
    except ValueError:
        return None
    return other if other != day else None
