"""On which day a match was or will be, where the day that is given cannot be. Pure.

People type days by hand: the year of a season's second half is that of the first (449 matches of
279 openfootball files), a day and a month change places, a result stands under a day to come. The
rounds around a match tell which reading is left; where they leave none or two, there is no day.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median_low
from typing import Literal

Doubt = Literal[
    "year_put_right",  # the rounds around leave one year
    "day_put_right",  # the rounds around leave day and month in each other's place
    "date_outside_season",  # and no reading is left: no day
    "swapped_day",  # perhaps: moved, or day and month in each other's place: no day
    "in_future",  # decided, and its round is over: no day
    "not_yet",  # decided, and its round is still to come: the day stays, the result cannot be
]

NOT_YEARS_APART = 200
"""Days. Rounds that follow each other are less apart, also where a pandemic came between them
(133 days in Japan 2020); a wrong year makes it 365 less a few weeks."""
IN_LINE = 14
"""Days. A match that much off its round was moved, or its day is written wrongly."""
_SAME_ROUND = 10
_FORWARD, _BACKWARD, _MOST_BACKWARD = 100, 7, 60
"""Days between a round and the next: a winter break, and matchdays that overlap."""
_BETWEEN_ROUNDS = 10
_FEWEST_ROUNDS = 3
"""Of two rounds that are years apart either may be wrong."""
_COST_OF_YEARS, _COST_OF_DISORDER, _COST_OF_MOVING = 1_000, 50, 2
_AFTER_PREVIOUS_STAGE = timedelta(days=30)
"""Matches of a stage that are made up late may be played when the next stage has begun."""
_TOMORROW = timedelta(days=1)
"""A day begins earlier elsewhere."""


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


@dataclass(frozen=True, slots=True)
class DayReading:
    """The day of a match as it is to be taken; `doubt` says what was wrong with the given one."""

    day: date | None
    doubt: Doubt | None = None


NO_DAY = DayReading(None)
THROUGHOUT = 0.9
"""So many of a season's days are outside it: it is another season, and nothing is put right."""
_FEWEST_DAYS = 5


def is_another_season(days: Sequence[date], span: Span) -> bool:
    """Whether days are outside a season throughout."""
    outside = sum(day not in span for day in days)
    return len(days) >= _FEWEST_DAYS and outside >= THROUGHOUT * len(days)


def read_days(
    listed: Sequence[ListedDay], span: Span, today: date | None = None
) -> tuple[DayReading, ...]:
    """The day of every match, in the given order; as given where they are of another season.

    Args:
        listed: every match of the season.
        span: the days of the season.
        today: the present day; None where nothing is judged by the clock.
    """
    if is_another_season([each.day for each in listed if each.day], span):
        return tuple(DayReading(each.day) for each in listed)
    latest = today + _TOMORROW if today else date.max
    lines = _lines(listed, replace(span, last=date(span.last.year, 12, 31)), latest)
    span = _with_late_rounds(span, lines)
    lines = _lines(listed, span, latest)
    playing = Counter((side, each.day) for each in listed for side in each.sides if each.day)
    found: list[DayReading] = []
    for each in listed:
        if each.day is None:
            found.append(NO_DAY)
            continue
        line = lines.get(each.series)
        told = line is not None and each.place is not None and len(line.days) >= _FEWEST_ROUNDS
        around = line.around(each.place) if told else None
        bounds = _after(lines, each.follows, span)
        found.append(_Match(each, each.day, bounds, around, latest, playing).reading())
    return tuple(found)


# -- the rounds around -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Around:
    """When the rounds before, at and after a match were: what is between them is in line.

    `own` are the given days of its round that are in line, `swapped` whether most of the round is
    not, but were with day and month in each other's place; `scattered` whether these are in months
    of their own.
    """

    first: date
    last: date
    own: tuple[date, ...] = ()
    swapped: bool = False
    scattered: bool = False

    def off(self, day: date) -> int:
        """How many days off the line a day is."""
        return max((self.first - day).days, (day - self.last).days, 0)


