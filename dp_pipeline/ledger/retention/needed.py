"""What is not removed, however old: what is shown, decided on, tried again or replayed.

Conditions on rows of `data_provider_executions` and `response`, of which each is sound by itself.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.ledger.acceptance import undecided
from dp_pipeline.ledger.failing import still_failing

_executions, _response = tables.data_provider_executions, tables.response
_e, _r = _executions.c, _response.c

_shown = _e.status.in_(("completed", "partial_failure")) & (
    (_e.scope == "whole") | ((_e.scope == "part") & (_e.outcome != "unchanged"))
)
"""Of an execution: that Dagster has it as a materialization."""


def needed_execution() -> sa.ColumnElement[bool]:
    """Of an execution: that it is open, or somebody may still have to do with it.

    It is the last one of its tournament and domain, or the last that stored or confirmed something;
    it failed last and has not been made good; it refused a payload on which nobody has decided; its
    report is not stored yet.
    """
    pending = sa.exists().where(tables.execution_report.c.execution_id == _e.id)
    return sa.or_(
        _e.completed_at.is_(None),
        _is_last(sa.true()),
        _is_last(_shown),
        _is_last(still_failing),
        undecided,
        pending,
    )


def _is_last(of: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    last = (
        sa.select(_e.tournament_key, _e.domain, sa.func.max(_e.started_at).label("started_at"))
        .where(of)
        .group_by(_e.tournament_key, _e.domain)
        .subquery()
    )
    return of & sa.exists().where(
        last.c.tournament_key == _e.tournament_key,
        last.c.domain == _e.domain,
        last.c.started_at == _e.started_at,
    )


def replayed_execution() -> sa.ColumnElement[bool]:
    """Of an execution: that its run has the last archived whole read of a tournament.

    All of the run: what one tournament requested is read for the others too.
    """
    last = (
        sa.select(_e.request_id, _e.attempt)
        .ext(pg.distinct_on(_e.tournament_key))
        .join_from(_executions, _response, _r.execution_id == _e.id)
        .where(_e.scope == "whole")
        .order_by(_e.tournament_key, _r.id.desc())
        .subquery()
    )
    return sa.exists().where(last.c.request_id == _e.request_id, last.c.attempt == _e.attempt)


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
    used = sa.exists().where(_e.id == placed.c.execution_id, replayed_execution() | undecided)
    ids = sa.select(placed.c.id).where(
        placed.c.id != placed.c.last,
        placed.c.id.is_distinct_from(placed.c.last_body),
        ~used.correlate(placed),
    )
    return ids.correlate(None)


def needed_runs(connection: sa.Connection) -> frozenset[str]:
    """The runs of Dagster whose executions are needed."""
    ids = sa.select(_e.request_id).where(needed_execution()).distinct()
    return frozenset(map(str, connection.scalars(ids)))
