"""The one writer: rows in, and what they changed out.

Every table of football facts is written here, so "created", "updated" and "unchanged" mean the same
everywhere, and an unchanged row is never written. `write` does what was planned against rows read
before; `store` reads, compares and writes at once, for rows that nobody plans.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.given_rows import as_document, as_table

RowId = UUID | tuple[UUID, ...]
"""The primary key: one id, or a tuple of them where the key has several columns."""

# Kept by the database, not given by whoever stores.
STAMPS = frozenset({"created_at", "updated_at"})
# 1,000 ids in one query; a season has 380 matches, the largest recorded competition 500.
_CHUNK = 1_000
_MOST_COLLISIONS = 5
_AS_READ = frozenset({str, int, bool, type(None), UUID})


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was there and now differs: per changed column the old and the new value."""

    id: RowId
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was done to one table, or would be.

    Rows that are not `counted` follow from others that are: people count teams, not memberships.
    """

    table: str
    created: tuple[RowId, ...] = ()
    updated: tuple[Change, ...] = ()
    unchanged: int = 0
    counted: bool = True

    def __add__(self, other: Self) -> "Stored":
        if other.table != self.table:
            message = f"What was stored in {self.table} and in {other.table} does not add up."
            raise ValueError(message)
        return Stored(
            self.table,
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.counted,
        )

    @property
    def total(self) -> int:
        """How many rows were given, repetitions counted once."""
        return len(self.created) + len(self.updated) + self.unchanged

    def counts(self) -> dict[str, int]:
        """`created`, `updated` and `unchanged` as numbers."""
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "unchanged": self.unchanged,
        }


class RowsMovedError(Exception):
    """Rows are not as they were when a write of them was planned: it has to be planned again."""

    retryable = True


@dataclass(slots=True)
class Difference:
    """Given rows against stored ones."""

    new: dict[RowId, dict[str, Any]] = field(default_factory=dict)
    changed: dict[RowId, dict[str, Any]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """What is to become of rows of one table: planned against those that are stored.

    Args:
        table: theirs.
        difference: between the rows as they are to be and as they were read.
        before: the rows as they were read, by id.
        counted: see `Stored`.
    """

    table: sa.Table
    difference: Difference
    before: Mapping[RowId, Mapping[str, Any]]
    counted: bool = True

    @property
    def rows(self) -> dict[RowId, Mapping[str, Any]]:
        """The rows that are new or change, as they are to be, with what is not given of them."""
        changed = {id_: {**self.before[id_], **r} for id_, r in self.difference.changed.items()}
        return {**self.difference.new, **changed}

    @property
    def stored(self) -> Stored:
        """What it comes to."""
        planned = self.difference
        return Stored(
            self.table.name,
            tuple(planned.new),
            tuple(planned.changes),
            planned.unchanged,
            self.counted,
        )


def planned(  # noqa: PLR0913 - two states of rows, and what is to be made of them
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    before: Mapping[RowId, Mapping[str, Any]],
    *,
    keep: frozenset[str] = frozenset(),
    untouched: int = 0,
    counted: bool = True,
) -> Write:
    """What has to be written so that rows are stored as given. Pure.

    Args:
        table: theirs.
        rows: see `store`.
        before: the stored rows by id; of others too.
        keep: see `store`.
        untouched: rows that are not given because they stay as they are, to be counted.
        counted: see `Stored`.
    """
    difference = _compare(dict(sorted(_by_id(table, rows).items())), before, keep)
    difference.unchanged += untouched
    return Write(table, difference, before, counted)


def write(connection: sa.Connection, planned: Write) -> Stored:
    """Do what was planned, if the rows are still as they were.

    Only rows that change are locked, in the order of their ids, so that writers of the same rows
    wait for each other instead of deadlocking.

    Raises:
        RowsMovedError: somebody else changed or inserted some of them since; the transaction, or
            its savepoint, has to be rolled back.
    """
    table, difference = planned.table, planned.difference
    locked = _locked(connection, table, difference.changed) if difference.changed else {}
    for id_, row in difference.changed.items():
        before = planned.before[id_]
        if id_ not in locked or any(locked[id_][name] != before[name] for name in row):
            raise _moved(table)
    _update(connection, table, difference)
    try:
        created = _insert(connection, table, list(difference.new.values()))
    except exc.IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise _moved(table) from error
        raise
    if len(created) < len(difference.new):
        raise _moved(table)
    return planned.stored


def _moved(table: sa.Table) -> RowsMovedError:
    return RowsMovedError(f"Another run has changed rows of {table.name} that were to be written.")


def store(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: frozenset[str] = frozenset(),
) -> Stored:
    """Insert the rows that are not there, update those that differ, leave the others alone.

    Nothing is deleted. Rows found are locked until the transaction ends, in the order of their ids,
    so that writers of the same rows wait for each other instead of deadlocking.

    Args:
        connection: within the caller's transaction.
        table: with a primary key, which every row gives.
        rows: all with the same columns; columns not given are not touched. Equal repetitions are
            merged into one.
        keep: columns where None means "not known now" and does not blank a stored value.

    Raises:
        ValueError: rows with different columns, columns the table lacks, a missing key, or one key
            with differing values.
    """
    given = _by_id(table, rows)
    stored = Stored(table.name)
    pending = dict(sorted(given.items()))
    collisions = 0
    while pending:
        chunk = dict(islice(pending.items(), _CHUNK))
        pending = dict(islice(pending.items(), _CHUNK, None))
        locked = _locked(connection, table, chunk)
        difference = _compare(chunk, locked, keep)
        _update(connection, table, difference)
        try:
            with connection.begin_nested() if difference.new else nullcontext():
                created = _insert(connection, table, list(difference.new.values()))
        except exc.IntegrityError as error:
            # Another transaction may have inserted one of these while we did: of the unique
            # constraints only the key's yields, and the natural key's may be met first.
            collisions += 1
            if collisions > _MOST_COLLISIONS or not isinstance(error.orig, UniqueViolation):
                raise
            created = set()
        # What another transaction inserted between our reading and our writing is there now, is
        # compared like any other row, and counts as its creation, not ours.
        pending |= {id_: row for id_, row in difference.new.items() if id_ not in created}
        stored += Stored(
            table.name,
            tuple(id_ for id_ in difference.new if id_ in created),
            tuple(difference.changes),
            difference.unchanged,
        )
    return stored


def _by_id(table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> dict[RowId, dict[str, Any]]:
    given: dict[RowId, dict[str, Any]] = {}
    columns = rows[0].keys() if rows else set()
    key = [column.name for column in table.primary_key]
    if rows and (wrong := (columns - set(table.c.keys())) | (STAMPS & columns)):
        message = f"{table.name} takes no {', '.join(sorted(wrong))}."
        raise ValueError(message)
    for row in rows:
        if row.keys() != columns:
            message = (
                f"Rows for {table.name} differ in their columns: {sorted(row.keys() ^ columns)}."
            )
            raise ValueError(message)
        values = {name: _as_read(value) for name, value in row.items()}
        if any(values.get(name) is None for name in key):
            message = f"A row for {table.name} lacks its key ({', '.join(key)})."
            raise ValueError(message)
        id_ = _id(values, key)
        if given.setdefault(id_, values) != values:
            names = [name for name in values if values[name] != given[id_][name]]
            message = f"Two rows for {table.name} {id_} differ in {', '.join(names)}."
            raise ValueError(message)
    return given


def _as_read(value: object) -> object:
    """A value in the form in which Postgres returns it: equal values must compare equal."""
    if type(value) in _AS_READ:
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        # In the hour that a change of the clocks repeats, Python takes no time of one zone for
        # equal to any of another (PEP 495).
        return value.astimezone(UTC)
    return value


def _id(row: Mapping[str, Any], key: Sequence[str]) -> RowId:
    return row[key[0]] if len(key) == 1 else tuple(row[name] for name in key)


def _locked(
    connection: sa.Connection, table: sa.Table, chunk: Mapping[RowId, Mapping[str, Any]]
) -> dict[RowId, Mapping[str, Any]]:
    names = [column.name for column in table.primary_key]
    query = _locking(table, tuple(next(iter(chunk.values()))))
    found = connection.execute(query, as_document(chunk.values(), names))
    return {_id(row, names): dict(row) for row in found.mappings()}


# Statements are made once for a table and columns: making one takes as long as running it.


@cache
def _locking(table: sa.Table, columns: tuple[str, ...]) -> sa.Select[*tuple[Any, ...]]:
    key = list(table.primary_key)
    given = as_table(table, tuple(column.name for column in key))
    return (
        sa.select(*(table.c[name] for name in columns))
        .join_from(table, given, _same_key(table, given))
        .order_by(*key)
        # Not FOR UPDATE: that would hold up others who only refer to these rows.
        .with_for_update(of=table, key_share=True)
    )


@cache
def _inserting(table: sa.Table, columns: tuple[str, ...]) -> sa.Executable:
    given, key = as_table(table, columns), list(table.primary_key)
    return (
        insert(table)
        .from_select(list(columns), sa.select(*(given.c[name] for name in columns)))
        .on_conflict_do_nothing(index_elements=key)
        .returning(*key)
    )


@cache
def _updating(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    key = tuple(column.name for column in table.primary_key)
    given = as_table(table, (*key, *names))
    return (
        sa.update(table)
        .values({**{name: given.c[name] for name in names}, "updated_at": sa.func.now()})
        .where(_same_key(table, given))
    )


def _same_key(table: sa.Table, given: sa.TableValuedAlias) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == given.c[column.name] for column in table.primary_key))


def _compare(
    given: Mapping[RowId, dict[str, Any]],
    stored: Mapping[RowId, Mapping[str, Any]],
    keep: frozenset[str],
) -> Difference:
    difference = Difference()
    for id_, row in given.items():
        old = stored.get(id_)
        if old is None:
            difference.new[id_] = row
            continue
        wanted = {name: old[name] if v is None and name in keep else v for name, v in row.items()}
        fields = {name: (old[name], v) for name, v in wanted.items() if old[name] != v}
        if fields:
            difference.changed[id_] = wanted
            difference.changes.append(Change(id_, fields))
        else:
            difference.unchanged += 1
    return difference


def _insert(
    connection: sa.Connection, table: sa.Table, rows: Collection[Mapping[str, Any]]
) -> set[RowId]:
    if not rows:
        return set()
    columns = tuple(next(iter(rows)))
    statement = _inserting(table, columns)
    created = connection.execute(statement, as_document(rows, columns)).mappings()
    names = [column.name for column in table.primary_key]
    return {_id(row, names) for row in created}


def _update(connection: sa.Connection, table: sa.Table, difference: Difference) -> None:
    if not difference.changes:
        return
    # Only columns that change somewhere: naming a key column would lock out those who refer to it.
    names = sorted({name for change in difference.changes for name in change.fields})
    key = [column.name for column in table.primary_key]
    changed = as_document(difference.changed.values(), [*key, *names])
    connection.execute(_updating(table, tuple(names)), changed)
