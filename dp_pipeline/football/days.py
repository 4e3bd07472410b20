"""On which day a match was or will be, where the day that is given cannot be. Pure.

People type days by hand: the year of a season's second half is that of the first (449 matches of
279 openfootball files), a day and a month change places, a result stands under a day to come. The
rounds around a match tell which reading is left; where they leave none or two, there is no day.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from dp_pipeline.football.listed_days import (
    ListedDay,
    Span,
    is_another_season,
    other_years,
    swapped_day,
)
from dp_pipeline.football.round_days import (
    IN_LINE,
    MOST_BACKWARD,
    NOT_YEARS_APART,
    Around,
    Company,
    after,
    frames_of,
    lines_of,
    with_late_rounds,
)

Doubt = Literal[
    "year_put_right",  # the rounds around leave one year
    "day_put_right",  # the rounds around leave day and month in each other's place
    "date_outside_season",  # and no reading is left: no day
    "swapped_day",  # perhaps: moved, or day and month in each other's place: no day
    "placeholder_day",  # to come, and a team has three matches or more that day: no day
    "in_future",  # decided, and its round is over: no day
    "not_yet",  # decided, and its round is still to come: the day stays, the result cannot be
]

_OF_FORMS = frozenset({(1, 1), (12, 31)})
"""Month and day of what stands for no day, in years far away: 1970-01-01, 2099-12-31."""
_MOST_A_DAY = 2
"""Matches of one team, one of which is listed twice."""
_TOMORROW = timedelta(days=1)
"""A day begins earlier elsewhere."""


@dataclass(frozen=True, slots=True)
class DayReading:
    """The day of a match as it is to be taken; `doubt` says what was wrong with the given one."""

    day: date | None
    doubt: Doubt | None = None


NO_DAY = DayReading(None)


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
    lines = lines_of(listed, replace(span, last=date(span.last.year, 12, 31)), latest)
    span = with_late_rounds(span, lines)
    lines = lines_of(listed, span, latest)
    frames, company = frames_of(listed, lines, span), Company(listed, lines)
    playing = Counter((side, each.day) for each in listed for side in each.sides if each.day)
    readings: list[DayReading] = []
    for each in listed:
        if each.day is None:
            readings.append(NO_DAY)
            continue
        line = lines.get(each.series)
        known = line is not None and each.place is not None and line.is_known
        around = line.around(each.place) if known else None
        bounds = after(lines, each.follows, span)
        frame = frames.get(each.series, bounds)
        match = _Match(each, each.day, bounds, frame, around, latest, playing, company)
        readings.append(match.reading())
    return tuple(readings)


@dataclass(frozen=True, slots=True)
class _Match:
    """The readings of one given day.

    Args:
        listed: the match.
        day: as given.
        span: the days that it can have.
        frame: when its series is played.
        around: the rounds around it; None where they are not known.
        latest: a decided match is not later.
        playing: in how many matches a team is on a given day.
        company: the days of the other matches.
    """

    listed: ListedDay
    day: date
    span: Span
    frame: Span
    around: Around | None
    latest: date
    playing: Mapping[tuple[Hashable, date], int]
    company: Company

    def reading(self) -> DayReading:
        """The day, and what was wrong with the given one."""
        most = max((self.playing[side, self.day] for side in self.listed.sides), default=0)
        if not self.listed.decided and most > _MOST_A_DAY:
            return DayReading(None, "placeholder_day")
        if not self._possible(self.day):
            return self._instead()
        swapped = swapped_day(self.day)
        if swapped is not None and not self._possible(swapped):
            swapped = None
        if self._off(self.day) > NOT_YEARS_APART:
            near = [d for d in other_years(self.day, self.span) if self._possible(d)]
            near = [d for d in near if self._off(d) <= MOST_BACKWARD]
            if near:
                return DayReading(near[0], "year_put_right")
            turned = self._in_line([swapped] if swapped else [])
            return DayReading(turned[0], "day_put_right") if turned else DayReading(self.day)
        if swapped is not None and self._is_likelier(swapped):
            return self._perhaps(swapped)
        return DayReading(self.day)

    def _is_likelier(self, swapped: date) -> bool:
        """Whether the swapped day is with the round, or in the season, and the given one is not."""
        if self._off(self.day) > IN_LINE and self._with_others(swapped):
            return True
        too_late = self.listed.decided and self.day > self.frame.last and swapped in self.frame
        return too_late or self.company.prefers(self.listed, swapped)

    def _perhaps(self, swapped: date) -> DayReading:
        """The day, where a swapped one is likelier.

        A match may as well have been put off to the given day (4 of 52,000 were to such a one), but
        none is brought forward so far, and no team plays twice within two days. Where matches of
        other rounds were made up on the given day, so was this one: Charlton - Lincoln of 2020-21,
        Easter Monday's, was played on 4 May with two others.
        """
        if self._clashes(swapped):
            return DayReading(self.day)
        scattered = brought_forward = False
        if self.around is not None:
            brought_forward = (self.around.first - self.day).days > IN_LINE
            scattered = self.around.swapped and self.around.scattered
        if brought_forward or scattered or self._clashes(self.day):
            return DayReading(swapped, "day_put_right")
        if self.company.makes_up(self.listed) and self.day <= self.frame.last:
            return DayReading(self.day)
        return DayReading(None, "swapped_day")

    def _clashes(self, day: date) -> bool:
        """Whether one of the teams has another match on that day, or the day before or after."""
        near = [day + timedelta(days=days) for days in (-1, 0, 1)]
        others = sum(self.playing.get((side, one), 0) for side in self.listed.sides for one in near)
        return others > (len(self.listed.sides) if self.day in near else 0)

    def _instead(self) -> DayReading:
        """What is left where the given day cannot be."""
        swapped = swapped_day(self.day)
        years = [d for d in other_years(self.day, self.span) if self._possible(d)]
        if (self.day.month, self.day.day) in _OF_FORMS:
            years = [d for d in years if abs(d.year - self.day.year) == 1]
        turned = [swapped, *other_years(swapped, self.span)] if swapped else []
        turned = [d for d in turned if self._possible(d)]
        outside = self.day not in self.span
        left = self._in_line(years)
        if not left:
            once = [d for d in turned if outside and d == swapped and d in self.frame]
            # a result under a day to come may as well be none: only the rounds around tell
            guessed = outside and not (self.listed.decided and self.day > self.latest)
            near = [d for d in years if abs(d.year - self.day.year) == 1]
            likely = [d for d in near if guessed and self._is_likely(d)]
            left = list(dict.fromkeys([*self._in_line(turned), *once, *likely]))
        if len(left) == 1:
            return DayReading(left[0], "year_put_right" if left[0] in years else "day_put_right")
        if outside:
            return DayReading(None, "date_outside_season")
        if self.around is None or self._off(self.day) <= IN_LINE:
            return DayReading(self.day, "not_yet")
        return DayReading(None, "in_future")

    def _off(self, day: date) -> int:
        return self.around.off(day) if self.around else 0

    def _in_line(self, days: Sequence[date]) -> list[date]:
        return [d for d in days if self.around and self.around.off(d) <= IN_LINE]

    def _is_likely(self, day: date) -> bool:
        return self._off(day) <= NOT_YEARS_APART if self.around else day in self.frame

    def _possible(self, day: date) -> bool:
        return day in self.span and not (self.listed.decided and day > self.latest)

    def _with_others(self, day: date) -> bool:
        """Whether other matches of the round are on that day, or around it."""
        if self.around is None:
            return False
        if self.around.swapped:
            return self.around.off(day) <= IN_LINE
        own = self.around.own
        spread = timedelta(days=2 if self.day < self.around.first else 0)
        return bool(own) and min(own) - spread <= day <= max(own) + spread
