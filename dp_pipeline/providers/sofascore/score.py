"""The score of a match out of ten numbers a side that have to agree with one another.

`display` is the result without a shoot-out, `normaltime` ninety minutes, `penalties` the shoot-out
alone, `period1` half-time. `current` is display plus penalties after a shoot-out and is never
stored then. 182 recorded events agree in everything checked here; 7 of 7 of one source do not, with
single numbers raised by one. What most of the numbers say is taken: Fulham - Manchester City of May
2025 was 0:2, and only two of its four numbers say so, so that nothing is; a single wrong number is
outvoted.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.score import (
    CertainScore,
    Pair,
    difference,
    is_possible_shoot_out,
    is_reachable,
    sum_of,
    text_of,
)
from dp_pipeline.providers.sofascore.payload import EventPayload, ScorePayload
from dp_pipeline.providers.sofascore.status import (
    AFTER_PENALTIES,
    ENDED,
    PENALTIES,
    Status,
    status_of,
)

# What may have been played; of a match not begun or cancelled a score says nothing.
_WITH_SCORE = frozenset({"live", "ended", "interrupted", "abandoned", "awarded", "unknown"})
_HOME, _AWAY, _DRAW = 1, 2, 3
_EMPTY = ScorePayload()


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of both sides as pairs; one that only one side has is None."""

    event: EventPayload
    status: Status

    def pair(self, name: str) -> Pair | None:
        home, away = (
            getattr(side or _EMPTY, name) for side in (self.event.home_score, self.event.away_score)
        )
        return None if home is None or away is None else (home, away)

    def both(self, first: str, second: str) -> Pair | None:
        return _together(self.pair(first), self.pair(second))

    @property
    def has_shoot_out(self) -> bool:
        return self.status.code in (AFTER_PENALTIES, PENALTIES)

    @property
    def final(self) -> Pair | None:
        """The result without a shoot-out, from what says it most directly."""
        if display := self.pair("display"):
            return display
        return self.both("normaltime", "overtime") if self.has_shoot_out else self.pair("current")

    @property
    def extra_time(self) -> Pair | None:
        return self.pair("overtime") or self.both("extra1", "extra2")

    @property
    def winner_fits(self) -> Callable[[Pair], bool]:
        """Whether a result, or that of a shoot-out, goes with the winner that is named."""
        code = self.event.winner_code
        return lambda pair: code not in (_HOME, _AWAY, _DRAW) or code == _winner(pair)


@dataclass(slots=True)
class _Vote:
    """What numbers come to by their majority, and findings about those that are outvoted."""

    event: EventPayload
    findings: list[Finding] = field(default_factory=list)

    def on(
        self,
        what: str,
        values: Mapping[str, Pair | None],
        fits: Callable[[Pair], bool] = lambda _: True,
    ) -> Pair | None:
        """The value of more numbers than say otherwise; None where there is none.

        Args:
            what: the part of the score.
            values: what each number makes of it, by the name of the number.
            fits: whether a value goes with the rest; where that rules one out, it is a witness too.
        """
        given = {name: pair for name, pair in values.items() if pair is not None}
        fitting = [pair for pair in given.values() if fits(pair)]
        most, votes = Counter(fitting).most_common(1)[0] if fitting else (None, 0)
        against = sum(pair != most for pair in given.values())
        witnesses = votes + (0 < len(fitting) < len(given))
        shown = ", ".join(f"{text_of(pair)} by {name}" for name, pair in given.items())
        if most is not None and witnesses > against:
            if against:
                detail = f"The {what} is {shown}; {text_of(most)} has most witnesses and is taken."
                self._find("score_outvoted", detail, left_out=False)
            return most
        if given:
            named = "" if fitting else "; the winner that is named is another, or there is none"
            detail = (
                f"Its score contradicts itself: the {what} is {shown}{named}. It is left empty."
            )
            self._find("contradicting_score", detail, left_out=True)
        return None

    def _find(self, kind: str, detail: str, *, left_out: bool) -> None:
        self.findings.append(Finding(kind, self.event.subject, detail, left_out=left_out))


def score_of(event: EventPayload) -> CertainScore:
    """What of a match's score is certain."""
    reading = _Numbers(event, status_of(event.status))
    if reading.status.status not in _WITH_SCORE:
        return CertainScore()
    if not reading.status.is_final:
        return _in_play(reading)
    if reading.final is None:
        detail = "It is marked as finished and has no result; it is not counted as ended."
        return CertainScore(findings=(Finding("finished_without_result", event.subject, detail),))
    return _at_the_end(reading)


def _in_play(reading: _Numbers) -> CertainScore:
    """The score while a match is played: its numbers change one after the other."""
    wrong = _contradictions(reading)
    if wrong:
        detail = f"Its score contradicts itself and is left empty: {'; '.join(wrong)}."
        lasting = reading.status.status != "live"
        finding = Finding("contradicting_score", reading.event.subject, detail, left_out=lasting)
        return CertainScore(findings=(finding,))
    if reading.final is None:
        return CertainScore()
    half_is_over = reading.status.first_half_over or reading.pair("period2")
    return CertainScore(
        reading.final,
        reading.pair("normaltime") if reading.status.second_half_over else None,
        reading.pair("period1") if half_is_over else None,
        reading.pair("penalties") if reading.has_shoot_out else None,
    )


