"""When the rounds of a season were, by the days of their matches, some of them wrong. Pure."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median_low

from dp_pipeline.football.listed_days import ListedDay, Span, other_years, swapped_day

NOT_YEARS_APART = 200
"""Days. Rounds that follow each other are less apart, also where a pandemic came between them
(133 days in Japan 2020); a wrong year makes it 365 less a few weeks."""
IN_LINE = 14
"""Days. A match that much off its round was moved, or its day is written wrongly."""
MOST_BACKWARD = 60
_SAME_ROUND = 10
_FORWARD, _BACKWARD = 100, 7
"""Days between a round and the next: a winter break, and matchdays that overlap."""
_BETWEEN_ROUNDS = 10
_FEWEST_ROUNDS, _FEWEST_OTHERS, _CROWD, _LONELY = 3, 2, 3, 3
_COST_OF_YEARS, _COST_OF_DISORDER, _COST_OF_MOVING = 1_000, 50, 2
_AFTER_PREVIOUS_STAGE = timedelta(days=30)
"""Matches of a stage that are made up late may be played when the next stage has begun."""
_MADE_UP_UNTIL = timedelta(days=30)
_BESIDE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Around:
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
class RoundDays:
    """The days of the rounds of a series, by place, as given and as they are in line."""

    given: Mapping[int, Sequence[date]]
    days: Mapping[int, date]
    _around: dict[int, Around] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out already: each match of a round was a fifth of reading a season."""

    @property
    def is_known(self) -> bool:
        """Whether there are enough rounds: of two that are years apart either may be wrong."""
        return len(self.days) >= _FEWEST_ROUNDS

    def around(self, place: int) -> Around:
        """What is around the round of this place."""
        if place not in self._around:
            self._around[place] = self._worked_out(place)
        return self._around[place]

    def _worked_out(self, place: int) -> Around:
        before = [one for one in self.days if one < place][-1:]
        behind = [one for one in self.days if one > place][:1]
        at = [place] if place in self.days else []
        near = [self.days[one] for one in (*before, *at, *behind)]
        around = Around(min(near), max(near))
        own = tuple(day for day in self.given[place] if around.off(day) <= IN_LINE)
        turned = [
            day
            for day in self.given[place]
            if around.off(day) > IN_LINE
            and (other := swapped_day(day))
            and around.off(other) <= IN_LINE
        ]
        swapped = len(turned) > 1 and 2 * len(turned) >= len(self.given[place])
        scattered = len({day.month for day in turned}) > 1
        return replace(around, own=own, swapped=swapped, scattered=scattered)


def lines_of(listed: Sequence[ListedDay], span: Span, latest: date) -> dict[Hashable, RoundDays]:
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
    lines: dict[Hashable, RoundDays] = {}
    for series in sorted(days, key=lambda s: follows[s] is not None):
        bounds = after(lines, follows[series], span)
        over = replace(bounds, last=min(bounds.last, latest))
        readings = {
            place: _readings(given, over if 2 * decided[series, place] > len(given) else bounds)
            for place, given in sorted(days[series].items())
        }
        lines[series] = RoundDays(days[series], _in_order(days[series], readings))
    return lines


def after(lines: Mapping[Hashable, RoundDays], previous: Hashable, span: Span) -> Span:
    """The days that a series can have which follows another one."""
    line = None if previous is None else lines.get(previous)
    if line is None:
        return span
    return Span(max(span.first, max(line.days.values()) - _AFTER_PREVIOUS_STAGE), span.last)


def with_late_rounds(span: Span, lines: Mapping[Hashable, RoundDays]) -> Span:
    """The season, with the rounds that were in line when it should have been over.

    Egypt's and Morocco's leagues of 2019-20 ended in October. Where the rounds end in spring, the
    autumn after it is a first half that was written a year late.
    """
    spring = date(span.last.year, 6, 30)
    begun = [line.days.values() for line in lines.values() if min(line.days.values()) <= spring]
    last = max((max(days) + _AFTER_PREVIOUS_STAGE for days in begun), default=span.last)
    return replace(span, last=max(span.last, last))