_Path = tuple[int, tuple[tuple[int, date], ...]]
"""What it costs, and the rounds in it with their days."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The days of the rounds of a series, by place, as given and as they are in line."""

    given: Mapping[int, Sequence[date]]
    days: Mapping[int, date]

    def around(self, place: int) -> _Around:
        """What is around the round of this place."""
        before = [one for one in self.days if one < place][-1:]
        behind = [one for one in self.days if one > place][:1]
        at = [place] if place in self.days else []
        near = [self.days[one] for one in (*before, *at, *behind)]
        found = _Around(min(near), max(near))
        own = tuple(day for day in self.given[place] if found.off(day) <= IN_LINE)
        turned = [
            day
            for day in self.given[place]
            if found.off(day) > IN_LINE and (other := _swapped(day)) and found.off(other) <= IN_LINE
        ]
        swapped = len(turned) > 1 and 2 * len(turned) >= len(self.given[place])
        scattered = len({day.month for day in turned}) > 1
        return replace(found, own=own, swapped=swapped, scattered=scattered)


def _lines(listed: Sequence[ListedDay], span: Span, latest: date) -> dict[Hashable, _Line]:
    """The line of each series, after that it follows; most of a round decided: until `latest`."""
    days: defaultdict[Hashable, defaultdict[int, list[date]]]
    days = defaultdict(lambda: defaultdict(list))
    follows: dict[Hashable, Hashable] = {}
    decided: Counter[tuple[Hashable, int]] = Counter()
    for each in listed:
        if each.day is not None and each.place is not None:
            days[each.series][each.place].append(each.day)
            decided[each.series, each.place] += each.decided
            follows.setdefault(each.series, each.follows)
    lines: dict[Hashable, _Line] = {}
    for series in sorted(days, key=lambda s: follows[s] is not None):
        bounds = _after(lines, follows[series], span)
        over = replace(bounds, last=min(bounds.last, latest))
        readings = {
            place: _readings(given, over if 2 * decided[series, place] > len(given) else bounds)
            for place, given in sorted(days[series].items())
        }
        lines[series] = _Line(days[series], _in_order(days[series], readings))
    return lines


def _after(lines: Mapping[Hashable, _Line], previous: Hashable, span: Span) -> Span:
    line = None if previous is None else lines.get(previous)
    if line is None:
        return span
    return Span(max(span.first, max(line.days.values()) - _AFTER_PREVIOUS_STAGE), span.last)


def _with_late_rounds(span: Span, lines: Mapping[Hashable, _Line]) -> Span:
    """The season, with the rounds that were in line when it should have been over.

    Egypt's and Morocco's leagues of 2019-20 ended in October. Where the rounds end in spring, the
    autumn after it is a first half that was written a year late.
    """
    spring = date(span.last.year, 6, 30)
    begun = [line.days.values() for line in lines.values() if min(line.days.values()) <= spring]
    last = max((max(days) + _AFTER_PREVIOUS_STAGE for days in begun), default=span.last)
    return replace(span, last=max(span.last, last))


def _in_order(
    rounds: Mapping[int, Sequence[date]], readings: Mapping[int, Mapping[date, int]]
) -> dict[int, date]:
    """The days of rounds in the best order, with the fewest matches read otherwise than given.

    A shortest path through the readings of each round: as given, a year off, day and month swapped;
    a round that was moved as a whole is left out of the line.
    """
    paths: list[_Path] = [(0, ())]
    for place in sorted(rounds):
        joined = [
            min(
                (before + cost + _step_cost(path, place, day), (*path, (place, day)))
                for before, path in paths
            )
            for day, cost in readings[place].items()
        ]
        moved = len(rounds[place]) * _COST_OF_MOVING
        paths = [*joined, *((before + moved, path) for before, path in paths)]
    _, path = min(paths, key=lambda one: (one[0], -len(one[1])))
    return dict(path)


def _readings(days: Sequence[date], span: Span) -> dict[date, int]:
    """The days on which a round can have been, and how many matches are to be read otherwise."""
    main, matches = _main_day(days)
    others = matches if main in span else 0
    readings = {main: 0, **dict.fromkeys(_other_years(main, span), others)}
    swapped = [other for day in days if (other := _swapped(day))]
    if len(swapped) == len(days) > 1:
        turned, agreeing = _main_day(swapped)
        if agreeing == len(days):
            readings = {turned: matches + 1, **readings}
    return {day: cost for day, cost in readings.items() if day in span} or {main: 0}


def _step_cost(path: tuple[tuple[int, date], ...], place: int, day: date) -> int:
    if not path:
        return 0
    at, before = path[-1]
    days, missing = (day - before).days, (place - at - 1) * _BETWEEN_ROUNDS
    if not -_MOST_BACKWARD <= days <= NOT_YEARS_APART + missing:
        return _COST_OF_YEARS
    return 0 if -_BACKWARD <= days <= _FORWARD + missing else _COST_OF_DISORDER


