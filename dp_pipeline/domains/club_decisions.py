"""What people say of clubs: listed, reviewed, said and taken back. It goes before all fixtures."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.club_links import (
    joined_to,
    link_clubs,
    lock_clubs,
    minted,
    read_all,
    write_clubs,
)
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.football.key import TournamentKey

_team, _club = tables.team, tables.club
_ONE_CLUB = sa.table(
    "clubs",
    *(sa.column(name) for name in ("club", "kind", "squad", "country", "provider", "team")),
    *(sa.column(name) for name in ("external_id", "club_by", "seasons", "fixtures", "club_id")),
)


def listed(connection: sa.Connection) -> Sequence[Mapping[str, Any]]:
    """Every club, a row for each of its teams."""
    names = ("club", "club_id", "provider", "external_id")
    wanted = sa.select(_ONE_CLUB).order_by(*(_ONE_CLUB.c[name] for name in names))
    return connection.execute(wanted).mappings().all()


def doubtful(connection: sa.Connection) -> Sequence[Mapping[str, Any]]:
    """The pairs of teams that are of no common club, with the reason; not those taken apart."""
    decided, pairs = read_all(connection)
    club_of = decided.club_of
    open_ = [
        (row, decided.doubts[pair])
        for row, pair in pairs
        if pair in decided.doubts
        and (pair.one not in club_of or club_of[pair.one] != club_of.get(pair.other))
    ]
    ids = {row[name] for row, _ in open_ for name in ("team_id", "other_team_id")}
    names = {
        row.id: f"{row.name} ({row.provider}:{row.external_id})"
        for row in connection.execute(sa.select(_team).where(_team.c.id.in_(ids)))
        if row.club_id or row.club_by != "person"
    }
    open_ = [each for each in open_ if {each[0]["team_id"], each[0]["other_team_id"]} <= {*names}]
    tournament = tables.tournament.c
    wanted = {row[name] for row, _ in open_ for name in ("tournament_id", "other_tournament_id")}
    named = sa.select(tournament.id, tournament.key).where(tournament.id.in_(wanted))
    keys = {row.id: row.key for row in connection.execute(named)}
    return [
        {
            **row,
            "team": names[row["team_id"]],
            "other": names[row["other_team_id"]],
            "tournaments": f"{keys[row['tournament_id']]} {keys[row['other_tournament_id']]}",
            "because": because,
        }
        for row, because in open_
    ]


def say_one(connection: sa.Connection, team: UUID, other: UUID) -> None:
    """Say that a team is of the club of another one, for good."""
    lock_clubs(connection)
    before = joined_to(connection, {team, other})
    mine, theirs = (_row(connection, id_) for id_ in (team, other))
    club = theirs["club_id"] or mine["club_id"]
    if club is None:
        club = minted(connection, theirs["provider"], theirs["external_id"])
        new = {"name": theirs["name"], "kind": "club", "squad": "men"}
        connection.execute(sa.insert(_club).values(id=club, **new))
    for id_ in (team, other):
        _say(connection, id_, club, "person")
    write_clubs(connection, before)


def say_none(connection: sa.Connection, team: UUID) -> None:
    """Say that a team is of no club that another provider has, for good."""
    lock_clubs(connection)
    before = joined_to(connection, {team})
    _say(connection, team, None, "person")
    write_clubs(connection, before)


def forget(connection: sa.Connection, team: UUID) -> None:
    """Take back what people said of a team: fixtures decide again."""
    lock_clubs(connection)
    before = joined_to(connection, {team})
    _say(connection, team, _row(connection, team)["club_id"], None)
    write_clubs(connection, before)


def find(connection: sa.Connection, key: str) -> None:
    """Compare a stored tournament with the same season of other providers."""
    snapshot = read_snapshot(connection, TournamentKey.parse(key), TABLES)
    link_clubs(connection, snapshot, changed=True)


def _row(connection: sa.Connection, team: UUID) -> sa.RowMapping:
    return connection.execute(sa.select(_team).where(_team.c.id == team)).mappings().one()


def _say(connection: sa.Connection, team: UUID, club: UUID | None, by: str | None) -> None:
    said = {"club_id": club, "club_by": by, "updated_at": sa.func.now()}
    connection.execute(sa.update(_team).where(_team.c.id == team).values(said))
