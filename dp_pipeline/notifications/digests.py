"""What a run group came to, summed up from the ledger for one message.

Whether a run group is over only Dagster knows: see runs.py.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.liveness import worked_on
from dp_pipeline.ledger.run_tags import backfill_of
from dp_pipeline.notifications.failure_runs import (
    counted_in,
    executions,
    last_attempt,
    passing,
    recoveries,
)
from dp_pipeline.notifications.slack.digest import (
    FAILURES,
    NAMED,
    NEWS,
    RECOVERED,
    Backfill,
    CountedFailure,
    Digest,
    News,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A unit with executions that are unannounced; the last of them ended at `last`."""

    unit: str
    last: datetime


def unannounced_groups(database: Database, since: datetime, *, most: int = 50) -> list[Waiting]:
    """Units without an open row, with executions that ended after `since` and are unannounced.

    Oldest first; not those with a run that a process works on.
    """
    e = executions
    open_row = tables.data_provider_executions.alias("open_row")
    last = sa.func.max(e.c.completed_at)
    units = (
        sa.select(e.c.unit, last.label("last"))
        .where(e.c.announced_at.is_(None), e.c.completed_at >= since, e.c.unit.is_not(None))
        .where(
            e.c.unit.not_in(
                sa.select(open_row.c.unit).where(
                    open_row.c.status == "in_progress", open_row.c.unit.is_not(None)
                )
            )
        )
        .group_by(e.c.unit)
        .having(~sa.func.bool_or(worked_on(e.c.request_id)))
        .order_by(last)
        .limit(most)
    )
    with database.transaction() as connection:
        return [Waiting(row.unit, row.last) for row in connection.execute(units)]


def recorded(database: Database, request_ids: Collection[UUID]) -> bool:
    """Whether the ledger has an execution of some runs, announced or not."""
    e = tables.data_provider_executions
    with database.transaction() as connection:
        found = connection.execute(
            sa.select(e.c.id).where(e.c.request_id.in_(request_ids)).limit(1)
        )
        return found.first() is not None


def digest(
    database: Database,
    waiting: Waiting,
    *,
    since: datetime,
    url: str,
    backfill: Backfill | None = None,
) -> Digest:
    """What is unannounced of a unit, summed up; an attempt that was repeated does not count.

    Args:
        database: with the ledger.
        waiting: the unit.
        since: executions that ended before this are not announced.
        url: its page.
        backfill: how it ended, of one that is a backfill.
    """
    counted = sa.and_(_due(executions, waiting, since), last_attempt(executions))
    with database.transaction() as connection:
        total = connection.execute(_totals(counted)).one()
        failures = connection.execute(_failures(counted)).all()
        harmless = passing(connection, counted)
        recovered, recoveries_in_all = recoveries(connection, counted, most=RECOVERED)
        news = connection.execute(_news(counted)).all()
    return Digest(
        unit=waiting.unit,
        title=title_of(waiting.unit),
        tournaments=total.tournaments,
        runs=total.runs,
        completed=total.completed - total.expected,
        expected=total.expected,
        partial=total.partial,
        failed=total.failed,
        created=total.created,
        updated=total.updated,
        unchanged=total.unchanged,
        left_out=total.left_out,
        started_at=total.started_at or waiting.last,
        completed_at=waiting.last,
        failures=tuple(_failure(row) for row in failures),
        more_failures=failures[0].kinds - len(failures) if failures else 0,
        recoveries=recovered,
        more_recoveries=recoveries_in_all - len(recovered),
        news=tuple(News(row.tournament_key, row.sentence) for row in news),
        more_news=news[0].in_all - len(news) if news else 0,
        url=url,
        backfill=backfill,
        passing=harmless,
        followed=total.followed,
    )


def title_of(unit: str) -> str:
    """What people call a run group."""
    backfill = backfill_of(unit)
    return unit if backfill is None else f"Backfill {backfill}"


