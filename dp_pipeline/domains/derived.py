"""What of a tournament's own row follows from other rows: status, mode, current round."""

from collections.abc import Sequence
from dataclasses import asdict

from dp_pipeline.database import tables
from dp_pipeline.database.store import Write, planned
from dp_pipeline.domains.snapshot import Snapshot


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
