"""What a run group came to, summed up from the ledger for one message.

Whether a run group is over only Dagster knows: see runs.py.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
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
    done_anew,
    executions,
    last_attempt,
    passing,
    recoveries,
    standing,
)
from dp_pipeline.notifications.outbox import ReportUrl
from dp_pipeline.notifications.slack.digest import (
    CHANGED,
    FAILURES,
    NAMED,
    NEWS,
    RECOVERED,
    Changed,
    CountedFailure,
    Digest,
    News,
    Subject,
)
from dp_pipeline.notifications.slack.mrkdwn import visible
from dp_pipeline.providers.registry import BY_NAME

MOST_GROUPS = 50
"""Run groups read in one go."""
_REFRESHES = {"nightly": "Nightly refresh", "weekly": "Weekly refresh"}


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


def announced_group(database: Database, name: str) -> RunGroup:
    """A run group up to the last of its executions that was announced."""
    e = tables.data_provider_executions.c
    last = sa.select(sa.func.max(e.completed_at)).where(
        e.run_group == name, e.announced_at.is_not(None)
    )
    with database.transaction() as connection:
        return RunGroup(name, connection.execute(last).scalar_one())


def recorded(database: Database, request_ids: Collection[UUID]) -> bool:
    """Whether the ledger has an execution of some runs, announced or not."""
    e = tables.data_provider_executions
    with database.transaction() as connection:
        exists = sa.select(sa.exists().where(e.c.request_id.in_(request_ids)))
        return bool(connection.scalar(exists))


def digest(  # noqa: PLR0913 - which, since when, and where more is
    database: Database,
    group: RunGroup,
    *,
    since: datetime,
    url: str,
    report_url: ReportUrl = lambda _: None,
    in_all: bool = False,
) -> Digest:
    """What is unannounced of a run group, summed up; what was repeated in it does not count.

    Executions that ended before `since` are not announced. `in_all`: also what was announced.
    """
    which = _due(executions, group, since)
    if in_all:
        which = (executions.c.run_group == group.name) & (executions.c.completed_at <= group.last)
    attempts = which & last_attempt(executions)
    counted = attempts & ~done_anew(executions)
    with database.transaction() as connection:
        as_before = standing(executions, since)
        totals: dict[str, Any] = connection.execute(_totals(counted, as_before)).one()._asdict()
        totals["done_anew"] = connection.execute(_count(attempts & done_anew(executions))).scalar()
        failures = connection.execute(_failures(counted & ~as_before)).all()
        reports = _rows(connection, [row.execution for row in failures])
        harmless = passing(connection, counted & ~as_before)
        recovered, recoveries_in_all = recoveries(connection, counted, most=RECOVERED)
        news = connection.execute(_news(counted)).all()
        changed = connection.execute(_changed(counted, as_before)).all()
        keys = {
            *(row.tournament_key for row in (*news, *changed)),
            *(each.tournament for each in recovered),
            *(key for row in failures for key in row.named[:NAMED]),
        }
        names = _names(connection, keys)
    return Digest(
        run_group=group.name,
        subject=subject_of(group.name),
        started_at=totals.pop("started_at") or group.last,
        completed_at=group.last,
        failures=tuple(_failure(row, names, reports, report_url) for row in failures),
        more_failures=failures[0].kinds - len(failures) if failures else 0,
        recoveries=tuple(
            replace(each, tournament=names.get(each.tournament, each.tournament))
            for each in recovered
        ),
        more_recoveries=recoveries_in_all - len(recovered),
        news=tuple(News(names[row.tournament_key], row.sentence) for row in news),
        more_news=news[0].in_all - len(news) if news else 0,
        url=url,
        passing=harmless,
        changed=tuple(
            Changed(names[row.tournament_key], row.created, row.updated)
            for row in changed
            if row.created or row.updated
        ),
        changed_tournaments=changed[0].changed if changed else 0,
        failed_tournaments=changed[0].failed if changed else 0,
        empty_tournaments=changed[0].empty if changed else 0,
        **totals,
    )


def subject_of(run_group: str) -> Subject:
    """What people call a run group, and what it does to a tournament."""
    kind, _, rest = run_group.partition(":")
    if backfill_of(run_group) is not None:
        return Subject("Backfill", "filled")
    if kind == "retry":
        return Subject("Second try", "read")
    provider = BY_NAME.get(rest.partition(":")[0])
    if kind in _REFRESHES and provider is not None:
        return Subject(f"{_REFRESHES[kind]} of {provider.title}")
    return Subject(run_group)


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


def _count(which: sa.ColumnElement[bool]) -> sa.Executable:
    return sa.select(sa.func.count()).where(which)


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


def _changed(which: sa.ColumnElement[bool], as_before: sa.ColumnElement[bool]) -> sa.Executable:
    """The tournaments of which most rows were written, with counts over all of the run group."""
    e = executions
    expected = e.c.outcome.in_(("nothing_yet", "not_applicable"))
    each = (
        sa.select(
            e.c.tournament_key,
            sa.func.sum(counted_in(e, "created")).label("created"),
            sa.func.sum(counted_in(e, "updated")).label("updated"),
            sa.func.bool_or((e.c.status == "failed") & ~as_before).label("failed"),
            sa.func.bool_and(sa.func.coalesce(expected, sa.false())).label("empty"),
        )
        .where(which)
        .group_by(e.c.tournament_key)
        .subquery()
    )
    written = each.c.created + each.c.updated

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition).over()

    return (
        sa.select(
            each.c.tournament_key,
            sa.cast(each.c.created, sa.BigInteger).label("created"),
            sa.cast(each.c.updated, sa.BigInteger).label("updated"),
            count(written > 0).label("changed"),
            count(each.c.failed).label("failed"),
            count(each.c.empty).label("empty"),
        )
        .order_by(written.desc(), each.c.tournament_key)
        .limit(CHANGED)
    )


def _failures(which: sa.ColumnElement[bool]) -> sa.Executable:
    """A row per distinct failure, the frequent ones first, each with its own tournaments.

    What only waited for another domain that failed is left out: version 0.1 counted it under one of
    three reasons, which was not the reason of all of it.
    """
    e, cause = executions, tables.data_provider_executions.alias("cause")
    consequence = e.c.outcome.is_not_distinct_from("blocked_dependency")
    explained = consequence & sa.exists().where(
        cause.c.request_id == e.c.request_id,
        cause.c.tournament_key == e.c.tournament_key,
        cause.c.status == "failed",
        cause.c.outcome.is_distinct_from("blocked_dependency"),
    )
    times = sa.func.count()
    return (
        sa.select(
            times.label("times"),
            sa.func.count(e.c.tournament_key.distinct()).label("tournaments"),
            sa.func.array_agg(e.c.tournament_key.distinct()).label("named"),
            sa.func.array_agg(e.c.domain.distinct()).label("domains"),
            sa.func.min(e.c.error_text).label("error"),
            sa.func.min(e.c.outcome).label("outcome"),
            sa.func.min(sa.cast(e.c.id, sa.Text)).label("execution"),
            sa.func.array_agg(e.c.summary)[1].label("summary"),
            sa.func.count().over().label("kinds"),
        )
        .where(which, e.c.fingerprint.is_not(None), ~explained)
        .group_by(e.c.fingerprint)
        .order_by(times.desc(), sa.func.min(e.c.error_text))
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


def _failure(
    row: Any,
    names: Mapping[str, str],
    reports: Mapping[str, Mapping[str, Any]],
    report_url: ReportUrl,
) -> CountedFailure:
    named = tuple(names[key] for key in row.named[:NAMED])
    settles = row.times == 1 and row.outcome == SUSPICIOUS
    ways = ways_to_settle(row.execution, row.summary or {}) if settles else {}
    domains = tuple(row.domains)
    url = report_url(reports[row.execution])
    return CountedFailure(row.tournaments, named, domains, row.error, ways, row.execution, url)


def _rows(connection: sa.Connection, ids: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """The rows of some executions by id."""
    ledger = tables.data_provider_executions
    rows = connection.execute(sa.select(ledger).where(ledger.c.id.in_(list(map(UUID, ids)))))
    return {str(row["id"]): row for row in rows.mappings()}


def _names(connection: sa.Connection, keys: Collection[str]) -> Mapping[str, str]:
    """What tournaments are called; one that is not stored has its key."""
    stored = sa.select(tables.tournament.c.key, tables.tournament.c.label).where(
        tables.tournament.c.key.in_(keys)
    )
    labels = {row.key: row.label for row in connection.execute(stored) if visible(row.label or "")}
    return {key: labels.get(key, key) for key in keys}
