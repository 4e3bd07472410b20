"""What each chart of a season shows, as values, with its text alternative. Pure; draws nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from dp_pipeline.football.models import Match, Round
from dp_pipeline.pages.words import one_line
from dp_pipeline.publish.brackets import Bracket, brackets_of
from dp_pipeline.publish.races import matchdays_of
from dp_pipeline.publish.season import PublishedSeason, Race
from dp_pipeline.publish.words import About, ordinal

MOST_HIGHLIGHTED = 4
"""Lines with a style of their own; the others are thin and grey, and named all the same."""
MOST_NAMED_ROUNDS = 16
"""With more, the bars stand and have numbers instead of names."""
_DENSE = 0.4
"""Share of the pairs of teams that have a match, from which home by away fills a grid."""
_MOST_COLUMNS = 34
_FELL = "Where they fall, points were halved or deducted"

Outcome = Literal["won", "drawn", "lost"]


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team's way: its value after each matchday, and its rank among the highlighted, if any."""

    label: str
    values: tuple[int | None, ...]
    highlight: int | None = None


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over matchdays, best first. `falls`: the smallest value is at the top, as of places."""

    about: About
    matchdays: tuple[str, ...]
    lines: tuple[TeamLine, ...]
    axis: str
    falls: bool = False


@dataclass(frozen=True, slots=True)
class RoundGoals:
    """The goals of a round, those of home teams first, and in how many matches they fell."""

    label: str
    home: int
    away: int
    matches: int

    @property
    def average(self) -> float:
        """Goals a match."""
        return (self.home + self.away) / self.matches


@dataclass(frozen=True, slots=True)
class GoalsChart:
    """A bar for each round. `stands`: the bars are upright, with numbers for names."""

    about: About
    rounds: tuple[RoundGoals, ...]
    average: float
    stands: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Results in a grid, a line each, and how the team of the row came off in all of them."""

    lines: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ResultsGrid:
    """A grid of results, row by row. `upright`: the names over the columns are turned."""

    about: About
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[int, int], Cell]
    upright: bool


Chart = LineChart | GoalsChart | ResultsGrid | Bracket


def charts_of(season: PublishedSeason) -> list[Chart]:
    """The charts of a season; none that would be empty."""
    charts: list[Chart] = []
    for n, race in enumerate(season.races, start=1):
        suffix = f"-{n}" if len(season.races) > 1 else ""
        charts += [_places(season, race, suffix), _points(season, race, suffix)]
    goals, grid = _goals(season), _grid(season)
    charts += [each for each in (goals, grid) if each is not None]
    return [*charts, *brackets_of(season)]


def _places(season: PublishedSeason, race: Race, suffix: str) -> LineChart:
    first, *others = race.order
    said = [
        f"{season.name(team)} {ordinal(place)}"
        for team in (*others[:2], *others[-1:])
        if (place := race.places[team][-1]) is not None
    ]
    about = About(
        f"places{suffix}",
        _title("Places by matchday", race),
        f"Line chart of the place of each of {len(race.order)} teams after each of "
        f"{len(race.matchdays)} matchdays. After the last one {season.name(first)} stands first, "
        f"{', '.join(said)}.",
    )
    return LineChart(about, race.matchdays, _lines(season, race, race.places), "place", falls=True)


def _points(season: PublishedSeason, race: Race, suffix: str) -> LineChart:
    first, second = race.order[:2]
    points = {team: race.points[team][-1] or 0 for team in race.order}
    about = About(
        f"points{suffix}",
        _title("Points by matchday", race),
        f"Line chart of the points of each of {len(race.order)} teams after each of "
        f"{len(race.matchdays)} matchdays. After the last one {season.name(first)} has "
        f"{points[first]}, {season.name(second)} {points[second]}, and the fewest are "
        f"{min(points.values())}.{f' {_FELL}.' if _falls(race) else ''}",
    )
    axis = f"points ({_FELL[0].lower()}{_FELL[1:]})" if _falls(race) else "points"
    return LineChart(about, race.matchdays, _lines(season, race, race.points), axis)


def _falls(race: Race) -> bool:
    """Whether a team has fewer points after a matchday than before it."""
    return any(
        before is not None and after is not None and after < before
        for values in race.points.values()
        for before, after in pairwise(values)
    )


def _title(what: str, race: Race) -> str:
    return f"{what}: {race.title}" if race.title else what


def _lines(
    season: PublishedSeason, race: Race, values: Mapping[str, tuple[int | None, ...]]
) -> tuple[TeamLine, ...]:
    return tuple(
        TeamLine(season.brief(team), values[team], n if n < MOST_HIGHLIGHTED else None)
        for n, team in enumerate(race.order)
    )


