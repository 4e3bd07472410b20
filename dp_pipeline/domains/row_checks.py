"""What can be wrong with stored rows: a function for each check that looks at one table."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from dp_pipeline.database import tables
from dp_pipeline.domains.checked_data import CheckedData, Wrong
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.judge import FRESH
from dp_pipeline.domains.judge_table import with_sums_of_matches
from dp_pipeline.domains.reread import span_of_season
from dp_pipeline.football.gaps import gaps_of
from dp_pipeline.football.models import COUNTED, FINAL_STATUSES, Match, Standing

OVERDUE = timedelta(days=2)
"""Providers enter a result within the day; a match this long past its time waits for a person."""
LONG_OVERDUE = timedelta(days=14)
OPEN = frozenset({"scheduled", "live", "unknown"})
"""Of a match: that it is still to be played, or going on, or nobody knows."""


# -- standings -------------------------------------------------------------------------------------


def differences_of_table(data: CheckedData) -> Iterator[Wrong]:
    """Rows of the provider that do not follow from the stored matches and known decisions."""
    snapshot = data.snapshot
    by_matches = by_stored_matches(snapshot).rows
    for row, other in with_sums_of_matches(snapshot.standings, by_matches):
        name = snapshot.team_names.get(row.team, row.team)
        if row.games != other.games:
            if not _read_apart(data, row.team, row.games - other.games):
                said = f"{name}: {row.games} games, by the matches {other.games}."
                yield Wrong(said, "WARN")
        elif row.points != other.points:
            by = row.points - other.points
            yield Wrong(f"{name} {by:+d}: {row.points} points, by the matches {other.points}.")
        elif _goals(row) != _goals(other):
            goals, others = (":".join(map(str, _goals(each))) for each in (row, other))
            yield Wrong(f"{name}: {goals} goals, by the matches {others}.")


def _read_apart(data: CheckedData, team: str, ahead: int) -> bool:
    """Whether matches of these days are the games by which a table is ahead, or behind if negative.

    Table and matches are answers to two requests, seconds apart, and providers enter the one after
    the other. The simulated world, where four days pass in a minute, warned of 23 games for 22.
    """
    statuses = OPEN if ahead > 0 else COUNTED
    fresh = (
        match
        for match in data.snapshot.matches
        if match.status in statuses and team in (match.home, match.away) and _is_near(match, data)
    )
    return sum(1 for _ in fresh) >= abs(ahead)


def _is_near(match: Match, data: CheckedData) -> bool:
    if match.kickoff_at is not None:
        return abs(data.now - match.kickoff_at) < FRESH
    return match.kickoff_date is not None and abs(data.now.date() - match.kickoff_date) < FRESH


def _goals(row: Standing) -> tuple[int, int]:
    return row.goals_for, row.goals_against


# -- matches ---------------------------------------------------------------------------------------


def incomplete(data: CheckedData) -> Iterator[Wrong]:
    """What the season lacks, or has too much of, by its format."""
    snapshot = data.snapshot
    names = snapshot.team_names
    for gap in gaps_of(snapshot.matches, snapshot.rounds, names, snapshot.rules):
        yield Wrong(f"{gap.table}: {gap.detail}")


def overdue(data: CheckedData) -> Iterator[Wrong]:
    """Matches that are still to be played, or going on, days past their day."""
    snapshot = data.snapshot
    for match in snapshot.matches:
        day = match.kickoff_at.date() if match.kickoff_at else match.kickoff_date
        if match.status not in OPEN or day is None or data.now.date() - day < OVERDUE:
            continue
        long = data.now.date() - day >= LONG_OVERDUE
        sentence = f"{data.named(match)} of {day} is still {match.status}."
        yield Wrong(sentence, "ERROR" if long else "WARN")


def outside_season(data: CheckedData) -> Iterator[Wrong]:
    """Matches on days outside the season."""
    snapshot = data.snapshot
    span = span_of_season(snapshot)
    for match in snapshot.matches:
        if span and match.kickoff_date is not None and match.kickoff_date not in span:
            yield Wrong(f"{data.named(match)} is on {match.kickoff_date}.")


def twice_a_day(data: CheckedData) -> Iterator[Wrong]:
    """Teams with two matches on one day."""
    snapshot = data.snapshot
    playing = [
        match
        for match in snapshot.matches
        if match.kickoff_date is not None and match.status in COUNTED | OPEN
    ]
    times = Counter((s, m.kickoff_date) for m in playing for s in (m.home, m.away))
    for (team, day), count in sorted(times.items(), key=str):
        if count > 1:
            name = snapshot.team_names.get(team, team)
            yield Wrong(f"{name} plays {count} times on {day}.")


def impossible(data: CheckedData) -> Iterator[Wrong]:
    """Matches whose results cannot be."""
    snapshot = data.snapshot
    for match in snapshot.matches:
        if fault := _fault_of(match):
            yield Wrong(f"{data.named(match)} {fault}.")


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


def not_listed(data: CheckedData) -> Iterator[Wrong]:
    """Matches that count and that the provider has stopped listing."""
    snapshot = data.snapshot
    by_row = snapshot.match_by_row
    for id_, row in snapshot.rows(tables.match).items():
        if row["missing_since"] is not None and id_ not in snapshot.superseded:
            name = data.named(by_row[id_])
            since = f"{row['missing_since']:%Y-%m-%d}"
            yield Wrong(f"{name} is not listed by the provider since {since}, and counts.")


# -- the others ------------------------------------------------------------------------------------


def goals_that_differ(data: CheckedData) -> Iterator[Wrong]:
    """Matches whose listed goals are not their result; one without any list is none."""
    snapshot = data.snapshot
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
            named = f"{data.named(match)} ended {result}"
            yield Wrong(f"{named}, and its goals come to {goals[0]}:{goals[1]}.")


def empty_rounds(data: CheckedData) -> Iterator[Wrong]:
    """Rounds without a match, but for those that are still to be drawn."""
    snapshot = data.snapshot
    used = {match.round_slug for match in snapshot.matches}
    begun = {match.round_slug for match in snapshot.matches if match.status in COUNTED}
    # a round that is still to come may not be drawn yet
    last = max((round_.order for round_ in snapshot.rounds if round_.slug in begun), default=0)
    for round_ in snapshot.rounds:
        if round_.slug not in used and (round_.order < last or round_.type == "season"):
            yield Wrong(f"{round_.label} has no match.")


def idle_teams(data: CheckedData) -> Iterator[Wrong]:
    """Teams of the tournament that play no match, while others play."""
    snapshot = data.snapshot
    playing = {side for match in snapshot.matches for side in (match.home, match.away)}
    for team in snapshot.teams:
        if playing and team.external_id not in playing:
            yield Wrong(f"{team.name} plays no match.")
