"""What Dagster sees: one partitioned multi-asset whose assets are the domains, and one of images.

One process, one set of connections and one request per URL for all domains of up to a hundred
tournaments; and still one materialization event, ledger row and fate for each domain of each.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import dagster as dg

from dp_pipeline.assets import checks, logos
from dp_pipeline.assets.catalogue import FOOTBALL, KEPT_CURRENT, described
from dp_pipeline.assets.drive import WorkConfig, drive, open_gallery
from dp_pipeline.assets.following import keys_of
from dp_pipeline.assets.metadata import definition_metadata
from dp_pipeline.assets.runner import collect_logos, ingest_tournaments
from dp_pipeline.assets.settle import IngestConfig, settle
from dp_pipeline.database.database import RETRY_SECONDS
from dp_pipeline.domains.domain import Domain, Registered
from dp_pipeline.domains.registry import DOMAINS, LOGOS, NAMES, in_order
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource
from dp_pipeline.settings import PARTITIONS_PER_RUN

# An image waits for its host's rate limit, up to 65 of them in a tournament; and assets share a
# run only where they share their policy: a failed table never keeps a badge from being read again.
MOST_PARTITIONS_PER_LOGOS_RUN = 20


_NEW = "for new tournaments the sensor discover_tournaments"
_KEPT_CURRENT = {
    **dict.fromkeys(
        NAMES,
        "the sensor poll_matches while matches are played, the schedules "
        f"refresh_{{provider}}_nightly and refresh_{{provider}}_weekly, and {_NEW}",
    ),
    LOGOS.name: f"the schedules refresh_{{provider}}_weekly, and {_NEW}",
}


def _spec(domain: Registered) -> dg.AssetSpec:
    return described(
        domain.name,
        group=FOOTBALL,
        deps=domain.depends_on,
        description=domain.description,
        metadata={
            **definition_metadata(domain.tables[0]),
            KEPT_CURRENT: _KEPT_CURRENT[domain.name],
        },
        module=domain.fetch.__module__ if isinstance(domain, Domain) else logos.__name__,
        skippable=True,
    )


@dg.multi_asset(
    name="ingest",
    specs=[_spec(domain) for domain in DOMAINS],
    partitions_def=TOURNAMENTS,
    can_subset=True,
    check_specs=checks.specs(),
    # One run over thousands of partitions never starts: Dagster stores a planned event for each
    # asset and partition first (5,000 x 4 took longer than its two minutes to start). With a
    # hundred, 120 tournaments are two runs, and a backfill of hundreds still has several workers.
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=PARTITIONS_PER_RUN),
)
def ingest(
    context: dg.AssetExecutionContext,
    config: IngestConfig,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> Iterator[dg.MaterializeResult]:
    """Ingest the selected domains of the selected tournaments, or settle what was refused."""
    domains = in_order({key.to_user_string() for key in context.selected_asset_keys})
    keys = keys_of(context)
    store = database.open(seconds=RETRY_SECONDS)
    if config.decides:
        settle(context, config, store, providers, ledger, keys=keys)
    else:
        work = partial(ingest_tournaments, keys, domains)
        drive(context, store, providers, ledger, work, keys=keys, scope=config.scope)
    yield from ()


@dg.multi_asset(
    name="collect_logos",
    specs=[_spec(LOGOS)],
    partitions_def=TOURNAMENTS,
    backfill_policy=dg.BackfillPolicy.multi_run(
        max_partitions_per_run=MOST_PARTITIONS_PER_LOGOS_RUN
    ),
)
def collect(
    context: dg.AssetExecutionContext,
    config: WorkConfig,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> Iterator[dg.MaterializeResult]:
    """Collect logo and badges of the selected tournaments."""
    store = database.open(seconds=RETRY_SECONDS)
    gallery = open_gallery(store, providers, ledger, dry_run=config.dry_run)
    keys = keys_of(context)
    work = partial(collect_logos, keys, gallery)
    drive(context, store, providers, ledger, work, keys=keys, scope=config.scope)
    yield from ()


# The sensors name both as targets, though they launch `refresh_tournaments` and `poll_tournaments`,
# jobs without assets: the page of an asset shows only what targets a job that has it, and said "No
# automations found" of domains that are polled every minute.
INGEST_JOB = dg.define_asset_job(
    "ingest_tournaments",
    # Its checks are made all the same, and shown when their results change.
    selection=dg.AssetSelection.assets(ingest).without_checks(),
    description=(
        "Reads all domains of the tournaments that are chosen as partitions. A domain that fails "
        "holds up only what builds on it."
    ),
)
LOGOS_JOB = dg.define_asset_job(
    "ingest_logos",
    selection=dg.AssetSelection.assets(collect),
    description=(
        "Collects logo and badges of the tournaments that are chosen as partitions. By itself that "
        "is done once for a new tournament, then with the weekly re-read."
    ),
)
WHOLE: Mapping[str, tuple[str, ...]] = {INGEST_JOB.name: NAMES, LOGOS_JOB.name: (LOGOS.name,)}
"""What a job reads of which Dagster notes no selection of assets."""
