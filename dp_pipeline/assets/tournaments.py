"""The domain `tournaments`: the row every other domain hangs on."""

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.guards import believe, nothing_found
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import Stored, store
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
_FROM_MATCHES = frozenset({"status", "mode", "standings_mode", "current_round"})


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """The tournament itself; its label names the execution from here on."""
    with execution.step("scraping", "fetch_tournament"):
        found = await source.tournament()
    if not found.items:
        nothing_found(execution, found)
        return
    (tournament,) = execution.received(found)
    execution.label = tournament.label
    matches = (await source.matches()).items

    def write(connection: sa.Connection) -> Stored:
        verdict = believe(connection, source, execution, matches)
        row = dict(rows.tournament_row(tournament))
        if verdict.kept:
            # they follow from matches that are not stored as they came
            row = {name: value for name, value in row.items() if name not in _FROM_MATCHES}
        return store(connection, tables.tournament, [row], keep=KEEP)

    with execution.step("database", "upsert_tournament") as data:
        stored = await database.run(write)
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
