"""Runs that died in the middle of polls: what they were to poll is paused for a while.

A run that could not begin, or was killed over one payload, would else be launched again with the
next tick, and the next.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.match_watch.due import change
from dp_pipeline.match_watch.watch import Watched
from dp_pipeline.providers.errors import ProviderError

_WITHOUT_A_WORD = ("ProcessGone", "RunEndedEarly")


def pause_lost_polls(
    connection: sa.Connection, request_id: UUID, present_at: Callable[[str], datetime]
) -> int:
    """Pause what is due of the tournaments of which a run said nothing; how many these are.

    Args:
        connection: to the ledger, in which the run has all its rows.
        request_id: the run.
        present_at: gives the time at a provider, or raises ProviderError.
    """
    ledger = tables.data_provider_executions.c
    polled = connection.scalars(
        sa.select(tables.tournament.c.key)
        .join(tables.data_provider_executions, tables.tournament.c.id == ledger.tournament_id)
        .where(
            ledger.request_id == request_id,
            ledger.domain == "matches",
            ledger.error_class.in_(_WITHOUT_A_WORD),
        )
        .order_by(tables.tournament.c.id)
    ).all()
    for key in map(TournamentKey.parse, polled):
        try:
            now = present_at(key.provider)
        except ProviderError:
            continue  # without it nothing is polled there either
        change(connection, key, partial(_paused, now=now))
    return len(polled)


def _paused(watched: Watched, now: datetime) -> Watched:
    due = watched.due(now)
    after = watched.missed(due.matches, now, answered=False)
    return after.put_off() if due.draw or due.follow_up else after
