"""What follows from other rows: status, mode and current round of a tournament, knockout ties."""

from collections.abc import Sequence
from dataclasses import asdict

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import STAMPS, Write, planned
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.rules import rules_of
from dp_pipeline.football.ties import ties_of


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
    season = after.tournament["season"] if after.tournament else key.season
    rule = rules_of(key.provider, key.competition, season).ties
    fresh = [rows.tie_row(key, tie) for tie in ties_of(after.rounds, after.matches, rule)]
    stored = snapshot.rows(tables.knockout_tie)
    known = {row["id"] for row in fresh}
    gone = [
        {name: row[name] for name in row if name not in STAMPS} | {"superseded": True}
        for id_, row in stored.items()
        if id_ not in known and not row["superseded"]
    ]
    ties = [*fresh, *gone]
    return (planned(tables.knockout_tie, ties, stored, counted=False),) if ties else ()
