"""Requests to one service, spaced over every process that shares the database.

Messages to Slack are spaced the same way, under a name that no provider has.
"""

from functools import partial
from typing import Protocol

import anyio
import sqlalchemy as sa

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database

HORIZON_SECONDS = 60.0
"""How far ahead a start is given out: a process that dies leaves at most this much silence."""
_SLACK_SECONDS = 5.0

# The row's lock makes callers queue; clock_timestamp() is read once it is granted, where now()
# would be the time before waiting. No row comes back when the queue reaches beyond the horizon.
# A time that no queue can explain (the server's clock was set back) is forgotten.
_RESERVE = sa.text("""
INSERT INTO provider_rate_limit AS slot (provider, next_at)
VALUES (:provider, clock_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (provider) DO UPDATE SET next_at = make_interval(secs => :seconds) + CASE
    WHEN slot.next_at > clock_timestamp() + make_interval(secs => :absurd) THEN clock_timestamp()
    ELSE greatest(slot.next_at, clock_timestamp())
END
WHERE slot.next_at <= clock_timestamp() + make_interval(secs => :horizon)
   OR slot.next_at > clock_timestamp() + make_interval(secs => :absurd)
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - :seconds
""")


def reserve(connection: sa.Connection, name: str, seconds: float) -> float | None:
    """Reserve the next start of a request; the seconds until it, or None: the queue is too long."""
    start = {
        "provider": name,
        "seconds": seconds,
        "horizon": HORIZON_SECONDS,
        "absurd": HORIZON_SECONDS + seconds + _SLACK_SECONDS,
    }
    wait = connection.scalar(_RESERVE, start)
    return None if wait is None else max(0.0, wait)


class RateLimit(Protocol):
    """Spaces the requests to a service."""

    async def wait(self, name: str, seconds: float) -> None:
        """Return when the next request to it may start, `seconds` after the one before."""
        ...


class PostgresRateLimit:
    """Spaces the requests of all processes.

    Starts are by the database server's clock, `seconds` apart. One that is not used (the caller
    was cancelled or killed) is lost, not given to another.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wait(self, name: str, seconds: float) -> None:
        """See `RateLimit.wait`; at 0 nothing is waited for. Raises DatabaseError."""
        if seconds <= 0:
            return
        while True:
            delay = await self._database.run(
                partial(reserve, name=name, seconds=seconds), single=True
            )
            if delay is not None:
                await anyio.sleep(delay)
                return
            # Not all at the same moment, once the queue has become shorter.
            longest = 1.5 * max(seconds, 1.0)
            await anyio.sleep(Backoff(longest, longest, jitter=0.6).jittered(1))
