"""The ledger as people list it: newest first, of a run its failures first, then the rest."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables

_executions = tables.data_provider_executions
_DIGITS = 32
_SHORTEST = 4
_MOST_NAMED = 5


class ExecutionNotFoundError(Exception):
    """The ledger has no such execution, or several; the text is a sentence."""


_LONGEST = timedelta(hours=1)
"""From the first to the last row of a tournament in a run."""


@dataclass(frozen=True, slots=True)
class IdBeginning:
    """The ids that begin with what a person typed: Dagster's pages show eight digits of runs."""

    first: UUID
    last: UUID
    typed: str

    @classmethod
    def parse(cls, text: str, what: str = "run") -> "IdBeginning":
        """Read the id of something, or its beginning.

        Raises:
            ValueError: it is neither; the text is a sentence.
        """
        digits = text.strip().lower().replace("-", "")
        if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},{_DIGITS}}}", digits):
            message = (
                f"'{text}' is no {what}: give its id, or at least the first {_SHORTEST} "
                "characters of that."
            )
            raise ValueError(message)
        first, last = (UUID(digits.ljust(_DIGITS, each)) for each in "0f")
        return cls(first, last, text.strip())


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions are wanted; what is not given does not matter.

    Args:
        tournament: key, as in the ledger.
        statuses: of which it has one.
        domains: of which it has one.
        since: it began then or later.
        runs: in which it was.
    """

    tournament: str | None = None
    statuses: Collection[str] = ()
    domains: Collection[str] = ()
    since: datetime | None = None
    runs: IdBeginning | None = None

    def conditions(self, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """As SQL, of the ledger."""
        column, found = table.c, []
        if self.tournament is not None:
            found.append(column.tournament_key == self.tournament)
        if self.statuses:
            found.append(column.status.in_(self.statuses))
        if self.domains:
            found.append(column.domain.in_(self.domains))
        if self.since is not None:
            found.append(column.started_at >= self.since)
        if self.runs is not None:
            found.append(column.request_id.between(self.runs.first, self.runs.last))
        return found


ALL = ExecutionFilter()


def executions_of_run(connection: sa.Connection, request_id: UUID) -> list[Mapping[str, Any]]:
    """The rows of one run in the order in which they were opened."""
    e = _executions
    rows = sa.select(e).where(e.c.request_id == request_id).order_by(e.c.started_at)
    return [dict(row) for row in connection.execute(rows).mappings()]


def newest_executions(
    connection: sa.Connection,
    wanted: ExecutionFilter = ALL,
    *,
    limit: int,
    folded: bool = False,
) -> list[Mapping[str, Any]]:
    """At most `limit` rows, newest first, of a tournament in a run those first that failed.

    A row that was blocked is opened after the one that blocked it, so that the newest two of a
    failed tournament said nothing but "not begun". Such rows come after their cause; `folded`, the
    cause has their domains as `blocked`, and they are no rows of their own.
    """
    oldest = _oldest(connection, wanted, limit)
    e, cause = _candidates(wanted, oldest), _executions.alias("cause")
    blocked = _is_blocked(e)
    same_run = (cause.c.request_id == e.c.request_id, cause.c.tournament_key == e.c.tournament_key)
    begun = (
        sa.select(sa.func.max(cause.c.started_at))
        .where(
            *same_run, cause.c.status == "failed", ~_is_blocked(cause), *wanted.conditions(cause)
        )
        .scalar_subquery()
    )
    ended = sa.select(sa.func.max(cause.c.started_at)).where(*same_run).scalar_subquery()
    of_failure = (e.c.status == "failed") & begun.is_not(None)
    place = sa.case((of_failure, ended), else_=e.c.started_at)
    rows = (
        sa.select(e)
        .order_by(
            place.desc(),
            sa.case((of_failure, begun)).desc().nulls_last(),
            blocked,
            e.c.started_at.desc(),
        )
        .limit(limit)
    )
    if oldest is not None:
        rows = rows.where((e.c.started_at >= oldest) | (ended >= oldest))
    if folded:
        followers = (
            sa.select(sa.func.array_agg(cause.c.domain))
            .where(*same_run, _is_blocked(cause), *wanted.conditions(cause))
            .scalar_subquery()
        )
        rows = rows.where(~(blocked & of_failure)).add_columns(
            sa.case((of_failure, followers)).label("blocked")
        )
    return [dict(row) for row in connection.execute(rows).mappings()]


def _oldest(connection: sa.Connection, wanted: ExecutionFilter, limit: int) -> datetime | None:
    """When the last of so many causes began, older than which few are shown; None: all may be."""
    e = _executions
    newest = sa.select(e.c.started_at).where(*wanted.conditions(e), ~_is_blocked(e))
    return connection.scalar(newest.order_by(e.c.started_at.desc()).offset(limit - 1).limit(1))


def _candidates(wanted: ExecutionFilter, oldest: datetime | None) -> sa.CTE:
    """The rows that may be shown: what is older only if it failed, for a later one of its run.

    What of these is shown is asked of few rows, so that Postgres does not expect to ask it of a
    third of the ledger. It would compile a statement that costs so much: with a million executions
    that took 1.3 s, and the rest 3 ms.
    """
    e, mine = _executions, wanted.conditions(_executions)
    if oldest is None:
        return sa.select(e).where(*mine).cte("candidates")
    later = sa.select(e).where(*mine, e.c.started_at >= oldest)
    failed = e.c.status == sa.literal_column("'failed'")  # as its index has it
    earlier = sa.select(e).where(
        *mine, failed, e.c.started_at >= oldest - _LONGEST, e.c.started_at < oldest
    )
    return sa.union_all(later, earlier).cte("candidates").prefix_with("MATERIALIZED")


def execution_named(connection: sa.Connection, ids: IdBeginning) -> Mapping[str, Any]:
    """The row of the one execution whose id begins so.

    Raises:
        ExecutionNotFoundError: there is none, or there are several.
    """
    e = _executions
    found = connection.execute(sa.select(e).where(e.c.id.between(ids.first, ids.last)).limit(50))
    rows = [dict(row) for row in found.mappings()]
    if len(rows) == 1:
        return rows[0]
    if rows:
        named = ", ".join(str(row["id"]) for row in rows[:_MOST_NAMED])
        message = f"The ids of {len(rows)} executions begin with {ids.typed}: {named}."
        raise ExecutionNotFoundError(message)
    message = f"The ledger has no execution {ids.typed}."
    if newest_executions(connection, ExecutionFilter(runs=ids), limit=1):
        listed = f"`dp executions --run {ids.typed} --json` has the ids of its executions"
        message = f"{ids.typed} is a run; {listed}."
    raise ExecutionNotFoundError(message)


def _is_blocked(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(table.c.outcome, "") == "blocked_dependency"
