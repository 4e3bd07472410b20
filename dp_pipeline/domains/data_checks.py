"""The checks of a tournament's stored data: each says what is wrong, row by row. Pure.

A check is one function and its name in `CHECKS`; the assets show it and the detectors tell of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.judge import subject_of
from dp_pipeline.domains.judge_table import with_sums_of_matches
from dp_pipeline.domains.reread import span_of_season
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.standings import by_stored_matches
from dp_pipeline.football.gaps import gaps_of
from dp_pipeline.football.models import FINAL_STATUSES, Match, Standing

OVERDUE = timedelta(days=2)
"""Providers enter a result within the day; a match this long past its time waits for a person."""
LONG_OVERDUE = timedelta(days=14)
MOST_SHOWN = 20

Severity = Literal["WARN", "ERROR"]
_OPEN = frozenset({"scheduled", "live", "unknown"})
_PLAYED = frozenset({"ended", "awarded"})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to.

    Args:
        name: of the check.
        domain: of which it checks rows.
        passed: whether nothing is wrong.
        severity: ERROR where somebody would be misled by the data, WARN where something lacks.
        detail: a sentence with the numbers.
        rows: what is wrong, a sentence each, at most `MOST_SHOWN`.
    """

    name: str
    domain: str
    passed: bool
    severity: Severity
    detail: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, a sentence; `severity` where it is another than the check's."""

    sentence: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one domain.

    Args:
        name: snake_case, what is so when it passes.
        domain: of which it checks rows.
        severity: of what it says is wrong.
        description: for people.
        wrong: what is wrong of a snapshot at a time.
    """

    name: str
    domain: str
    severity: Severity
    description: str
    wrong: Callable[[Snapshot, datetime], Iterable[Wrong]]


def results_of(snapshot: Snapshot, now: datetime) -> list[CheckResult]:
    """What all checks come to.

    Args:
        snapshot: of a stored tournament.
        now: the present at the provider.
    """
    return [_result(check, snapshot, now) for check in CHECKS if _has_rows(check, snapshot)]


def excused(result: CheckResult, reason: str, until: date) -> CheckResult:
    """A result of which a person has said that it is known and why, until a day."""
    detail = f"Known until {until}: {reason} {result.detail}"
    return replace(result, passed=True, detail=detail)


def _has_rows(check: Check, snapshot: Snapshot) -> bool:
    table = _TABLES[check.domain]
    return bool(snapshot.rows(table))


def _result(check: Check, snapshot: Snapshot, now: datetime) -> CheckResult:
    try:
        wrong = list(check.wrong(snapshot, now))
    # A check that cannot be made must not take back what was stored: it says so as its result.
    except Exception as error:  # noqa: BLE001
        wrong = [Wrong(f"It could not be made: {type(error).__name__}: {error}", "WARN")]
    number = len(snapshot.rows(_TABLES[check.domain]))
    rows = "row" if number == 1 else "rows"
    if not wrong:
        detail = f"Nothing is wrong in {number} {rows}."
        return CheckResult(check.name, check.domain, passed=True, severity="WARN", detail=detail)
    severities = {each.severity or check.severity for each in wrong}
    severity: Severity = "ERROR" if "ERROR" in severities else "WARN"
    things = "thing is" if len(wrong) == 1 else "things are"
    detail = f"{len(wrong)} {things} wrong in {number} {rows}: {wrong[0].sentence}"
    sentences = tuple(each.sentence for each in wrong[:MOST_SHOWN])
    return CheckResult(
        check.name, check.domain, passed=False, severity=severity, detail=detail, rows=sentences
    )


# -- standings -------------------------------------------------------------------------------------


def _table_differs(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    """Rows of the provider that do not follow from the stored matches and known decisions."""
    del now
    by_matches = by_stored_matches(snapshot).rows
    for row, other in with_sums_of_matches(snapshot.standings, by_matches):
        name = snapshot.team_names.get(row.team, row.team)
        if row.games != other.games:
            said = f"{name}: {row.games} games, by the matches {other.games}."
            yield Wrong(said, "WARN")  # the table or the results are a few hours behind
        elif row.points != other.points:
            by = row.points - other.points
            yield Wrong(f"{name} {by:+d}: {row.points} points, by the matches {other.points}.")
        elif _goals(row) != _goals(other):
            goals, others = (":".join(map(str, _goals(each))) for each in (row, other))
            yield Wrong(f"{name}: {goals} goals, by the matches {others}.")


def _goals(row: Standing) -> tuple[int, int]:
    return row.goals_for, row.goals_against


# -- matches ---------------------------------------------------------------------------------------


def _incomplete(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    names = snapshot.team_names
    for gap in gaps_of(snapshot.matches, snapshot.rounds, names, snapshot.rules):
        yield Wrong(f"{gap.table}: {gap.detail}")


def _overdue(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    for match in snapshot.matches:
        day = match.kickoff_at.date() if match.kickoff_at else match.kickoff_date
        if match.status not in _OPEN or day is None or now.date() - day < OVERDUE:
            continue
        long = now.date() - day >= LONG_OVERDUE
        sentence = f"{_named(match, snapshot)} of {day} is still {match.status}."
        yield Wrong(sentence, "ERROR" if long else "WARN")


def _outside_season(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    span = span_of_season(snapshot)
    for match in snapshot.matches:
        if span and match.kickoff_date is not None and match.kickoff_date not in span:
            yield Wrong(f"{_named(match, snapshot)} is on {match.kickoff_date}.")


def _twice_a_day(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    playing = [
        match
        for match in snapshot.matches
        if match.kickoff_date is not None and match.status in _PLAYED | _OPEN
    ]
    times = Counter((s, m.kickoff_date) for m in playing for s in (m.home, m.away))
    for (team, day), count in sorted(times.items(), key=str):
        if count > 1:
            name = snapshot.team_names.get(team, team)
            yield Wrong(f"{name} plays {count} times on {day}.")


def _impossible(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    for match in snapshot.matches:
        if fault := _fault_of(match):
            yield Wrong(f"{_named(match, snapshot)} {fault}.")


def _fault_of(match: Match) -> str | None:
    result = match.home_score, match.away_score
    if match.status == "ended" and None in result:
        return "is over and has no result"
    for what, parts in {
        "half-time": (match.home_score_ht, match.away_score_ht),
        "ninety minutes": (match.home_score_90, match.away_score_90),
    }.items():
        for part, whole in zip(parts, result, strict=True):
            if part is not None and whole is not None and part > whole:
                return f"has more goals after {what} than in the end"
    shoot_out = match.home_penalties_score, match.away_penalties_score
    if None not in shoot_out and shoot_out[0] == shoot_out[1]:
        return "has a shoot-out that nobody won"
    return None


def _not_listed(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    by_row = snapshot.match_by_row
    for id_, row in snapshot.rows(tables.match).items():
        if row["missing_since"] is not None and id_ not in snapshot.superseded:
            name = _named(by_row[id_], snapshot)
            since = f"{row['missing_since']:%Y-%m-%d}"
            yield Wrong(f"{name} is not listed by the provider since {since}, and counts.")


def _named(match: Match, snapshot: Snapshot) -> str:
    return subject_of(match, snapshot.team_names)


# -- the others ------------------------------------------------------------------------------------


def _goals_differ(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    """Matches whose listed goals are not their result; one without any list is none."""
    del now
    listed = Counter(
        (row["match_id"], row["side"])
        for row in snapshot.rows(tables.goal).values()
        if row["missing_since"] is None
    )
    with_list = {id_ for id_, _ in listed}
    for id_, match in snapshot.match_by_row.items():
        if id_ not in with_list or match.status not in FINAL_STATUSES or match.home_score is None:
            continue
        goals = listed[id_, "home"], listed[id_, "away"]
        if goals != (match.home_score, match.away_score):
            result = f"{match.home_score}:{match.away_score}"
            named = f"{_named(match, snapshot)} ended {result}"
            yield Wrong(f"{named}, and its goals come to {goals[0]}:{goals[1]}.")


def _empty_rounds(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    used = {match.round_slug for match in snapshot.matches}
    begun = {match.round_slug for match in snapshot.matches if match.status in _PLAYED}
    # a round that is still to come may not be drawn yet
    last = max((round_.order for round_ in snapshot.rounds if round_.slug in begun), default=0)
    for round_ in snapshot.rounds:
        if round_.slug not in used and (round_.order < last or round_.type == "season"):
            yield Wrong(f"{round_.label} has no match.")


def _idle_teams(snapshot: Snapshot, now: datetime) -> Iterator[Wrong]:
    del now
    playing = {side for match in snapshot.matches for side in (match.home, match.away)}
    for team in snapshot.teams:
        if playing and team.external_id not in playing:
            yield Wrong(f"{team.name} plays no match.")


_TABLES: Mapping[str, sa.Table] = {
    "teams": tables.tournament_team,
    "rounds": tables.tournament_round,
    "matches": tables.match,
    "goals": tables.goal,
    "standings": tables.tournament_standing,
}
CHECKS = (
    Check(
        "every_team_plays",
        "teams",
        "WARN",
        "Every team of the tournament has a match in it.",
        _idle_teams,
    ),
    Check(
        "every_round_has_matches",
        "rounds",
        "WARN",
        "Every round has a match, but for knockout rounds that are still to come.",
        _empty_rounds,
    ),
    Check(
        "fixture_list_is_complete",
        "matches",
        "WARN",
        "Matches, games per team and rounds make up a season of its format.",
        _incomplete,
    ),
    Check(
        "no_match_is_overdue",
        "matches",
        "WARN",
        f"No match is still scheduled or live {OVERDUE.days} days past its day; an error after "
        f"{LONG_OVERDUE.days} days.",
        _overdue,
    ),
    Check(
        "days_are_in_the_season",
        "matches",
        "ERROR",
        "No match is on a day outside its season.",
        _outside_season,
    ),
    Check(
        "no_team_plays_twice_a_day",
        "matches",
        "ERROR",
        "No team has two matches on one day.",
        _twice_a_day,
    ),
    Check(
        "scores_are_possible",
        "matches",
        "ERROR",
        "What is over has a result, no part of a score is more than the whole, and somebody won "
        "each shoot-out.",
        _impossible,
    ),
    Check(
        "all_matches_are_listed",
        "matches",
        "WARN",
        "The provider still lists every match that counts.",
        _not_listed,
    ),
    Check(
        "goals_come_to_the_result",
        "goals",
        "WARN",
        "The goals of a match that has a list of them come to its result.",
        _goals_differ,
    ),
    Check(
        "table_follows_from_matches",
        "standings",
        "ERROR",
        "The provider's table is what the stored matches and the known decisions come to; a "
        "warning where it counts other games.",
        _table_differs,
    ),
)
"""In the order in which a person reads them."""
