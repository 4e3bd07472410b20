"""What the sensor that delivers knows from its last tick."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

DELIVERS = "announce_executions"
"""The sensor that delivers."""
WATCHES = "watch_automation"
"""The sensor that watches all others, that one included."""

FIRST_LOOK = timedelta(days=1)
"""What happened longer before the first tick than this is history, not news."""


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What the delivery knows. Times are Unix seconds.

    Args:
        lost_after: runs that ended badly after this are still to be looked at.
        announced_from: what ended before this is not announced; it moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        waiting: runs before `lost_after` that Dagster calls dead while their process works.
    """

    lost_after: float
    announced_from: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()

    @classmethod
    def read(cls, note: Any, now: float) -> "DeliveryState":
        """What was noted; without a note, or with a foreign one, it starts afresh."""
        start = now - FIRST_LOOK.total_seconds()
        try:
            return cls(
                float(note["lost_after"]),
                float(note["announced_from"]),
                {str(UUID(id_)): float(when) for id_, when in note["free_since"].items()},
                tuple(str(UUID(id_)) for id_ in note["waiting"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(start, start)

    def note(self) -> dict[str, Any]:
        """As it is noted."""
        return asdict(self)


def database_away(cursor: str | None) -> float | None:
    """Since when the database cannot be used, once that was announced: all a cursor says."""
    try:
        return float(json.loads(cursor or "")["database_away"])
    except (ValueError, KeyError, TypeError):
        return None
