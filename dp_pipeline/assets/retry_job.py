"""The job that tries again what failed, as the ledger has it. It needs no configuration."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.drive import WorkConfig, drive, open_gallery
from dp_pipeline.assets.runner import ingest_with_logos
from dp_pipeline.database.database import RETRY_SECONDS
from dp_pipeline.ledger.failing import failing, since_of
from dp_pipeline.ledger.run_tags import RUN_GROUP_TAG, TERMINAL_TAG
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource

RETRY_JOB = "retry_failed"
OP = "retry"
MOST_ANNOUNCED_SINGLY = 3
"""More tournaments than this are one run group, announced in one digest: after an outage of a night
300 messages would say the same."""


class RetryConfig(WorkConfig):
    """How far back."""

    since: str = Field(
        default="",
        description=(
            "Only what failed since then: 90m, 6h or 2d ago, or a time in UTC such as "
            "2026-11-23T04:00. All that failed if not given."
        ),
    )


@dg.op(name=OP)
def retry(
    context: dg.OpExecutionContext,
    config: RetryConfig,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> None:
    """Ingest exactly the domains of tournaments whose last execution failed, as the assets do."""
    try:
        since = since_of(config.since, datetime.now(UTC))
    except ValueError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    store = database.open(seconds=RETRY_SECONDS)
    wanted = store.run_here(lambda connection: failing(connection, since))
    for key, domains in wanted.items():
        context.log.info(f"{key}: {', '.join(domains)}")  # noqa: G004 - no lazy form in Dagster
    if not wanted:
        context.log.info("Nothing has failed that has not succeeded since.")
        return
    run_group = None
    if len(wanted) > MOST_ANNOUNCED_SINGLY and TERMINAL_TAG not in context.run.tags:
        run_group = f"retry:{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
        context.instance.add_run_tags(context.run_id, {RUN_GROUP_TAG: run_group})
    gallery = open_gallery(store, providers, ledger, dry_run=config.dry_run)
    work = partial(ingest_with_logos, wanted, gallery)
    drive(
        context,
        store,
        providers,
        ledger,
        work,
        keys=list(wanted),
        scope=config.scope,
        run_group=run_group,
    )


@dg.job(
    name=RETRY_JOB,
    description=(
        "Tries again what failed: exactly the domains of tournaments whose last execution in the "
        "ledger failed. Press Launch, nothing has to be filled in; `dp retry` does the same."
    ),
)
def retry_failed() -> None:
    """One step over all of them."""
    retry()
