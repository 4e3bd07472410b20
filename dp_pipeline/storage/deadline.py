"""A deadline for a store that may hang, and a pause for one that failed."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import TypeVar

import anyio.to_thread

from dp_pipeline.storage.store import ObjectStore, ObjectStoreError, border

T = TypeVar("T")

ANSWER_SECONDS = 15.0
PAUSE_SECONDS = 60.0
"""How long a store that failed is not tried: 250 executions times 15 s would be an hour."""
MOST_AT_ONCE = 32
"""Calls of one process to stores, those included that were left behind and still hang."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Ask a store something, in a thread that is left behind when the time is over.

    A thread of its own, and a daemon: one of a pool would keep the process from ending for as long
    as the store hangs.

    Raises:
        ObjectStoreError: whatever went wrong, and within `seconds`.
    """
    latest = time.monotonic() + seconds
    places = _places
    if not places.acquire(timeout=seconds):
        message = f"The object store has left {MOST_AT_ONCE} earlier calls without an answer."
        raise ObjectStoreError(message)
    answer: Future[T] = Future()
    thread = threading.Thread(
        target=_ask, args=(work, answer, places), name="object store", daemon=True
    )
    with border("The object store could not be reached"):
        try:
            thread.start()
        except BaseException:
            places.release()
            raise
    if not wait([answer], max(0.0, latest - time.monotonic())).done:
        message = f"The object store did not answer within {seconds:.2g} s."
        raise ObjectStoreError(message)
    with border("The object store failed"):
        return answer.result()


def _ask(work: Callable[[], T], answer: "Future[T]", places: threading.BoundedSemaphore) -> None:
    try:
        answer.set_result(work())
    # Handed to who waits; what is no Exception must not end that one's thread either.
    except BaseException as error:  # noqa: BLE001
        if isinstance(error, Exception):
            answer.set_exception(error)
        else:
            message = f"The object store failed: {type(error).__name__}."
            failed = ObjectStoreError(message)
            failed.__cause__ = error
            answer.set_exception(failed)
    finally:
        places.release()


class Storing:
    """An object store as concurrent work uses it: with a deadline, and a pause once it failed.

    Args:
        objects: the store.
        answer_seconds: how long it may take for one object.
    """

    def __init__(self, objects: ObjectStore, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._objects = objects
        self._answer_seconds = answer_seconds
        self._down_until = 0.0
        self._reason = ""

    async def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        """As ObjectStore.put; raises ObjectStoreError within `answer_seconds`."""
        await self.ask(
            lambda objects: objects.put(
                key, body, content_type=content_type, cache_control=cache_control
            )
        )

    async def has(self, key: str) -> bool:
        """As ObjectStore.has; raises ObjectStoreError within `answer_seconds`."""
        return await self.ask(lambda objects: objects.has(key))

    async def get(self, key: str) -> bytes | None:
        """As ObjectStore.get; raises ObjectStoreError within `answer_seconds`."""
        return await self.ask(lambda objects: objects.get(key))

    async def delete(self, key: str) -> None:
        """As ObjectStore.delete; raises ObjectStoreError within `answer_seconds`."""
        await self.ask(lambda objects: objects.delete(key))

    def url(self, key: str) -> str:
        """As ObjectStore.url."""
        return self._objects.url(key)

    async def ask(self, work: Callable[[ObjectStore], T]) -> T:
        """Ask the store for several things in one thread, within `answer_seconds` for all of them.

        Raises:
            ObjectStoreError: whatever went wrong.
        """
        if time.monotonic() < self._down_until:
            raise ObjectStoreError(self._reason)
        try:
            return await anyio.to_thread.run_sync(
                within, self._answer_seconds, partial(work, self._objects), abandon_on_cancel=True
            )
        except ObjectStoreError as error:
            if error.retryable:
                self._down_until = time.monotonic() + PAUSE_SECONDS
                self._reason = str(error)
            raise
