"""How large the archive is, and what of it is removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.storage import ANSWER_SECONDS, ObjectStore, within

_payload, _response = tables.payload, tables.response
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ArchiveSize:
    """So many answers and bodies, and the size of the bodies before and after compression."""

    responses: int
    payloads: int
    bytes: int
    stored_bytes: int


def archive_size(connection: sa.Connection) -> ArchiveSize:
    """All of the archive."""
    responses = sa.select(sa.func.count()).select_from(_response).scalar_subquery()
    row = connection.execute(sa.select(responses, *_sums())).one()
    return ArchiveSize(*map(int, row))


def removable(connection: sa.Connection, before: datetime) -> ArchiveSize:
    """What `remove` would remove."""
    with connection.begin_nested() as savepoint:
        responses = _remove_responses(connection, before)
        row = connection.execute(sa.select(*_sums()).where(_unused(before))).one()
        savepoint.rollback()
    return ArchiveSize(responses, *map(int, row))


def remove(database: Database, objects: ObjectStore, before: datetime) -> ArchiveSize:
    """Remove answers from before a time, and bodies that no answer has any more.

    The last answer of each URL stays, however old it is: by it the next one is known to be the
    same, and a replay of the present needs it.

    Raises:
        ObjectStoreError: the store did not delete; what is left goes next time.
        DatabaseError: the database.
    """
    responses = database.run_here(partial(_remove_responses, before=before))
    removed = ArchiveSize(responses, 0, 0, 0)
    while unused := database.run_here(partial(_some_unused, before=before)):
        for payload in unused:
            # First the object: without its row nobody would know of it.
            within(ANSWER_SECONDS, partial(objects.delete, payload.object_key))
        hashes = [payload.hash for payload in unused]
        database.run_here(
            lambda c, gone=hashes: c.execute(sa.delete(_payload).where(_payload.c.hash.in_(gone)))
        )
        removed = ArchiveSize(
            responses,
            removed.payloads + len(unused),
            removed.bytes + sum(payload.bytes for payload in unused),
            removed.stored_bytes + sum(payload.stored_bytes for payload in unused),
        )
    return removed


def _sums() -> Sequence[sa.ColumnElement[int]]:
    sums = (
        sa.func.coalesce(sa.func.sum(c), 0) for c in (_payload.c.bytes, _payload.c.stored_bytes)
    )
    return (sa.func.count(_payload.c.hash), *sums)


def _remove_responses(connection: sa.Connection, before: datetime) -> int:
    newest = sa.select(sa.func.max(_response.c.id)).group_by(_response.c.url)
    last_body = newest.where(_response.c.hash.is_not(None))
    old = sa.delete(_response).where(
        _response.c.answered_at < before,
        _response.c.id.not_in(newest),
        _response.c.id.not_in(last_body),
    )
    return connection.execute(old).rowcount


def _unused(before: datetime) -> sa.ColumnElement[bool]:
    used = sa.exists().where(_response.c.hash == _payload.c.hash)
    return ~used & (_payload.c.created_at < before)


def _some_unused(connection: sa.Connection, before: datetime) -> Sequence[sa.Row]:
    return connection.execute(sa.select(_payload).where(_unused(before)).limit(_AT_ONCE)).all()
