"""Which runs of a tournament the archive can replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.vocabulary import Scope

_executions, _response = tables.data_provider_executions, tables.response


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A run of one tournament whose answers are archived.

    Args:
        scope: whether it read the whole tournament or what was due.
        domains: of which it has executions.
        executions: their ids.
        started_at: when it began.
        now: the present at the provider then.
        newest: response.id of its last answer.
    """

    scope: Scope
    domains: frozenset[str]
    executions: tuple[UUID, ...]
    started_at: datetime
    now: datetime
    newest: int


def archived_runs(
    connection: sa.Connection, key: TournamentKey, at: datetime | None = None
) -> Sequence[ArchivedRun]:
    """The runs up to a time that read something of a tournament, in the order of their answers."""
    e, r = _executions.c, _response.c
    answers = (
        sa.select(r.execution_id, sa.func.max(r.id).label("newest"))
        .join(_executions, e.id == r.execution_id)
        .where(e.tournament_key == str(key))
        .group_by(r.execution_id)
        .subquery()
    )
    newest = sa.func.max(answers.c.newest)
    wanted = (
        sa.select(
            sa.func.min(e.scope).label("scope"),
            sa.func.array_agg(e.domain).label("domains"),
            sa.func.array_agg(e.id).label("executions"),
            sa.func.min(e.started_at).label("started_at"),
            sa.func.min(e.now).label("now"),
            newest.label("newest"),
        )
        .select_from(_executions.outerjoin(answers, answers.c.execution_id == e.id))
        .where(e.tournament_key == str(key), e.scope.in_(("whole", "part")))
        .group_by(e.request_id, e.attempt)
        .having(newest.is_not(None))
        .order_by(newest)
    )
    if at is not None:
        wanted = wanted.having(sa.func.min(e.started_at) <= at)
    return [
        ArchivedRun(
            row.scope,
            frozenset(row.domains),
            tuple(row.executions),
            row.started_at,
            row.now or row.started_at,
            row.newest,
        )
        for row in connection.execute(wanted)
    ]
