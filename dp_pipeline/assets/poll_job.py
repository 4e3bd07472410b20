"""The job that polls tournaments, and the requests for runs of it."""

from collections.abc import Sequence
from functools import partial

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.drive import drive, not_removed
from dp_pipeline.assets.poll import poll_tournaments
from dp_pipeline.assets.refresh_job import PRIORITY_TAG, PROVIDER_TAG, Priority, configured_keys
from dp_pipeline.database.database import RETRY_SECONDS
from dp_pipeline.football.key import tidied
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource

POLL_JOB = "poll_tournaments"
OP = "poll"
MOST_PER_RUN = 50


class PollConfig(dg.Config):
    """Which tournaments."""

    keys: list[str] = Field(
        description="Tournament keys such as openligadb:bl1:2024; of each, what is due is read."
    )


@dg.op(name=OP)
def poll(
    context: dg.OpExecutionContext,
    config: PollConfig,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> None:
    """Look at the matches that are due, and at what follows from them."""
    store = database.open(seconds=RETRY_SECONDS)
    keys = not_removed(context, store, list(dict.fromkeys(map(tidied, config.keys))))
    work = partial(poll_tournaments, keys)
    drive(context, store, providers, ledger, work, keys=keys, scope="part")


@dg.job(
    name=POLL_JOB,
    description=(
        "Reads the matches of tournaments that are due, one match or one round and never the "
        "season, launched by the sensor poll_matches. When one has ended, the list of rounds, "
        "newly drawn rounds and the table follow."
    ),
)
def poll_due() -> None:
    """One step over all of them."""
    poll()


def poll_request(provider: str, keys: Sequence[str]) -> dg.RunRequest:
    """A run that polls some tournaments of one provider, at most MOST_PER_RUN of them.

    Without a run key: what is due a minute later is another poll of the same tournament.
    """
    return dg.RunRequest(
        job_name=POLL_JOB,
        run_config={"ops": {OP: {"config": {"keys": list(keys[:MOST_PER_RUN])}}}},
        tags={PRIORITY_TAG: str(int(Priority.LIVE)), PROVIDER_TAG: provider},
    )


def planned_poll(run: dg.DagsterRun) -> dict[str, tuple[str, ...]]:
    """Which domains of which tournaments a run of this job was to read for sure."""
    return dict.fromkeys(configured_keys(run, OP), ("matches",))
