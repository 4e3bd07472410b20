"""Tournaments that a person removed: what is noted of them, and what of theirs is deleted.

What is noted keeps automation from bringing one back; only a person does, who ingests it, adds its
partition or approves its season.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database import tables
from dp_pipeline.database.confirmed import note_removal

_removed, _season, _incident = (
    tables.removed_tournament,
    tables.competition_season,
    tables.incident,
)
_WATCHES = (tables.match_watch, tables.tournament_watch)
_COUNTED = {
    "matches": tables.match,
    "rounds": tables.tournament_round,
    "goals": tables.goal,
    "rows of tables": tables.tournament_standing,
    "changes": tables.change,
}
# Rows of teams belong to all tournaments of their provider. What a person said of a team stays.
_ORPHANS = sa.text("""
WITH gone AS (
    SELECT team.id, team.club_id FROM team
    WHERE team.id = ANY(CAST(:teams AS uuid[]))
        AND NOT EXISTS (SELECT FROM tournament_team AS t WHERE t.team_id = team.id)
        AND NOT EXISTS (SELECT FROM match WHERE team.id IN (home_team_id, away_team_id))
        AND NOT EXISTS (SELECT FROM tournament_standing AS s WHERE s.team_id = team.id)
        AND NOT EXISTS (SELECT FROM team_pair AS p WHERE team.id IN (p.team_id, p.other_team_id))
        AND NOT EXISTS (SELECT FROM team_alias AS a
            WHERE a.team_id = team.id AND a.origin = 'person')
        AND team.club_by IS DISTINCT FROM 'person'
), aliases AS (
    DELETE FROM team_alias WHERE team_id IN (SELECT id FROM gone)
)
SELECT id, club_id FROM gone
""")


@dataclass(frozen=True, slots=True)
class StoredRows:
    """How much is stored of a tournament.

    Args:
        label: its name; None where nothing is stored.
        rows: how many of each kind, by a word for people.
    """

    label: str | None
    rows: dict[str, int]


def stored_rows(connection: sa.Connection, key: str) -> StoredRows:
    """How much would be deleted with a tournament."""
    t = tables.tournament.c
    own = connection.execute(sa.select(t.id, t.label).where(t.key == key)).first()
    if own is None:
        return StoredRows(None, {})
    counts = {
        name: connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.c.tournament_id == own.id)
        )
        for name, table in _COUNTED.items()
    }
    return StoredRows(own.label, {name: count for name, count in counts.items() if count})


def note(connection: sa.Connection, key: str, by: str) -> None:
    """Note that a person removes a tournament; automation leaves it alone from now on."""
    row = {"key": key, "removed_by": by, "removed_at": sa.func.now()}
    statement = insert(_removed).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))


def withdraw_approval(connection: sa.Connection, key: str) -> None:
    """Let only a person approve it again, also where its competition is followed."""
    connection.execute(sa.update(_season).where(_season.c.key == key).values(approved_at=None))


def forget(connection: sa.Connection, keys: Collection[str]) -> None:
    """Forget that tournaments were removed: a person wants them back."""
    connection.execute(sa.delete(_removed).where(_removed.c.key.in_(keys)))


def removed_keys(connection: sa.Connection, *, since: timedelta = timedelta(0)) -> set[str]:
    """The tournaments that are removed, and have been for so long."""
    before = sa.func.now() - since
    return set(connection.scalars(sa.select(_removed.c.key).where(_removed.c.removed_at <= before)))


def end_automation(connection: sa.Connection, key: str) -> None:
    """Delete what says when a tournament is polled, and close what was open of it, silently."""
    for table in _WATCHES:
        connection.execute(sa.delete(table).where(table.c.tournament_id.in_(_id_of(key))))
    check = tables.data_check
    connection.execute(sa.delete(check).where(check.c.tournament_id.in_(_id_of(key))))
    now, opened = sa.func.now(), _incident.c.opening_announced_at
    connection.execute(
        sa.update(_incident)
        .where(_incident.c.tournament_key == key, _incident.c.closed_at.is_(None))
        .values(
            closed_at=now,
            updated_at=now,
            closing_announced_at=now,
            opening_announced_at=sa.func.coalesce(opened, now),
        )
    )
    note_removal(connection, key)


def delete_rows(connection: sa.Connection, key: str) -> None:
    """Delete a tournament with all that is of it alone; ledger, reports and archive stay."""
    member = tables.tournament_team.c
    teams = list(
        connection.scalars(sa.select(member.team_id).where(member.tournament_id.in_(_id_of(key))))
    )
    tournament, team, club = tables.tournament, tables.team, tables.club
    connection.execute(sa.delete(tournament).where(tournament.c.key == key))
    described = sa.update(team).where(team.c.described_in == key)
    connection.execute(described.values(described_in=None))
    gone = connection.execute(_ORPHANS, {"teams": teams}).all()
    connection.execute(sa.delete(team).where(team.c.id.in_([row.id for row in gone])))
    clubs = {row.club_id for row in gone} - {None}
    empty = ~sa.exists().where(team.c.club_id == club.c.id)
    connection.execute(sa.delete(club).where(club.c.id.in_(clubs), empty))


def _id_of(key: str) -> sa.Select[tuple[object]]:
    return sa.select(tables.tournament.c.id).where(tables.tournament.c.key == key)
