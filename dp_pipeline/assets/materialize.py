"""What Dagster sees: one partitioned multi-asset whose assets are the domains, and one of images.

One process, one set of connections and one request per URL for all domains of up to fifty
tournaments; and still one materialization event, ledger row and fate for each domain of each.
"""

import queue
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from uuid import UUID

import dagster as dg
from anyio.from_thread import start_blocking_portal

from dp_pipeline.assets import logos, matches, rounds, standings, teams, tournaments
from dp_pipeline.assets.frame import Desk, collect_logos, ingest_tournaments
from dp_pipeline.assets.metadata import definition_metadata, materialization_metadata
from dp_pipeline.database.database import Database
from dp_pipeline.executions.execution import Execution, Run
from dp_pipeline.executions.units import unit_of
from dp_pipeline.executions.vocabulary import RECORDED, in_order
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.objects import Storing
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource

# One run over thousands of partitions never starts: Dagster stores a planned event for each asset
# and partition first (5,000 x 4 took longer than its two minutes to start). 60 tournaments are two
# runs with this, and a backfill of hundreds still spreads over several workers.
MOST_PARTITIONS_PER_RUN = 50
# An image waits for its host's pace, up to 65 of them in a tournament; and assets share a run only
# where they share their policy, so a failed table never keeps a badge from being looked at.
MOST_PARTITIONS_PER_LOGOS_RUN = 20
MOST_NAMED_FAILURES = 10

SPECS = [
    spec.replace_attributes(
        group_name="football",
        owners=["team:football-data"],
        kinds={"python", "postgres"},
        skippable=True,
    ).merge_attributes(metadata=definition_metadata(domain))
    for domain, spec in zip(
        RECORDED,
        (tournaments.SPEC, teams.SPEC, rounds.SPEC, matches.SPEC, standings.SPEC, logos.SPEC),
        strict=True,
    )
]


@dg.multi_asset(
    name="ingest",
    specs=SPECS[:-1],
    partitions_def=TOURNAMENTS,
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=MOST_PARTITIONS_PER_RUN),
)
def ingest(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> Iterator[dg.MaterializeResult]:
    """Ingest the selected domains of the selected tournaments."""
    domains = in_order({key.to_user_string() for key in context.selected_asset_keys})
    work = partial(ingest_tournaments, list(context.partition_keys), domains)
    _drive(context, database.open(), providers, ledger, work)
    yield from ()


@dg.multi_asset(
    name="collect_logos",
    specs=SPECS[-1:],
    partitions_def=TOURNAMENTS,
    backfill_policy=dg.BackfillPolicy.multi_run(
        max_partitions_per_run=MOST_PARTITIONS_PER_LOGOS_RUN
    ),
)
def collect(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> Iterator[dg.MaterializeResult]:
    """Collect logo and badges of the selected tournaments."""
    store = database.open()
    gallery = Gallery(providers.open_images(store), Storing(ledger.objects()))
    work = partial(collect_logos, list(context.partition_keys), gallery)
    _drive(context, store, providers, ledger, work)
    yield from ()


def _drive(
    context: dg.AssetExecutionContext,
    store: Database,
    providers: ProvidersResource,
    ledger: LedgerResource,
    work: Callable[[Desk], Awaitable[None]],
) -> None:
    """Do the work in an event loop of its own and tell Dagster of each execution as it ends.

    A materialization is logged the moment it is recorded, so that a run that is cancelled or killed
    keeps what it had done; failures are raised together at the end.
    """
    run = Run(
        id=UUID(context.run.run_id),
        attempt=context.retry_number + 1,
        url=ledger.run_url(context.run.run_id),
        unit=unit_of(context.run.tags),
    )
    failed: list[Execution] = []
    ended: queue.SimpleQueue[Execution | None] = queue.SimpleQueue()
    with ledger.open(store).working() as book:
        desk = Desk(providers.open(store), store, book, run, ended.put)
        try:
            # Signals reach this thread alone: an interruption ends the wait below, the portal then
            # cancels the work, and the work closes its rows before the interruption goes on.
            with start_blocking_portal() as portal:
                future = portal.start_task_soon(work, desk)
                future.add_done_callback(lambda _: ended.put(None))
                while (execution := ended.get()) is not None:
                    _tell(context, execution, failed)
                future.result()
        finally:
            while not ended.empty():
                if (execution := ended.get()) is not None:
                    _tell(context, execution, failed)
    if failed:
        raise dg.Failure(
            description=describe(failed, len(context.partition_keys)),
            metadata={"failed": len(failed)},
            allow_retries=False,
        )


def _tell(context: dg.AssetExecutionContext, execution: Execution, failed: list[Execution]) -> None:
    subject = f"{execution.domain} of {execution.key}"
    if execution.failure is not None:
        failed.append(execution)
        context.log.error(f"{subject} failed: {execution.failure.message}")  # noqa: G004 - no lazy form in Dagster
        return
    context.log_event(
        dg.AssetMaterialization(
            asset_key=execution.domain,
            partition=execution.key,
            metadata=materialization_metadata(execution),
        )
    )


def describe(failed: Sequence[Execution], tournaments: int) -> str:
    """The failures in a few sentences: which tournament, which domain, why."""
    keys = sorted({execution.key for execution in failed})
    head = f"{len(keys)} of {tournaments} tournaments failed." if tournaments > 1 else ""
    causes = [
        f"{execution.key}, {execution.domain}: {execution.failure.message}"
        for execution in failed
        if execution.failure is not None and execution.outcome != "blocked_dependency"
    ] or [f"{e.key}, {e.domain}: {e.failure.message}" for e in failed if e.failure is not None]
    lines = causes[:MOST_NAMED_FAILURES]
    if len(causes) > len(lines):
        lines.append(f"and {len(causes) - len(lines)} more; `dp executions` lists all.")
    return "\n".join(filter(None, [head, *lines]))
