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
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, ways_to_settle
from dp_pipeline.notifications.failure_runs import (
    counted_in,
    executions,
    last_attempt,
    passing,
    recoveries,
    standing,
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

MOST_GROUPS = 50
"""Run groups read in one go."""


@dataclass(frozen=True, slots=True)
class RunGroup:
    """A run group with executions that are unannounced; the last of them ended at `last`."""

    name: str
    last: datetime


def unannounced_groups(database: Database, since: datetime) -> list[RunGroup]:
    """Run groups without an open row, with unannounced executions that ended after `since`.

    Oldest first; not those with a run that a process works on.
    """
    e = executions
    open_row = tables.data_provider_executions.alias("open_row")
    last = sa.func.max(e.c.completed_at)
    with_open_row = sa.select(open_row.c.run_group).where(
        open_row.c.status == "in_progress", open_row.c.run_group.is_not(None)
    )
    groups = (
        sa.select(e.c.run_group, last.label("last"))
        .where(e.c.announced_at.is_(None), e.c.completed_at >= since)
        .where(e.c.run_group.is_not(None), e.c.run_group.not_in(with_open_row))
        .group_by(e.c.run_group)
        .having(~sa.func.bool_or(worked_on(e.c.request_id)))
        .order_by(last)
        .limit(MOST_GROUPS)
    )
    with database.transaction() as connection:
        return [RunGroup(row.run_group, row.last) for row in connection.execute(groups)]


def recorded(database: Database, request_ids: Collection[UUID]) -> bool:
    """Whether the ledger has an execution of some runs, announced or not."""
    e = tables.data_provider_executions
    with database.transaction() as connection:
        exists = sa.select(sa.exists().where(e.c.request_id.in_(request_ids)))
        return bool(connection.scalar(exists))


def digest(
    database: Database,
    group: RunGroup,
    *,
    since: datetime | None,
    url: str,
    backfill: Backfill | None = None,
) -> Digest:
    """What is unannounced of a run group, summed up; an attempt that was repeated does not count.

    Executions that ended before `since` are not announced; None: all of it is summed up, what was
    announced too.
    """
    which = executions.c.run_group == group.name
    if since is not None:
        which = _due(executions, group, since)
    else:
        which &= executions.c.completed_at <= group.last
    counted = sa.and_(which, last_attempt(executions))
    with database.transaction() as connection:
        as_before = standing(executions, since)
        totals: dict[str, Any] = connection.execute(_totals(counted, as_before)).one()._asdict()
        failures = connection.execute(_failures(counted & ~as_before)).all()
        harmless = passing(connection, counted & ~as_before)
        recovered, recoveries_in_all = recoveries(connection, counted, most=RECOVERED)
        news = connection.execute(_news(counted)).all()
    return Digest(
        run_group=group.name,
        title=title_of(group.name),
        started_at=totals.pop("started_at") or group.last,
        completed_at=group.last,
        failures=tuple(map(_failure, failures)),
        more_failures=failures[0].kinds - len(failures) if failures else 0,
        recoveries=recovered,
        more_recoveries=recoveries_in_all - len(recovered),
        news=tuple(News(row.tournament_key, row.sentence) for row in news),
        more_news=news[0].in_all - len(news) if news else 0,
        url=url,
        backfill=backfill,
        passing=harmless,
        **totals,
    )


def title_of(run_group: str) -> str:
    """What people call a run group."""
    backfill = backfill_of(run_group)
    return run_group if backfill is None else f"Backfill {backfill}"


def mark_group_announced(database: Database, group: RunGroup, since: datetime) -> None:
    """Stamp what the digest was about, and the earlier attempts of it."""
    ledger = tables.data_provider_executions
    stamped = sa.update(ledger).where(_due(ledger, group, since))
    with database.transaction() as connection:
        connection.execute(stamped.values(announced_at=sa.func.clock_timestamp()))


def _due(e: Any, group: RunGroup, since: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        e.c.run_group == group.name,
        e.c.announced_at.is_(None),
        e.c.completed_at.between(since, group.last),
    )


def _totals(which: sa.ColumnElement[bool], as_before: sa.ColumnElement[bool]) -> sa.Executable:
    e = executions
    failed = (e.c.status == "failed") & ~as_before

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition)

    def rows(name: str) -> sa.ColumnElement[int]:
        total = sa.func.coalesce(sa.func.sum(counted_in(e, name)), 0)
        return sa.cast(total, sa.BigInteger)

    expected = sa.func.coalesce(e.c.outcome.in_(("nothing_yet", "not_applicable")), sa.false())
    return sa.select(
        sa.func.count(e.c.tournament_key.distinct()).label("tournaments"),
        sa.func.count(e.c.request_id.distinct()).label("runs"),
        count((e.c.status == "completed") & ~expected).label("completed"),
        count((e.c.status == "completed") & expected).label("expected"),
        count(e.c.status == "partial_failure").label("partial"),
        count(failed).label("failed"),
        count(failed & (e.c.outcome == "blocked_dependency")).label("followed"),
        count(as_before).label("refused_before"),
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
            sa.func.min(e.c.outcome).label("outcome"),
            sa.func.min(sa.cast(e.c.id, sa.Text)).label("execution"),
            sa.func.array_agg(e.c.summary)[1].label("summary"),
            sa.func.count().over().label("kinds"),
        )
        .where(which, e.c.fingerprint.is_not(None))
        .group_by(sa.case((consequence, "followed"), else_=e.c.fingerprint))
        .order_by(followed, times.desc(), sa.func.min(e.c.error_text))
        .limit(FAILURES)
    )


def _news(which: sa.ColumnElement[bool]) -> sa.Executable:
    """The news of the executions, a row per sentence, the first ones."""
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
    named, domains = tuple(row.named[:NAMED]), tuple(row.domains)
    settles = row.times == 1 and row.outcome == SUSPICIOUS
    ways = ways_to_settle(row.execution, row.summary or {}) if settles else {}
    return CountedFailure(row.times, row.tournaments, named, domains, row.error, row.followed, ways)
