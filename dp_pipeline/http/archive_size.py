"""How large the archive is."""

from dataclasses import dataclass

import sqlalchemy as sa

from dp_pipeline.database import tables

_payload, _response = tables.payload.c, tables.response


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
    sums = (sa.func.coalesce(sa.func.sum(c), 0) for c in (_payload.bytes, _payload.stored_bytes))
    row = connection.execute(sa.select(responses, sa.func.count(_payload.hash), *sums)).one()
    return ArchiveSize(*map(int, row))
