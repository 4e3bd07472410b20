"""The ledger as outbox: executions that are not announced, as messages.

Everything here may be done twice and by two processes; nothing here queries Dagster. Run groups,
which are announced as one, are in digests.py; which message is news, in news.py.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.liveness import worked_on
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, ways_to_settle
from dp_pipeline.notifications.failure_runs import counted_in, failure_runs, passing_kind
from dp_pipeline.notifications.news import FailureRun, Passing
from dp_pipeline.notifications.slack.announcement import ROWS, Announcement, Suppressed
from dp_pipeline.notifications.slack.line import Line
from dp_pipeline.providers.errors import NOT_THERE

MOST_RUNS = 500
"""Runs read in one go. Four work at a time; the others of these are over."""
MOST_MESSAGES = 200
"""Messages read in one go: more than are posted, because what is suppressed costs no time."""

ReportUrl = Callable[[Mapping[str, Any]], str | None]
"""Of a row: a web address at which its report can be opened by who reads the message."""

_executions = tables.data_provider_executions
_table = sa.table(
    "league_table",
    *map(
        sa.column,
        (
            "tournament_id", "stage", "group_name", "position", "team", "games", "goals_for",
            "goals_against", "points", "whole_season",
        ),
    ),
)  # fmt: skip


def unannounced_runs(database: Database, since: datetime) -> list[UUID]:
    """Runs on their own with executions that ended after `since` and are unannounced, oldest first.

    Not those that a process works on.
    """
    e = _executions
    runs = (
        sa.select(e.c.request_id)
        .where(*_unannounced(since), ~worked_on(e.c.request_id))
        .group_by(e.c.request_id)
        .order_by(sa.func.min(e.c.completed_at))
        .limit(MOST_RUNS)
    )
    with database.transaction() as connection:
        return list(connection.scalars(runs))


def oldest_end(database: Database, runs: Collection[UUID]) -> datetime | None:
    """When the first of some runs ended its last execution."""
    e = _executions
    ends = (
        sa.select(sa.func.max(e.c.completed_at).label("at"))
        .where(e.c.request_id.in_(runs))
        .group_by(e.c.request_id)
        .subquery()
    )
    with database.transaction() as connection:
        return connection.scalar(sa.select(sa.func.min(ends.c.at)))


def announcements(  # noqa: PLR0913 - what is due, and what is said of it
    database: Database,
    runs: Collection[UUID],
    *,
    since: datetime,
    run_url: Callable[[UUID], str],
    report_url: ReportUrl,
    each: Callable[[str], AbstractContextManager[None]],
) -> list[Announcement]:
    """What is unannounced of runs that are over: a message per tournament and run, oldest first.

    A tournament with an open row waits until that is closed. Executions that ended before `since`
    are not announced. `each` gets the name of a part and is held around it, so that one row that
    cannot be read keeps back its own message only.
    """
    rows: dict[tuple[UUID, str], list[Mapping[str, Any]]] = defaultdict(list)
    with database.transaction() as connection:
        for row in connection.execute(_due(runs, since)).mappings() if runs else ():
            rows[row["request_id"], row["tournament_key"]].append(row)
        ids = [row["id"] for group in rows.values() for row in group]
        failures = failure_runs(connection, ids, announced_from=since) if ids else {}
    before: dict[UUID, Suppressed] = {}
    with each("counting the polls without news"), database.transaction() as connection:
        before = suppressed(connection, [group[0]["id"] for group in rows.values()])
    messages: list[Announcement] = []
    for (run, key), group in rows.items():
        with each(f"summing up {key} of run {run}"):
            message = announcement(group, failures, before, run_url(run))
            if message.kinds:
                # An address takes 8 ms to sign, and most of a match day is polls of no message.
                message = announcement(group, failures, before, run_url(run), report_url)
            messages.append(replace(message, table=table_after(database, message)))
    return sorted(messages, key=lambda message: message.completed_at)


def _due(runs: Collection[UUID], since: datetime) -> sa.Executable:
    """The rows of the oldest messages, those of each together."""
    e = _executions
    open_row = e.alias("open_row")
    groups = (
        sa.select(e.c.request_id, e.c.tournament_key)
        .where(*_unannounced(since), e.c.request_id.in_(runs))
        .where(
            ~sa.exists().where(
                open_row.c.request_id == e.c.request_id,
                open_row.c.tournament_key == e.c.tournament_key,
                open_row.c.status == "in_progress",
            )
        )
        .group_by(e.c.request_id, e.c.tournament_key)
        .order_by(sa.func.max(e.c.completed_at))
        .limit(MOST_MESSAGES)
        .cte("groups")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        sa.select(
            e, tables.tournament.c.label.label("label"), passing_kind(e, since).label("passing")
        )
        .join_from(
            groups,
            e,
            (e.c.request_id == groups.c.request_id)
            & (e.c.tournament_key == groups.c.tournament_key),
        )
        .outerjoin(tables.tournament, tables.tournament.c.id == e.c.tournament_id)
        .order_by(e.c.started_at, e.c.id)
    )


def _unannounced(since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    e = _executions
    return e.c.announced_at.is_(None), e.c.run_group.is_(None), e.c.completed_at >= since


def announcement(
    rows: Sequence[Mapping[str, Any]],
    failures: Mapping[UUID, FailureRun],
    before: Mapping[UUID, Suppressed],
    run_url: str,
    report_url: ReportUrl = lambda row: row["report_file_url"],
) -> Announcement:
    """Ledger rows of one tournament and run as a message's content.

    The rows have the `label` of the stored tournament, and why a failure needs nobody (`passing`);
    `before` is what was suppressed before the first of them.
    """
    last = {row["domain"]: row for row in sorted(rows, key=lambda row: row["attempt"])}
    lines = [row for row in rows if last[row["domain"]] is row]
    failed = [row for row in lines if row["status"] == "failed"]
    causes = [row["passing"] for row in failed if row["outcome"] != "blocked_dependency"]
    # What waits for something that needs nobody needs nobody.
    followed = causes[0] if causes and None not in causes else None
    first = rows[0]
    return Announcement(
        request_id=first["request_id"],
        tournament_key=first["tournament_key"],
        tournament_label=first["label"]
        or next((row["tournament_label"] for row in rows if row["tournament_label"]), None),
        tournament_id=first["tournament_id"],
        lines=tuple(
            _line(row, _goes_on(row, failures), followed, report_url(row)) for row in lines
        ),
        started_at=min(row["started_at"] for row in rows),
        completed_at=max(row["completed_at"] for row in rows),
        run_url=run_url,
        earlier=tuple(row["id"] for row in rows if last[row["domain"]] is not row),
        suppressed=before.get(first["id"]),
    )


def _goes_on(row: Mapping[str, Any], failures: Mapping[UUID, FailureRun]) -> FailureRun | None:
    """What an execution goes on with or ends: another payload that is refused goes on with none.

    A poll may bring another one each minute.
    """
    is_new = row["outcome"] == SUSPICIOUS and row["passing"] is None and row["scope"] == "whole"
    return None if is_new else failures.get(row["id"])


def _line(
    row: Mapping[str, Any],
    failure_run: FailureRun | None,
    followed: Passing | None,
    report_url: str | None,
) -> Line:
    # A row that somebody else wrote, or mended by hand, is announced with what can be read of it.
    summary = row["summary"] if isinstance(row["summary"], dict) else {}
    news, changed = summary.get("news"), summary.get("changed")
    counts = {name: summary.get(name) for name in ("created", "updated", "unchanged", "leftOut")}
    created, updated, unchanged, left_out = (
        int(count) if isinstance(count, int | float) else 0 for count in counts.values()
    )
    return Line(
        execution_id=row["id"],
        domain=row["domain"],
        operation_type=row["operation_type"],
        status=row["status"],
        outcome=row["outcome"],
        created=created,
        updated=updated,
        unchanged=unchanged,
        left_out=left_out,
        duration_ms=row["duration"],
        attempt=row["attempt"],
        report_url=report_url,
        report_key=row["report_file_key"],
        report_error=summary.get("reportUploadError")
        or ("not stored yet" if summary.get("reportUploadStatus") == "kept" else None),
        error=row["error_text"],
        failure_run=failure_run,
        news=tuple(map(str, news)) if isinstance(news, list) else (),
        changed=tuple(map(str, changed)) if isinstance(changed, list) else (),
        scope=row["scope"],
        passing=followed if row["outcome"] == "blocked_dependency" else row["passing"],
        ways=ways_to_settle(row["id"], summary) if row["outcome"] == SUSPICIOUS else {},
        no_tournament=row["error_class"] in NOT_THERE,
    )


def table_after(database: Database, message: Announcement) -> tuple[str, ...]:
    """The top of the table after news that it followed from; none where there are only groups."""
    if not message.sentences or all(line.domain != "standings" for line in message.lines):
        return ()
    rows = sa.select(_table).where(
        _table.c.tournament_id == message.tournament_id, _table.c.group_name.is_(None)
    )
    # Where a season is split the table over all of it is the one that people mean.
    order = _table.c.whole_season.desc(), _table.c.stage.desc(), _table.c.position, _table.c.team
    with database.transaction() as connection:
        top = connection.execute(rows.order_by(*order).limit(ROWS)).all()
    return tuple(
        f"{row.position}. {row.team} · {row.points} points after {row.games}, "
        f"{row.goals_for}:{row.goals_against} goals"
        for row in top
    )


def mark_announced(database: Database, ids: Collection[UUID]) -> None:
    """Stamp rows as announced; what they say stays untouched."""
    with database.transaction() as connection:
        connection.execute(
            sa.update(_executions)
            .where(_executions.c.id.in_(ids))
            .values(announced_at=sa.func.clock_timestamp())
        )


def suppressed(connection: sa.Connection, ids: Collection[UUID]) -> dict[UUID, Suppressed]:
    """The polls that wrote and were not announced between the last message and some executions.

    Of each message the id is given of its first execution; one with nothing before it is left out.
    Only executions of matches are counted: what follows a match that has ended comes with its news.
    Both queries read one stretch of the ledger's index of completed executions.
    """
    newsworthy, one = _executions.alias("newsworthy"), _executions.alias("one")
    last = (
        sa.select(newsworthy.c.completed_at.label("at"))
        .where(*_polled_before(newsworthy), newsworthy.c.summary.has_key("news"))
        .order_by(newsworthy.c.completed_at.desc())
        .limit(1)
        .lateral("last")
    )
    written = counted_in(one, "created") + counted_in(one, "updated")
    polls = (
        sa.select(
            sa.func.count().label("polls"),
            sa.func.sum(written).label("rows"),
            sa.func.min(one.c.completed_at).label("since"),
        )
        .where(
            *_polled_before(one),
            one.c.completed_at > sa.func.coalesce(last.c.at, sa.text("timestamptz '-infinity'")),
            one.c.outcome == "written",
            ~one.c.summary.has_key("news"),
        )
        .lateral("polls")
    )
    query = (
        sa.select(_executions.c.id, polls.c.polls, polls.c.rows, polls.c.since)
        .select_from(_executions.outerjoin(last, sa.true()).join(polls, polls.c.polls > 0))
        .where(_executions.c.id.in_(ids))
    )
    return {
        row.id: Suppressed(row.polls, int(row.rows), row.since) for row in connection.execute(query)
    }


def _polled_before(rows: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        rows.c.tournament_key == _executions.c.tournament_key,
        rows.c.domain == "matches",
        rows.c.status == "completed",
        rows.c.scope == "part",
        rows.c.completed_at < _executions.c.started_at,
    )
