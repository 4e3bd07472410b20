"""What version 0.1 remembered in the cursors of its sensors and the storage of Dagster's daemon."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dagster as dg

from dp_pipeline.notifications.incidents import Condition, Kind, moment

_SUMMARY = "It was noticed by an earlier version, which announced it."


class Earlier(NamedTuple):
    """Incidents that were announced, and the last evaluation of a check that is known."""

    incidents: list[Condition]
    seen: int | None


def adopted(cursor: str | None) -> Earlier:
    """What a cursor says; that of this version names no incidents, foreign text nothing at all."""
    try:
        noted = json.loads(cursor or "")
        seen = noted["seen"]
        now = datetime.now(UTC)
        conditions = [_noticed("job", job, moment(at)) for job, at in noted.get("jobs", {}).items()]
        for name, at in noted.get("failing", {}).items():
            by_clock = name.endswith(("_daily", "_nightly", "_weekly"))
            conditions.append(_noticed("schedule" if by_clock else "sensor", name, moment(at)))
        for check in noted.get("checks", ()):
            asset, name, tournament = check.split(":", 2)
            if asset == "health" and name.endswith("_answers"):
                conditions.append(_noticed("provider", name.removesuffix("_answers"), now))
            elif name == "messages_delivered":
                conditions.append(_noticed("delivery", "messages", now))
            else:
                conditions.append(_noticed("check", f"{name} of {asset}", now, tournament or None))
        return Earlier(conditions, None if seen is None else int(seen))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Earlier([], None)


def state(cursor: str | None) -> dict[str, Any] | None:
    """What the cursor of the sensor that delivers says, as a note; None of this version."""
    try:
        noted = json.loads(cursor or "")
        return {"waiting": (), **noted, "announced_from": noted["told_since"]}
    except (ValueError, KeyError, TypeError):
        return None


def backfills(instance: dg.DagsterInstance) -> Any:
    """The note about backfills that were announced; None for none."""
    name = "dp_pipeline/backfills"
    text = instance.daemon_cursor_storage.get_cursor_values({name}).get(name)
    return json.loads(text) if text else None


def _noticed(kind: Kind, subject: str, at: datetime, tournament: str | None = None) -> Condition:
    return Condition(kind, subject, at, _SUMMARY, tournament_key=tournament)
