"""Who stands before whom of teams level on points, by the rule of a competition.

A rule is a list of criteria in words, `head-to-head points, goal difference, goals`: an optional
scope (which results) and a measure (what of them). A measure that nobody can compute from results,
`fair play` or `lots`, ends the comparison: teams still level then share a place.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Literal

from dp_pipeline.football.models import FINAL_STATUSES, Match
from dp_pipeline.football.results import Sums, TableResult, between, sums_of

Number = int | Fraction
Again = Literal["never", "after all", "after each"]
"""When teams still level start anew, in a mini-table of their own: once all criteria between them
were used (UEFA), or as soon as one has separated others from them (Spain)."""

MeetingsCount = Literal["once played", "at the end"]

HEAD_TO_HEAD, REGULAR, FIRST_HALF = "head-to-head ", "regular phase ", "first half "
OPPONENTS = "opponents' "
UNKNOWN = frozenset(
    {
        *("fair play", "disciplinary points", "red cards", "yellow cards", "no walkover"),
        *("coefficient", "ranking", "play-off", "lots", "only where something hangs on it"),
    }
)
"""What results do not tell: cards, rankings, an extra match, lots; or whether anything hangs on
the place at all, where a rule separates teams in that case only."""


@dataclass(frozen=True)
class Tally:
    """The results of a table, and what came before them, for criteria to measure.

    Args:
        teams: of the table.
        results: that count.
        points: with what was carried over or taken away.
        fixtures: every match of the table, played or not.
        for_win: points of a win.
        regular: the regular phase, where this is a table after it.
        regular_places: by team, its place in that phase.
        rounding: by team, what halving its points took away by rounding; negative where it gave.
    """

    teams: frozenset[str]
    results: tuple[TableResult, ...]
    points: Mapping[str, int]
    fixtures: tuple[Match, ...] = ()
    for_win: int = 3
    regular: "Tally | None" = None
    regular_places: Mapping[str, int] = field(default_factory=dict)
    rounding: Mapping[str, Number] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing of the table is left to play."""
        return all(match.status in FINAL_STATUSES for match in self.fixtures)

    def meetings(self, teams: Collection[str]) -> tuple[Match, ...]:
        """The matches between some of its teams."""
        return tuple(m for m in self.fixtures if m.home in teams and m.away in teams)

    def all_met(self, teams: Collection[str]) -> bool:
        """Whether all matches between these teams were played, and each has met each."""
        played = {r.match.external_id for r in self.results}
        meetings = self.meetings(teams)
        if any(m.external_id not in played and not _replaced(m, meetings) for m in meetings):
            return False
        met = {frozenset((m.home, m.away)) for m in meetings}
        return all(frozenset(pair) in met for pair in combinations(teams, 2))


def _replaced(match: Match, meetings: Iterable[Match]) -> bool:
    """Whether another took its place; the replay of an abandoned match has an id of its own."""
    return any(
        (m.home, m.away, m.round_slug) == (match.home, match.away, match.round_slug)
        and m.status in ("ended", "awarded")
        for m in meetings
    )


_MEASURES: dict[str, Callable[[Sums, int], Number]] = {
    "points": lambda sums, for_win: sums.points(for_win),
    "goal difference": lambda sums, _: sums.goals_for - sums.goals_against,
    "goal average": lambda sums, _: sums.goal_average,
    "goals": lambda sums, _: sums.goals_for,
    "wins": lambda sums, _: sums.wins,
    "away goals": lambda sums, _: sums.away_goals,
    "away wins": lambda sums, _: sums.away_wins,
    "away games": lambda sums, _: sums.away_games,
    "away goal difference": lambda sums, _: sums.away_goals - sums.away_goals_against,
    "fewer away goals against": lambda sums, _: -sums.away_goals_against,
    "home goal difference": lambda sums, _: (
        sums.goals_for - sums.away_goals - sums.goals_against + sums.away_goals_against
    ),
    "fewer points lost": lambda sums, for_win: sums.points(for_win) - for_win * len(sums.outcomes),
    "home goals": lambda sums, _: sums.goals_for - sums.away_goals,
    "points per game": lambda sums, for_win: (
        Fraction(sums.points(for_win), len(sums.outcomes)) if sums.outcomes else 0
    ),
}
_OF_TABLE = frozenset({"regular phase place", "rounding"})
SCOPES = (REGULAR + HEAD_TO_HEAD, HEAD_TO_HEAD, REGULAR, FIRST_HALF, OPPONENTS)


UNKNOWN_RULE = "rule unknown: "
"""Begins the stored `rule` of a table whose competition has none that is known."""


def order_in_words(rule: str) -> str:
    """A stored rule as pages and tables of `dp` say it: that it is not known is no alarm."""
    order = rule.removeprefix(UNKNOWN_RULE)
    return rule if order == rule else f"{order} (no rule of this competition is known)"


