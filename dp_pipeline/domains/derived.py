"""What of a tournament follows from its other rows: status, mode, kind of table, current round."""

from collections.abc import Sequence

from dp_pipeline.database import tables
from dp_pipeline.database.store import Write, planned
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.providers.models import Match, Mode, Round
from dp_pipeline.providers.table import (
    current_round,
    tournament_mode,
    tournament_status,
    without_replaced,
)


def derived(snapshot: Snapshot) -> dict[str, str | None]:
    """The columns of `tournament` that follow from what is stored of rounds, matches and tables.

    A payload does not decide them: it may hold matches that are not taken, or lack some.
    """
    rounds, matches = snapshot.rounds, snapshot.matches
    knockout = {round_.slug for round_ in rounds if round_.type == "knockout"}
    places = {(m.stage, m.group_name) for m in matches if m.round_slug not in knockout}
    tables_ = {(row.stage, row.group_name) for row in snapshot.standings}
    several = len(places) > 1 or len(tables_) > 1
    return {
        "mode": _mode(rounds, matches, has_table=bool(tables_)),
        "standings_mode": "multi-group" if several else "unique-group",
        "status": tournament_status(without_replaced(matches), rounds),
        "current_round": current_round(rounds, matches),
    }


def with_derived(snapshot: Snapshot, writes: Sequence[Write]) -> tuple[Write, ...]:
    """The writes, and what follows from them for the tournament's own row."""
    after = snapshot.after_writes(writes)
    stored = snapshot.rows(tables.tournament)
    row = {"id": snapshot.key.tournament_id, **derived(after)}
    return (*writes, planned(tables.tournament, [row], stored, counted=False))


def _mode(rounds: Sequence[Round], matches: Sequence[Match], *, has_table: bool) -> Mode:
    """By the types of rounds; matches of no round, or a table, are a season too."""
    mode = tournament_mode(rounds)
    if mode == "knockout-only" and (has_table or any(m.round_slug is None for m in matches)):
        return "regular-season-and-knockout"
    return mode