def mark_group_announced(database: Database, digest: Digest, since: datetime) -> None:
    """Stamp what a digest was about, and the earlier attempts of it."""
    waiting = Waiting(digest.unit, digest.completed_at)
    ledger = tables.data_provider_executions
    with database.transaction() as connection:
        connection.execute(
            sa.update(ledger)
            .where(_due(ledger, waiting, since))
            .values(announced_at=sa.func.clock_timestamp())
        )


def _due(e: Any, waiting: Waiting, since: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        e.c.unit == waiting.unit,
        e.c.announced_at.is_(None),
        e.c.completed_at >= since,
        e.c.completed_at <= waiting.last,
    )


def _totals(which: sa.ColumnElement[bool]) -> sa.Executable:
    e = executions

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition)

    def rows(name: str) -> sa.ColumnElement[int]:
        total = sa.func.coalesce(sa.func.sum(counted_in(e, name)), 0)
        return sa.cast(total, sa.BigInteger)

    expected = e.c.outcome.in_(("nothing_yet", "not_applicable"))
    return sa.select(
        sa.func.count(e.c.tournament_key.distinct()).label("tournaments"),
        sa.func.count(e.c.request_id.distinct()).label("runs"),
        count(e.c.status == "completed").label("completed"),
        count((e.c.status == "completed") & expected).label("expected"),
        count(e.c.status == "partial_failure").label("partial"),
        count(e.c.status == "failed").label("failed"),
        count((e.c.status == "failed") & (e.c.outcome == "blocked_dependency")).label("followed"),
        rows("created").label("created"),
        rows("updated").label("updated"),
        rows("unchanged").label("unchanged"),
        rows("leftOut").label("left_out"),
        sa.func.min(e.c.started_at).label("started_at"),
    ).where(which)


def _failures(which: sa.ColumnElement[bool]) -> sa.Executable:
    """A row per distinct failure: causes before consequences, the frequent ones first.

    Consequences are one: which domain waited for which does not matter once the cause is announced.
    """
    e = executions
    keys = sa.func.array_agg(e.c.tournament_key.distinct())
    consequence = e.c.outcome.is_not_distinct_from("blocked_dependency")
    followed = sa.func.bool_and(consequence)
    times = sa.func.count()
    return (
        sa.select(
            times.label("times"),
            sa.func.count(e.c.tournament_key.distinct()).label("tournaments"),
            keys.label("named"),
            sa.func.array_agg(e.c.domain.distinct()).label("domains"),
            sa.func.min(e.c.error_text).label("error"),
            followed.label("followed"),
            sa.func.count().over().label("kinds"),
        )
        .where(which, e.c.fingerprint.is_not(None))
        .group_by(sa.case((consequence, "followed"), else_=e.c.fingerprint))
        .order_by(followed, times.desc(), sa.func.min(e.c.error_text))
        .limit(FAILURES)
    )


def _news(which: sa.ColumnElement[bool]) -> sa.Executable:
    """What the executions found that are news, a row per sentence, the first ones."""
    e = executions
    noted = e.c.summary["news"]
    listed = sa.case((sa.func.jsonb_typeof(noted) == "array", noted), else_=sa.text("'[]'::jsonb"))
    sentences = sa.func.jsonb_array_elements_text(listed).table_valued("value").lateral("news")
    return (
        sa.select(
            e.c.tournament_key,
            sentences.c.value.label("sentence"),
            sa.func.count().over().label("in_all"),
        )
        .join(sentences, sa.true())
        .where(which)
        .order_by(e.c.completed_at, e.c.id)
        .limit(NEWS)
    )


def _failure(row: Any) -> CountedFailure:
    return CountedFailure(
        times=row.times,
        tournaments=row.tournaments,
        named=tuple(row.named[:NAMED]),
        domains=tuple(row.domains),
        error=row.error,
        followed=row.followed,
    )
