"""What a tick of discovery remembers that found nothing to do: the next compares if a thing moved.

With 10,000 tournaments a comparison takes 0.1 s, every 15 s. What it depends on is seen to have
moved in 3 ms.
"""

import hashlib
import json
from typing import NamedTuple, Self

import dagster as dg

from dp_pipeline.competitions.file import Competitions
from dp_pipeline.database import seasons
from dp_pipeline.database.database import Database
from dp_pipeline.jobs import Partitions

COMPARED_AGAIN_SECONDS = 600.0
"""How long nothing is compared when nothing moved. What is seen to move is all that makes work, but
for a ledger of which executions were deleted."""


class Settled(NamedTuple):
    """That a comparison found nothing to do.

    Args:
        state: of what was compared; None is not known to be the same.
        at: Unix seconds of the comparison.
        approved: how many seasons were followed and approved.
    """

    state: str | None
    at: float
    approved: int

    @classmethod
    def read(cls, cursor: str | None) -> Self | None:
        """What the last tick remembered; None if it had something to do, or is unknown."""
        try:
            fields = json.loads(cursor or "")["settled"]
            return cls(fields["state"], float(fields["at"]), int(fields["approved"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def holds(self, state: str | None, now: float) -> bool:
        """Whether nothing is to be done now either."""
        return (
            state is not None
            and self.state == state
            and 0 <= now - self.at < COMPARED_AGAIN_SECONDS
        )


def state_of(instance: dg.DagsterInstance, store: Database, competitions: Competitions) -> str:
    """What is followed, stored and partitioned, as a digest."""
    partitioned = Partitions(instance).state()
    with store.transaction() as connection:
        stored = seasons.state(connection)
    parts = (competitions.digest, stored, partitioned)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
