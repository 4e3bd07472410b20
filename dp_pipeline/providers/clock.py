"""What time it is at a provider: ours, or that of a simulated world, which tells it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

HEADER = "simulated-clock"
"""Of every answer of a simulated world: its time in Unix seconds and its speed, "1790000000;60"."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that was read once and is known to go on at a speed.

    Args:
        at: what it showed, in Unix seconds.
        read_at: when it was read, in Unix seconds of ours.
        speed: how many times as fast as ours it runs; 0 stands still.
    """

    at: float
    read_at: float
    speed: float

    @classmethod
    def read(cls, header: str | None, real: float) -> Self | None:
        """The clock that an answer tells, or None."""
        try:
            at, _, speed = (header or "").partition(";")
            return cls(float(at), real, float(speed))
        except ValueError:
            return None

    def now(self, real: float | None = None) -> datetime:
        """What it shows now, or showed at a real time."""
        passed = (time.time() if real is None else real) - self.read_at
        return datetime.fromtimestamp(self.at + passed * self.speed, UTC)


OURS = Clock(0.0, 0.0, 1.0)
"""The time of every provider that is not simulated."""
