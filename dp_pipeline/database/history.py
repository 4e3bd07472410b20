"""The history of football facts: written beside what changed, read by row and by tournament."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.given_rows import as_document, as_table
from dp_pipeline.database.store import Change, Stored

UNTRACKED_TABLES = frozenset({"knockout_tie", "image", "team_alias"})
"""Those follow from tracked rows, or are no facts of football."""
INNER_FIELDS = {"team": frozenset({"described_in"})}
"""By table: bookkeeping of which nobody reads, in no count and no list of changes."""
UNTRACKED_FIELDS = {
    **INNER_FIELDS,
    "tournament": frozenset({"status", "mode", "standings_mode", "current_round"}),
}
"""By table: they are bookkeeping, or follow from other rows."""


_NAMES = ("tournament_id", "execution_id", "entity", "entity_id", "field", "old", "new")
_GIVEN = as_table(tables.change, _NAMES)
_ADD = sa.insert(tables.change).from_select(
    list(_NAMES), sa.select(*(_GIVEN.c[name] for name in _NAMES))
)


def add_changes(
    connection: sa.Connection,
    stored: Iterable[Stored],
    *,
    tournament_id: UUID | None = None,
    execution_id: UUID | None = None,
) -> None:
    """Add what was done to rows, in the transaction that did it; new rows have no history.

    Args:
        connection: in that transaction.
        stored: what was done, table by table.
        tournament_id: the tournament that was read.
        execution_id: of whoever did it; None where a person's command did.
    """
    by = {"tournament_id": tournament_id, "execution_id": execution_id}
    changes = [
        {
            **by,
            "entity": one.table,
            "entity_id": _entity_id(change),
            "field": field,
            "old": old,
            "new": new,
        }
        for one in stored
        if one.table not in UNTRACKED_TABLES
        for change in one.updated
        for field, (old, new) in change.fields.items()
        if field not in UNTRACKED_FIELDS.get(one.table, ())
    ]
    if changes:
        connection.execute(_ADD, as_document(changes, _NAMES))


def add_moves(connection: sa.Connection, column: sa.Column[UUID], old: UUID, new: UUID) -> None:
    """Add that a column of all rows that refer to one row is to refer to another, by a person."""
    table, change = column.table, tables.change
    moved = sa.select(
        table.c.tournament_id,
        sa.literal(table.name),
        table.c.id,
        sa.literal(column.name),
        *(sa.func.to_jsonb(sa.cast(sa.literal(id_), sa.Uuid)) for id_ in (old, new)),
    ).where(column == old)
    names = ["tournament_id", "entity", "entity_id", "field", "old", "new"]
    connection.execute(sa.insert(change).from_select(names, moved))


def change_id(connection: sa.Connection, old: UUID, new: UUID) -> None:
    """Let the history of a row that gets another id be that of the new one."""
    change = tables.change
    connection.execute(sa.update(change).where(change.c.entity_id == old).values(entity_id=new))


def changes_of(  # noqa: PLR0913 - what is not wanted does not matter
    connection: sa.Connection,
    tournament_id: UUID | None,
    *,
    entity_id: UUID | None = None,
    since: datetime | None = None,
    but: Sequence[str] = (),
    limit: int,
) -> Sequence[sa.RowMapping]:
    """The changes of a tournament or of all, newest first.

    Args:
        connection: reads.
        tournament_id: by which they were made; None for any.
        entity_id: of one row only.
        since: made then or later; None for all.
        but: names of tables of which none is wanted.
        limit: at most so many.
    """
    change = tables.change.c
    wanted = (
        sa.select(tables.change)
        .where(change.tournament_id.is_not(None), change.entity.not_in(but))
        .order_by(change.id.desc())
        .limit(limit)
    )
    if tournament_id is not None:
        wanted = wanted.where(change.tournament_id == tournament_id)
    if since is not None:
        wanted = wanted.where(change.changed_at >= since)
    if entity_id is not None:
        wanted = wanted.where(change.entity_id == entity_id)
    return connection.execute(wanted).mappings().all()


def _entity_id(change: Change) -> UUID:
    return change.id if isinstance(change.id, UUID) else change.id[-1]
