"""The domain `teams`: one row per team, in however many tournaments it plays."""

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.guards import claim, nothing_found, refuse_shrunken, stored_ids
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
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
KEEP = frozenset({"badge", "short_name", "country"})


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """Teams first, then who plays in this tournament, in one transaction."""
    with execution.step("scraping", "fetch_teams"):
        found = await source.teams()
    if not found.items:
        nothing_found(execution, found)
        return
    teams = execution.received(found)
    provider = source.key.provider
    team_rows = [rows.team_row(provider, team) for team in teams]

    def write(connection: sa.Connection) -> tuple[Stored, list[Issue]]:
        claim(connection, execution)
        stored = stored_ids(connection, tables.tournament_team.c.team_id, execution)
        missing = refuse_shrunken("teams", stored, [row["id"] for row in team_rows])
        written = store(connection, tables.team, team_rows, keep=KEEP)
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
