"""The archive: every answer of a provider, and each body once, to be read again.

No run depends on it. Whatever the store or the database does costs an entry of the archive, and is
said in a sentence.
"""

import gzip
import hashlib
import logging
import zlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import anyio
import anyio.to_thread
import sqlalchemy as sa
from anyio.abc import TaskGroup
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.http.limits import MIB
from dp_pipeline.http.request_log import Received, Request
from dp_pipeline.http.response import Validators
from dp_pipeline.storage import ANSWER_SECONDS, ObjectStoreError, Storing

DATABASE_SECONDS = 5.0
"""How long the database is tried for an entry."""
MOST_BYTES = 64 * MIB
AT_ONCE = 8
"""Bodies on their way into the store: threads in which it may hang, of forty."""
_LEVEL = 6

Entry = tuple[str, Received]
"""A URL and what came."""
_log = logging.getLogger(__name__)

_payload, _response = tables.payload, tables.response


@dataclass(frozen=True, slots=True)
class ArchivedBody:
    """The body with which a URL was answered last, by its hash."""

    hash: str
    content_type: str
    validators: Validators
    last_change: str | None = None


class Archive:
    """The archive as the requests and executions of one run use it; an async context manager.

    Args:
        database: has the tables `payload` and `response`.
        objects: has the bodies.
    """

    def __init__(self, database: Database, objects: Storing) -> None:
        self._database = database
        self._objects = objects
        self._gives = True
        """Whether bodies can be read: after a first failure none is relied on."""
        self._there: set[str] = set()
        """Hashes of bodies that were there when this run last had to do with them."""
        self._limiter: anyio.CapacityLimiter | None = None
        self._group: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        group, self._group = self._group, None
        assert group is not None  # noqa: S101 - for the type checker
        return await group.__aexit__(kind, error, trace)

    def soon(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do something beside the run, which waits for it at its end only."""
        assert self._group is not None  # noqa: S101 - entered before anything is requested
        self._group.start_soon(work)

    async def known(self, url: str) -> ArchivedBody | None:
        """The body with which a URL was answered last, if it is still there."""
        if not self._gives:
            return None
        try:
            row = await self._database.run(
                partial(_last, url=url), seconds=DATABASE_SECONDS, single=True
            )
        except DatabaseError:
            self._gives = False
            return None
        if row is None:
            return None
        self._there.add(row.hash)
        validators = Validators.of(row.etag, row.last_modified)
        return ArchivedBody(row.hash, row.content_type or "", validators, row.last_change)

    async def body(self, hash_: str) -> bytes | None:
        """A body; None if it cannot be had. One that is not there any more is forgotten."""
        try:
            packed = await self._objects.get(object_key(hash_))
            body = None if packed is None else unpacked(packed)
            if body is not None and digest(body) == hash_:
                return body
            self._there.discard(hash_)
            await self._database.run(partial(_forget, hash_=hash_), seconds=DATABASE_SECONDS)
        except (ObjectStoreError, DatabaseError):
            self._gives = False
        return None

    async def keep(self, execution_id: UUID, entries: Sequence[Entry]) -> str | None:
        """Keep what came of the requests of an execution.

        Returns:
            Why something was not kept, in a sentence; None where all was.
        """
        try:
            return await self._keep(execution_id, entries)
        except DatabaseError as error:
            return f"What came was not archived: {error}"
        # No run depends on the archive: whatever nobody has thought of costs the entries alone.
        except Exception as error:  # noqa: BLE001
            _log.exception("What execution %s requested was not archived.", execution_id)
            return f"What came was not archived: {type(error).__name__}."

    async def _keep(self, execution_id: UUID, entries: Sequence[Entry]) -> str | None:
        # Another one that is there, under another URL, is put again, which changes nothing: looking
        # for it first cost each first read a transaction.
        packed, kept = await anyio.to_thread.run_sync(_packed, entries, frozenset(self._there))
        stored: dict[str, dict[str, Any]] = {}
        errors: list[str] = []

        async def put(hash_: str, size: int, body: bytes) -> None:
            assert self._limiter is not None  # noqa: S101 - for the type checker
            key = object_key(hash_)
            async with self._limiter:
                try:
                    await self._objects.put(key, body, content_type="application/gzip")
                except ObjectStoreError as error:
                    errors.append(str(error))
                    return
            stored[hash_] = {
                "hash": hash_,
                "bytes": size,
                "stored_bytes": len(body),
                "object_key": key,
            }

        with anyio.move_on_after(ANSWER_SECONDS):
            async with anyio.create_task_group() as group:
                for hash_, (size, body) in packed.items():
                    group.start_soon(put, hash_, size, body)
        there = self._there | stored.keys()
        rows = [_row(execution_id, entry, there) for entry in entries]
        write = partial(_write, payloads=list(stored.values()), responses=rows)
        await self._database.run(write, seconds=DATABASE_SECONDS, single=not stored)
        self._there |= stored.keys()
        lost = len(packed) - len(stored)
        if not lost:
            return None
        why = errors[0] if errors else f"The object store took more than {ANSWER_SECONDS:g} s."
        return f"{lost} of {kept} bodies that came were not archived. {why}"


def object_key(hash_: str) -> str:
    """The key of a body in the object store."""
    return f"payloads/{hash_[:2]}/{hash_}.gz"


def digest(body: bytes) -> str:
    """The hash by which a body is known."""
    return hashlib.sha256(body).hexdigest()


def pack(body: bytes) -> bytes:
    """A body as it is stored; equal bodies are equal objects."""
    return gzip.compress(body, _LEVEL, mtime=0)


def unpacked(packed: bytes) -> bytes | None:
    """The body; None where the object is damaged."""
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = reader.decompress(packed, MOST_BYTES)
    except zlib.error:
        return None
    return body if reader.eof else None


def entries_of(requests: Iterable[Request]) -> list[Entry]:
    """What is to be kept of requests, which let go of it."""
    entries = []
    for request in requests:
        if request.received is not None:
            entries.append((request.url, request.received))
            request.received = None
    return entries


def _packed(
    entries: Sequence[Entry], there: Collection[str]
) -> tuple[dict[str, tuple[int, bytes]], int]:
    """The bodies that came and are not there, by hash, each with its size; how many came in all."""
    packed, came = {}, set()
    for _, received in entries:
        if not received.kept:
            continue
        body = received.response.body
        received.hash = digest(body)
        if received.hash not in there and received.hash not in came:
            packed[received.hash] = len(body), pack(body)
        came.add(received.hash)
    return packed, len(came)


def _row(execution_id: UUID, entry: Entry, there: set[str]) -> Mapping[str, Any]:
    url, received = entry
    response, hash_ = received.response, received.hash
    return {
        "execution_id": execution_id,
        "url": url,
        "status": response.status,
        "answered_at": received.at,
        "content_type": _text(response.content_type),
        "etag": _text(response.etag),
        "last_modified": _text(response.last_modified),
        "last_change": received.last_change,
        "hash": hash_ if hash_ in there or not received.kept else None,
    }


def _text(header: str | None) -> str | None:
    return header.replace("\x00", "")[:500] if header else None


def _last_of_url() -> sa.Select[*tuple[Any, ...]]:
    newest = (
        sa.select(_response)
        .where(_response.c.url == sa.bindparam("url", type_=sa.Text), _response.c.hash.is_not(None))
        .order_by(_response.c.id.desc())
        .limit(1)
        .subquery()
    )
    return sa.select(newest).where(sa.exists().where(_payload.c.hash == newest.c.hash))


_LAST = _last_of_url()
_STORE = insert(_payload).on_conflict_do_nothing(index_elements=[_payload.c.hash])


def _last(connection: sa.Connection, url: str) -> Any:
    return connection.execute(_LAST, {"url": url}).first()


def _forget(connection: sa.Connection, hash_: str) -> None:
    connection.execute(sa.delete(_payload).where(_payload.c.hash == hash_))


def _write(
    connection: sa.Connection,
    payloads: Sequence[Mapping[str, Any]],
    responses: Sequence[Mapping[str, Any]],
) -> None:
    if payloads:
        connection.execute(_STORE, payloads)
    connection.execute(sa.insert(_response), responses)