def _main_day(days: Sequence[date]) -> tuple[date, int]:
    """The day around which most matches of a round are, and how many."""
    groups = [[d for d in days if abs((d - day).days) <= _SAME_ROUND] for day in sorted(set(days))]
    most = max(groups, key=len)
    return median_low(most), len(most)


# -- one match -------------------------------------------------------------------------------------


def _other_years(day: date, span: Span) -> list[date]:
    """The day in every other year in which the season can have it."""
    years = range(span.first.year, span.last.year + 1)
    moved = [_in_year(day, year) for year in years if year != day.year]
    return [one for one in moved if one and one in span]


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return None


def _swapped(day: date) -> date | None:
    """The day with day and month in each other's place, if there is one."""
    try:
        other = date(day.year, day.day, day.month)
    except ValueError:
        return None
    return other if other != day else None


@dataclass(frozen=True, slots=True)
class _Match:
    """The readings of one given day.

    Args:
        listed: the match.
        day: as given.
        span: the days that it can have.
        around: the rounds around it; None where they are not known.
        latest: a decided match is not later.
        playing: in how many matches a team is on a given day.
    """

    listed: ListedDay
    day: date
    span: Span
    around: _Around | None
    latest: date
    playing: Mapping[tuple[Hashable, date], int]

    def reading(self) -> DayReading:
        """The day, and what was wrong with the given one."""
        if not self._possible(self.day):
            return self._instead()
        if self.around is None:
            return DayReading(self.day)
        off, swapped = self.around.off(self.day), _swapped(self.day)
        if off > NOT_YEARS_APART:
            near = [d for d in _other_years(self.day, self.span) if self._possible(d)]
            near = [d for d in near if self.around.off(d) <= _MOST_BACKWARD]
            if near:
                return DayReading(near[0], "year_put_right")
            turned = self._in_line([swapped] if swapped and self._possible(swapped) else [])
            return DayReading(turned[0], "day_put_right") if turned else DayReading(self.day)
        if swapped and off > IN_LINE and self._possible(swapped) and self._with_others(swapped):
            return self._perhaps(swapped)
        return DayReading(self.day)

    def _perhaps(self, swapped: date) -> DayReading:
        """The day, where a swapped one were in line with the round, and the given one is not.

        A match may as well have been put off to the given day (4 of 52,000 were to such a one), but
        none is brought forward so far, and no team plays twice within two days.
        """
        if self._clashes(swapped):
            return DayReading(self.day)
        assert self.around is not None  # noqa: S101 - for the type checker
        brought_forward = self.day < self.around.first
        scattered = self.around.swapped and self.around.scattered
        if brought_forward or scattered or self._clashes(self.day):
            return DayReading(swapped, "day_put_right")
        return DayReading(None, "swapped_day")

    def _clashes(self, day: date) -> bool:
        """Whether one of the teams has another match on that day, or the day before or after."""
        near = [day + timedelta(days=days) for days in (-1, 0, 1)]
        others = sum(self.playing.get((side, one), 0) for side in self.listed.sides for one in near)
        return others > (len(self.listed.sides) if self.day in near else 0)

    def _instead(self) -> DayReading:
        """What is left where the given day cannot be."""
        swapped = _swapped(self.day)
        years = [d for d in _other_years(self.day, self.span) if self._possible(d)]
        turned = [swapped, *_other_years(swapped, self.span)] if swapped else []
        turned = [d for d in turned if self._possible(d)]
        outside = self.day not in self.span
        left = self._in_line(years)
        if not left:
            likely = [d for d in years if not self.around or self.around.off(d) <= NOT_YEARS_APART]
            left = [*self._in_line(turned), *(likely if outside else ())]
        if len(left) == 1:
            return DayReading(left[0], "year_put_right" if left[0] in years else "day_put_right")
        if outside:
            return DayReading(None, "date_outside_season")
        if self.around is None or self.around.off(self.day) <= IN_LINE:
            return DayReading(self.day, "not_yet")
        return DayReading(None, "in_future")

    def _in_line(self, days: Sequence[date]) -> list[date]:
        return [d for d in days if self.around and self.around.off(d) <= IN_LINE]

    def _possible(self, day: date) -> bool:
        return day in self.span and not (self.listed.decided and day > self.latest)

    def _with_others(self, day: date) -> bool:
        """Whether other matches of the round are on that day, or around it."""
        assert self.around is not None  # noqa: S101 - for the type checker
        if self.around.swapped:
            return self.around.off(day) <= IN_LINE
        own = self.around.own
        spread = timedelta(days=2 if self.day < self.around.first else 0)
        return bool(own) and min(own) - spread <= day <= max(own) + spread
