"""Other names of teams, as people and seasons gave them: listed, added, taken back."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.database.rows import alias_id

_team, _alias = tables.team, tables.team_alias


def listed(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Every row of `team_alias`, with the name and external id of its team."""
    rows = connection.execute(
        sa.select(_alias, _team.c.name.label("team"), _team.c.external_id)
        .outerjoin_from(_alias, _team)
        .order_by(_alias.c.provider, _alias.c.key)
    )
    return rows.mappings().all()


def teams_called(connection: sa.Connection, provider: str, text: str) -> Sequence[sa.RowMapping]:
    """The teams of a provider that have this external id, or this name now or in a tournament."""
    here = tables.tournament_team
    wanted = text.casefold()
    named = sa.exists().where(here.c.team_id == _team.c.id, sa.func.lower(here.c.name) == wanted)
    teams = connection.execute(
        sa.select(_team.c.id, _team.c.external_id, _team.c.name, _team.c.country)
        .where(_team.c.provider == provider)
        .where((_team.c.external_id == text) | (sa.func.lower(_team.c.name) == wanted) | named)
        .order_by(_team.c.external_id)
    )
    return teams.mappings().all()


def put(
    connection: sa.Connection, provider: str, key: str, name: str, team_id: object | None
) -> None:
    """Say for good whose name a name is; no team: that of a club of its own."""
    row = {
        "id": alias_id(provider, key),
        "provider": provider,
        "key": key,
        "name": name,
        "team_id": team_id,
        "origin": "person",
        "seen_in": None,
    }
    given = pg.insert(_alias).values(row)
    said = {name: given.excluded[name] for name in ("name", "team_id", "origin", "seen_in")}
    connection.execute(
        given.on_conflict_do_update(
            index_elements=[_alias.c.id], set_={**said, "updated_at": sa.func.now()}
        )
    )


def drop(connection: sa.Connection, provider: str, key: str) -> None:
    """Forget what was said of a name."""
    connection.execute(sa.delete(_alias).where(_alias.c.id == alias_id(provider, key)))
