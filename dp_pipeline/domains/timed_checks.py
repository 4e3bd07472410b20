"""Of which tournaments time alone may have changed what checks come to: nobody has to read them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.domains.data_checks import OVERDUE, UP_TO_DATE
from dp_pipeline.domains.freshness import LATE, NEAR, READ_NIGHTLY
from dp_pipeline.domains.known_exceptions import KnownException
from dp_pipeline.domains.row_checks import LONG_OVERDUE, OPEN
from dp_pipeline.domains.row_checks import OVERDUE as OVERDUE_AFTER

_match, _tournament, _check = tables.match, tables.tournament, tables.data_check
_executions = tables.data_provider_executions
_day = sa.func.coalesce(
    sa.cast(sa.func.timezone("UTC", _match.c.kickoff_at), sa.Date), _match.c.kickoff_date
)
_read_well = (
    (_executions.c.domain == "matches")
    & (_executions.c.scope == "whole")
    & _executions.c.status.in_(("completed", "partial_failure"))
)

_LAST_READ = (
    sa.select(_executions.c.started_at)
    .where(_executions.c.tournament_key == sa.bindparam("key", type_=sa.Text), _read_well)
    .order_by(_executions.c.started_at.desc())
    .limit(1)
)


def last_read_of(connection: sa.Connection, key: str) -> datetime | None:
    """When the last whole read of a tournament's matches that ended well began."""
    return connection.scalar(_LAST_READ, {"key": key})


def stored_providers(connection: sa.Connection) -> set[str]:
    """The providers of which a tournament is stored."""
    return set(connection.scalars(sa.select(_tournament.c.provider).distinct()))


def changed_by_time(
    connection: sa.Connection,
    present: Mapping[str, datetime],
    exceptions: Collection[KnownException],
    now: datetime,
) -> list[str]:
    """The keys of tournaments with checks that may come to something else now; one statement.

    Args:
        connection: reads.
        present: the time at each provider; tournaments of others are left alone.
        exceptions: what people have said is known.
        now: our time.
    """
    today = _today(present)
    due = sa.union(
        _with_overdue_matches(today),
        _not_read(today, now),
        # what may be over: a season that was late, and what was known
        _with_check(today, (_check.c.name == UP_TO_DATE) & ~_check.c.passed),
        _with_check(today, _check.c.passed & (_check.c.wrong > 0)),
        _with_check(today, _tournament.c.key.in_([each.tournament for each in exceptions])),
    ).subquery("due")
    return list(connection.scalars(sa.select(due.c.key).order_by(due.c.key)))


def _today(present: Mapping[str, datetime]) -> sa.Subquery:
    columns = sa.func.unnest(
        sa.cast(list(present), pg.ARRAY(sa.Text)),
        sa.cast([each.date() for each in present.values()], pg.ARRAY(sa.Date)),
    ).table_valued("provider", sa.column("day", sa.Date))
    return sa.select(columns.render_derived()).subquery("today")


def _with_overdue_matches(today: sa.Subquery) -> sa.Select[Any]:
    """With another number of overdue matches than the check has said, or a worse one."""
    overdue = (
        sa.select(
            _match.c.tournament_id,
            sa.func.count().label("number"),
            sa.func.bool_or(_day <= today.c.day - _days(LONG_OVERDUE)).label("long"),
        )
        .join(today, today.c.provider == _match.c.provider)
        .where(
            _match.c.status.in_(sorted(OPEN)),
            _match.c.superseded_by.is_(None),
            _day <= today.c.day - _days(OVERDUE_AFTER),
        )
        .group_by(_match.c.tournament_id)
        .subquery("overdue")
    )
    said = (_check.c.tournament_id == overdue.c.tournament_id) & (_check.c.name == OVERDUE)
    severity = sa.case((overdue.c.long, "ERROR"), else_="WARN")
    return (
        sa.select(_tournament.c.key)
        .join(overdue, overdue.c.tournament_id == _tournament.c.id)
        .outerjoin(_check, said)
        .where(
            _check.c.wrong.is_distinct_from(overdue.c.number)
            | _check.c.severity.is_distinct_from(severity)
        )
    )


def _not_read(today: sa.Subquery, now: datetime) -> sa.Select[Any]:
    """In season, and not read well of late."""
    read = sa.exists().where(
        _executions.c.tournament_key == _tournament.c.key,
        _executions.c.started_at > now - LATE,
        _read_well,
    )
    near = sa.exists().where(
        _match.c.tournament_id == _tournament.c.id,
        _day.between(today.c.day - _days(NEAR), today.c.day + _days(NEAR)),
    )
    return (
        sa.select(_tournament.c.key)
        .join(today, today.c.provider == _tournament.c.provider)
        .where(_tournament.c.status.in_(READ_NIGHTLY), ~read, near)
    )


def _with_check(today: sa.Subquery, which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(_tournament.c.key)
        .join(today, today.c.provider == _tournament.c.provider)
        .join(_check, _check.c.tournament_id == _tournament.c.id)
        .where(which)
    )


def _days(delta: timedelta) -> int:
    return delta.days
