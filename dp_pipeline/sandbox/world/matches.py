"""What a match is: its place in the season, its fate, and what happens on the pitch."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What befalls a match."""

    PLAYED = "played"
    MOVED = "moved"
    """The same id gets another kick-off."""
    POSTPONED = "postponed"
    """The id stays postponed; a replay with its own id follows."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Stopped, and taken up again the next day."""
    ABANDONED = "abandoned"
    """Stopped for good; a replay with its own id follows."""
    SCORE_CORRECTED = "score corrected"
    """Hours after the end the result changes by a goal."""
    PERIOD_CORRECTED = "period corrected"
    """Hours after the end a goal moves into the other half."""


NEVER_COUNTED = frozenset({Fate.POSTPONED, Fate.CANCELLED, Fate.ABANDONED})


class ScriptedGoal(NamedTuple):
    """A goal: minute 1 to 120, and whose."""

    minute: int
    home: bool


class Kick(NamedTuple):
    """A kick of a shoot-out."""

    home: bool
    scored: bool


@dataclass(frozen=True, slots=True)
class Play:
    """What happens on the pitch, to the end, as the provider finally knows it.

    Args:
        goals: by minute, shoot-out excluded.
        reported: the goals as the provider has them until it corrects itself; None if it never
            has to.
        kicks: of the shoot-out, in order.
        extra_time: whether there is one.
        late: seconds from the announced kick-off to the real one.
        added: seconds added to the first and to the second half.
    """

    goals: tuple[ScriptedGoal, ...]
    reported: tuple[ScriptedGoal, ...] | None = None
    kicks: tuple[Kick, ...] = ()
    extra_time: bool = False
    late: int = 0
    added: tuple[int, int] = (0, 0)

    def count(self, *, home: bool) -> int:
        """Goals of one side, extra time included."""
        return sum(goal.home == home for goal in self.goals)

    def penalties(self, *, home: bool) -> int:
        """Shoot-out goals of one side."""
        return sum(kick.scored for kick in self.kicks if kick.home == home)


def lead_of(play: Play, first: Play | None, *, away_goals: bool = True) -> int:
    """By how many goals a home team is ahead after a match, or after two legs.

    Where these are level, by how many away goals; a shoot-out was taken only where these do not
    count or are level too.
    """
    lead = play.count(home=True) - play.count(home=False)
    if first is None:
        return lead
    lead += first.count(home=False) - first.count(home=True)
    if lead or not away_goals:
        return lead
    return first.count(home=False) - play.count(home=False)


@dataclass(frozen=True, slots=True)
class ScriptedRound:
    """A round as the provider names it. Identity is (number, slug, prefix), never the number."""

    number: int
    name: str | None = None
    slug: str | None = None
    prefix: str | None = None
    cup_type: int | None = None

    @property
    def knockout(self) -> bool:
        """Named rounds are knockout rounds; matchdays have a number only."""
        return self.name is not None


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a match stands in the season. Moments in Unix seconds.

    Args:
        stage: which part of the competition, see `stages`.
        round: None where the competition has no rounds.
        kickoff: as first announced.
        announced: when the provider begins to list it.
        legs: matches of the tie, 1 or 2; 0 outside knockout rounds.
        first_leg: of a second leg.
    """

    stage: int
    round: ScriptedRound | None
    home: int
    away: int
    kickoff: int
    announced: int
    legs: int = 0
    first_leg: "ScriptedMatch | None" = None

    @property
    def knockout(self) -> bool:
        """A match of a tie."""
        return self.legs > 0

    @property
    def decides(self) -> bool:
        """It cannot end without a team that goes on."""
        return self.legs == 1 or self.first_leg is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedMatch(Slot):
    """A match of a season with everything that will ever be true of it.

    Args:
        fate_at: when a postponement, move or cancellation becomes known; when the score is
            corrected.
        moved_to: the new kick-off of a moved match.
        stopped_at: the minute (of 90) in which an interrupted or abandoned match stops.
    """

    id: int
    play: Play
    fate: Fate = Fate.PLAYED
    fate_at: int = 0
    moved_to: int = 0
    stopped_at: int = 0

    def tie_winner(self) -> int:
        """The team that goes on; of a single match or a second leg."""
        kicks = self.play.penalties(home=True) - self.play.penalties(home=False)
        first = self.first_leg.play if self.first_leg is not None else None
        return self.home if (kicks or lead_of(self.play, first)) > 0 else self.away

    def tie_loser(self) -> int:
        """The other one."""
        return self.away if self.tie_winner() == self.home else self.home