def frames_of(
    listed: Sequence[ListedDay], lines: Mapping[Hashable, RoundDays], span: Span
) -> dict[Hashable, Span]:
    """When each series is played, by its line, else by its days without the outermost twentieth."""
    days: defaultdict[Hashable, list[date]] = defaultdict(list)
    for each in listed:
        if each.day is not None and each.day in after(lines, each.follows, span):
            days[each.series].append(each.day)
    frames: dict[Hashable, Span] = {}
    for series, given in days.items():
        line = lines.get(series)
        beyond = len(given) // 20
        in_order = sorted(given)[beyond : len(given) - beyond]
        if line is not None and line.is_known:
            in_order = sorted(line.days.values())
        frames[series] = Span(in_order[0] - timedelta(days=IN_LINE), in_order[-1] + _MADE_UP_UNTIL)
    return frames


class Company:
    """The days of the other matches of a round; of a stage, where its rounds have no place."""

    def __init__(self, listed: Sequence[ListedDay], lines: Mapping[Hashable, RoundDays]) -> None:
        self._days: defaultdict[Hashable, Counter[date]] = defaultdict(Counter)
        self._made_up: defaultdict[Hashable, set[int]] = defaultdict(set)
        for each in listed:
            if each.day is not None:
                self._days[each.series, each.place][each.day] += 1
        for each in listed:
            line = lines.get(each.series)
            if each.day is None or each.place is None or line is None or not line.is_known:
                continue
            swapped = swapped_day(each.day)
            moved = line.around(each.place).off(each.day) > IN_LINE
            if moved and not (swapped and self.prefers(each, swapped)):
                for day in _beside(each.day, 1):
                    self._made_up[each.series, day].add(each.place)

    def prefers(self, match: ListedDay, other: date) -> bool:
        """Whether the others are on or around another day, and far from the one that is given."""
        days = self._days[match.series, match.place]
        assert match.day is not None  # noqa: S101 - for the type checker
        if match.place is None:
            alone = sum(days[day] for day in _beside(match.day, _LONELY)) == 1
            return alone and days[other] >= _CROWD
        others = [*(days - Counter([match.day])).elements()]
        if len(others) < _FEWEST_OTHERS:
            return False
        middle, most = main_day(others)
        together = [day for day in others if abs((day - middle).days) <= _SAME_ROUND]
        return (
            2 * most >= len(others)
            and abs((match.day - middle).days) > IN_LINE
            and min(together) - _BESIDE <= other <= max(together) + _BESIDE
        )

    def makes_up(self, match: ListedDay) -> bool:
        """Whether matches of other rounds were made up around the day that is given."""
        return bool(self._made_up[match.series, match.day] - {match.place})


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
    main, matches = main_day(days)
    others = matches if main in span else 0
    readings = {main: 0, **dict.fromkeys(other_years(main, span), others)}
    swapped = [other for day in days if (other := swapped_day(day))]
    if len(swapped) == len(days) > 1:
        turned, agreeing = main_day(swapped)
        if agreeing == len(days):
            readings = {turned: matches + 1, **readings}
    return {day: cost for day, cost in readings.items() if day in span} or {main: 0}


def _step_cost(path: tuple[tuple[int, date], ...], place: int, day: date) -> int:
    if not path:
        return 0
    at, before = path[-1]
    days, missing = (day - before).days, (place - at - 1) * _BETWEEN_ROUNDS
    if not -MOST_BACKWARD <= days <= NOT_YEARS_APART + missing:
        return _COST_OF_YEARS
    return 0 if -_BACKWARD <= days <= _FORWARD + missing else _COST_OF_DISORDER


def main_day(days: Sequence[date]) -> tuple[date, int]:
    """The day around which most matches of a round are, and how many."""
    groups = [[d for d in days if abs((d - day).days) <= _SAME_ROUND] for day in sorted(set(days))]
    most = max(groups, key=len)
    return median_low(most), len(most)


def _beside(day: date, days: int) -> list[date]:
    return [day + timedelta(days=n) for n in range(-days, days + 1)]
