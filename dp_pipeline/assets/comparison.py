"""The asset `comparison`: a second opinion on every season that two providers have."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from dp_pipeline.assets.catalogue import KEPT_CURRENT, OPERATIONS, OWNERS
from dp_pipeline.assets.metadata import definition_metadata, preview_table
from dp_pipeline.database import tables
from dp_pipeline.domains.comparing import (
    ComparedTournaments,
    compare_tournaments,
    pairs_of_tournaments,
)
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

COMPARE_JOB = "compare_providers"
MOST_SHOWN = 100
"""Rows on the page; the table has all of them."""


@dg.asset(
    name="comparison",
    deps=["matches", "goals", "standings"],
    group_name=OPERATIONS,
    owners=OWNERS,
    kinds={"python", "postgres"},
    description=(
        "Where two providers of one season disagree on score, half-time, day, kick-off, status, "
        "table or list of fixtures: both values, since when, and which of them agrees with goals "
        "and tables. Nothing is overwritten by it; fixtures are paired through clubs."
    ),
    metadata={
        KEPT_CURRENT: "the schedule compare_providers_daily",
        **definition_metadata(tables.comparison),
    },
)
def comparison(
    context: dg.AssetExecutionContext, database: DatabaseResource
) -> dg.MaterializeResult[None]:
    """Compare all tournaments that two providers have, each pair in a transaction of its own."""
    store = database.open()
    pairs = store.run_here(pairs_of_tournaments)
    compared: list[ComparedTournaments] = []
    for key, other in pairs:
        done = store.run_here(lambda c, one=key, two=other: compare_tournaments(c, one, two))
        context.log.info(f"{key} and {other}: {done.result.sentence}")  # noqa: G004 - no lazy form in Dagster
        compared.append(done)
    return dg.MaterializeResult(metadata=comparison_metadata(compared, Settings.load().timezone))


compare_providers = dg.define_asset_job(
    COMPARE_JOB,
    selection=dg.AssetSelection.assets(comparison),
    description=(
        "Compares the seasons that two providers have. No provider is asked: what is stored is "
        "compared."
    ),
)


def comparison_metadata(compared: Sequence[ComparedTournaments], zone: ZoneInfo) -> dict[str, Any]:
    """The pairs of tournaments with what they came to, and some of the disagreements."""
    rows = [row for each in compared for row in each.rows]
    metadata: dict[str, Any] = {
        "tournaments_compared": len(compared),
        "dagster/row_count": len(rows),
    }
    if compared:
        metadata["tournaments"] = preview_table(
            [
                {"tournament": str(e.key), "and": str(e.other), "result": e.result.sentence}
                for e in compared[:MOST_SHOWN]
            ]
        )
    if rows:
        metadata["disagreements"] = preview_table(
            [
                {
                    "tournament": row["tournament_key"],
                    "and": row["other_tournament_key"],
                    "what": row["subject"],
                    "aspect": row["aspect"],
                    "value": row["value"],
                    "other value": row["other_value"],
                    f"since ({zone})": f"{row['since'].astimezone(zone):%Y-%m-%d %H:%M}",
                    "agrees with goals and tables": row["agrees"] or "",
                }
                for row in rows[:MOST_SHOWN]
            ]
        )
    return metadata
