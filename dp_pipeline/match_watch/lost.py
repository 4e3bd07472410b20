"""Runs that died in the middle of polls: what they were to look at is left alone for a while.

A run that could not begin, or was killed over one payload, would else be launched again with the
next tick, and the next.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.match_watch.pauses import missed, put_off
from dp_pipeline.match_watch.watch import due_of
from dp_pipeline.providers.errors import ProviderError

_WITHOUT_A_WORD = ("ProcessGone", "RunEndedEarly")


def leave_alone(
    connection: sa.Connection, request_id: UUID, present_at: Callable[[str], datetime]
) -> int:
    """Pause what is due of the tournaments of which a run said nothing; how many these are.

    Args:
        connection: to the ledger, in which the run has all its rows.
        request_id: the run.
        present_at: tells the time at a provider, or raises ProviderError.
    """
    ledger = tables.data_provider_executions.c
    polled = connection.execute(
        sa.select(ledger.tournament_id, tables.tournament.c.provider)
        .join(tables.tournament, tables.tournament.c.id == ledger.tournament_id)
        .where(
            ledger.request_id == request_id,
            ledger.domain == "matches",
            ledger.error_class.in_(_WITHOUT_A_WORD),
        )
    ).all()
    for id_, provider in polled:
        try:
            now = present_at(provider)
        except ProviderError:
            continue  # without it nothing is polled there either
        due = due_of(connection, id_, now)
        missed(connection, id_, due.matches, now, answered=False)
        if due.draw or due.owed:
            put_off(connection, id_, provider)
    return len(polled)
