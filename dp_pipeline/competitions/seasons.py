"""The seasons of the followed competitions, as their providers list them. One run, no partitions.

Belongs here: reading and recording. What becomes of a new season is decided by the sensor
`discover_tournaments`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import dagster as dg
from anyio.from_thread import start_blocking_portal

from dp_pipeline.assets.catalogue import KEPT_CURRENT, OPERATIONS, OWNERS
from dp_pipeline.assets.metadata import definition_metadata, preview_table
from dp_pipeline.competitions import file
from dp_pipeline.competitions.file import FollowedCompetition
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import (
    approve_followed,
    followed_seasons,
    never_listed,
    record_seasons,
)
from dp_pipeline.providers.contract import ListedSeason
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.registry import Providers
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline.settings import Settings

DISCOVER_JOB = "discover_seasons"
CHECK = "every_competition_is_listed"
# A list is small; the rate limit of the provider and its connections bound what is really at once.
COMPETITIONS_AT_ONCE = 8
MOST_NAMED = 20


@dataclass(slots=True)
class SeasonsRead:
    """What the providers listed; keys and sentences."""

    new: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dg.asset(
    name="seasons",
    group_name=OPERATIONS,
    owners=OWNERS,
    kinds={"python", "postgres"},
    description=(
        "The seasons that providers list of the followed competitions (the file named by "
        "DP_COMPETITIONS). An approved one becomes a tournament by itself within a minute."
    ),
    metadata={
        KEPT_CURRENT: "the schedule discover_seasons_daily, and the sensor watch_competitions",
        **definition_metadata(tables.competition_season),
    },
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="seasons",
            description="Every followed competition has seasons at its provider.",
        )
    ],
)
def seasons(
    context: dg.AssetExecutionContext, database: DatabaseResource, providers: ProvidersResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Read the seasons of each followed competition; one that fails stops no other."""
    followed = file.load(Settings.load().competitions_file).followed
    store = database.open()
    # An interruption ends the wait for the portal, which then cancels the requests.
    with start_blocking_portal() as portal:
        answers = portal.call(read_seasons, providers.open(store), followed)
    read = record(store, answers)
    for key in read.new:
        context.log.info(f"New season: {key}")  # noqa: G004 - no lazy form in Dagster
    with store.transaction() as connection:
        rows = followed_seasons(connection, followed)
    yield dg.MaterializeResult(metadata=_metadata(read, rows, len(followed)))
    description = "\n".join(read.failed[:MOST_NAMED]) or "All are."
    yield dg.AssetCheckResult(passed=not read.failed, check_name=CHECK, description=description)
    if read.failed:
        message = (
            f"{len(read.failed)} of {len(followed)} followed competitions could not be read.\n"
            f"{description}"
        )
        raise dg.Failure(message, allow_retries=False)


discover_seasons = dg.define_asset_job(
    DISCOVER_JOB,
    selection=dg.AssetSelection.assets(seasons),
    description=(
        "Reads the seasons of the followed competitions. The sensor discover_tournaments makes "
        "tournaments of those that are approved."
    ),
)


async def read_seasons(
    providers: Providers, followed: Sequence[FollowedCompetition]
) -> dict[FollowedCompetition, tuple[ListedSeason, ...] | ProviderError]:
    """The seasons of each competition, newest first, or why they could not be had."""
    limiter = anyio.CapacityLimiter(COMPETITIONS_AT_ONCE)
    answers: dict[FollowedCompetition, tuple[ListedSeason, ...] | ProviderError] = {}

    async def one(competition: FollowedCompetition) -> None:
        async with limiter:
            try:
                answers[competition] = await providers.seasons(
                    competition.provider, competition.competition, competition.seasons_back
                )
            except ProviderError as error:
                answers[competition] = error

    async with providers, anyio.create_task_group() as group:
        for competition in followed:
            group.start_soon(one, competition)
    return answers


def record(
    database: Database,
    answers: Mapping[FollowedCompetition, tuple[ListedSeason, ...] | ProviderError],
) -> SeasonsRead:
    """Store what was listed, and approve what the file approves."""
    read = SeasonsRead()
    for competition, answer in answers.items():
        name = f"{competition.provider}:{competition.competition}"
        if isinstance(answer, ProviderError):
            read.failed.append(f"{name}: {answer.message}")
            continue
        if not answer:
            read.failed.append(f"{name}: {_nothing_listed(database, competition)}")
            continue
        with database.transaction() as connection:
            read.new += record_seasons(
                connection, [(season.key, season.label) for season in answer]
            )
            if competition.approve:
                read.approved += approve_followed(connection, competition)
    return read


def _nothing_listed(database: Database, competition: FollowedCompetition) -> str:
    with database.transaction() as connection:
        if never_listed(connection, [competition]):
            return "The provider has no season of it; is it written rightly?"
    return "The provider lists no season of it any more; those stored before were kept."


def _metadata(
    read: SeasonsRead, rows: Sequence[Mapping[str, Any]], competitions_followed: int
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "competitions": competitions_followed,
        "new": len(read.new),
        "newly_approved": len(read.approved),
        "waiting_for_approval": sum(row["approved_at"] is None for row in rows),
        "failed": len(read.failed),
    }
    if rows:
        # What waits for somebody comes first.
        shown = sorted(rows, key=lambda row: (row["approved_at"] is not None, row["key"]))
        metadata["seasons"] = preview_table(
            [
                {
                    "key": row["key"],
                    "season": row["label"],
                    "state": "approved" if row["approved_at"] else "waits: dp approve",
                    "first seen (UTC)": f"{row['first_seen_at']:%Y-%m-%d %H:%M}",
                }
                for row in shown[:100]
            ]
        )
    return metadata
