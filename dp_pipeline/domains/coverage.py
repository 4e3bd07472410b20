"""How complete a stored tournament is: rounds, matches, days, goals, scorers, table. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.database import tables
from dp_pipeline.database.rows import Row
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.judge_table import fields_that_differ, with_sums_of_matches
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.gaps import full_size, gaps_of, meetings_of, tables_of
from dp_pipeline.football.models import COUNTED, Match
from dp_pipeline.football.progress import without_replaced

_NAMED = 5


@dataclass(frozen=True, slots=True)
class CoveredPart:
    """What is stored of one part of a tournament.

    Args:
        name: of the part.
        stored: how many are there, and complete.
        of: how many there are in all; None where that is not known.
        lacks: what is not, in words.
    """

    name: str
    stored: int
    of: int | None
    lacks: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether none is known to lack."""
        return self.of is None or self.stored >= self.of


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete a tournament is.

    Args:
        rounds: those of which all matches are stored.
        matches: those that are stored.
        days: matches of which the day is known.
        goals: played matches whose goals are stored and come to the result; of an unknown number
            where the provider lists none at all.
        scorers: goals of which the scorer is named.
        table: whether it is what the stored matches come to, in two words or three.
        differences: of the table, a sentence each.
        gaps: what the season lacks by its format, a sentence each.
    """

    rounds: CoveredPart
    matches: CoveredPart
    days: CoveredPart
    goals: CoveredPart
    scorers: CoveredPart
    table: str
    differences: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[CoveredPart, ...]:
        """What is counted."""
        return (self.rounds, self.matches, self.days, self.goals, self.scorers)

    @property
    def sentence(self) -> str:
        """All of it in a line: "37 of 38 rounds, 379 of 380 matches, …"."""
        parts = [f"{_share(self.rounds)} rounds"] if self.rounds.of else []
        parts.append(f"{_share(self.matches)} matches")
        if without := (self.days.of or 0) - self.days.stored:
            parts.append(f"{without} without day")
        goals = "no goals listed" if self.goals.of is None else f"goals of {self.goals.stored}"
        named = (
            [] if self.scorers.is_complete else [f"scorers of {_share(self.scorers)} goals named"]
        )
        return ", ".join([*parts, goals, *named, self.table])

    @property
    def markdown(self) -> str:
        """All of it as a table, with what is not there, and under it what else is missing."""
        lines = ["| part | stored | of | not there |", "|---|---|---|---|"]
        for part in self.parts:
            of = "not known" if part.of is None else part.of
            lines.append(f"| {part.name} | {part.stored} | {of} | {_named(part.lacks)} |")
        lines.append(f"| table | {self.table} | | {_named(self.differences)} |")
        return "\n".join([*lines, "", *(f"* {_cell(gap)}" for gap in self.gaps)]).strip()


def coverage_of(snapshot: Snapshot) -> Coverage:
    """How complete the stored tournament is."""
    matches = without_replaced(snapshot.matches)
    names = snapshot.team_names
    table, differences = _table(snapshot)
    gaps = gaps_of(matches, snapshot.rounds, names, snapshot.rules)
    undated = [match for match in matches if not (match.kickoff_at or match.kickoff_date)]
    whole = snapshot.rules.split is None
    return Coverage(
        _rounds(snapshot, matches),
        CoveredPart("matches", len(matches), _expected(snapshot, matches) if whole else None),
        CoveredPart(
            "matches with a day", len(matches) - len(undated), len(matches), _words(undated, names)
        ),
        _goals(snapshot, matches),
        _scorers(snapshot),
        table,
        differences,
        tuple(gap.detail for gap in gaps) if whole else (),
    )


def _expected(snapshot: Snapshot, matches: Sequence[Match]) -> int | None:
    """How many matches there are by the format; None where no round says what it is of."""
    season = {round_.slug for round_ in snapshot.rounds if round_.type == "season"}
    places = tables_of(matches, season)
    meetings = meetings_of(snapshot.rules) if len(places) == 1 else 1
    sizes = [full_size(listed, meetings) for listed in places.values()]
    if not sizes or None in sizes:
        return None
    in_tables = sum(map(len, places.values()))
    return sum(size[0] for size in sizes if size) + len(matches) - in_tables


def _rounds(snapshot: Snapshot, matches: Sequence[Match]) -> CoveredPart:
    """The rounds, of which those of a table are full when each of its teams plays in them."""
    listed = {round_.slug: round_ for round_ in snapshot.rounds}
    season = {slug for slug, round_ in listed.items() if round_.type == "season"}
    per_round = Counter(match.round_slug for match in matches)
    needed: Counter[str | None] = Counter()
    places = tables_of(matches, season)
    for of_table in places.values():
        teams = {side for match in of_table for side in (match.home, match.away)}
        for slug in {match.round_slug for match in of_table}:
            needed[slug] += len(teams) // 2
    in_all = len(listed)
    if len(places) == 1 and snapshot.rules.split is None:
        (of_table,) = places.values()
        size = full_size(of_table, meetings_of(snapshot.rules))
        teams = len({side for match in of_table for side in (match.home, match.away)})
        if size is not None:
            # of an odd number of teams one rests in each round
            in_all = max(in_all, size[0] // (teams // 2) + len(listed) - len(season))
    short = [
        f"{round_.label} ({per_round[slug]} of {needed[slug] or 'unknown'} matches)"
        for slug, round_ in listed.items()
        if per_round[slug] < max(1, needed[slug])
    ]
    return CoveredPart("rounds", len(listed) - len(short), in_all, tuple(short))


def _goals(snapshot: Snapshot, matches: Sequence[Match]) -> CoveredPart:
    """Played matches whose goals come to the result; of an unknown number where none are listed."""
    played = [
        match for match in matches if match.status in COUNTED and match.home_score is not None
    ]
    scored: Counter[tuple[str, str]] = Counter()
    by_row = snapshot.match_by_row
    for row in _listed_goals(snapshot):
        scored[by_row[row["match_id"]].external_id, row["side"]] += 1
    name = "goals of played matches"
    if not scored:
        lacks = ("the provider lists no goals",) if played else ()
        return CoveredPart(name, 0, None, lacks)
    listed = [
        match
        for match in played
        if scored[match.external_id, "home"] == match.home_score
        and scored[match.external_id, "away"] == match.away_score
    ]
    without = [match for match in played if match not in listed]
    return CoveredPart(name, len(listed), len(played), _words(without, snapshot.team_names))


def _scorers(snapshot: Snapshot) -> CoveredPart:
    """Goals with the name of who scored them: OpenLigaDB leaves out all 959 of bl1 in 2024."""
    goals = _listed_goals(snapshot)
    named = sum(bool(row["scorer"]) for row in goals)
    lacks = () if named == len(goals) else ("the provider leaves out the other names",)
    if not named and goals:
        lacks = ("the provider names no scorer",)
    return CoveredPart("goals with a scorer", named, len(goals), lacks)


def _listed_goals(snapshot: Snapshot) -> list[Row]:
    """The goals that the provider still lists."""
    rows = snapshot.rows(tables.goal).values()
    return [row for row in rows if row["missing_since"] is None]


def _table(snapshot: Snapshot) -> tuple[str, tuple[str, ...]]:
    """Whether the provider's table is what the matches come to, and where it is not."""
    if not any(not row.computed for row in snapshot.standings):
        return ("table computed" if snapshot.standings else "no table"), ()
    names = snapshot.team_names
    differences = [
        f"{names.get(row.team, row.team)}: {'; '.join(said)}"
        for row, ours in with_sums_of_matches(snapshot.standings, by_stored_matches(snapshot).rows)
        if (
            said := [
                f"{n.replace('_', ' ')} {getattr(row, n)}, by matches {getattr(ours, n)}"
                for n in fields_that_differ(row, ours)
            ]
        )
    ]
    if not differences:
        return "table agrees", ()
    rows = "1 row" if len(differences) == 1 else f"{len(differences)} rows"
    return f"table differs in {rows}", tuple(differences)


def _words(matches: Sequence[Match], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{names.get(m.home, m.home)} - {names.get(m.away, m.away)}" for m in matches)


def _share(part: CoveredPart) -> str:
    return str(part.stored) if part.of is None else f"{part.stored} of {part.of}"


def _named(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return _cell(", ".join(words[:_NAMED]) + more)


def _cell(text: str) -> str:
    """Text of providers on one line, without what Markdown would take for a column."""
    return " ".join(text.split()).replace("|", "\\|")
