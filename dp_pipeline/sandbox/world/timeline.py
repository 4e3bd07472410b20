"""When what happens in a match: the phases of play on the clock, interruptions included."""

from dataclasses import dataclass
from typing import NamedTuple

from dp_pipeline.sandbox.world.calendar import DAY, HOUR, MINUTE
from dp_pipeline.sandbox.world.matches import Fate, ScriptedGoal, ScriptedMatch

FIRST_HALF, HALF_TIME, SECOND_HALF = 6, 31, 7
EXTRA_BREAK, FIRST_EXTRA, SECOND_EXTRA, SHOOTOUT_BREAK, SHOOTOUT = 32, 41, 42, 34, 50
_HALF = 45 * MINUTE
_EXTRA = 15 * MINUTE
_KICK = 40
_DECISION = 90 * MINUTE
_RESUMED = 12 * HOUR
_NINETY, _EXTRA_HALF = 90, 105


class Phase(NamedTuple):
    """A stretch of a match, by the provider's status code."""

    code: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The phases of a match as if it were not stopped, and when it is.

    Args:
        phases: in order, without gaps; none when the match is never begun.
        stop: when play stops; None when it does not.
        resume: when it goes on, or is given up.
        given_up: it does not go on.
    """

    phases: tuple[Phase, ...]
    stop: int | None = None
    resume: int = 0
    given_up: bool = False

    @property
    def over(self) -> int:
        """When the last whistle goes, or the match is given up."""
        return self.resume if self.given_up else self.real(self.phases[-1].end)

    def real(self, played: int) -> int:
        """The moment at which the clock of play shows this one."""
        if self.stop is None or played < self.stop:
            return played
        return played + self.resume - self.stop

    def played(self, at: int) -> int:
        """What the clock of play shows at a moment; it stands still while play is stopped."""
        if self.stop is None or at < self.stop:
            return at
        if self.given_up or at < self.resume:
            return self.stop
        return at - self.resume + self.stop

    def goal_moment(self, goal: ScriptedGoal) -> int:
        """On the clock of play. A goal falls in the middle of its minute."""
        minute = goal.minute
        code, base = (
            (FIRST_HALF, 0) if minute <= _HALF // MINUTE
            else (SECOND_HALF, _HALF // MINUTE) if minute <= _NINETY
            else (FIRST_EXTRA, _NINETY) if minute <= _EXTRA_HALF
            else (SECOND_EXTRA, _EXTRA_HALF)
        )  # fmt: skip
        return self._start(code) + (minute - base) * MINUTE - MINUTE // 2

    def kick_moment(self, index: int) -> int:
        """Of a kick of the shoot-out, on the clock of play."""
        return self._start(SHOOTOUT) + (index + 1) * _KICK

    def _start(self, code: int) -> int:
        return next(phase.start for phase in self.phases if phase.code == code)


def timeline(fixture: ScriptedMatch) -> Timeline:
    """Of a match that is played, at the kick-off it is finally played at."""
    play = fixture.play
    kickoff = fixture.moved_to if fixture.fate is Fate.MOVED else fixture.kickoff
    phases: list[Phase] = []
    moment = kickoff + play.late
    lengths = [
        (FIRST_HALF, _HALF + play.added[0]),
        (HALF_TIME, 15 * MINUTE),
        (SECOND_HALF, _HALF + play.added[1]),
    ]
    if play.extra_time:
        lengths += [
            (EXTRA_BREAK, 5 * MINUTE),
            (FIRST_EXTRA, _EXTRA + MINUTE),
            (SECOND_EXTRA, _EXTRA + MINUTE),
        ]
    if play.kicks:
        lengths += [(SHOOTOUT_BREAK, 5 * MINUTE), (SHOOTOUT, (len(play.kicks) + 1) * _KICK)]
    for code, length in lengths:
        phases.append(Phase(code, moment, moment + length))
        moment += length
    if fixture.fate not in {Fate.INTERRUPTED, Fate.ABANDONED}:
        return Timeline(tuple(phases))
    half = phases[0] if fixture.stopped_at <= _HALF // MINUTE else phases[2]
    stop = half.start + (fixture.stopped_at * MINUTE - (0 if half is phases[0] else _HALF))
    if fixture.fate is Fate.ABANDONED:
        return Timeline(tuple(phases), stop, stop + _DECISION, given_up=True)
    return Timeline(tuple(phases), stop, (stop // DAY + 1) * DAY + _RESUMED)


def settled(fixture: ScriptedMatch) -> int:
    """When the last word about a match is spoken: its end, or the correction after it."""
    if fixture.fate in {Fate.POSTPONED, Fate.CANCELLED}:
        return fixture.fate_at
    line = timeline(fixture)
    corrected = fixture.fate in {Fate.SCORE_CORRECTED, Fate.PERIOD_CORRECTED}
    return max(line.over, fixture.fate_at if corrected else 0)
