"""League tables: from results to rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
    carried: int = 0
    """Points of a phase before."""

    @property
    def matches(self) -> int:
        """All that count."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> int:
        """Three for a win, one for a draw, and what was carried over."""
        return WIN * self.wins + DRAW * self.draws + self.carried


@dataclass(frozen=True, slots=True)
class TableOrder:
    """What decides the order of a table beside its own results.

    Args:
        meetings: how often two teams meet whose meetings separate them once all are played; 0
            where meetings separate nobody.
        before: results of the phase before, which level teams are compared by as well.
        carried: points of that phase, by team.
    """

    meetings: int = 0
    before: Sequence[CountedResult] = ()
    carried: Mapping[int, int] = field(default_factory=dict)


PLAIN = TableOrder()


def table(
    teams: Iterable[int],
    results: Iterable[CountedResult],
    *,
    home: bool = True,
    away: bool = True,
    order: TableOrder = PLAIN,
) -> tuple[Row, ...]:
    """Rows by points, meetings where these count, goal difference, goals for.

    Then by team id, so that the order is certain. Without `home` or `away` the matches a team
    played there do not count for it; results of other teams never do.
    """
    members, counted = list(teams), list(results)
    own = _sums(members, counted, home=home, away=away)
    rows = {team: Row(team, 0, *own[team], order.carried.get(team, 0)) for team in members}
    compared = [*order.before, *counted]
    whole = _sums(members, compared, home=home, away=away)
    met = _meetings(rows.values(), compared, order.meetings) if order.meetings else {}

    def rank(team: int) -> tuple[int, ...]:
        *_, scored, conceded = whole[team]
        return (-rows[team].points, *met.get(team, (0, 0)), conceded - scored, -scored, team)

    ranked = enumerate(sorted(members, key=rank), start=1)
    return tuple(replace(rows[team], position=position) for position, team in ranked)


def _meetings(
    rows: Iterable[Row], results: Sequence[CountedResult], meetings: int
) -> Mapping[int, tuple[int, int]]:
    """Points and goal difference among level teams, negated; of those that have all met."""
    level: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        level[row.points].append(row.team)
    ranks = {}
    for teams in level.values():
        among = [r for r in results if r.home in teams and r.away in teams]
        if 2 * len(among) == meetings * len(teams) * (len(teams) - 1):
            for team, (wins, draws, _, scored, conceded) in _sums(teams, among).items():
                ranks[team] = (-WIN * wins - DRAW * draws, conceded - scored)
    return ranks


def _sums(
    teams: Iterable[int],
    results: Iterable[CountedResult],
    *,
    home: bool = True,
    away: bool = True,
) -> Mapping[int, Sequence[int]]:
    """Wins, draws, losses, goals for and against, by team."""
    sums = {team: [0, 0, 0, 0, 0] for team in teams}
    for result in results:
        for counts, team, scored, conceded in (
            (home, result.home, result.home_goals, result.away_goals),
            (away, result.away, result.away_goals, result.home_goals),
        ):
            if not counts or team not in sums:
                continue
            row = sums[team]
            row[0 if scored > conceded else 1 if scored == conceded else 2] += 1
            row[3] += scored
            row[4] += conceded
    return sums
