"""The domain `tournaments`: the row every other domain hangs on."""

import dagster as dg

from dp_pipeline.assets.guards import nothing_found, refuse_lesser_season
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source

SPEC = dg.AssetSpec(
    "tournaments",
    description=(
        "One row per tournament season: label, season, mode (league, cup or both), current round "
        "and whether it is upcoming, active or completed."
    ),
)

# A provider that stops sending a logo has not taken it back.
KEEP = frozenset({"logo_source"})


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """The tournament itself; its label names the execution from here on."""
    with execution.step("scraping", "fetch_tournament"):
        found = await source.tournament()
    if not found.items:
        nothing_found(execution, found)
        return
    (tournament,) = execution.received(found)
    execution.label = tournament.label
    await refuse_lesser_season(source, database, execution)
    with execution.step("database", "upsert_tournament") as data:
        stored = await database.run(
            lambda connection: store(
                connection, tables.tournament, [rows.tournament_row(tournament)], keep=KEEP
            )
        )
        data.update(stored.counts())
    execution.wrote(stored)
    execution.preview = [
        {
            "season": tournament.season,
            "status": tournament.status,
            "mode": tournament.mode,
            "current round": tournament.current_round or "",
        }
    ]