def _goals(season: PublishedSeason) -> GoalsChart | None:
    by_round: defaultdict[str | None, list[Match]] = defaultdict(list)
    for match in season.played:
        by_round[match.round_slug].append(match)
    knockout = [r for r in season.rounds if r.type == "knockout" and by_round[r.slug]]
    league = [
        (day, played)
        for day in matchdays_of(season.rounds, season.matches)
        if (played := [match for round_ in day for match in by_round[round_.slug]])
    ]
    stands = len(league) + len(knockout) > MOST_NAMED_ROUNDS
    rounds = [
        _summed(str(n) if stands else _label(day[0]), played)
        for n, (day, played) in enumerate(league, start=1)
    ]
    if not stands or not league:
        rounds += [_summed(_label(round_), by_round[round_.slug]) for round_ in knockout]
    if not rounds:
        return None
    goals, matches = sum(r.home + r.away for r in rounds), sum(r.matches for r in rounds)
    most = max(rounds, key=lambda r: r.home + r.away)
    about = About(
        "goals",
        "Goals by matchday" if league and stands else "Goals by round",
        f"Bar chart of the goals of {len(rounds)} rounds, {goals} in {matches} matches, "
        f"{goals / matches:.2f} a match; {sum(r.home for r in rounds)} of them by home teams. "
        f"Most, {most.home + most.away}, fell {_where(most.label)}.",
    )
    return GoalsChart(about, tuple(rounds), goals / matches, stands=stands)


def _where(label: str) -> str:
    return f"on matchday {label}" if label.isdecimal() else f"in the round {label}"


def _label(round_: Round) -> str:
    return one_line(round_.label) or round_.slug


def _summed(label: str, matches: Sequence[Match]) -> RoundGoals:
    home = sum(match.home_score or 0 for match in matches)
    away = sum(match.away_score or 0 for match in matches)
    return RoundGoals(label, home, away, len(matches))


def _grid(season: PublishedSeason) -> ResultsGrid | None:
    """Home by away where most teams meet; else the matches of each team, one after the other."""
    in_season = {round_.slug for round_ in season.rounds if round_.type == "season"}
    stages: defaultdict[str | None, list[Match]] = defaultdict(list)
    for match in season.matches:
        if match.round_slug in in_season:
            stages[match.stage].append(match)
    if not stages:
        return None
    largest = max(stages.values(), key=len)
    teams = _teams(largest)
    matches = [m for listed in stages.values() if _teams(listed) == teams for m in listed]
    wanted = {match.external_id for match in matches}
    played = [match for match in season.played if match.external_id in wanted]
    if not played:
        return None
    pairs = {(match.home, match.away) for match in matches}
    order = _order(season, teams)
    if len(pairs) >= _DENSE * len(teams) * (len(teams) - 1):
        return _home_by_away(season, order, played)
    return _match_by_match(season, order, played)


def _home_by_away(
    season: PublishedSeason, order: Sequence[str], played: Iterable[Match]
) -> ResultsGrid:
    met: defaultdict[tuple[int, int], list[Match]] = defaultdict(list)
    places = {team: n for n, team in enumerate(order)}
    for match in played:
        met[places[match.home], places[match.away]].append(match)
    cells = {where: _cell(each, home=True) for where, each in met.items()}
    said = Counter(_outcome(match, home=True) for each in met.values() for match in each)
    about = About(
        "results",
        "Results, home by away",
        f"Grid of the results of {len(order)} teams, home teams in rows and away teams in columns: "
        f"{said['won']} home wins, {said['drawn']} draws, {said['lost']} away wins. "
        "The list of matches has the same results as text.",
    )
    names = tuple(map(season.brief, order))
    return ResultsGrid(about, names, names, cells, upright=True)


def _match_by_match(
    season: PublishedSeason, order: Sequence[str], played: Iterable[Match]
) -> ResultsGrid:
    places = {team: n for n, team in enumerate(order)}
    so_far: Counter[str] = Counter()
    cells: dict[tuple[int, int], Cell] = {}
    for match in played:
        for home, team, other in ((True, match.home, match.away), (False, match.away, match.home)):
            result = _cell([match], home=home)
            lines = (f"{result.lines[0]} {'h' if home else 'a'}", season.brief(other))
            if so_far[team] < _MOST_COLUMNS:
                cells[places[team], so_far[team]] = Cell(lines, result.outcome)
            so_far[team] += 1
    columns = tuple(f"match {n}" for n in range(1, max(column for _, column in cells) + 2))
    about = About(
        "results",
        "Results, match by match",
        f"Grid of the results of {len(order)} teams in up to {len(columns)} matches each, the "
        "goals of the team of the row first; h: at home, a: away. The list of matches has the same "
        "as text.",
    )
    return ResultsGrid(about, tuple(map(season.brief, order)), columns, cells, upright=False)


def _cell(matches: Sequence[Match], *, home: bool) -> Cell:
    lines = []
    for match in matches:
        own, other = match.home_score, match.away_score
        lines.append(f"{own}–{other}" if home else f"{other}–{own}")  # noqa: RUF001 - a score
    outcomes = {_outcome(match, home=home) for match in matches}
    return Cell(tuple(lines), outcomes.pop() if len(outcomes) == 1 else "drawn")


def _outcome(match: Match, *, home: bool) -> Outcome:
    lead = (match.home_score or 0) - (match.away_score or 0)
    lead = lead if home else -lead
    return "won" if lead > 0 else "lost" if lead < 0 else "drawn"


def _teams(matches: Iterable[Match]) -> frozenset[str]:
    return frozenset(side for match in matches for side in (match.home, match.away))


def _order(season: PublishedSeason, teams: Iterable[str]) -> list[str]:
    """As in the tables, groups one after the other; teams of none by name, at the end."""
    listed = [row.team for rows in season.tables.values() for row in rows]
    places = {team: n for n, team in reversed(list(enumerate(listed)))}
    return sorted(teams, key=lambda team: (places.get(team, len(listed)), season.name(team), team))
