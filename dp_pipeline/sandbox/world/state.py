"""What the provider knows of a match at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass

from dp_pipeline.sandbox.world.matches import Fate, ScriptedGoal, ScriptedMatch
from dp_pipeline.sandbox.world.play import halves
from dp_pipeline.sandbox.world.timeline import (
    FIRST_EXTRA,
    FIRST_HALF,
    SECOND_EXTRA,
    SECOND_HALF,
    SHOOTOUT,
    Timeline,
    timeline,
)

NOT_STARTED, POSTPONED, CANCELLED, INTERRUPTED, ABANDONED = 0, 60, 70, 80, 90
ENDED, AFTER_EXTRA_TIME, AFTER_PENALTIES = 100, 110, 120
FINISHED = frozenset({ENDED, AFTER_EXTRA_TIME, AFTER_PENALTIES})
HOME, AWAY, DRAW = 1, 2, 3
_PERIODS = (FIRST_HALF, SECOND_HALF, FIRST_EXTRA, SECOND_EXTRA)


@dataclass(frozen=True, slots=True)
class SideScore:
    """Of one side. A period that has not begun is None."""

    periods: tuple[int | None, int | None, int | None, int | None]
    penalties: int | None = None
    aggregated: int | None = None

    @property
    def normaltime(self) -> int:
        """Goals of both halves."""
        return (self.periods[0] or 0) + (self.periods[1] or 0)

    @property
    def overtime(self) -> int | None:
        """Goals of extra time; None when there is none."""
        first, second = self.periods[2:]
        return None if first is None else first + (second or 0)

    @property
    def display(self) -> int:
        """The result, without a shoot-out."""
        return self.normaltime + (self.overtime or 0)


@dataclass(frozen=True, slots=True)
class MatchState:
    """A match at a moment.

    Args:
        code: the provider's status code.
        kickoff: as announced at that moment.
        home: None before the first whistle, and when there will be none.
        changed: when the provider last changed something; 0 before it ever did.
        change: what it changed, in the provider's words.
        period_start: of the running or last phase.
        winner: 1 home, 2 away, 3 draw; of a finished match.
        tie_winner: 1 or 2, of a finished second leg.
    """

    code: int
    kickoff: int
    home: SideScore | None = None
    away: SideScore | None = None
    changed: int = 0
    change: tuple[str, ...] = ()
    period_start: int | None = None
    winner: int | None = None
    tie_winner: int | None = None

    @property
    def finished(self) -> bool:
        """Played to its end."""
        return self.code in FINISHED


_STATUS_CHANGE = ("status.code", "status.description", "status.type")
_CALLED_OFF = {Fate.POSTPONED: POSTPONED, Fate.CANCELLED: CANCELLED}


def state_of(fixture: ScriptedMatch, at: int) -> MatchState:
    """The match at a moment, which is not before the match is announced."""
    known = fixture.fate_at <= at
    if fixture.fate in _CALLED_OFF and known:
        code = _CALLED_OFF[fixture.fate]
        return MatchState(code, fixture.kickoff, changed=fixture.fate_at, change=_STATUS_CHANGE)
    moved = fixture.fate is Fate.MOVED and known
    kickoff = fixture.moved_to if moved else fixture.kickoff
    # Before a move or correction is known nothing has begun and nothing more has changed.
    line = timeline(fixture)
    if at < line.phases[0].start:
        changed = fixture.fate_at if moved else 0
        return MatchState(
            NOT_STARTED, kickoff, changed=changed, change=("startTimestamp",) if moved else ()
        )
    return _begun(fixture, line, kickoff, at)


def _begun(fixture: ScriptedMatch, line: Timeline, kickoff: int, at: int) -> MatchState:
    played = line.played(at)
    phase = next((p for p in reversed(line.phases) if p.start <= played), line.phases[0])
    corrected = fixture.play.reported is not None and at >= fixture.fate_at
    goals = fixture.play.goals
    if fixture.play.reported is not None and not corrected:
        goals = fixture.play.reported
    over = at >= line.over and fixture.fate is not Fate.ABANDONED
    scored = [goal for goal in goals if over or line.goal_moment(goal) <= played]
    kicks = [
        kick
        for index, kick in enumerate(fixture.play.kicks)
        if over or line.kick_moment(index) <= played
    ]
    shootout = any(p.code == SHOOTOUT and p.start <= played for p in line.phases)
    home, away = (
        SideScore(
            periods=_periods(line, scored, played, home=side),
            penalties=sum(k.scored for k in kicks if k.home == side) if shootout else None,
            aggregated=_aggregated(fixture, scored, home=side),
        )
        for side in (True, False)
    )
    code = _code(fixture, line, phase.code, at)
    changed, change = _last_change(fixture, line, goals, at)
    winner = tie_winner = None
    if code in FINISHED:
        winner = _winner(home.display, away.display)
        if winner == DRAW and home.penalties is not None and away.penalties is not None:
            winner = _winner(home.penalties, away.penalties)
        if fixture.first_leg is not None:
            tie_winner = HOME if fixture.tie_winner() == fixture.home else AWAY
    return MatchState(
        code,
        kickoff,
        home,
        away,
        changed,
        change,
        line.real(phase.start),
        winner,
        tie_winner,
    )


def _code(fixture: ScriptedMatch, line: Timeline, phase: int, at: int) -> int:
    if line.stop is not None and line.stop <= at:
        if fixture.fate is Fate.ABANDONED:
            return INTERRUPTED if at < line.resume else ABANDONED
        if at < line.resume:
            return INTERRUPTED
    if at < line.over:
        return phase
    if fixture.play.kicks:
        return AFTER_PENALTIES
    return AFTER_EXTRA_TIME if fixture.play.extra_time else ENDED


def _periods(
    line: Timeline, scored: Iterable[ScriptedGoal], played: int, *, home: bool
) -> tuple[int | None, int | None, int | None, int | None]:
    begun = {phase.code for phase in line.phases if phase.start <= played}
    first, second, third, fourth = (
        count if code in begun else None
        for code, count in zip(_PERIODS, halves(tuple(scored), home=home), strict=True)
    )
    return first, second, third, fourth


def _aggregated(
    fixture: ScriptedMatch, scored: Iterable[ScriptedGoal], *, home: bool
) -> int | None:
    if fixture.first_leg is None:
        return None
    # The sides are exchanged in the first leg.
    return sum(goal.home == home for goal in scored) + fixture.first_leg.play.count(home=not home)


def _last_change(
    fixture: ScriptedMatch, line: Timeline, goals: Iterable[ScriptedGoal], at: int
) -> tuple[int, tuple[str, ...]]:
    played = line.played(at)
    moments: list[tuple[int, tuple[str, ...]]] = [
        (line.real(p.start), _STATUS_CHANGE) for p in line.phases if p.start <= played
    ]
    moments += [
        (line.real(moment), _goal_change(goal))
        for goal in goals
        if (moment := line.goal_moment(goal)) <= played
    ]
    moments += [
        (line.real(moment), ("homeScore.penalties", "awayScore.penalties"))
        for index in range(len(fixture.play.kicks))
        if (moment := line.kick_moment(index)) <= played
    ]
    others = [line.stop, line.resume] if line.stop is not None else []
    if fixture.fate is not Fate.ABANDONED:
        others.append(line.over)
    moments += [(moment, _STATUS_CHANGE) for moment in others if moment is not None]
    if fixture.play.reported is not None:
        moments.append((fixture.fate_at, ("homeScore.current", "awayScore.current")))
    return max(moment for moment in moments if moment[0] <= at)


def _goal_change(goal: ScriptedGoal) -> tuple[str, ...]:
    side = "homeScore" if goal.home else "awayScore"
    return (f"{side}.current", f"{side}.display", f"{side}.normaltime")


def _winner(home: int, away: int) -> int:
    return DRAW if home == away else HOME if home > away else AWAY
