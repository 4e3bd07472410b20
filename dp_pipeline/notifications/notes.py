"""What the delivery knows from tick to tick, in our database: a tick that is killed keeps it."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables import delivery_note

DELIVERS = "announce_executions"
"""The sensor that delivers."""
WATCHES = "watch_automation"
"""The sensor that detects incidents, those of the delivery included."""

STATE, ATTEMPTS, BACKFILLS = "state", "attempts", "backfills"
HISTORY = timedelta(days=1)
"""What happened longer before the first tick than this is history, not news."""


def read(store: Database, name: str) -> Any:
    """What is noted; None for nothing."""
    note = sa.select(delivery_note.c.value).where(delivery_note.c.name == name)
    with store.transaction() as connection:
        return connection.scalar(note)


def write(store: Database, name: str, value: Any) -> None:
    """Note it in place of what was noted."""
    values = {"value": value, "updated_at": sa.func.now()}
    note = insert(delivery_note).values(name=name, **values)
    with store.transaction() as connection:
        connection.execute(
            note.on_conflict_do_update(index_elements=[delivery_note.c.name], set_=values)
        )


SKEW_SECONDS = 900.0
"""How far the clocks of hosts may be apart: when a run ended is told by the clock of its host."""


@dataclass(frozen=True, slots=True)
class HandledRuns:
    """Which runs that ended badly have been given their missing rows.

    Args:
        until: those that ended before it, in Unix seconds, less SKEW_SECONDS.
        ids: those that ended later.
    """

    until: float
    ids: frozenset[str] = frozenset()

    def others(self, ended_badly: Callable[[datetime], Collection[str]]) -> set[str]:
        """Those that have not, of the runs that ended badly after a time."""
        since = datetime.fromtimestamp(self.until - SKEW_SECONDS, UTC)
        return set(ended_badly(since)) - self.ids


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What the delivery knows. Times are Unix seconds.

    Args:
        lost_after: until when runs that ended badly have been given their missing rows.
        handled: which of them ended in the SKEW_SECONDS before, or by their clock later.
        announced_from: what ended before this is not announced; it moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        waiting: runs before `lost_after` that Dagster calls dead while their process works.
    """

    lost_after: float
    announced_from: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    handled: tuple[str, ...] = ()

    @property
    def handled_runs(self) -> HandledRuns:
        """Which runs that ended badly have been given their missing rows."""
        return HandledRuns(self.lost_after, frozenset(self.handled))

    @classmethod
    def read(cls, note: Any, now: float) -> "DeliveryState":
        """What was noted; without a note, or with a foreign one, it starts afresh."""
        try:
            return cls(
                float(note["lost_after"]),
                float(note["announced_from"]),
                {str(UUID(id_)): float(when) for id_, when in note["free_since"].items()},
                tuple(str(UUID(id_)) for id_ in note["waiting"]),
                tuple(str(UUID(id_)) for id_ in note.get("handled", ())),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            start = now - HISTORY.total_seconds()
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
