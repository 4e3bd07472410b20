"""The job that reads any set of tournaments, and the requests for runs of it.

A run over partitions takes one range of keys in the order they were added, so refreshing every
third of 900 tournaments would be 300 runs. This job takes its keys from its configuration, and
drives them as the assets do: same ledger rows, same materialization of each (tournament, domain).
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.drive import WorkConfig, drive, leaves_nothing, not_removed, open_gallery
from dp_pipeline.assets.runner import ingest_with_logos
from dp_pipeline.database.database import RETRY_SECONDS
from dp_pipeline.domains.registry import LOGOS, NAMES, REGISTERED, in_order
from dp_pipeline.football.key import tidied
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, RUN_GROUP_TAG, Priority
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource
from dp_pipeline.settings import PARTITIONS_PER_RUN, partitions_per_run

REFRESH_JOB = "refresh_tournaments"
OP = "refresh"
PROVIDER_TAG = "dp/provider"
MOST_TOGETHER = 300
FAST_SECONDS_APART = 0.2
"""At this pace 300 tournaments of three requests each take three minutes."""


class RefreshConfig(WorkConfig):
    """Which tournaments, and what of them."""

    keys: list[str] = Field(
        description="Tournament keys such as openligadb:bl1:2024, in any number and order.",
    )
    domains: list[str] = Field(
        default=list(NAMES),
        description=f"Any of {', '.join(REGISTERED)}; all but the last if not given.",
    )


@dg.op(name=OP)
def refresh(
    context: dg.OpExecutionContext,
    config: RefreshConfig,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> None:
    """Ingest the domains of the tournaments, as the assets do."""
    unknown = sorted(set(config.domains) - set(REGISTERED))
    if unknown:
        named, there = ", ".join(unknown), ", ".join(REGISTERED)
        message = f"There is no domain {named}; the domains are {there}."
        raise dg.Failure(message, allow_retries=False)
    store = database.open(seconds=RETRY_SECONDS)
    keys = not_removed(context, store, list(dict.fromkeys(map(tidied, config.keys))))
    wanted = dict.fromkeys(keys, in_order(config.domains))
    gallery = open_gallery(store, providers, ledger, dry_run=config.dry_run)
    work = partial(ingest_with_logos, wanted, gallery)
    drive(context, store, providers, ledger, work, keys=keys, scope=config.scope)


@dg.job(
    name=REFRESH_JOB,
    description=(
        "Reads any set of tournaments, named by key in the configuration. Schedules and the sensor "
        "discover_tournaments launch it, and `dp ingest` of several tournaments."
    ),
)
def refresh_tournaments() -> None:
    """One step over all of them."""
    refresh()


def refresh_requests(
    keys: Collection[str],
    *,
    priority: Priority,
    run_group: str | None = None,
    run_key: str | None = None,
    domains: Sequence[str] = NAMES,
) -> list[dg.RunRequest]:
    """Runs that together refresh some tournaments, each of one provider.

    Args:
        keys: checked tournament keys; their order does not matter.
        priority: of all the runs.
        run_group: names the runs as one run group, announced as one; without it each tournament is.
        run_key: begins the key by which Dagster knows a run it has launched already. A digest of
            the tournaments ends it: those that are added when a tick is repeated are not lost.
            None launches always.
        domains: what of them.
    """
    return [
        dg.RunRequest(
            job_name=REFRESH_JOB,
            run_key=None if run_key is None else f"{run_key}:{_digest(chunk)}",
            run_config={"ops": {OP: {"config": {"keys": chunk, "domains": list(domains)}}}},
            tags={
                PRIORITY_TAG: str(int(priority)),
                PROVIDER_TAG: provider,
                **({} if run_group is None else {RUN_GROUP_TAG: run_group}),
            },
        )
        for provider, chunk in _chunks(keys, domains)
    ]


def planned_refresh(run: dg.DagsterRun) -> dict[str, tuple[str, ...]]:
    """Which domains of which tournaments a run of this job was to refresh."""
    domains = _configured(run, OP).get("domains", list(NAMES))
    if not isinstance(domains, list) or leaves_nothing(run):
        return {}
    chosen = in_order([domain for domain in domains if domain in REGISTERED])
    return dict.fromkeys(configured_keys(run, OP), chosen) if chosen else {}


def configured_keys(run: dg.DagsterRun, op: str) -> tuple[str, ...]:
    """The tournaments that a run names in the configuration of its one step."""
    keys = _configured(run, op).get("keys", [])
    texts = keys if isinstance(keys, list) else []
    return tuple(dict.fromkeys(tidied(key) for key in texts if isinstance(key, str)))


def _configured(run: dg.DagsterRun, op: str) -> Mapping[str, Any]:
    """A run may be launched with any configuration; one of another form fails before it begins."""
    config: Any = run.run_config
    for step in ("ops", op, "config"):
        config = config.get(step, {}) if isinstance(config, dict) else {}
    return config if isinstance(config, dict) else {}


def _chunks(keys: Collection[str], domains: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for provider, group in groupby(sorted(set(keys)), key=lambda key: key.partition(":")[0]):
        mine, most = list(group), partitions_per_run(_most_together(provider, domains))
        for first in range(0, len(mine), most):
            yield provider, mine[first : first + most]


def _most_together(provider: str, domains: Sequence[str]) -> int:
    """How many tournaments one run reads, where DP_PARTITIONS_PER_RUN does not say.

    Runs of a refresh go one after another, and each begins with a process, which takes as much CPU
    as thirty tournaments of which nothing is new. More than of a backfill, for whose partitions
    Dagster stores events first; no more where the provider's pace, or that of images, would have a
    run last for hours.
    """
    if LOGOS.name in domains or BY_NAME[provider].seconds_apart > FAST_SECONDS_APART:
        return PARTITIONS_PER_RUN
    return MOST_TOGETHER


def _digest(keys: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12]
