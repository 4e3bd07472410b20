"""Which matches count for a table, and what a set of results comes to for each of its teams."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

from dp_pipeline.football.models import COUNTED, Match

WIN_POINTS, DRAW_POINTS = 3, 1
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TableResult:
    """A match that counts.

    `winner` is the team that was given the points whatever the goals say; None where they say it.
    """

    match: Match
    home_goals: int
    away_goals: int
    winner: str | None = None

    def outcome(self, team: str) -> str:
        """W, D or L for one of its teams."""
        if self.winner is not None:
            return "W" if team == self.winner else "L"
        lead = self.home_goals - self.away_goals
        lead = lead if team == self.match.home else -lead
        return "D" if lead == 0 else "W" if lead > 0 else "L"


@dataclass(slots=True)
class Sums:
    """The sums of one team while its results are counted, those away from home on their own."""

    outcomes: list[str] = field(default_factory=list)
    goals_for: int = 0
    goals_against: int = 0
    away_goals: int = 0
    away_goals_against: int = 0
    away_wins: int = 0
    away_games: int = 0

    def add(self, result: TableResult, team: str) -> None:
        """Count a result of the team."""
        home = team == result.match.home
        scored, conceded = result.home_goals, result.away_goals
        if not home:
            scored, conceded = conceded, scored
        if result.winner is not None:
            outcome = "W" if team == result.winner else "L"
        else:
            outcome = "W" if scored > conceded else "L" if scored < conceded else "D"
        self.outcomes.append(outcome)
        self.goals_for += scored
        self.goals_against += conceded
        if not home:
            self.away_goals += scored
            self.away_goals_against += conceded
            self.away_wins += outcome == "W"
            self.away_games += 1

    @property
    def wins(self) -> int:
        """Games won."""
        return self.outcomes.count("W")

    def points(self, for_win: int) -> int:
        """Points without what was carried over or taken away."""
        return for_win * self.wins + DRAW_POINTS * self.outcomes.count("D")

    @property
    def goal_average(self) -> Fraction:
        """Goals for by goals against; none against is better than any number of them."""
        if not self.goals_against:
            return Fraction(10**6 + self.goals_for)
        return Fraction(self.goals_for, self.goals_against)


def counted(
    matches: Iterable[Match],
    *,
    winners: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> tuple[TableResult, ...]:
    """The results that count, oldest first: ended or awarded with a full score.

    Of several with the same home, away and round (a replay beside the original) only the latest.

    Args:
        matches: of season rounds.
        winners: by external id of a match, who was given its points.
        without: teams whose results were struck out.
    """
    results: dict[tuple[str | None, ...], TableResult] = {}
    for match in sorted(matches, key=lambda m: (*moment(m), m.external_id)):
        home, away = match.home_score, match.away_score
        if match.status not in COUNTED or home is None or away is None:
            continue
        if match.home == match.away or {match.home, match.away} & set(without):
            continue
        key = fixture(match)
        results.pop(key, None)  # a replay takes its own place in time
        results[key] = TableResult(match, home, away, (winners or {}).get(match.external_id))
    return tuple(results.values())


def sums_of(results: Iterable[TableResult], teams: Iterable[str]) -> dict[str, Sums]:
    """What the results of these teams come to, also those against others."""
    sums = {team: Sums() for team in teams}
    for result in results:
        for team in (result.match.home, result.match.away):
            if team in sums:
                sums[team].add(result, team)
    return sums


def between(results: Iterable[TableResult], teams: Collection[str]) -> tuple[TableResult, ...]:
    """The results of matches between these teams."""
    return tuple(r for r in results if r.match.home in teams and r.match.away in teams)


def fixture(match: Match) -> tuple[str | None, ...]:
    """What an original and its replay have in common."""
    return (match.stage, match.group_name, match.round_slug, match.home, match.away)


def moment(match: Match) -> tuple[date, datetime]:
    """When a match is, for sorting: the day, then the time; unknown before known."""
    return (match.day or date.min, match.kickoff_at or _LONG_AGO)
