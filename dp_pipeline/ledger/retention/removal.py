"""Removing what is too old from the database and the object store, in batches; or counting it.

Rows that refer go before rows they refer to, and objects before the rows that know of them:
whatever stops this half-way, the next time finds the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline.ledger.retention.needed import (
    needed_executions,
    not_among,
    old_answers,
    replayed_executions,
)
from dp_pipeline.ledger.retention.policy import Oldest
from dp_pipeline.pages.words import amount
from dp_pipeline.storage import ANSWER_SECONDS, ObjectStore, ObjectStoreError, within

Part = Literal["reports", "answers", "bodies", "changes", "executions", "runs"]

WORDS: Mapping[Part, str] = {
    "reports": "reports of executions",
    "answers": "answers of providers",
    "bodies": "bodies that no answer has any more",
    "changes": "changes in the history",
    "executions": "executions in the ledger",
    "runs": "runs of Dagster with their events and logs",
}
ROWS_AT_ONCE = 5_000
OBJECTS_AT_ONCE = 500
MOST_AT_ONCE = 100_000
_THREADS = 8

_executions, _response = tables.data_provider_executions, tables.response
_payload, _change = tables.payload, tables.change


@dataclass(frozen=True, slots=True)
class Removal:
    """What of one part is too old, or was removed.

    Args:
        part: of what.
        count: how many.
        bytes: their size where they are stored, as far as it is known.
        problem: why not all could be removed, a sentence.
    """

    part: Part
    count: int
    bytes: int | None = None
    problem: str | None = None

    @property
    def sentence(self) -> str:
        """How much of what it is, and what is wrong."""
        size = "" if self.bytes is None else f", {amount(self.bytes)}"
        said = f"{self.count:,} {WORDS[self.part]}{size}."
        return said if self.problem is None else f"{said} Not all could be removed: {self.problem}"


def too_old(connection: sa.Connection, oldest: Oldest) -> Iterator[Removal]:
    """What `remove` would remove, in its order."""
    reports = sa.select(sa.func.count()).select_from(_executions).where(_old_report(oldest))
    yield Removal("reports", connection.scalar(reports) or 0)
    rows: tuple[tuple[Part, sa.Table, sa.Select[Any]], ...] = (
        ("answers", _response, old_answers(oldest.archive)),
        ("bodies", _payload, _old_bodies(oldest, planned=True)),
        ("changes", _change, _old_changes(oldest)),
        ("executions", _executions, _old_executions(oldest, planned=True)),
    )
    for part, table, ids in rows:
        (key,) = table.primary_key
        size = sa.func.coalesce(sa.func.sum(_size(table)), 0)
        count, bytes_ = connection.execute(
            sa.select(sa.func.count(), size).where(key.in_(ids))
        ).one()
        yield Removal(part, count, int(bytes_))


def remove(database: Database, objects: ObjectStore, oldest: Oldest) -> Iterator[Removal]:
    """Remove what is too old; says after each batch what of its part is removed so far.

    A part that fails stops no other one: what could not be removed goes next time.
    """
    parts: Mapping[Part, Iterator[tuple[int, int | None]]] = {
        "reports": _remove_reports(database, objects, oldest),
        "answers": _remove_rows(database, _response, old_answers(oldest.archive)),
        "bodies": _remove_bodies(database, objects, oldest),
        "changes": _remove_rows(database, _change, _old_changes(oldest)),
        "executions": _remove_rows(database, _executions, _old_executions(oldest)),
    }
    for part, batches in parts.items():
        yield from so_far(part, batches, (ObjectStoreError, DatabaseError))


def so_far(
    part: Part,
    batches: Iterator[tuple[int, int | None]],
    expected: tuple[type[Exception], ...],
) -> Iterator[Removal]:
    """What of a part is removed after each batch, which is so many of such a size.

    The last word has the reason where an expected error ended it.
    """
    removal = Removal(part, 0)
    yield removal
    try:
        for count, size in batches:
            bytes_ = removal.bytes if size is None else (removal.bytes or 0) + size
            removal = replace(removal, count=removal.count + count, bytes=bytes_)
            yield removal
    except expected as error:
        yield replace(removal, problem=str(error))


def _before(column: sa.Column[Any], since: datetime | None) -> sa.ColumnElement[bool]:
    return sa.false() if since is None else column < since


def _size(table: sa.Table) -> sa.ColumnElement[int]:
    whole_row = sa.literal_column(table.name)
    return _payload.c.stored_bytes if table is _payload else sa.func.pg_column_size(whole_row)


def _unneeded() -> sa.ColumnElement[bool]:
    needed = sa.union(needed_executions(), replayed_executions())
    return not_among(_executions.c.id, needed)


def _old_report(oldest: Oldest) -> sa.ColumnElement[bool]:
    e = _executions.c
    return e.report_file_key.is_not(None) & _before(e.completed_at, oldest.reports) & _unneeded()


def _old_changes(oldest: Oldest) -> sa.Select[Any]:
    old = _before(_change.c.changed_at, oldest.changes)
    return sa.select(_change.c.id).where(old).correlate(None)


def _old_bodies(oldest: Oldest, *, planned: bool = False) -> sa.Select[Any]:
    """Those that no answer has; if planned, none that stays."""
    old = _before(_payload.c.created_at, oldest.archive)
    used = sa.select(_response.c.hash).where(_stays(oldest, planned=planned))
    ids = sa.select(_payload.c.hash).where(old, not_among(_payload.c.hash, used))
    return ids.correlate(None)


def _old_executions(oldest: Oldest, *, planned: bool = False) -> sa.Select[Any]:
    """Those to which nothing belongs any more; if planned, nothing that stays."""
    e = _executions.c
    no_report = e.report_file_key.is_(None)
    changes = sa.select(_change.c.execution_id)
    if planned:
        no_report |= _before(e.completed_at, oldest.reports)
        changes = changes.where(~_before(_change.c.changed_at, oldest.changes))
    answers = sa.select(_response.c.execution_id).where(_stays(oldest, planned=planned))
    ids = sa.select(e.id).where(
        _before(e.completed_at, oldest.executions),
        no_report,
        _unneeded(),
        not_among(e.id, answers),
        not_among(e.id, changes),
    )
    return ids.correlate(None)


def _stays(oldest: Oldest, *, planned: bool) -> sa.ColumnElement[bool]:
    """Of an answer that is there: that it would still be, were the old ones removed as planned."""
    return not_among(_response.c.id, old_answers(oldest.archive)) if planned else sa.true()


def _remove_rows(
    database: Database, table: sa.Table, ids: sa.Select[Any]
) -> Iterator[tuple[int, int | None]]:
    (key,) = table.primary_key
    for batch in _batches(database, ids, ROWS_AT_ONCE):
        rows = sa.delete(table).where(key.in_([row[0] for row in batch])).returning(_size(table))
        sizes = database.run_here(lambda c, rows=rows: c.scalars(rows).all())
        yield len(sizes), sum(sizes)


def _remove_reports(
    database: Database, objects: ObjectStore, oldest: Oldest
) -> Iterator[tuple[int, int | None]]:
    e = _executions.c
    summary = sa.func.coalesce(e.summary, sa.text("'{}'::jsonb")).op("||", return_type=JSONB)
    removed = sa.cast({"reportUploadStatus": "removed"}, JSONB)
    gone = {"report_file_key": None, "report_file_url": None, "summary": summary(removed)}
    reports = sa.select(e.id, e.report_file_key).where(_old_report(oldest))
    for batch in _batches(database, reports, OBJECTS_AT_ONCE):
        # First the objects: without its row nobody would know of one.
        keys = [row.report_file_key for row in batch]
        _delete(objects, [*keys, *map(page_key, keys)])
        rows = sa.update(_executions).where(e.id.in_([row.id for row in batch])).values(gone)
        database.run_here(lambda c, rows=rows: c.execute(rows))
        yield len(batch), None


def _remove_bodies(
    database: Database, objects: ObjectStore, oldest: Oldest
) -> Iterator[tuple[int, int | None]]:
    bodies = _old_bodies(oldest).add_columns(_payload.c.object_key, _payload.c.stored_bytes)
    for batch in _batches(database, bodies, OBJECTS_AT_ONCE):
        # Looked for long before, for many batches: a body may have come again meanwhile.
        still = bodies.where(_payload.c.hash.in_([row.hash for row in batch]))
        unused = database.run_here(lambda c, still=still: c.execute(still).all())
        _delete(objects, [row.object_key for row in unused])
        rows = sa.delete(_payload).where(_payload.c.hash.in_([row.hash for row in unused]))
        database.run_here(lambda c, rows=rows: c.execute(rows))
        yield len(unused), sum(row.stored_bytes for row in unused)


def _batches(
    database: Database, wanted: sa.Select[*tuple[Any, ...]], size: int
) -> Iterator[Sequence[sa.Row[Any]]]:
    """What a query finds, looked for once for many batches: that takes longer than removing one."""
    looked_for = wanted.limit(MOST_AT_ONCE)
    while True:
        found = database.run_here(lambda c: c.execute(looked_for).all())
        for start in range(0, len(found), size):
            yield found[start : start + size]
        if len(found) < MOST_AT_ONCE:
            return


def _delete(objects: ObjectStore, keys: Sequence[str]) -> None:
    def one(key: str) -> None:
        within(ANSWER_SECONDS, partial(objects.delete, key))

    with ThreadPoolExecutor(_THREADS) as pool:
        # A store that is away fails the first ones; the others are not tried.
        try:
            list(pool.map(one, keys))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
