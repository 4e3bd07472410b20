"""Whether an installation works at all: database, daemon and delivery, as a monitor asks for it.

A provider that rests or a check that fails is no part of this: that is an incident, and people hear
of incidents as long as these three work.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from dagster import DagsterInstance

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables import delivery_note, incident
from dp_pipeline.pages.words import duration

DELIVERED = "delivered"
"""The delivery note that is written after each delivery that came to its end."""
SILENT_SECONDS = 120.0
"""How long all of the daemon may be silent; each of its parts reports every 30 s."""
STUCK_SECONDS = 900.0
"""How long one part of it may be: it reports between two steps, and one step may be the launching
of a large backfill."""
DELIVERY_SECONDS = 300.0
"""How long no delivery may have ended; one is made every 10 s, and may take a minute."""
STATEMENT_SECONDS = 3
"""After that a database that hangs counts as away."""

_OPEN_INCIDENTS = (
    sa.select(incident.c.kind, sa.func.count().label("incidents"))
    .where(incident.c.closed_at.is_(None))
    .group_by(incident.c.kind)
)


@dataclass(frozen=True, slots=True)
class WorkingPart:
    """One of the parts without which nothing works, and whether it does.

    Args:
        name: of the part.
        works: whether it does.
        said: how it is, a sentence.
        seconds: how long ago it was last heard of; None where that is not known.
    """

    name: Literal["database", "daemon", "delivery"]
    works: bool
    said: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class InstallationHealth:
    """All parts at one time, and how many incidents are open, by kind."""

    parts: tuple[WorkingPart, ...]
    at: datetime
    incidents: Mapping[str, int] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether all parts do."""
        return all(part.works for part in self.parts)

    @property
    def sentence(self) -> str:
        """What does not work, or that everything does."""
        return " ".join(part.said for part in self.parts if not part.works) or "All parts work."

    def facts(self) -> dict[str, Any]:
        """All of it by name, for programs."""
        return {
            "status": "ok" if self.works else "failing",
            "at": self.at.isoformat(timespec="seconds"),
            **{
                part.name: {
                    "works": part.works,
                    "seconds_ago": None if part.seconds is None else round(part.seconds, 1),
                    "said": part.said,
                }
                for part in self.parts
            },
            "incidents_open": dict(self.incidents),
        }


def installation_health(
    database: Callable[[], Database],
    dagster: Callable[[], DagsterInstance],
    conceal: Callable[[str], str] = str,
) -> InstallationHealth:
    """Examine all parts; never raises.

    Args:
        database: opens the database, whose tables may be of any version.
        dagster: gives Dagster's instance.
        conceal: takes secrets out of what an error says.
    """
    now = datetime.now(UTC)
    incidents: Mapping[str, int] = {}
    try:
        noted, incidents = _read(database())
        of_database = WorkingPart("database", works=True, said="The database answers.")
        of_delivery = delivery_part(noted, waits="delivery" in incidents)
    # The border to whatever a database that is away raises, on its way from opening to reading.
    except Exception as error:  # noqa: BLE001
        said = conceal(_first_line(error))
        of_database = WorkingPart("database", works=False, said=f"Database: {said}")
        of_delivery = WorkingPart("delivery", works=False, said="Without it nothing is delivered.")
    try:
        of_daemon = daemon_part(heartbeats(dagster()), now)
    # Likewise to Dagster's storage.
    except Exception as error:  # noqa: BLE001
        said = conceal(_first_line(error))
        of_daemon = WorkingPart("daemon", works=False, said=f"Dagster's storage: {said}")
    return InstallationHealth((of_database, of_daemon, of_delivery), now, incidents)


def heartbeats(instance: DagsterInstance) -> dict[str, float]:
    """By part of the daemon the Unix time at which it reported last.

    Only of those that this instance has work for: the report of another one, which an earlier
    version had, stays in the storage for ever.
    """
    reports = instance.get_daemon_heartbeats()
    needed = [name for name in instance.get_required_daemon_types() if name in reports]
    return {name: reports[name].timestamp for name in needed}


def daemon_part(beats: Mapping[str, float], now: datetime) -> WorkingPart:
    """How the daemon is.

    Args:
        beats: by part of the daemon the Unix time at which it reported last.
        now: the present.
    """
    if not beats:
        said = "No daemon has ever worked here: nothing is read, polled or posted by itself."
        return WorkingPart("daemon", works=False, said=said)
    ago = {name: max(now.timestamp() - at, 0.0) for name, at in beats.items()}
    last, (slowest, longest) = min(ago.values()), max(ago.items(), key=lambda item: item[1])
    if last > SILENT_SECONDS:
        since = datetime.fromtimestamp(now.timestamp() - last, UTC)
        said = (
            f"The daemon reported last at {since:%Y-%m-%d %H:%M} UTC: nothing is read, polled or "
            "posted by itself."
        )
        return WorkingPart("daemon", works=False, said=said, seconds=last)
    if longest > STUCK_SECONDS:
        said = f"Of the daemon {slowest} has been silent for {_words(longest)}."
        return WorkingPart("daemon", works=False, said=said, seconds=longest)
    return WorkingPart("daemon", works=True, said=f"It reported {last:.0f} s ago.", seconds=last)


def delivery_part(seconds: float | None, *, waits: bool) -> WorkingPart:
    """How the delivery of messages is.

    Args:
        seconds: how long ago one ended last; None: none ever has.
        waits: whether an incident says that messages have been waiting.
    """
    if seconds is None:
        said = "No delivery of messages has ever been made."
    elif seconds > DELIVERY_SECONDS:
        said = f"The last delivery of messages ended {_words(seconds)} ago."
    elif waits:
        said = "Messages have been waiting; the incident of the kind delivery says why."
    else:
        said = f"A delivery ended {seconds:.0f} s ago."
        return WorkingPart("delivery", works=True, said=said, seconds=seconds)
    return WorkingPart("delivery", works=False, said=said, seconds=seconds)


def _read(database: Database) -> tuple[float | None, dict[str, int]]:
    """How long ago a delivery ended, and the open incidents by kind."""
    with database.transaction() as connection:
        connection.execute(sa.text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
        ago = sa.func.extract("epoch", sa.func.clock_timestamp() - delivery_note.c.updated_at)
        noted = connection.scalar(sa.select(ago).where(delivery_note.c.name == DELIVERED))
        rows = connection.execute(_OPEN_INCIDENTS).all()
    ago = None if noted is None else max(float(noted), 0.0)
    return ago, {row.kind: row.incidents for row in rows}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def _words(seconds: float) -> str:
    return duration(round(seconds * 1_000))
