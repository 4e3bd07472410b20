"""The score of a match out of ten numbers a side that have to agree with one another.

`display` is the result without a shoot-out, `normaltime` ninety minutes, `penalties` the shoot-out
alone, `period1` half-time. `current` is display plus penalties after a shoot-out and is never
stored then. 182 recorded events agree in everything checked here; 7 of 7 of one source do not, with
single numbers raised by one, so that nothing in them can be told right from wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dp_pipeline.providers.sofascore.payload import EventPayload, ScorePayload
from dp_pipeline.providers.sofascore.status import (
    AFTER_EXTRA_TIME,
    AFTER_PENALTIES,
    ENDED,
    PENALTIES,
    Status,
    status_of,
)

Pair = tuple[int, int]
# What may have been played; of a match not begun or cancelled a score says nothing.
_WITH_SCORE = frozenset({"live", "ended", "interrupted", "abandoned", "awarded", "unknown"})
_HOME, _AWAY, _DRAW = 1, 2, 3
_EMPTY = ScorePayload()


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """The parts that are certain, and reason and sentence of what is not."""

    final: Pair | None = None
    after_90: Pair | None = None
    half_time: Pair | None = None
    shoot_out: Pair | None = None
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of both sides as pairs; a number that only one side has is not there."""

    event: EventPayload
    status: Status

    def pair(self, part: Callable[[ScorePayload], int | None]) -> Pair | None:
        home = part(self.event.home_score or _EMPTY)
        away = part(self.event.away_score or _EMPTY)
        return None if home is None or away is None else (home, away)

    @property
    def display(self) -> Pair | None:
        return self.pair(lambda s: s.display)

    @property
    def current(self) -> Pair | None:
        return self.pair(lambda s: s.current)

    @property
    def normaltime(self) -> Pair | None:
        return self.pair(lambda s: s.normaltime)

    @property
    def overtime(self) -> Pair | None:
        return self.pair(lambda s: s.overtime)

    @property
    def penalties(self) -> Pair | None:
        return self.pair(lambda s: s.penalties)

    @property
    def extra(self) -> Pair | None:
        first, second = self.pair(lambda s: s.extra1), self.pair(lambda s: s.extra2)
        return _sum(first, second) if first and second else None

    @property
    def periods(self) -> Pair | None:
        first, second = self.pair(lambda s: s.period1), self.pair(lambda s: s.period2)
        return _sum(first, second) if first and second else None

    @property
    def has_shoot_out(self) -> bool:
        return self.status.code in (AFTER_PENALTIES, PENALTIES)

    @property
    def final(self) -> Pair | None:
        """The result without a shoot-out, from what says it most directly."""
        if self.display is not None:
            return self.display
        if not self.has_shoot_out:
            return self.current
        return _sum(self.normaltime, self.overtime) if self.normaltime and self.overtime else None


def score_of(event: EventPayload) -> ScoreParts:
    """What of a match's score is certain. Of one that contradicts itself nothing is."""
    reading = _Numbers(event, status_of(event.status))
    if reading.status.status not in _WITH_SCORE:
        return ScoreParts()
    wrong = _contradictions(reading)
    if wrong:
        detail = f"Its score contradicts itself and is left empty: {'; '.join(wrong)}."
        return ScoreParts(remarks=(("contradicting_score", detail),))
    final, status = reading.final, reading.status
    if final is None:
        if status.is_final:
            detail = "It is marked as finished and has no result; it is not counted as ended."
            return ScoreParts(remarks=(("finished_without_result", detail),))
        return ScoreParts()
    after_90 = reading.normaltime if status.second_half_over else None
    if status.code == ENDED:
        after_90 = final
    half_time = reading.pair(lambda s: s.period1)
    if not (status.first_half_over or reading.pair(lambda s: s.period2)):
        half_time = None
    remarks: list[tuple[str, str]] = []
    if status.code == AFTER_PENALTIES and reading.penalties is None:
        remarks.append(("no_shoot_out_score", "It was decided by a shoot-out of unknown score."))
    if reading.overtime and reading.extra and reading.overtime != reading.extra:
        # Croatia-Brazil 2022: harmless, neither is stored and the result has other witnesses
        detail = (
            f"Extra time is {_text(reading.overtime)} in all and {_text(reading.extra)} by its "
            "halves; the result does not depend on it."
        )
        remarks.append(("contradicting_extra_time", detail))
    shoot_out = reading.penalties if reading.has_shoot_out else None
    return ScoreParts(final, after_90, half_time, shoot_out, tuple(remarks))


