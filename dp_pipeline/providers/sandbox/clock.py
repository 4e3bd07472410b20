"""What time it is in a simulated world, as its `/clock` answers."""

import time
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

PATH = "/clock"


class _WorldTime(BaseModel):
    timestamp: float = Field(allow_inf_nan=False)
    speed: float = Field(ge=0, allow_inf_nan=False)


class WorldClock:
    """A clock that was read once and is known to go on at its speed; called, it gives its time.

    Args:
        timestamp: what it showed when it was read just now, in Unix seconds.
        speed: how many times as fast as ours it runs; 0 stands still.
    """

    def __init__(self, timestamp: float, speed: float) -> None:
        self._timestamp = timestamp
        self._speed = speed
        self._read_at = time.time()

    @classmethod
    def parse(cls, payload: Any) -> "WorldClock":
        """The clock of the world's answer; raises pydantic.ValidationError."""
        time_there = _WorldTime.model_validate(payload)
        return cls(time_there.timestamp, time_there.speed)

    def __call__(self) -> datetime:
        """What it shows now."""
        passed = time.time() - self._read_at
        return datetime.fromtimestamp(self._timestamp + passed * self._speed, UTC)
