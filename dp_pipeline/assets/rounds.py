"""The domain `rounds`: matchdays and knockout rounds in the provider's order."""

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
from dp_pipeline.database.store import Stored, store
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.models import Issue

SPEC = dg.AssetSpec(
    "rounds",
    deps=["tournaments"],
    description=(
        "Every matchday and knockout round of a tournament, in order. The slug identifies a round; "
        "the provider's number repeats across stages."
    ),
)


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """Every round, also those whose fixtures are not drawn yet."""
    with execution.step("scraping", "fetch_rounds"):
        found = await source.rounds()
    if not found.items:
        nothing_found(execution, found)
        return
    rounds = execution.received(found)
    matches = (await source.matches()).items
    round_rows = [rows.round_row(source.key, round_) for round_ in rounds]

    def write(connection: sa.Connection) -> tuple[Stored, list[Issue]]:
        claim(connection, execution)
        believe(connection, source, execution, matches)
        stored = stored_ids(connection, tables.tournament_round.c.id, execution)
        missing = refuse_shrunken("rounds", stored, [row["id"] for row in round_rows])
        refuse_names("rounds", connection, tables.tournament_round, round_rows, "label")
        return store(connection, tables.tournament_round, round_rows), missing

    with execution.step("database", "upsert_rounds") as data:
        stored, missing = await database.run(write)
        data.update(stored.counts())
    execution.remark(*missing)
    execution.wrote(stored)
    execution.preview = [
        {"order": round_.order, "round": round_.label, "type": round_.type, "slug": round_.slug}
        for round_ in rounds
    ]
