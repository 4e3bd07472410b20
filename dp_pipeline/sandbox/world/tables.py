"""League tables: from results to rows."""

from collections.abc import Iterable
from dataclasses import dataclass

WIN, DRAW = 3, 1


@dataclass(frozen=True, slots=True)
class CountedResult:
    """A match that counts."""

    home: int
    away: int
    home_goals: int
    away_goals: int


@dataclass(frozen=True, slots=True)
class Row:
    """A team's row."""

    team: int
    position: int
    wins: int
    draws: int
    losses: int
    goals_for: int
    goals_against: int

    @property
    def matches(self) -> int:
        """All that count."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> int:
        """Three for a win, one for a draw."""
        return WIN * self.wins + DRAW * self.draws


def table(
    teams: Iterable[int], results: Iterable[CountedResult], *, home: bool = True, away: bool = True
) -> tuple[Row, ...]:
    """Rows by points, goal difference, goals for; then by team id, so that the order is certain.

    Without `home` or `away` the matches a team played there do not count for it.
    """
    # wins, draws, losses, goals for, goals against
    sums = {team: [0, 0, 0, 0, 0] for team in teams}
    for result in results:
        for counts, team, scored, conceded in (
            (home, result.home, result.home_goals, result.away_goals),
            (away, result.away, result.away_goals, result.home_goals),
        ):
            if not counts:
                continue
            row = sums[team]
            row[0 if scored > conceded else 1 if scored == conceded else 2] += 1
            row[3] += scored
            row[4] += conceded

    def rank(team: int) -> tuple[int, int, int, int]:
        wins, draws, _, scored, conceded = sums[team]
        return (-WIN * wins - DRAW * draws, conceded - scored, -scored, team)

    return tuple(
        Row(team, position, *sums[team])
        for position, team in enumerate(sorted(sums, key=rank), start=1)
    )
