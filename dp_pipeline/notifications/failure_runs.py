"""Failures in a row, as the ledger has them: what an execution goes on with, and what it ends.

What follows from it for messages is decided in news.py. Each query is answered by an index,
however long the ledger is.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.ledger.failing import settled
from dp_pipeline.ledger.ledger import INTERRUPTED, RUN_ENDED_EARLY
from dp_pipeline.ledger.vocabulary import REFUSED_BEFORE, Scope
from dp_pipeline.notifications.news import LASTING, LASTING_TIMES, FailureRun
from dp_pipeline.notifications.slack.digest import Recovery

_ledger = tables.data_provider_executions
executions = _ledger.alias("e")
"""The rows a question is about; conditions given to `recoveries` are made with it."""


def _first(failed: Any, name: str, *which: Any, newest: bool = False) -> sa.Lateral:
    at = failed.c.completed_at
    first = sa.select(at.label("at")).where(*which).order_by(at.desc() if newest else at).limit(1)
    return cast("sa.Lateral", first.lateral(name))


def _last_good(scope: Scope) -> sa.Lateral:
    """When this domain of this tournament was last read well, so much of it, before the execution.

    The index gives one row.
    """
    return _first(
        _ledger,
        f"good_{scope}",
        _ledger.c.tournament_key == executions.c.tournament_key,
        _ledger.c.domain == executions.c.domain,
        _ledger.c.scope == scope,
        _ledger.c.status == "completed",
        _ledger.c.completed_at < executions.c.completed_at,
        newest=True,
    )


_whole, _part = _last_good("whole"), _last_good("part")
_BEFORE_ALL = sa.text("timestamptz '-infinity'")


def standing(rows: Any, announced_from: datetime | None) -> sa.ColumnElement[bool]:
    """That a payload was refused, or waited for, of which people have heard or decided.

    They have heard of it if the first one like it was announced, or will be: it ended at
    `announced_from` or later. With None it has to be announced already.
    """
    first = _ledger.alias("refused_first")
    named = rows.c.summary[REFUSED_BEFORE]["execution"].astext
    id_ = sa.case((named.regexp_match("^[0-9a-f-]{36}$"), sa.cast(named, sa.Uuid)))
    announced = sa.or_(
        first.c.announced_at.is_not(None),
        *(() if announced_from is None else (first.c.completed_at >= announced_from,)),
    )
    # No EXISTS: Postgres would read the whole ledger for it once, and this is one look by key.
    heard = sa.select(announced).where(first.c.id == id_).scalar_subquery()
    return (rows.c.status == "failed") & (settled(rows) | sa.func.coalesce(heard, sa.false()))


def stopped(rows: Any) -> sa.ColumnElement[bool]:
    """That an execution failed only because its run was cancelled or the server stopped."""
    early = rows.c.summary["stopped"].as_string() == "true"
    return sa.func.coalesce((rows.c.error_class == INTERRUPTED) | early, sa.false())


def passing_kind(rows: Any, announced_from: datetime | None = None) -> sa.ColumnElement[str | None]:
    """Why a failure needs nobody (news.py); null of all else.

    What could not begin is begun again by the next tick, or by whoever launched it; a poll is made
    again by itself whenever trying again can help. Only with `announced_from`, see `standing`, it
    is said that a payload was refused before.
    """
    known = [] if announced_from is None else [(standing(rows, announced_from), "refused")]
    retryable = rows.c.summary["retryable"].as_string() == "true"
    return sa.case(
        (rows.c.status != "failed", sa.null()),
        (settled(rows), "settled"),
        *known,
        (stopped(rows), "stopped"),
        (
            rows.c.error_class.in_((RUN_ENDED_EARLY, TournamentBusyError.__name__))
            | ((rows.c.scope != "whole") & retryable),
            "again",
        ),
        else_=sa.null(),
    )


def counted_in(rows: Any, name: str) -> sa.ColumnElement[int]:
    """A count of a summary; 0 where there is none, or what somebody wrote there is no number."""
    count = rows.c.summary[name]
    number = sa.cast(count.as_string(), sa.Numeric)
    return sa.case((sa.func.jsonb_typeof(count) == "number", sa.func.trunc(number)), else_=0)


def last_attempt(rows: Any) -> sa.ColumnElement[bool]:
    """That no other attempt of the same run followed: an attempt that is repeated is no news."""
    later = _ledger.alias()
    return ~sa.exists().where(
        later.c.request_id == rows.c.request_id,
        later.c.tournament_key == rows.c.tournament_key,
        later.c.domain == rows.c.domain,
        later.c.attempt > rows.c.attempt,
    )


def done_anew(rows: Any) -> sa.ColumnElement[bool]:
    """That what was stopped was done again in its run group: `dp dev` queues what it cuts off."""
    later = _ledger.alias()
    return stopped(rows) & sa.exists().where(
        later.c.tournament_key == rows.c.tournament_key,
        later.c.domain == rows.c.domain,
        later.c.run_group == rows.c.run_group,
        later.c.started_at > rows.c.started_at,
    )


def _failed() -> tuple[Any, sa.ColumnElement[bool]]:
    """The failures the execution goes on with or ends; equal ones, if it failed itself.

    A whole read goes on with and ends all failures; a poll, which reads what is due, only those of
    polls; what has requested nothing none.
    """
    failed = _ledger.alias("failed")
    of_poll = failed.c.scope != "whole"
    return failed, sa.and_(
        failed.c.tournament_key == executions.c.tournament_key,
        failed.c.domain == executions.c.domain,
        failed.c.fingerprint.is_not(None),
        failed.c.scope != "dry_run",
        ~settled(failed),
        failed.c.fingerprint == sa.func.coalesce(executions.c.fingerprint, failed.c.fingerprint),
        (executions.c.scope == "whole") | sa.and_(executions.c.scope == "part", of_poll),
        failed.c.completed_at > sa.func.coalesce(_whole.c.at, _BEFORE_ALL),
        ~of_poll | (failed.c.completed_at > sa.func.coalesce(_part.c.at, _BEFORE_ALL)),
        sa.tuple_(failed.c.completed_at, failed.c.id)
        < sa.tuple_(executions.c.completed_at, executions.c.id),
        last_attempt(failed),
    )


def _oldest() -> sa.Lateral:
    failed, condition = _failed()
    return _first(failed, "oldest", condition)


def _counted() -> sa.Lateral:
    failed, condition = _failed()
    return cast(
        "sa.Lateral",
        sa.select(
            sa.func.count(failed.c.id).label("times"),
            sa.func.bool_or(passing_kind(failed).is_(None)).label("alarming"),
            sa.func.bool_or(failed.c.status == "failed").label("failed"),
        )
        .where(condition)
        .lateral("counted"),
    )


def _heard(name: str, announced_from: datetime, *, newest: bool) -> sa.Lateral:
    """The first or the last of them that was announced, or will be before this execution."""
    failed, condition = _failed()
    waits = failed.c.run_group.is_(None) & (failed.c.completed_at >= announced_from)
    return _first(
        failed, name, condition, failed.c.announced_at.is_not(None) | waits, newest=newest
    )


def failure_runs(
    connection: sa.Connection, ids: Collection[UUID], *, announced_from: datetime
) -> dict[UUID, FailureRun]:
    """What executions that ended go on with or end; those of which there is nothing are left out.

    Executions that ended before `announced_from` and are unannounced stay so.
    """
    oldest, counted = _oldest(), _counted()
    first = _heard("first", announced_from, newest=False)
    last = _heard("last", announced_from, newest=True)
    source = _beside(_whole, _part, oldest, counted, first, last)
    query = (
        sa.select(
            executions.c.id,
            executions.c.completed_at,
            executions.c.fingerprint.is_not(None).label("failed"),
            counted.c.times,
            counted.c.alarming,
            sa.func.coalesce(counted.c.failed, sa.false()).label("whole"),
            oldest.c.at.label("since"),
            first.c.at.label("first_announced"),
            last.c.at.label("last_announced"),
        )
        .select_from(source)
        .where(executions.c.id.in_(ids), oldest.c.at.is_not(None))
    )
    return {
        row.id: FailureRun(
            ended_at=row.completed_at,
            times=row.times + row.failed,
            since=row.since,
            first_announced=row.first_announced,
            last_announced=row.last_announced,
            alarming=row.alarming or row.times >= LASTING_TIMES,
            failed=row.whole,
        )
        for row in connection.execute(query)
    }


def _beside(*laterals: sa.Lateral) -> Any:
    source: Any = executions
    for part in laterals:
        source = source.outerjoin(part, sa.true())
    return source


def recoveries(
    connection: sa.Connection, which: Any, *, most: int
) -> tuple[tuple[Recovery, ...], int]:
    """The executions that completed after failures, oldest first: the first few, and how many.

    `which` is a condition made with `executions`.
    """
    oldest, failures = _oldest(), _counted()
    ended = (
        sa.select(
            executions.c.tournament_key,
            executions.c.domain,
            (sa.func.extract("epoch", executions.c.completed_at - oldest.c.at) * 1000).label(
                "after_ms"
            ),
            (failures.c.alarming & failures.c.failed).label("failed"),
            sa.func.count().over().label("total"),
        )
        .select_from(_beside(_whole, _part, failures).join(oldest, sa.true()))
        .where(which, executions.c.status == "completed")
        .order_by(executions.c.completed_at, executions.c.id)
        .limit(most)
    )
    rows = connection.execute(ended).all()
    named = tuple(
        Recovery(row.tournament_key, row.domain, round(row.after_ms), failed=row.failed)
        for row in rows
    )
    return named, rows[0].total if rows else 0


def passing(connection: sa.Connection, which: Any) -> int:
    """How many executions failed in a way that needs nobody and has not lasted.

    `which` is a condition made with `executions`.
    """
    counted, oldest, kind = _counted(), _oldest(), passing_kind(executions)
    lasting = (counted.c.times + 1 >= LASTING_TIMES) & (
        (kind == "again") | (oldest.c.at <= executions.c.completed_at - LASTING)
    )
    harmless = (
        sa.select(sa.func.count())
        .select_from(_beside(_whole, _part, counted, oldest))
        .where(which, kind.is_not(None), sa.func.coalesce(lasting, sa.false()).is_(False))
    )
    return connection.execute(harmless).scalar_one()
