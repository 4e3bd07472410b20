"""What follows from other rows: status, mode and current round of a tournament, knockout ties."""

from collections.abc import Sequence
from dataclasses import asdict

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import STAMPS, Write, planned
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.rules import CompetitionRules
from dp_pipeline.football.table import compute_standings
from dp_pipeline.football.ties import Places, ties_of


def with_derived(snapshot: Snapshot, writes: Sequence[Write]) -> tuple[Write, ...]:
    """The writes, and what follows from them for the tournament's own row.

    A payload does not decide that: it may hold matches that are not taken, or lack some.
    """
    after = snapshot.after_writes(writes)
    row = {"id": snapshot.key.tournament_id, **asdict(after.state)}
    return (
        *writes,
        planned(tables.tournament, [row], snapshot.rows(tables.tournament), counted=False),
    )


def ties_after(snapshot: Snapshot, writes: Sequence[Write]) -> tuple[Write, ...]:
    """The knockout ties once matches are written; none where there are none.

    A tie whose matches became others' is superseded, as nothing is deleted.
    """
    after, key = snapshot.after_writes(writes), snapshot.key
    ties = ties_of(after.rounds, after.matches, after.rules.ties, _places(after, after.rules))
    fresh = [rows.tie_row(key, tie) for tie in ties]
    stored = snapshot.rows(tables.knockout_tie)
    still = {row["id"] for row in fresh}
    gone = [
        {name: row[name] for name in row if name not in STAMPS} | {"superseded": True}
        for id_, row in stored.items()
        if id_ not in still and not row["superseded"]
    ]
    written = [*fresh, *gone]
    return (planned(tables.knockout_tie, written, stored, counted=False),) if written else ()


def _places(after: Snapshot, rules: CompetitionRules) -> Places:
    """Where the teams stand, where that decides ties; empty where it does not."""
    if rules.ties is None or rules.ties.better_place == "never":
        return {}
    matchdays = {round_.slug for round_ in after.rounds if round_.type == "season"}
    matches = [match for match in after.matches if match.round_slug in matchdays]
    places: dict[str | None, dict[str, int]] = {}
    for row in compute_standings(matches, rules=rules, names=after.team_names):
        places.setdefault(row.stage, {})[row.team] = row.position
    return places
