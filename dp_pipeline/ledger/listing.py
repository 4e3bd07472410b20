"""The ledger as people list it: newest first, a cause before what followed from it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables

_executions = tables.data_provider_executions


def executions_of_run(connection: sa.Connection, request_id: UUID) -> list[Mapping[str, Any]]:
    """The rows of one run in the order in which they were opened."""
    e = _executions
    rows = sa.select(e).where(e.c.request_id == request_id).order_by(e.c.started_at)
    return [dict(row) for row in connection.execute(rows).mappings()]


def newest_executions(
    connection: sa.Connection, *, limit: int, tournament: str | None = None
) -> list[Mapping[str, Any]]:
    """At most `limit` rows, newest first.

    A row that was blocked is opened after the one that blocked it, so that the newest two of a
    failed tournament said nothing but "not begun". Such rows come after their cause.
    """
    e, cause = _executions, _executions.alias("cause")
    blocked = _is_blocked(e)
    mine = [] if tournament is None else [e.c.tournament_key == tournament]
    # What is older than so many causes is not shown, whatever it is.
    oldest = (
        sa.select(e.c.started_at)
        .where(*mine, ~blocked)
        .order_by(e.c.started_at.desc())
        .offset(limit - 1)
        .limit(1)
        .scalar_subquery()
    )
    begun = (
        sa.select(sa.func.max(cause.c.started_at))
        .where(
            cause.c.request_id == e.c.request_id,
            cause.c.tournament_key == e.c.tournament_key,
            cause.c.status == "failed",
            ~_is_blocked(cause),
        )
        .scalar_subquery()
    )
    place = sa.case((blocked, sa.func.coalesce(begun, e.c.started_at)), else_=e.c.started_at)
    rows = (
        sa.select(e)
        .where(
            *mine, e.c.started_at >= sa.func.coalesce(oldest, sa.text("'-infinity'::timestamptz"))
        )
        .order_by(place.desc(), blocked, e.c.started_at.desc())
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(rows).mappings()]


def _is_blocked(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(table.c.outcome, "") == "blocked_dependency"
