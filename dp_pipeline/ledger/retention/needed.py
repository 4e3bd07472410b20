"""What is not removed, however old: what is shown, decided on, tried again or replayed.

Queries for ids, which Postgres joins. As conditions on a row, in one OR, they took minutes over a
ledger of a million rows.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.ledger.acceptance import undecided
from dp_pipeline.ledger.failing import settled, still_failing
from dp_pipeline.ledger.vocabulary import REFUSED_BEFORE

_executions, _response = tables.data_provider_executions, tables.response
_e, _r = _executions.c, _response.c

_shown = _e.status.in_(("completed", "partial_failure")) & (
    (_e.scope == "whole") | ((_e.scope == "part") & (_e.outcome != "unchanged"))
)
"""Of an execution: that Dagster has it as a materialization."""


def needed_executions() -> sa.CompoundSelect[Any]:
    """Executions that are open, or that somebody may still have to do with.

    The last one of a tournament and domain, the last that stored or confirmed something, and the
    last that failed and has not been made good; the first that refused a payload on which nobody
    has decided, the last that refused what a person refused for good, so that it is known when it
    comes again; those whose report is not stored yet.
    """
    return sa.union(
        sa.select(_e.id).where(_e.completed_at.is_(None)),
        _last(sa.true()),
        _last(_shown),
        _last(still_failing),
        _undecided(),
        _last(settled(_executions), _e.summary["difference"].astext),
        sa.select(tables.execution_report.c.execution_id),
    )


def replayed_executions() -> sa.Select[Any]:
    """Executions of the runs that have the last archived whole read of a tournament, or refused.

    Refused: a payload on which nobody has decided. All of such a run: what one domain or tournament
    requested is read for the others too.
    """
    last = (
        sa.select(_e.request_id, _e.attempt)
        .ext(pg.distinct_on(_e.tournament_key))
        .join_from(_executions, _response, _r.execution_id == _e.id)
        .where(_e.scope == "whole")
        .order_by(_e.tournament_key, _r.id.desc())
        .subquery()
    )
    refused = _undecided().with_only_columns(_e.request_id, _e.attempt)
    runs = sa.union(sa.select(last.c.request_id, last.c.attempt), refused).subquery()
    of_run = (runs.c.request_id == _e.request_id) & (runs.c.attempt == _e.attempt)
    return sa.select(_e.id).join_from(_executions, runs, of_run)


def old_answers(before: datetime | None) -> sa.Select[tuple[int]]:
    """Ids of answers that are too old, and that no request and no replay needs.

    Of each URL the last answer before that time stays, and the last one with a body: what came
    later can be replayed as it was.
    """
    last_body = sa.func.max(_r.id).filter(_r.hash.is_not(None))
    placed = (
        sa.select(
            _r.id,
            _r.execution_id,
            sa.func.max(_r.id).over(partition_by=_r.url).label("last"),
            last_body.over(partition_by=_r.url).label("last_body"),
        )
        .where(sa.false() if before is None else _r.answered_at < before)
        .subquery()
    )
    ids = sa.select(placed.c.id).where(
        placed.c.id != placed.c.last,
        placed.c.id.is_distinct_from(placed.c.last_body),
        not_among(placed.c.execution_id, replayed_executions()),
    )
    return ids.correlate(None)


def needed_runs(connection: sa.Connection) -> frozenset[str]:
    """The runs of Dagster whose executions are needed."""
    needed = needed_executions().subquery()
    ids = sa.select(_e.request_id).join_from(_executions, needed, needed.c.id == _e.id).distinct()
    return frozenset(map(str, connection.scalars(ids)))


def not_among(
    id_: sa.ColumnElement[Any], ids: sa.Select[Any] | sa.CompoundSelect[Any]
) -> sa.ColumnElement[bool]:
    """That an id is none of those that a query finds, in a form that Postgres makes a join of."""
    found = ids.subquery()
    (column,) = found.c
    return ~sa.exists().where(column == id_).correlate_except(found)


def _last(of: sa.ColumnElement[bool], *each: sa.ColumnElement[Any]) -> sa.Select[Any]:
    of_each = (_e.tournament_key, _e.domain, *each)
    last = sa.select(_e.id).ext(pg.distinct_on(*of_each)).where(of)
    # As a subquery: in a union only the whole could have an order.
    found = last.order_by(*of_each, _e.started_at.desc()).subquery()
    return sa.select(found.c.id)


def _undecided() -> sa.Select[Any]:
    # A payload that is refused night after night is one, and that of the first night.
    again = sa.func.coalesce(_e.summary.has_key(REFUSED_BEFORE), sa.false())
    return sa.select(_e.id).where(undecided, ~again)
