"""The domain `teams`: one row per team, in however many tournaments it plays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.guards import (
    believe,
    claim,
    nothing_found,
    refuse_names,
    refuse_shrunken,
    stored_ids,
)
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import Stored, store
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.models import Issue

SPEC = dg.AssetSpec(
    "teams",
    deps=["tournaments"],
    description=(
        "Every team of a tournament, one row per team and provider, and in `tournament_team` which "
        "tournaments it plays in. Placeholders of fixtures not yet drawn are not teams."
    ),
)
# A provider that stops sending one of these has not taken it back.
KEEP = frozenset({"badge_source", "short_name", "country"})


Season = tuple[str, str]


def newest(found: Sequence[Row], described: Mapping[UUID, Season], ours: Season) -> list[Row]:
    """The rows that may be written: a team is named by the newest tournament it plays in.

    Clubs are renamed and competitions spell them differently: of two tournaments that are refreshed
    in turn, each would otherwise undo the other's writing for ever.

    Args:
        found: rows of `team` as this tournament names them.
        described: of stored teams, season and key of the tournament that named them.
        ours: season and key of this tournament. Seasons ("2024/25", "2025") sort as text; a
            provider's own ids of them need not.
    """
    return [row for row in found if ours >= described.get(row["id"], ("", ""))]


def _described(connection: sa.Connection, ids: Sequence[UUID]) -> dict[UUID, Season]:
    team, tournament = tables.team, tables.tournament
    wanted = (
        sa.select(team.c.id, tournament.c.season, tournament.c.key)
        .join(tournament, tournament.c.key == team.c.described_in)
        .where(team.c.id.in_(ids))
    )
    return {row.id: (row.season, row.key) for row in connection.execute(wanted)}


def _season(connection: sa.Connection, key: str) -> Season:
    wanted = sa.select(tables.tournament.c.season).where(tables.tournament.c.key == key)
    return connection.scalar(wanted) or "", key


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """Teams first, then who plays in this tournament, in one transaction."""
    with execution.step("scraping", "fetch_teams"):
        found = await source.teams()
    if not found.items:
        nothing_found(execution, found)
        return
    teams = execution.received(found)
    matches = (await source.matches()).items
    team_rows = [rows.team_row(source.key, team) for team in teams]

    def write(connection: sa.Connection) -> tuple[Stored, list[Issue]]:
        claim(connection, execution)
        believe(connection, source, execution, matches)
        stored = stored_ids(connection, tables.tournament_team.c.team_id, execution)
        missing = (
            refuse_shrunken("teams", stored, [row["id"] for row in team_rows])
            if source.asked is None
            else []
        )
        refuse_names("teams", connection, tables.team, team_rows, "name")
        described = _described(connection, [row["id"] for row in team_rows])
        ours = newest(team_rows, described, _season(connection, str(source.key)))
        written = store(connection, tables.team, ours, keep=KEEP)
        written = replace(written, unchanged=written.unchanged + len(team_rows) - len(ours))
        memberships = [rows.membership_row(source.key, team) for team in teams]
        store(connection, tables.tournament_team, memberships)
        return written, missing

    with execution.step("database", "upsert_teams") as data:
        stored, missing = await database.run(write)
        data.update(stored.counts())
    execution.remark(*missing)
    execution.wrote(stored)
    execution.preview = [
        {"team": team.name, "short name": team.short_name or "", "id": team.external_id}
        for team in sorted(teams, key=lambda team: team.name)
    ]
