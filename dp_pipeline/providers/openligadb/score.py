"""What a match of OpenLigaDB came to, out of results and goals that do not always agree.

A result is known by its `resultTypeID` alone; names and order vary (type 1 half-time, 2 final,
3 and 4 after extra time, 5 after the shoot-out). In cups type 2 is the score after ninety minutes,
after extra time or after the shoot-out, whichever the person at the keyboard thought fit, and type
5 counts the shoot-out on top of the score before it. The goals carry the running score, shoot-out
kicks included, so they distinguish the cases. What no two sources make certain stays None.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openligadb.goals import (
    LAST_MINUTE,
    chain_of,
    ended_in_90,
    goals_in_play,
    kicks_from_goals,
    level_at_90,
    level_before_kicks,
    running_score,
)
from dp_pipeline.providers.openligadb.payload import GoalPayload, MatchPayload
from dp_pipeline.providers.score import (
    CertainScore,
    Pair,
    difference,
    is_possible_shoot_out,
    is_reachable,
    text_of,
)

UNTYPED, HALF_TIME, FINAL = 0, 1, 2
EXTRA_TIME, SHOOT_OUT = (3, 4), 5


@dataclass(frozen=True, slots=True)
class SettledScore(CertainScore):
    """`has_final`: whether the provider gives a result that ends a match, certain or not.

    `given` is the result as the provider gives it where that is not the one taken.
    """

    has_final: bool = False
    given: Pair | None = None


@dataclass(slots=True)
class _Reading:
    """The sources of one match and what has been concluded from them."""

    subject: str
    finished: bool
    half_time: Pair | None
    typed_final: Pair | None
    extra_time: Pair | None
    cumulative: Pair | None
    chain: tuple[GoalPayload, ...] | None
    findings: list[Finding] = field(default_factory=list)
    has_final: bool = False
    final: Pair | None = None
    shoot_out: Pair | None = None

    def find(self, kind: str, detail: str) -> None:
        self.findings.append(Finding(kind, self.subject, detail))

    def contradiction(self, detail: str) -> None:
        self.find("contradicting_score", detail)

    @property
    def unsettled(self) -> frozenset[str]:
        """The kinds of findings about a part that is left empty because its sources disagree."""
        kinds = {"contradicting_score"} if self.final is None else set()
        # all goals are there and make the result: two witnesses against the half-time score
        return frozenset(kinds if self.last == self.final else {*kinds, "contradicting_half_time"})

    @property
    def is_read_otherwise(self) -> bool:
        """Whether the final result is not taken although nothing of extra time explains it."""
        kinds = {finding.kind for finding in self.findings}
        return bool(kinds & {"contradicting_score", "result_from_goals"})

    @property
    def last(self) -> Pair | None:
        """The highest running score, when the list of goals is complete up to it."""
        return running_score(self.chain[-1]) if self.chain else None


def score_of(match: MatchPayload, *, knockout: bool, two_legged: bool = False) -> SettledScore:
    """Decide the score of a match.

    Args:
        match: its payload.
        knockout: whether extra time and a shoot-out are possible.
        two_legged: whether the tie has another leg, so that a second leg may go to extra time
            without being level.
    """
    reading = _read(match)
    has_final = reading.has_final
    if reading.cumulative:
        _settle_shoot_out(reading, reading.cumulative)
    elif reading.extra_time:
        _settle_extra_time(reading, reading.extra_time, knockout=knockout)
    elif reading.typed_final:
        _settle_typed_final(reading, reading.typed_final, knockout=knockout)
    elif not match.match_is_finished:
        reading.final = reading.last
    _check(reading)
    after_90 = None
    if has_final and match.match_is_finished:
        after_90 = _after_90(reading, knockout=knockout, two_legged=two_legged)
        if after_90 is None and reading.final is not None:
            detail = (
                "Extra time was possible and the sources do not settle the score after 90 minutes."
            )
            reading.find("no_certain_90_minute_score", detail)
    ended = has_final and match.match_is_finished
    return SettledScore(
        final=reading.final,
        after_90=after_90,
        half_time=reading.half_time,
        # A check may have taken the result away that the shoot-out followed.
        shoot_out=None if reading.final is None else reading.shoot_out,
        has_final=has_final,
        given=reading.typed_final if ended and reading.is_read_otherwise else None,
        findings=tuple(
            # while a match is played its sources contradict each other for minutes
            replace(one, left_out=True) if ended and one.kind in reading.unsettled else one
            for one in reading.findings
        ),
    )


def _read(match: MatchPayload) -> _Reading:
    scores: dict[int, set[Pair]] = {}
    for result in match.match_results:
        if result.points_team1 is not None and result.points_team2 is not None:
            pair = (result.points_team1, result.points_team2)
            scores.setdefault(result.result_type_id, set()).add(pair)
    finals = [*scores.get(FINAL, ()), *scores.get(UNTYPED, ())]
    goals = match.goals and [g for g in match.goals if not _is_bare(g, finals)]
    reading = _Reading(
        match.subject, match.match_is_finished, None, None, None, None, chain_of(goals)
    )
    reading.half_time = _only(reading, "half-time", scores.get(HALF_TIME, set()))
    reading.typed_final = _only(reading, "final", scores.get(FINAL, set()))
    extra = {pair for kind in EXTRA_TIME for pair in scores.get(kind, set())}
    reading.extra_time = _only(reading, "extra-time", extra)
    reading.cumulative = _only(reading, "shoot-out", scores.get(SHOOT_OUT, set()))
    if not scores.keys() & {FINAL, *EXTRA_TIME, SHOOT_OUT} and UNTYPED in scores:
        # Seasons before about 2012 have their "Endergebnis" as type 0 (OpenLigaDB-Samples issue 98)
        reading.typed_final = _only(reading, "untyped", scores[UNTYPED])
        reading.find("result_without_type", "The only result has no type; taken as the final one.")
    reading.has_final = bool(scores.keys() & {UNTYPED, FINAL, *EXTRA_TIME, SHOOT_OUT})
    return reading


def _is_bare(goal: GoalPayload, finals: Sequence[Pair]) -> bool:
    """An entry that says nothing but a score which the match never came to: see `goal_lists`."""
    empty = goal.match_minute is None and not goal.goal_getter_name and not goal.is_penalty
    beyond = not any(is_reachable(running_score(goal), final) for final in finals)
    return bool(finals) and empty and beyond


def _only(reading: _Reading, what: str, pairs: set[Pair]) -> Pair | None:
    """The one score of a type; of several, the one the goals end with, or half-time allows."""
    if len(pairs) <= 1:
        return next(iter(pairs), None)
    shown = " and ".join(text_of(pair) for pair in sorted(pairs))
    reading.contradiction(f"There are {len(pairs)} {what} results: {shown}.")
    if reading.last in pairs:
        return reading.last
    half = reading.half_time
    after = [pair for pair in pairs if half and is_reachable(half, pair)]
    return after[0] if len(after) == 1 else None


def _settle_shoot_out(reading: _Reading, cumulative: Pair) -> None:
    """There is a shoot-out result: find the level score before it, then the shoot-out alone."""
    typed, extra = reading.typed_final, reading.extra_time
    by_goals = level_before_kicks(reading.chain) if reading.chain else []
    stated = [p for p in (extra, typed) if p and p != cumulative and p[0] == p[1]]
    if stated:
        level = stated[0]  # after extra time comes later than after ninety minutes
        goals_disagree = reading.last == cumulative and level not in by_goals
        if goals_disagree and not (by_goals and is_reachable(level, by_goals[0])):
            reading.contradiction(
                f"Before the shoot-out it is {text_of(level)} by the results, but not by the goals."
            )
            return
        if goals_disagree:
            level = by_goals[0]
    elif by_goals and reading.last == cumulative:
        level = by_goals[0]
    else:
        reading.contradiction(
            f"There is a shoot-out ({text_of(cumulative)}) and no level score before it."
        )
        return
    reading.final = level
    reading.shoot_out = _shoot_out_alone(reading, level, cumulative)


def _shoot_out_alone(reading: _Reading, level: Pair, given: Pair) -> Pair | None:
    """Type 5 is cumulative in every recorded shoot-out; whether this one is has to show."""
    minus = difference(given, level)
    if minus and given in (reading.last, reading.typed_final):
        possible = {minus}
    else:
        possible = {p for p in (minus, given) if p and is_possible_shoot_out(p)}
        kicks = reading.last and difference(reading.last, level)
        if kicks and kicks != (0, 0) and len(possible) > 1:
            possible &= {kicks}
    if len(possible) == 1 and is_possible_shoot_out(alone := next(iter(possible))):
        return alone
    reading.find(
        "impossible_shootout" if not possible or len(possible) == 1 else "uncertain_shootout",
        f"The shoot-out result {text_of(given)} after {text_of(level)} cannot be read with "
        "certainty.",
    )
    return None


def _settle_extra_time(reading: _Reading, extra: Pair, *, knockout: bool) -> None:
    """There is a result after extra time and none of a shoot-out."""
    typed, last, chain = reading.typed_final, reading.last, reading.chain
    kicks = kicks_from_goals(chain)
    if typed and typed != extra != last and not knockout:
        reading.final = typed
        detail = f"A season round has no extra time; its result {text_of(extra)} is not used."
        reading.contradiction(detail)
    elif kicks and kicks[0] == extra:
        reading.final, reading.shoot_out = kicks
    elif typed is None or is_reachable(typed, extra):
        # the score can have risen in extra time, unless all goals are there and say it did not
        if last and last != extra and not (is_reachable(last, extra) and last != typed):
            reading.contradiction(
                f"After extra time it is {text_of(extra)} by results and {text_of(last)} by goals."
            )
        else:
            reading.final = extra
    elif last == typed:
        reading.final = typed
        reading.contradiction(
            f"The goals confirm the final result {text_of(typed)}; an extra-time result of "
            f"{text_of(extra)} is not used."
        )
    else:
        reading.contradiction(
            f"The extra-time result {text_of(extra)} is below the final one, {text_of(typed)}."
        )


def _settle_typed_final(reading: _Reading, typed: Pair, *, knockout: bool) -> None:
    """There is a final result and nothing of extra time or a shoot-out."""
    reading.final = typed
    last, chain = reading.last, reading.chain
    if not knockout:
        if last and not is_reachable(last, typed) and reading.finished:
            _settle_by_half_time(reading, typed, last)
        return
    kicks = kicks_from_goals(chain)
    if kicks and last and (typed == last or is_reachable(typed, kicks[0])):
        # World Cup 2026: a shoot-out only in the goals (OpenLigaDB-Samples issue 127)
        reading.final, reading.shoot_out = kicks
    elif last and chain and not is_reachable(last, typed):
        later = [goal for goal in chain if sum(running_score(goal)) > sum(typed)]
        level_at_90 = typed[0] == typed[1] and typed in map(running_score, [*chain, _NO_GOAL])
        if level_at_90 and all((goal.match_minute or 0) > LAST_MINUTE for goal in later):
            reading.final = last
            reading.find(
                "extra_time_from_goals",
                f"The result is {text_of(typed)}; goals after minute 90 come to {text_of(last)}.",
            )
        else:
            _settle_by_half_time(reading, typed, last)


def _settle_by_half_time(reading: _Reading, typed: Pair, last: Pair) -> None:
    """Result and goals contradict each other: where half-time goes with one alone, it is right.

    Kairat - Bruges of January 2026 has 0:2 at half-time, goals that come to 1:4, and a result of
    0:0, which is what the form of OpenLigaDB begins with.
    """
    half = reading.half_time
    stated = f"The result is {text_of(typed)}, the goals come to {text_of(last)}"
    with_result = half is not None and is_reachable(half, typed)
    with_goals = half in map(running_score, [_NO_GOAL, *(reading.chain or ())])
    if with_goals and not with_result:
        reading.final = last
        reading.find(
            "result_from_goals", f"{stated}; the half-time score goes with the goals alone."
        )
    elif with_result and not with_goals:
        detail = f"{stated}; the half-time score goes with the result alone."
        reading.find("goals_differ_from_result", detail)
    else:
        reading.final = None
        reading.contradiction(f"{stated}; neither is stored.")


def _check(reading: _Reading) -> None:
    """A half-time score above the final one, or one that the goals never came to, cannot be.

    The final one has more witnesses.
    """
    if reading.half_time and reading.final and not is_reachable(reading.half_time, reading.final):
        reading.find(
            "contradicting_half_time",
            f"Half-time is {text_of(reading.half_time)} and the end {text_of(reading.final)}.",
        )
        if reading.final == (0, 0) and reading.last is None and reading.finished:
            # what the form begins with, and no goal that would confirm it
            reading.final = None
            reading.contradiction("Neither is certain.")
        reading.half_time = None
    elif reading.half_time and reading.finished and reading.last == reading.final:
        running = [(0, 0), *map(running_score, reading.chain or ())]
        if reading.half_time not in running:
            stated = f"Half-time is {text_of(reading.half_time)}"
            detail = f"{stated}; the goals, which make the result, never came to it."
            reading.find("contradicting_half_time", detail)
            reading.half_time = None


def _after_90(reading: _Reading, *, knockout: bool, two_legged: bool) -> Pair | None:
    final = reading.final
    if final is None:
        return None
    extra_time = bool(reading.extra_time or reading.shoot_out or reading.cumulative)
    if final == (0, 0) or not (knockout or extra_time):
        return final
    goals = goals_in_play(reading.chain, final)
    if goals is None:
        return None
    if extra_time:
        at_90 = None if two_legged else level_at_90(goals)
        in_90 = [running_score(g) for g in goals if (g.match_minute or 0) <= LAST_MINUTE]
        if at_90 is None and reading.typed_final in in_90[-1:]:
            at_90 = reading.typed_final  # the results and the minutes of the goals agree
    else:
        at_90 = final if ended_in_90(goals) else None
    if at_90 is None and goals and (goals[-1].match_minute or 0) <= LAST_MINUTE:
        at_90 = final  # a two-legged tie: no goal in extra time
    # type 2 may be the score after ninety minutes, and then it has to be this one
    agreed = reading.typed_final in (None, at_90, final, reading.cumulative)
    later_than_half_time = at_90 and is_reachable(reading.half_time or (0, 0), at_90)
    return at_90 if agreed and later_than_half_time else None


_NO_GOAL = GoalPayload.model_validate({"scoreteam1": 0, "scoreteam2": 0})