def _contradictions(reading: _Numbers) -> list[str]:
    """The rules of a score that this one breaks, each in a few words."""
    wrong = []
    final, current = reading.final, reading.current
    if final is None:
        return wrong
    half_time = reading.pair(lambda s: s.period1)
    if half_time and not _reachable(half_time, final):
        wrong.append(f"{_text(half_time)} at half-time, {_text(final)} at the end")
    if reading.has_shoot_out:
        kicks = reading.penalties
        if current and kicks and current != _sum(final, kicks):
            wrong.append(
                f"{_text(final)} and a shoot-out of {_text(kicks)} do not make {_text(current)}"
            )
    elif current and current != final:
        wrong.append(f"the result is {_text(final)} and {_text(current)}")
    if reading.status.is_final:
        return wrong + _contradictions_at_the_end(reading, final)
    normal = reading.normaltime if reading.status.second_half_over else None
    if normal and not _reachable(normal, final):
        wrong.append(f"{_text(normal)} after ninety minutes, {_text(final)} now")
    return wrong


def _contradictions_at_the_end(reading: _Numbers, final: Pair) -> list[str]:
    """While a match is played its numbers do not change at the same moment; at the end they fit."""
    wrong = []
    code, normal, periods = reading.status.code, reading.normaltime, reading.periods
    if normal and periods and normal != periods:
        wrong.append(f"{_text(normal)} after ninety minutes, {_text(periods)} by its halves")
    regular = normal or periods
    if code == ENDED and regular and regular != final:
        wrong.append(f"{_text(regular)} after ninety minutes, {_text(final)} at the end")
    if code in (AFTER_EXTRA_TIME, AFTER_PENALTIES) and regular:
        extra = reading.overtime or reading.extra
        if extra and _sum(regular, extra) != final:
            wrong.append(f"{_text(regular)} and {_text(extra)} do not make {_text(final)}")
        elif not _reachable(regular, final):
            wrong.append(f"{_text(regular)} after ninety minutes, {_text(final)} at the end")
    kicks = reading.penalties if code == AFTER_PENALTIES else None
    if kicks and kicks[0] == kicks[1]:
        wrong.append(f"a shoot-out of {_text(kicks)} has no winner")
    winner = reading.event.winner_code
    if winner in (_HOME, _AWAY, _DRAW) and winner not in _winners(reading, final, kicks):
        names = {_HOME: "home", _AWAY: "away", _DRAW: "nobody"}
        shown = _text(final) + (f", shoot-out {_text(kicks)}" if kicks else "")
        wrong.append(f"the winner is {names[winner]} at {shown}")
    return wrong


def _winners(reading: _Numbers, final: Pair, kicks: Pair | None) -> set[int]:
    """The winner codes that fit: in a second leg the match's own winner or the tie's."""
    of_match = _winner(final)
    if reading.status.code != AFTER_PENALTIES:
        return {of_match}
    if kicks is None:
        return {_HOME, _AWAY, of_match}
    second_leg = (
        reading.event.previous_leg_event_id is not None
        or reading.pair(lambda s: s.aggregated) is not None
        or of_match != _DRAW
    )
    return {_winner(kicks), of_match} if second_leg else {_winner(kicks)}


def _winner(pair: Pair) -> int:
    if pair[0] == pair[1]:
        return _DRAW
    return _HOME if pair[0] > pair[1] else _AWAY


def _reachable(earlier: Pair, later: Pair) -> bool:
    return earlier[0] <= later[0] and earlier[1] <= later[1]


def _sum(first: Pair, second: Pair) -> Pair:
    return (first[0] + second[0], first[1] + second[1])


def _text(pair: Pair) -> str:
    return f"{pair[0]}:{pair[1]}"
