"""What was: the changes of a tournament in words, and its tables as they stood."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.history import changes_of
from dp_pipeline.domains.computed_tables import rounds_until, tables_after
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.domains.standings import preview
from dp_pipeline.football.key import TournamentKey

_TABLE_AT = """
SELECT stage, group_name, position, team, games, wins, draws, losses, goals_for, goals_against,
    points, form, note
FROM table_history
WHERE tournament_id = :tournament AND valid_from <= :at AND (valid_to > :at OR valid_to IS NULL)
ORDER BY whole_season DESC, stage NULLS FIRST, group_name NULLS FIRST, position, team
"""


def key_of(connection: sa.Connection, match: UUID) -> TournamentKey | None:
    """The tournament of a match; None where there is no such match."""
    wanted = sa.select(tables.tournament.c.key).join_from(tables.match, tables.tournament)
    key = connection.scalar(wanted.where(tables.match.c.id == match))
    return None if key is None else TournamentKey.parse(key)


def changes(
    connection: sa.Connection,
    key: TournamentKey,
    *,
    match: UUID | None = None,
    tables_too: bool = False,
    limit: int,
) -> list[dict[str, Any]]:
    """What changed, newest first: at, table, row, field, from, to, execution.

    Args:
        connection: reads.
        key: the tournament.
        match: only this one.
        tables_too: table rows as well, of which all may change with each result.
        limit: at most so many.
    """
    but = () if tables_too else (tables.tournament_standing.name,)
    rows = changes_of(connection, key.tournament_id, entity_id=match, but=but, limit=limit)
    return read_snapshot(connection, key, TABLES).history(rows)


def table_at(
    connection: sa.Connection, key: TournamentKey, at: datetime
) -> Sequence[Mapping[str, Any]]:
    """The tables as they stood here at a time, in the columns of a preview."""
    values = {"tournament": key.tournament_id, "at": at}
    return [
        {
            "stage": row["stage"] or "",
            "group": row["group_name"] or "",
            "pos": row["position"],
            "team": row["team"],
            "games": row["games"],
            "w": row["wins"],
            "d": row["draws"],
            "l": row["losses"],
            "goals": f"{row['goals_for']}:{row['goals_against']}",
            "points": row["points"],
            "form": "".join(row["form"]),
            "note": row["note"] or "",
        }
        for row in connection.execute(sa.text(_TABLE_AT), values).mappings()
    ]


def table_after(
    connection: sa.Connection, key: TournamentKey, matchday: int
) -> Sequence[Mapping[str, Any]]:
    """The tables after some rounds, as the results that are stored now and the rules have them."""
    snapshot = read_snapshot(connection, key, TABLES)
    rows = tables_after(snapshot, rounds_until(snapshot, matchday)).rows
    return preview(rows, snapshot.team_names)
