"""Requests to one provider, spaced over every process that shares the database.

Messages to Slack are spaced the same way, under a name that no provider has.
"""

import random
from functools import partial

import anyio
import sqlalchemy as sa

from dp_pipeline.database.database import Database

HORIZON_SECONDS = 60.0
"""How far ahead a turn is given out: a process that dies leaves at most this much silence."""
_SLACK_SECONDS = 5.0

# The row's lock makes callers take turns; clock_timestamp() is read once it is granted, where now()
# would be the time before waiting. No row comes back when the queue reaches beyond the horizon.
# A time that no queue can explain (the server's clock was set back) is forgotten.
_TAKE_TURN = sa.text("""
INSERT INTO provider_pace AS pace (provider, next_at)
VALUES (:provider, clock_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (provider) DO UPDATE SET next_at = make_interval(secs => :seconds) + CASE
    WHEN pace.next_at > clock_timestamp() + make_interval(secs => :absurd) THEN clock_timestamp()
    ELSE greatest(pace.next_at, clock_timestamp())
END
WHERE pace.next_at <= clock_timestamp() + make_interval(secs => :horizon)
   OR pace.next_at > clock_timestamp() + make_interval(secs => :absurd)
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - :seconds
""")


def take_turn(connection: sa.Connection, whom: str, seconds: float) -> float | None:
    """Take the next turn to ask or tell somebody, and give the seconds until it comes.

    None when the queue is too long to be given one; try again later.
    """
    turn = {
        "provider": whom,
        "seconds": seconds,
        "horizon": HORIZON_SECONDS,
        "absurd": HORIZON_SECONDS + seconds + _SLACK_SECONDS,
    }
    wait = connection.scalar(_TAKE_TURN, turn)
    return None if wait is None else max(0.0, wait)


class PostgresPace:
    """Gives every request its turn, whichever process makes it.

    Turns are by the database server's clock, `seconds` apart. A turn that is not used (the caller
    was cancelled or killed) is lost, not given to another.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wait(self, provider: str, seconds: float) -> None:
        """Return when the next request to the provider may start.

        Args:
            provider: its name.
            seconds: least time between two requests; nothing is waited for at 0.

        Raises:
            DatabaseError: Postgres could not be asked.
        """
        if seconds <= 0:
            return
        while True:
            delay = await self._database.run(partial(take_turn, whom=provider, seconds=seconds))
            if delay is not None:
                await anyio.sleep(delay)
                return
            # Not all at the same moment, once the queue has become shorter.
            await anyio.sleep(random.uniform(0.5, 1.5) * max(seconds, 1.0))  # noqa: S311