def _contradictions(reading: _Numbers) -> list[str]:
    """The rules of a score that one in play breaks, each in a few words."""
    wrong: list[str] = []
    final, current = reading.final, reading.pair("current")
    if final is None:
        return wrong
    half_time = reading.pair("period1")
    if half_time and not is_reachable(half_time, final):
        wrong.append(f"{text_of(half_time)} at half-time, {text_of(final)} at the end")
    if reading.has_shoot_out:
        kicks = reading.pair("penalties")
        if current and kicks and current != sum_of(final, kicks):
            both = f"{text_of(final)} and a shoot-out of {text_of(kicks)}"
            wrong.append(f"{both} do not make {text_of(current)}")
    elif current and current != final:
        wrong.append(f"the result is {text_of(final)} and {text_of(current)}")
    normal = reading.pair("normaltime") if reading.status.second_half_over else None
    if normal and not is_reachable(normal, final):
        wrong.append(f"{text_of(normal)} after ninety minutes, {text_of(final)} now")
    return wrong


def _at_the_end(reading: _Numbers) -> CertainScore:
    """The score of a match that is over, by what most of its numbers say of each part."""
    vote = _Vote(reading.event)
    final = _final(reading, vote)
    if final is None:
        return CertainScore(findings=tuple(vote.findings))
    extra, over_90 = reading.extra_time, reading.status.code == ENDED
    normal, halves = reading.pair("normaltime"), reading.both("period1", "period2")
    after_90 = final
    if not over_90:
        values = {
            "normal time": normal,
            "its halves": halves,
            "the result without extra time": extra and difference(final, extra),
        }
        after_90 = vote.on(
            "score after ninety minutes", values, lambda pair: is_reachable(pair, final)
        )
    return CertainScore(
        final,
        after_90,
        _half_time(reading, after_90 or final, vote),
        _shoot_out(reading, final, vote),
        tuple(vote.findings),
    )


def _final(reading: _Numbers, vote: _Vote) -> Pair | None:
    """The result with extra time and without a shoot-out."""
    current, normal = reading.pair("current"), reading.pair("normaltime")
    halves = reading.both("period1", "period2")
    if reading.status.code == ENDED:
        in_all = {"ninety minutes": normal, "its halves": halves}
    else:
        extra, of_halves = reading.pair("overtime"), reading.both("extra1", "extra2")
        in_all = {
            "ninety minutes and extra time": _together(normal or halves, extra),
            "all its halves": _together(halves or normal, of_halves),
        }
    if reading.status.code == AFTER_PENALTIES:
        kicks = reading.pair("penalties")
        current = difference(current, kicks) if current and kicks else None
        return vote.on("result", {"display": reading.pair("display"), "current": current, **in_all})
    values = {"display": reading.pair("display"), "current": current, **in_all}
    return vote.on("result", values, reading.winner_fits)


def _half_time(reading: _Numbers, after_90: Pair, vote: _Vote) -> Pair | None:
    second = reading.pair("period2")
    values = {
        "the first half": reading.pair("period1"),
        "what the second leaves": difference(after_90, second) if second else None,
    }
    if values["the first half"] is None:
        return None
    return vote.on("half-time score", values, lambda pair: is_reachable(pair, after_90))


def _shoot_out(reading: _Numbers, final: Pair, vote: _Vote) -> Pair | None:
    """The shoot-out alone; in a second leg the winner that is named is the match's or the tie's."""
    if reading.status.code != AFTER_PENALTIES:
        return None
    kicks, current = reading.pair("penalties"), reading.pair("current")
    if kicks is None:
        detail = "It was decided by a shoot-out of unknown score."
        vote.findings.append(Finding("no_shoot_out_score", reading.event.subject, detail))
        return None
    values = {"its kicks": kicks, "current": difference(current, final) if current else None}
    possible = any(pair and is_possible_shoot_out(pair) for pair in values.values())
    second_leg = (
        reading.event.previous_leg_event_id is not None
        or reading.pair("aggregated") is not None
        or _winner(final) != _DRAW
    )

    def fits(pair: Pair) -> bool:
        named = reading.winner_fits(pair) or (second_leg and reading.winner_fits(final))
        return named and (is_possible_shoot_out(pair) if possible else _winner(pair) != _DRAW)

    return vote.on("shoot-out", values, fits)


def _together(first: Pair | None, second: Pair | None) -> Pair | None:
    return sum_of(first, second) if first and second else None


def _winner(pair: Pair) -> int:
    if pair[0] == pair[1]:
        return _DRAW
    return _HOME if pair[0] > pair[1] else _AWAY
