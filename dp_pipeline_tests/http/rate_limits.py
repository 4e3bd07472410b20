"""Rate limits without a database."""

import threading
import time

import anyio
from anyio.lowlevel import checkpoint


class NoRateLimit:
    """Every request may start at once."""

    async def wait(self, name: str, seconds: float) -> None:
        del name, seconds
        await checkpoint()


class LocalRateLimit:
    """Spaces the requests of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    async def wait(self, name: str, seconds: float) -> None:
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next.get(name, now))
            self._next[name] = start + seconds
        await anyio.sleep(start - now)
