"""Clubs that are stored as several teams: found, shown, and joined with all that refers to them.

Of the rows of a club one stays, with its id; matches keep theirs. A table in which two of them
stood is computed anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import tournament_lock
from dp_pipeline.database.history import add_changes, add_moves, change_id
from dp_pipeline.database.rows import alias_id
from dp_pipeline.database.store import planned, write
from dp_pipeline.domains.club_links import lock_clubs, write_clubs
from dp_pipeline.domains.computed_tables import (
    by_stored_matches,
    forget_matchday_tables,
    write_matchday_tables,
)
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.domains.stored_names import aliases_of
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.torn_clubs import StoredSeason, TornClub, torn_clubs

_TABLES = (tables.tournament, tables.tournament_team, tables.tournament_round, tables.match)
_OWN_WAY = (
    tables.tournament_team,
    tables.tournament_standing,
    tables.matchday_standing,
    tables.team_alias,
)
REFERENCES = tuple(
    column
    for table in tables.metadata.sorted_tables
    for column in table.c
    if any(key.column is tables.team.c.id for key in column.foreign_keys) and table not in _OWN_WAY
)
"""The columns that refer to a team and are only given another one."""


@dataclass(frozen=True, slots=True)
class TornTeam:
    """A club that is stored as several teams, with what joining them moves."""

    provider: str
    club: TornClub
    names: dict[str, str]
    tournaments: int
    matches: int


def find_torn(connection: sa.Connection, provider: str) -> list[TornTeam]:
    """The clubs of a provider without ids of teams that are stored as several."""
    keys = connection.scalars(
        sa.select(tables.tournament.c.key)
        .where(tables.tournament.c.provider == provider)
        .order_by(tables.tournament.c.key)
    )
    seasons: list[StoredSeason] = []
    aliases = aliases_of(connection, provider)
    for key in map(TournamentKey.parse, keys):
        snapshot = read_snapshot(connection, key, _TABLES)
        seasons.append(
            StoredSeason(
                str(key),
                int(key.season[:4]),
                {team.external_id: team.name for team in snapshot.teams},
                {team.external_id: team.country for team in snapshot.teams},
                snapshot.matches,
            )
        )
    return [_told(provider, club, seasons) for club in torn_clubs(seasons, aliases)]


def join(connection: sa.Connection, torn: TornTeam) -> None:
    """Make one team of those of a club, in this transaction."""
    team = tables.team.c
    names = (torn.club.keep, *torn.club.others)
    wanted = sa.select(team.external_id, team.id).where(
        team.provider == torn.provider, team.external_id.in_(names)
    )
    others = {row.external_id: row.id for row in connection.execute(wanted)}
    keep = others.pop(torn.club.keep)
    plays = tables.tournament_team.c
    touched = connection.scalars(
        sa.select(plays.tournament_id)
        .where(plays.team_id.in_(others.values()))
        .distinct()
        .order_by(plays.tournament_id)
    ).all()
    for tournament in touched:
        tournament_lock(connection, tournament)
    lock_clubs(connection)
    _call_by_newest(connection, keep, [keep, *others.values()])
    _leave_in_club(connection, keep, [keep, *others.values()])
    forget_matchday_tables(connection, touched, others.values())
    for name, other in others.items():
        for column in REFERENCES:
            _repoint(connection, column, other, keep)
        _repoint(connection, tables.team_alias.c.team_id, other, keep)
        _move_membership(connection, other, keep)
        _move_standings(connection, other, keep)
        _remember(connection, torn, name, keep)
        connection.execute(sa.delete(tables.team).where(tables.team.c.id == other))
    for tournament in touched:
        _supersede(connection, tournament, keep)
        _compute_anew(connection, tournament, torn.club.keep)
    write_clubs(connection, {keep})


def _told(provider: str, club: TornClub, seasons: Sequence[StoredSeason]) -> TornTeam:
    names = {
        external_id: season.names[external_id]
        for season in seasons
        for external_id in (club.keep, *club.others, *club.apart)
        if external_id in season.names
    }
    there = [season for season in seasons if club.others.keys() & season.names.keys()]
    moved = sum(bool({m.home, m.away} & club.others.keys()) for s in there for m in s.matches)
    return TornTeam(provider, club, names, len(there), moved)


def _repoint(connection: sa.Connection, column: sa.Column[UUID], other: UUID, keep: UUID) -> None:
    if column.table is tables.match:
        add_moves(connection, column, other, keep)
    connection.execute(
        sa.update(column.table)
        .where(column == other)
        .values({column.name: keep, "updated_at": sa.func.now()})
    )


def _call_by_newest(connection: sa.Connection, keep: UUID, all_: Sequence[UUID]) -> None:
    """Give the team that stays the name and badge of the newest tournament of all of them."""
    team, tournament = tables.team, tables.tournament
    season = sa.func.coalesce(tournament.c.season, "")
    newest = connection.execute(
        sa.select(team)
        .outerjoin(tournament, tournament.c.key == team.c.described_in)
        .where(team.c.id.in_(all_))
        .order_by(season.desc(), team.c.described_in.desc(), team.c.id != keep)
        .limit(1)
    ).mappings()
    (row,) = newest
    said = ("name", "short_name", "badge_source", "badge", "described_in")
    values = {name: row[name] for name in said if row[name] is not None}
    connection.execute(sa.update(team).where(team.c.id == keep).values(values))


def _leave_in_club(connection: sa.Connection, keep: UUID, all_: Sequence[UUID]) -> None:
    """Leave the team that stays in the club that a person said one of them is of, else in its own.

    Fixtures decide afterwards of what no person said.
    """
    team = tables.team
    said = sa.select(team.c.club_id, team.c.club_by).where(
        team.c.id.in_(all_), team.c.club_by == "person"
    )
    row = connection.execute(said.order_by(team.c.id != keep, team.c.id).limit(1)).first()
    if row is not None:
        values = {"club_id": row.club_id, "club_by": row.club_by}
        connection.execute(sa.update(team).where(team.c.id == keep).values(values))


def _move_membership(connection: sa.Connection, other: UUID, keep: UUID) -> None:
    table = tables.tournament_team
    both = sa.select(table.c.tournament_id).where(table.c.team_id == keep).scalar_subquery()
    mine = table.c.team_id == other
    connection.execute(sa.delete(table).where(mine, table.c.tournament_id.in_(both)))
    _repoint(connection, table.c.team_id, other, keep)


def _move_standings(connection: sa.Connection, other: UUID, keep: UUID) -> None:
    """Move the rows of tables in which the team that stays has none; the others go."""
    table = tables.tournament_standing
    mine = connection.execute(sa.select(table).where(table.c.team_id == other)).mappings().all()
    kept = connection.execute(sa.select(table).where(table.c.team_id == keep)).mappings().all()
    places = {(row["tournament_id"], row["stage"], row["group_name"]) for row in kept}
    for row in mine:
        place = (row["tournament_id"], row["stage"], row["group_name"])
        if place in places:
            connection.execute(sa.delete(table).where(table.c.id == row["id"]))
            continue
        key = connection.execute(
            sa.select(tables.tournament.c.key).where(tables.tournament.c.id == place[0])
        ).scalar_one()
        id_ = rows.standing_id(TournamentKey.parse(key), *place[1:], keep)
        change_id(connection, row["id"], id_)
        connection.execute(
            sa.update(table)
            .where(table.c.id == row["id"])
            .values(id=id_, team_id=keep, updated_at=sa.func.now())
        )


def _supersede(connection: sa.Connection, tournament: UUID, keep: UUID) -> None:
    """Let the younger of two rows of one fixture take the place of the other.

    A club that was renamed and stored anew left its fixtures behind, which nothing updated since.
    """
    match = tables.match
    youngest = sa.func.first_value(match.c.id).over(
        partition_by=(match.c.home_team_id, match.c.away_team_id, match.c.round_slug),
        order_by=(match.c.created_at.desc(), match.c.id),
    )
    fixtures = (
        sa.select(match.c.id, youngest.label("youngest"))
        .where(match.c.tournament_id == tournament, match.c.superseded_by.is_(None))
        .where(match.c.round_slug.is_not(None))
        .where((match.c.home_team_id == keep) | (match.c.away_team_id == keep))
        .subquery()
    )
    since = sa.func.coalesce(match.c.missing_since, sa.func.now())
    connection.execute(
        sa.update(match)
        .where(match.c.id == fixtures.c.id, match.c.id != fixtures.c.youngest)
        .values(superseded_by=fixtures.c.youngest, missing_since=since, updated_at=sa.func.now())
    )


def _remember(connection: sa.Connection, torn: TornTeam, name: str, keep: UUID) -> None:
    """Write down that the name is that of the team that stays."""
    alias = tables.team_alias
    said = {"team_id": keep, "name": torn.names.get(name, name), "origin": "merge"}
    id_ = alias_id(torn.provider, name)
    if not connection.execute(sa.update(alias).where(alias.c.id == id_).values(said)).rowcount:
        connection.execute(
            sa.insert(alias).values(id=id_, provider=torn.provider, key=name, **said)
        )


def _compute_anew(connection: sa.Connection, tournament: UUID, team: str) -> None:
    """Compute the tables of a team from its matches, those that it is joined from among them."""
    table = tables.tournament_standing
    key = connection.scalars(
        sa.select(tables.tournament.c.key).where(tables.tournament.c.id == tournament)
    ).one()
    snapshot = read_snapshot(connection, TournamentKey.parse(key), (*_TABLES, table))
    places = {
        (row.stage, row.group_name)
        for row in snapshot.standings
        if row.team == team and row.computed
    }
    computed = [rows.standing_row(snapshot.key, row) for row in by_stored_matches(snapshot).rows]
    wanted = [row for row in computed if (row["stage"], row["group_name"]) in places]
    if wanted:
        done = write(connection, planned(table, wanted, snapshot.rows(table)))
        add_changes(connection, [done], tournament_id=tournament)
    write_matchday_tables(connection, snapshot)