class RuleError(ValueError):
    """A rule is written wrongly; the text is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a competition separates teams level on points.

    Args:
        criteria: in order.
        of_two: where two teams alone are separated otherwise than more.
        again: see `Again`.
        meetings_count: from when criteria between the teams count: once all of their matches are
            played, or all of the table.
    """

    criteria: tuple[str, ...]
    of_two: tuple[str, ...] = ()
    again: Again = "never"
    meetings_count: MeetingsCount = "once played"

    def __post_init__(self) -> None:
        for name in (*self.criteria, *self.of_two):
            scope = next((s for s in SCOPES if name.startswith(s)), "")
            if name not in UNKNOWN | _OF_TABLE and name.removeprefix(scope) not in _MEASURES:
                message = f"No criterion is called {name!r}; docs/competition-rules.md lists them."
                raise RuleError(message)

    def of(self, teams: Collection[str]) -> tuple[str, ...]:
        """The criteria for so many teams."""
        return self.of_two if self.of_two and len(teams) == 2 else self.criteria  # noqa: PLR2004

    def __str__(self) -> str:
        text = ", ".join(self.criteria)
        return f"of two teams: {', '.join(self.of_two)}; of more: {text}" if self.of_two else text


@dataclass(frozen=True, slots=True)
class Tier:
    """Teams that nothing known separates: one team, or several that share a place.

    Args:
        teams: by name.
        needs: what would separate them and is not known; empty where the rule has no more to say.
        unmet: whether meetings were left out because some of them are not played yet.
    """

    teams: tuple[str, ...]
    needs: str = ""
    unmet: bool = False


def separated(teams: Collection[str], order: Order, tally: Tally) -> tuple[Tier, ...]:
    """The teams in order, those that cannot be told apart together."""
    return tuple(_Comparison(order, tally).of(tuple(sorted(teams))))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Teams of one table, by one rule."""

    order: Order
    tally: Tally

    def of(self, teams: tuple[str, ...]) -> list[Tier]:
        """The tiers of some teams, whose mini-table is among themselves."""
        return self._by(self.order.of(teams), teams, frozenset(teams))

    def _by(
        self, criteria: Sequence[str], teams: tuple[str, ...], among: frozenset[str]
    ) -> list[Tier]:
        """By the given criteria, with the mini-table of all teams in `among`."""
        unmet = False
        for place, name in enumerate(criteria):
            between_them = name.startswith(HEAD_TO_HEAD)
            if not between_them and self._starts_anew(teams, among):
                return self.of(teams)
            if len(teams) == 1:
                return [Tier(teams)]
            if name in UNKNOWN:
                return [Tier(teams, name, unmet)]
            if between_them and not self._counts(among):
                unmet = True
                continue
            values = _values(name, teams, among, self.tally)
            if len(set(values.values())) == 1:
                continue
            finer: list[Tier] = []
            for value in sorted(set(values.values()), reverse=True):
                level = tuple(team for team in teams if values[team] == value)
                if self.order.again == "after each":
                    finer += self.of(level)
                else:
                    left = among if between_them else frozenset(level)
                    finer += self._by(criteria[place + 1 :], level, left)
            return [replace(tier, unmet=tier.unmet or unmet) for tier in finer]
        return self.of(teams) if self._starts_anew(teams, among) else [Tier(teams, unmet=unmet)]

    def _starts_anew(self, teams: tuple[str, ...], among: frozenset[str]) -> bool:
        """Whether some have left the mini-table, and the others start anew once it is used up."""
        return self.order.again == "after all" and 1 < len(teams) < len(among)

    def _counts(self, among: frozenset[str]) -> bool:
        whole = self.order.meetings_count == "at the end"
        return self.tally.all_met(self.tally.teams if whole else among)


def _values(
    name: str, teams: Sequence[str], among: frozenset[str], tally: Tally
) -> Mapping[str, Number]:
    """What each of the teams has of a criterion; more is better."""
    if name == "rounding":
        return {team: tally.rounding.get(team, 0) for team in teams}
    if name == "regular phase place":
        return {team: -tally.regular_places.get(team, 0) for team in teams}
    regular = tally.regular or tally
    if name == "regular phase points":
        return {team: regular.points.get(team, 0) for team in teams}
    scope = next((s for s in SCOPES if name.startswith(s)), "")
    measure = _MEASURES[name.removeprefix(scope)]
    if scope == OPPONENTS:
        return _of_opponents(measure, teams, tally)
    of = regular if scope.startswith(REGULAR) else tally
    results = of.results if scope != FIRST_HALF else _first_meetings(of.results)
    sums = sums_of(between(results, among) if HEAD_TO_HEAD in scope else results, teams)
    return {team: measure(sums[team], tally.for_win) for team in teams}


def _of_opponents(
    measure: Callable[[Sums, int], Number], teams: Sequence[str], tally: Tally
) -> Mapping[str, Number]:
    matches = [result.match for result in tally.results]
    everybody = {team for match in matches for team in (match.home, match.away)}
    sums = sums_of(tally.results, everybody)
    values: dict[str, Number] = dict.fromkeys(teams, 0)
    for result in tally.results:
        for team, other in (
            (result.match.home, result.match.away),
            (result.match.away, result.match.home),
        ):
            if team in values:
                values[team] += measure(sums[other], tally.for_win)
    return values


def _first_meetings(results: Iterable[TableResult]) -> tuple[TableResult, ...]:
    first: dict[frozenset[str], TableResult] = {}
    for result in results:
        first.setdefault(frozenset((result.match.home, result.match.away)), result)
    return tuple(first.values())
