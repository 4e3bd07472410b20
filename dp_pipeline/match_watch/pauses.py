"""What is left alone for a while because it could not be read: a match, or what follows matches.

Each by itself, longer each time: one match that is broken at the provider must not keep the others
of its tournament from being looked at. Pauses are by our time, see watch.py.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database import tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.match_watch.cadence import Watch, watch
from dp_pipeline.match_watch.draws import OPEN

BACKOFF = Backoff(first=60, longest=1_800)
GIVEN_UP_AFTER = 5
"""Answers in a row that did not have a match: half an hour."""

_match = tables.match_watch
_tournament = tables.tournament_watch


def ready(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """That a match, or what follows, is not left alone at the moment."""
    not_before = table.c.not_before
    return not_before.is_(None) | (not_before <= sa.func.clock_timestamp())


def missed(
    connection: sa.Connection,
    tournament_id: UUID,
    external_ids: Collection[str],
    now: datetime,
    *,
    answered: bool,
) -> tuple[UUID, ...]:
    """Matches were to be looked at and were not among what came.

    Args:
        connection: where to note it.
        tournament_id: theirs.
        external_ids: the matches.
        now: the time at the provider.
        answered: it did answer, without them. A provider that gives no answer has said nothing of a
            match, however long that takes.

    Returns:
        Those that should long be over and are given up as open. What is over or called off and not
        there any more is not looked at again either, and no news.
    """
    if not external_ids:
        return ()
    ids = sa.select(tables.match.c.id).where(
        tables.match.c.tournament_id == tournament_id,
        tables.match.c.external_id.in_(list(external_ids)),
    )
    noted = connection.execute(
        sa.update(_match)
        .where(_match.c.match_id.in_(ids), _match.c.due_at.is_not(None))
        .values(failures=_match.c.failures + 1, not_before=BACKOFF.until(_match.c.failures + 1))
        .returning(_match)
    ).mappings()
    if not answered:
        return ()
    often = {row["match_id"]: row for row in noted.all() if row["failures"] >= GIVEN_UP_AFTER}
    match = tables.match.c
    kickoffs = connection.execute(
        sa.select(match.id, match.kickoff_at, match.kickoff_date).where(match.id.in_(often))
    )
    stale = [k.id for k in kickoffs if often[k.id]["status"] in OPEN and _over(often[k.id], k, now)]
    gone = [id_ for id_, row in often.items() if row["status"] not in OPEN]
    given_up = sa.update(_match).values(due_at=None, updated_at=sa.func.now())
    connection.execute(given_up.where(_match.c.match_id.in_(gone)))
    connection.execute(given_up.where(_match.c.match_id.in_(stale)).values(given_up_at=now))
    return tuple(stale)


def refused(connection: sa.Connection, tournament_id: UUID, external_ids: Collection[str]) -> None:
    """The provider refused to be asked for these: a short pause, for the breaker decides on more.

    It counts against no match: after hours of refusals they are looked at as soon as it answers.
    """
    ids = sa.select(tables.match.c.id).where(
        tables.match.c.tournament_id == tournament_id,
        tables.match.c.external_id.in_(list(external_ids)),
    )
    connection.execute(
        sa.update(_match)
        .where(_match.c.match_id.in_(ids))
        .values(not_before=BACKOFF.until(sa.literal(1)), updated_at=sa.func.now())
    )


def put_off(connection: sa.Connection, tournament_id: UUID, provider: str) -> None:
    """What follows matches, rounds and table, could not be read: later, longer each time."""
    statement = insert(_tournament).values(
        tournament_id=tournament_id,
        provider=provider,
        failures=1,
        not_before=BACKOFF.until(sa.literal(1)),
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_tournament.c.tournament_id],
            set_={
                "failures": _tournament.c.failures + 1,
                "not_before": BACKOFF.until(_tournament.c.failures + 1),
                "updated_at": sa.func.now(),
            },
        )
    )


def caught_up(connection: sa.Connection, tournament_id: UUID) -> None:
    """Everything has followed: nothing is owed, and no pause is kept."""
    told = _tournament.c
    connection.execute(
        sa.update(_tournament)
        .where(told.tournament_id == tournament_id)
        .where((told.failures > 0) | told.owed_at.is_not(None))
        .values(failures=0, not_before=None, owed_at=None, updated_at=sa.func.now())
    )


def _over(row: Any, match: Any, now: datetime) -> bool:
    """Whether a match should long be over, as far as the cadence goes."""
    after = watch(
        Watch(row["due_at"], row["status"], row["since"], row["window_from"]),
        status=row["status"],
        kickoff_at=match.kickoff_at,
        kickoff_date=match.kickoff_date,
        replaced=False,
        now=now,
    )
    return after.given_up_at is not None
