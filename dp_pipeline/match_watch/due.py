"""The rows of what is due: which tournaments, what of one, and the one way to change them.

Everything here is answered by an index.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import tournament_lock
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import STAMPS, RowId, Write, planned, write
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.match_watch.watch import FIXTURE, SLACK, Watched

_match_watch = tables.match_watch
_tournament_watch = tables.tournament_watch


def read_watched(connection: sa.Connection, key: TournamentKey) -> Watched:
    """What is remembered of a tournament."""
    match = tables.match
    watched = connection.execute(
        sa.select(*_columns(_match_watch), *(match.c[name] for name in FIXTURE))
        .join(match, match.c.id == _match_watch.c.match_id)
        .where(_match_watch.c.tournament_id == key.tournament_id)
    ).mappings()
    rows = {row["match_id"]: dict(row) for row in watched}
    own = _tournament_watch.c.tournament_id == key.tournament_id
    row = connection.execute(sa.select(*_columns(_tournament_watch)).where(own)).mappings()
    return Watched(
        key,
        connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one(),
        {id_: {n: v for n, v in r.items() if n not in FIXTURE} for id_, r in rows.items()},
        {id_: {name: r[name] for name in FIXTURE} for id_, r in rows.items()},
        next((dict(each) for each in row), None),
    )


def _columns(table: sa.Table) -> list[sa.Column[object]]:
    return [column for column in table.c if column.name not in STAMPS]


def plan_watched(before: Watched, after: Watched) -> tuple[Write, Write]:
    """What is to be written so that what was decided is remembered."""
    mine = [own] if (own := after.tournament) else []
    matches: dict[RowId, Row] = {**before.matches}
    earlier: dict[RowId, Row] = {}
    if before.tournament:
        earlier[after.key.tournament_id] = before.tournament
    return (
        planned(_match_watch, list(after.matches.values()), matches),
        planned(_tournament_watch, mine, earlier),
    )


def change(
    connection: sa.Connection, key: TournamentKey, decide: Callable[[Watched], Watched]
) -> tuple[Watched, Watched]:
    """Change what is remembered of a tournament: what it was, and what it is."""
    tournament_lock(connection, key.tournament_id)
    before = read_watched(connection, key)
    after = decide(before)
    for each in plan_watched(before, after):
        write(connection, each)
    return before, after


def due_tournaments(
    connection: sa.Connection,
    provider: str,
    now: datetime,
    *,
    stopped: Collection[str] = (),
    most: int = 500,
) -> list[str]:
    """The keys of the tournaments of which something is due, longest due first.

    None is that a person removes.

    Args:
        connection: of the database.
        provider: its name.
        now: the time there.
        stopped: competitions that are not followed any more.
        most: how many at most.
    """
    latest, tournament = now + SLACK, tables.tournament
    removed = tables.removed_tournament.c.key
    own = _tournament_watch.c
    due = sa.union_all(
        _ready(_match_watch, _match_watch.c.due_at, _match_watch.c.due_at <= latest, provider),
        _ready(_tournament_watch, own.due_at, own.due_at <= latest, provider),
        _ready(
            _tournament_watch,
            own.follow_up_due_at,
            own.follow_up_due_at.is_not(None),
            provider,
        ),
    ).subquery("due")
    wanted = (
        sa.select(tournament.c.key)
        .join(due, due.c.tournament_id == tournament.c.id)
        .where(
            tournament.c.external_id.not_in(list(stopped)),
            ~sa.exists().where(removed == tournament.c.key),
        )
        .group_by(tournament.c.key)
        .order_by(sa.func.min(due.c.due_at), tournament.c.key)
        .limit(most)
    )
    return list(connection.scalars(wanted))


def _ready(
    table: sa.Table, at: sa.Column[datetime], is_due: sa.ColumnElement[bool], provider: str
) -> sa.Select[Any, datetime]:
    """The tournaments of a provider of which something is due and not paused, and since when."""
    not_before = table.c.not_before
    return sa.select(table.c.tournament_id, at.label("due_at")).where(
        table.c.provider == provider,
        is_due,
        not_before.is_(None) | (not_before <= sa.func.clock_timestamp()),
    )
