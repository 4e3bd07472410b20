"""Requests answered by the archive: what a service said at a time, without a network."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.http.address import Target
from dp_pipeline.http.archive import digest, unpacked
from dp_pipeline.http.classify import ResponseFormat
from dp_pipeline.http.errors import NotArchivedError
from dp_pipeline.http.response import Response
from dp_pipeline.storage import ObjectStoreError, Storing

_response = tables.response
_OK, _NOT_MODIFIED = 200, 304
# Others than these say nothing of what a service has.
_LASTING = (*range(200, 300), _NOT_MODIFIED, 404, 410)


class ReplayTransport:
    """The answers of some executions, and for other URLs the last ones before them.

    Args:
        database: has the table `response`.
        objects: has the bodies.
        executions: whose answers go first, whatever they are.
        newest: response.id of the newest answer that is given.
    """

    def __init__(
        self, database: Database, objects: Storing, executions: Collection[UUID], newest: int
    ) -> None:
        self._database = database
        self._objects = objects
        self._executions = list(executions)
        self._newest = newest

    async def close(self) -> None:
        """Nothing is open."""

    async def get(self, target: Target, format_: ResponseFormat) -> Response:  # noqa: ARG002
        """What the service answered.

        Raises:
            NotArchivedError: there is no such answer, or its body is gone.
            DatabaseError: the database.
        """
        row = (
            None
            if target.hides_values
            else await self._database.run(partial(self._last, url=target.shown))
        )
        if row is None:
            sentence = f"The archive has no answer of {target.name} to {target.path} of that time."
            raise target.error(NotArchivedError, sentence)
        status = _OK if row.status == _NOT_MODIFIED else row.status
        succeeded = status in range(200, 300)
        body = await self._body(target, row) if succeeded else b""
        return Response(status, body, row.content_type or "")

    async def _body(self, target: Target, row: Any) -> bytes:
        when = f"{row.answered_at:%Y-%m-%d %H:%M} UTC"
        gone = f"The archive has no body of the answer of {target.name} to {target.path} of {when}."
        if row.hash is None:
            raise target.error(NotArchivedError, gone)
        try:
            packed = await self._objects.get(row.object_key) if row.object_key else None
        except ObjectStoreError as error:
            raise target.error(NotArchivedError, f"{gone} {error}") from error
        body = None if packed is None else unpacked(packed)
        if body is None or digest(body) != row.hash:
            raise target.error(NotArchivedError, gone)
        return body

    def _last(self, connection: sa.Connection, url: str) -> Any:
        r, p = _response.c, tables.payload.c
        ours = r.execution_id.in_(self._executions)
        wanted = (
            sa.select(r.status, r.content_type, r.hash, r.answered_at, p.object_key)
            .select_from(_response.outerjoin(tables.payload, p.hash == r.hash))
            .where(r.url == url, r.id <= self._newest, ours | r.status.in_(_LASTING))
            .order_by(ours.desc(), r.id.desc())
            .limit(1)
        )
        return connection.execute(wanted).first()
