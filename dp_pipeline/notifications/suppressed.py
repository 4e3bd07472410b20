"""What polls without news wrote since the last message about a tournament."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.notifications.failure_runs import counted_in
from dp_pipeline.notifications.slack.announcement import Suppressed

_ledger = tables.data_provider_executions


def suppressed(connection: sa.Connection, ids: Collection[UUID]) -> dict[UUID, Suppressed]:
    """The polls that wrote and were not announced between the last message and some executions.

    Only executions of matches are counted: what follows a match that has ended comes with its news.
    Both look-ups read one stretch of the ledger's index of completed executions.

    Args:
        connection: to the ledger.
        ids: executions, the first of each message; those with nothing before them are left out.
    """
    newsworthy, one = _ledger.alias("newsworthy"), _ledger.alias("one")
    last = (
        sa.select(newsworthy.c.completed_at.label("at"))
        .where(*_matches_before(newsworthy), ~_without_news(newsworthy))
        .order_by(newsworthy.c.completed_at.desc())
        .limit(1)
        .lateral("last")
    )
    written = counted_in(one, "created") + counted_in(one, "updated")
    found = (
        sa.select(
            sa.func.count().label("polls"),
            sa.func.sum(written).label("rows"),
            sa.func.min(one.c.completed_at).label("since"),
        )
        .where(
            *_matches_before(one),
            one.c.completed_at > sa.func.coalesce(last.c.at, sa.text("timestamptz '-infinity'")),
            one.c.outcome == "written",
            _without_news(one),
        )
        .lateral("found")
    )
    question = (
        sa.select(_ledger.c.id, found.c.polls, found.c.rows, found.c.since)
        .select_from(_ledger.outerjoin(last, sa.true()).join(found, found.c.polls > 0))
        .where(_ledger.c.id.in_(ids))
    )
    return {
        row.id: Suppressed(row.polls, int(row.rows), row.since)
        for row in connection.execute(question)
    }


def _matches_before(rows: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        rows.c.tournament_key == _ledger.c.tournament_key,
        rows.c.domain == "matches",
        rows.c.status == "completed",
        rows.c.scope == "part",
        rows.c.completed_at < _ledger.c.started_at,
    )


def _without_news(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    return ~rows.c.summary.has_key("news")
