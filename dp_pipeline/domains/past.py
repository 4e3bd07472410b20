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

_COLUMNS = """stage, group_name, position, team, games, wins, draws, losses, goals_for,
    goals_against, points, form, note"""
_PLACES = "whole_season DESC, stage NULLS FIRST, group_name NULLS FIRST, position, team"
_TABLE_AT = f"""
SELECT {_COLUMNS} FROM table_history
WHERE tournament_id = :tournament AND valid_from <= :at AND (valid_to > :at OR valid_to IS NULL)
ORDER BY {_PLACES}
"""  # noqa: S608 - names of columns
_FIRST_TABLE = "SELECT min(valid_from) FROM table_history WHERE tournament_id = :tournament"
_TABLE_NOW = f"""
SELECT {_COLUMNS}, zone, rule FROM league_table WHERE tournament_key = :key ORDER BY {_PLACES}
"""  # noqa: S608 - names of columns


def key_of(connection: sa.Connection, match: UUID) -> TournamentKey | None:
    """The tournament of a match; None where there is no such match."""
    wanted = sa.select(tables.tournament.c.key).join_from(tables.match, tables.tournament)
    key = connection.scalar(wanted.where(tables.match.c.id == match))
    return None if key is None else TournamentKey.parse(key)


def changes(  # noqa: PLR0913 - what is not wanted does not matter
    connection: sa.Connection,
    key: TournamentKey | None,
    *,
    match: UUID | None = None,
    since: datetime | None = None,
    tables_too: bool = False,
    limit: int,
) -> list[dict[str, Any]]:
    """What changed, newest first: in which, at, table, row, field, from, to, execution.

    Of several tournaments that one is first in which something changed last.

    Args:
        connection: reads.
        key: the tournament; None for all.
        match: only this one.
        since: only what changed then or later.
        tables_too: table rows as well, of which all may change with each result.
        limit: at most so many.
    """
    but = () if tables_too else (tables.tournament_standing.name,)
    id_ = None if key is None else key.tournament_id
    rows = changes_of(connection, id_, entity_id=match, since=since, but=but, limit=limit)
    of_tournament: dict[UUID, list[sa.RowMapping]] = {}
    for row in rows:
        of_tournament.setdefault(row["tournament_id"], []).append(row)
    t = tables.tournament.c
    stored = connection.execute(sa.select(t.id, t.key, t.label).where(t.id.in_(of_tournament)))
    of_id = {row.id: row for row in stored}
    found = []
    for id_, mine in of_tournament.items():
        if id_ in of_id:  # else it is being removed
            key = TournamentKey.parse(of_id[id_].key)
            named = {"tournament_key": str(key), "tournament_label": of_id[id_].label}
            changed = read_snapshot(connection, key, TABLES).history(mine)
            found += [{**named, **change} for change in changed]
    return found


def table_at(
    connection: sa.Connection, key: TournamentKey, at: datetime
) -> Sequence[Mapping[str, Any]]:
    """The tables as they stood here at a time, in the columns of a preview."""
    values = {"tournament": key.tournament_id, "at": at}
    rows = connection.execute(sa.text(_TABLE_AT), values).mappings()
    return [_as_preview(row) for row in rows]


def first_table_at(connection: sa.Connection, key: TournamentKey) -> datetime | None:
    """Since when tables of a tournament are stored here; None where there are none."""
    return connection.scalar(sa.text(_FIRST_TABLE), {"tournament": key.tournament_id})


def table_now(connection: sa.Connection, key: TournamentKey) -> Sequence[Mapping[str, Any]]:
    """The tables as they stand, in the columns of a preview, with what places mean and the rule."""
    rows = connection.execute(sa.text(_TABLE_NOW), {"key": str(key)}).mappings()
    return [
        _as_preview(row) | {"zone": row["zone"] or "", "rule": row["rule"] or ""} for row in rows
    ]


def number_of_rounds(connection: sa.Connection, key: TournamentKey) -> int:
    """How many rounds are stored."""
    order = tables.tournament_round.c.order
    of_key = tables.tournament_round.c.tournament_id == key.tournament_id
    return connection.scalar(sa.select(sa.func.max(order)).where(of_key)) or 0


def table_after(
    connection: sa.Connection, key: TournamentKey, matchday: int
) -> Sequence[Mapping[str, Any]]:
    """The tables after some rounds, as the results that are stored now and the rules have them."""
    snapshot = read_snapshot(connection, key, TABLES)
    rows = tables_after(snapshot, rounds_until(snapshot, matchday)).rows
    return preview(rows, snapshot.team_names)


def _as_preview(row: sa.RowMapping) -> dict[str, Any]:
    return {
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
