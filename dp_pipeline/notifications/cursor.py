"""What the sensor that delivers knows from its last tick."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from uuid import UUID

DELIVERS = "announce_executions"
"""The sensor that delivers; its cursor is read by what looks for messages that wait."""
WATCHES = "watch_automation"
"""The sensor that watches all others, that one included."""

# Without a cursor: what happened before this sensor was ever on is history, not news.
FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What the sensor knows from its last tick. Times are Unix seconds.

    Args:
        lost_after: runs that ended badly after this are still to be looked at.
        told_since: executions that ended before this are not announced; moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        waiting: runs before `lost_after` that Dagster calls dead while their process works.
        database_away: since when the database cannot be used, once people were told so.
    """

    lost_after: float
    told_since: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    database_away: float | None = None

    @classmethod
    def read(cls, text: str | None, now: float) -> "Cursor":
        """The cursor of the last tick; a missing or foreign text starts afresh."""
        start = now - FIRST_LOOK.total_seconds()
        try:
            found = json.loads(text or "")
            away = found.get("database_away")
            return cls(
                float(found["lost_after"]),
                float(found["told_since"]),
                {str(UUID(id_)): float(when) for id_, when in found["free_since"].items()},
                tuple(str(UUID(id_)) for id_ in found.get("waiting", ())),
                None if away is None else float(away),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(start, start)

    def write(self) -> str:
        """The text Dagster keeps."""
        return json.dumps(asdict(self))
