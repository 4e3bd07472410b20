"""What is due when, in the database: kept up by every look at matches, asked by the sensor.

Everything asked here is answered by an index. Times are the provider's, except `not_before` (see
pauses.py), which is ours: a fault lasts as long in a simulated world as elsewhere.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import store
from dp_pipeline.football.models import Match
from dp_pipeline.match_watch.cadence import Watch, next_draw, watch
from dp_pipeline.match_watch.draws import awaits_draw, last_kickoff
from dp_pipeline.match_watch.pauses import ready
from dp_pipeline.providers.contract import StoredTournament

SLACK = timedelta(seconds=5)
"""What is due within this is looked at now: the next tick of the sensor is later than that."""

_watch = tables.match_watch
_tournament_watch = tables.tournament_watch
_tournament = tables.tournament
CALLED_OFF = frozenset({"postponed", "abandoned"})


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a tournament.

    Args:
        matches: external ids of the matches to be looked at.
        draw: a draw is to be looked for.
        owed: matches have ended, and rounds and table have not followed yet.
    """

    matches: tuple[str, ...]
    draw: bool
    owed: bool

    def __bool__(self) -> bool:
        return bool(self.matches) or self.draw or self.owed


@dataclass(frozen=True, slots=True)
class PolledMatches:
    """A look at matches of a tournament.

    Args:
        matches: their ids.
        draws: whether it would have shown new rounds and fixtures.
        at: when it was, by the provider's time.
    """

    matches: Collection[UUID]
    draws: bool
    at: datetime


def keep_watch(
    connection: sa.Connection, stored: StoredTournament, look: PolledMatches
) -> tuple[UUID, ...]:
    """Note when matches that were just looked at, and stored, are due again.

    Args:
        connection: in the transaction that stored them.
        stored: their tournament, as it is now.
        look: at them.

    Returns:
        The matches that are given up with this look as open for too long.
    """
    # What was looked at a little early counts as looked at in time, or it would be due again.
    look = replace(look, at=look.at + SLACK)
    key, matches = stored.tournament.key, stored.matches
    tournament_id, provider = key.tournament_id, key.provider
    taken = {_fixture(match) for match in matches if match.status not in CALLED_OFF}
    before = {
        row["match_id"]: Watch(
            row["due_at"], row["status"], row["since"], row["window_from"], row["given_up_at"]
        )
        for row in connection.execute(
            sa.select(_watch).where(_watch.c.tournament_id == tournament_id)
        ).mappings()
    }
    found: dict[UUID, Watch] = {}
    for match in matches:
        id_ = rows.match_id(provider, match.external_id)
        if id_ in look.matches:
            found[id_] = watch(
                before.get(id_),
                status=match.status,
                kickoff_at=match.kickoff_at,
                kickoff_date=match.kickoff_date,
                replaced=_fixture(match) in taken,
                now=look.at,
            )
    store(connection, _watch, [_row(id_, tournament_id, provider, w) for id_, w in found.items()])
    _keep_draw_watch(connection, stored, look)
    return tuple(
        id_
        for id_, one in found.items()
        if one.given_up_at == look.at and id_ in before and before[id_].due_at is not None
    )


def due_tournaments(
    connection: sa.Connection,
    provider: str,
    now: datetime,
    *,
    stopped: Collection[str] = (),
    most: int = 500,
) -> list[str]:
    """The keys of the tournaments of which something is due, longest due first.

    Args:
        connection: where to ask.
        provider: its name.
        now: the time there.
        stopped: competitions that are not followed any more.
        most: how many at most.
    """
    latest = now + SLACK
    due = sa.union_all(
        sa.select(_watch.c.tournament_id, _watch.c.due_at).where(
            _watch.c.provider == provider, _watch.c.due_at <= latest, ready(_watch)
        ),
        sa.select(_tournament_watch.c.tournament_id, _tournament_watch.c.due_at).where(
            _tournament_watch.c.provider == provider,
            _tournament_watch.c.due_at <= latest,
            ready(_tournament_watch),
        ),
        sa.select(_tournament_watch.c.tournament_id, _tournament_watch.c.owed_at).where(
            _tournament_watch.c.provider == provider,
            _tournament_watch.c.owed_at.is_not(None),
            ready(_tournament_watch),
        ),
    ).subquery("due")
    wanted = (
        sa.select(_tournament.c.key)
        .join(due, due.c.tournament_id == _tournament.c.id)
        .where(_tournament.c.external_id.not_in(list(stopped)))
        .group_by(_tournament.c.key)
        .order_by(sa.func.min(due.c.due_at), _tournament.c.key)
        .limit(most)
    )
    return list(connection.scalars(wanted))


def due_of(connection: sa.Connection, tournament_id: UUID, now: datetime) -> Due:
    """What is due of one tournament."""
    match = tables.match
    matches = connection.scalars(
        sa.select(match.c.external_id)
        .join(_watch, _watch.c.match_id == match.c.id)
        .where(
            _watch.c.tournament_id == tournament_id, _watch.c.due_at <= now + SLACK, ready(_watch)
        )
        .order_by(match.c.external_id)
    )
    row = connection.execute(
        sa.select(_tournament_watch.c.due_at, _tournament_watch.c.owed_at).where(
            _tournament_watch.c.tournament_id == tournament_id, ready(_tournament_watch)
        )
    ).one_or_none()
    return Due(
        tuple(matches),
        draw=row is not None and row.due_at is not None and row.due_at <= now + SLACK,
        owed=row is not None and row.owed_at is not None,
    )


def owe(connection: sa.Connection, tournament_id: UUID, provider: str, now: datetime) -> None:
    """Note that matches have ended, so that rounds and table follow whatever happens to us."""
    statement = insert(_tournament_watch).values(
        tournament_id=tournament_id, provider=provider, owed_at=now
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_tournament_watch.c.tournament_id],
            set_={
                "owed_at": sa.func.coalesce(_tournament_watch.c.owed_at, now),
                "updated_at": sa.func.now(),
            },
        )
    )


def _row(id_: UUID, tournament_id: UUID, provider: str, watch: Watch) -> dict[str, Any]:
    return {
        "match_id": id_,
        "tournament_id": tournament_id,
        "provider": provider,
        "status": watch.status,
        "since": watch.since,
        "window_from": watch.window_from,
        "due_at": watch.due_at,
        "given_up_at": watch.given_up_at,
        "failures": 0,
        "not_before": None,
    }


def _keep_draw_watch(
    connection: sa.Connection, stored: StoredTournament, look: PolledMatches
) -> None:
    key, told, matches = stored.tournament.key, stored.state, stored.matches
    tournament_id = key.tournament_id
    before = connection.execute(
        sa.select(_tournament_watch.c.awaiting_since, _tournament_watch.c.due_at).where(
            _tournament_watch.c.tournament_id == tournament_id
        )
    ).one_or_none()
    since = due = None
    if awaits_draw(told.status, told.mode, stored.rounds, matches):
        since = (before.awaiting_since if before else None) or look.at
        # A look that could not show a draw does not put off the one that can.
        keep = before is not None and before.awaiting_since is not None and not look.draws
        due = before.due_at if keep else next_draw(since, look.at, last_kickoff(matches))
    elif before is None:
        return
    row = {"tournament_id": tournament_id, "provider": key.provider}
    store(connection, _tournament_watch, [{**row, "awaiting_since": since, "due_at": due}])


def _fixture(match: Match) -> tuple[str | None, ...]:
    return (match.stage, match.group_name, match.round_slug, match.home, match.away)
