"""A day of one tournament, as the first message of its thread says it: all of it, from the ledger.

How messages become one is in folding.py.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.notifications import outbox
from dp_pipeline.notifications.failure_runs import failure_runs, passing_kind
from dp_pipeline.notifications.folding import DAY_TURNS, day_of, fold
from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.notifications.slack.transport import Message
from dp_pipeline.notifications.threads import Place

MOST_ROWS = 300
"""Executions of a day that are read, the newest: two of each of 150 runs."""
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


def place_of(
    database: Database,
    message: Announcement,
    run_url: Callable[[UUID], str],
    zone: ZoneInfo,
    *,
    sum_up: Callable[[str], Message],
) -> Place:
    """Where a message about a tournament stands: in the thread of its day.

    What goes on with a failure that was announced earlier, or ends it, stands below that: the one
    of that day, or of the run group that `sum_up` gives the first message of.
    """
    days = [day_of(message.completed_at, zone)]
    groups: list[str] = []
    if not message.sentences and (announced := message.first_announced) is not None:
        group = _run_group(database, message.tournament_key, announced)
        if group is None:
            days.insert(0, day_of(announced, zone))
        else:
            groups.append(group)
    named = {f"{message.tournament_key} on {day}": day for day in days}
    return Place(
        [*groups, *named],
        lambda key: (
            heading(database, message, named[key], run_url, zone) if key in named else sum_up(key)
        ),
        reply=not message.is_match_news,
        loud=message.is_new_failure,
    )


def heading(
    database: Database,
    message: Announcement,
    day: date,
    run_url: Callable[[UUID], str],
    zone: ZoneInfo,
) -> Announcement:
    """All that was announced of a tournament on a day, with this message."""
    began = datetime.combine(day, datetime.min.time(), zone) + DAY_TURNS
    rows: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    with database.transaction() as connection:
        for row in connection.execute(_announced(message.tournament_key, began)).mappings():
            rows[row["request_id"]].append(row)
        ids = [row["id"] for group in rows.values() for row in group]
        failures = failure_runs(connection, ids, announced_from=_OLDEST) if ids else {}
    earlier = (
        outbox.announcement(group, failures, {}, run_url(run)) for run, group in rows.items()
    )
    whole = fold([*(each for each in earlier if each.kinds), message])
    return replace(whole, day=day, table=outbox.table_after(database, whole))


def _run_group(database: Database, key: str, failed_at: datetime) -> str | None:
    """The run group in which a tournament failed then; None when that run was on its own."""
    e = tables.data_provider_executions.c
    failed = e.tournament_key == key, e.completed_at == failed_at, e.fingerprint.is_not(None)
    with database.transaction() as connection:
        return connection.scalar(sa.select(e.run_group).where(*failed).limit(1))


def _announced(key: str, began: datetime) -> sa.Executable:
    """The rows of a day that were announced, but for polls that had nothing to say."""
    e = tables.data_provider_executions
    day = (
        sa.select(
            e,
            passing_kind(e, _OLDEST).label("passing"),
            sa.func.lag(e.c.status)
            .over(partition_by=e.c.domain, order_by=(e.c.completed_at, e.c.id))
            .label("before"),
        )
        .where(
            e.c.tournament_key == key,
            e.c.run_group.is_(None),
            e.c.started_at >= began - timedelta(hours=2),
            e.c.completed_at >= began,
            e.c.completed_at < began + timedelta(days=1),
        )
        .subquery()
    )
    said = (
        (day.c.scope != "part")
        | (day.c.status != "completed")
        | (day.c.before == "failed")
        | day.c.summary.has_key("news")
    )
    newest = (
        sa.select(day)
        .where(day.c.announced_at.is_not(None), said)
        .order_by(day.c.completed_at.desc(), day.c.id)
        .limit(MOST_ROWS)
        .subquery()
    )
    return (
        sa.select(newest, tables.tournament.c.label.label("label"))
        .outerjoin(tables.tournament, tables.tournament.c.id == newest.c.tournament_id)
        .order_by(newest.c.started_at, newest.c.id)
    )
