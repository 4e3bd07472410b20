"""How far apart requests to one provider are.

The pace over all processes is kept in Postgres, elsewhere: providers know no database, they only
ask to wait.
"""

import threading
import time
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint


class Pace(Protocol):
    """Spaces the requests to a provider."""

    async def wait(self, provider: str, seconds: float) -> None:
        """Return when the next request to `provider` may start, `seconds` after the one before."""
        ...


class NoPace:
    """Every request may start at once."""

    async def wait(self, provider: str, seconds: float) -> None:  # noqa: ARG002 (the protocol's)
        """Return at once."""
        await checkpoint()


class LocalPace:
    """Spaces the requests of one process, whatever event loops and threads it has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    async def wait(self, provider: str, seconds: float) -> None:
        """Reserve the next start and sleep until it; a cancelled wait leaves its start unused."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next.get(provider, now))
            self._next[provider] = start + seconds
        await anyio.sleep(start - now)
