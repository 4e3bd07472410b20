"""What is due now becomes runs: one indexed query a provider, never a request to a provider."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg

from dp_pipeline.assets.materialize import INGEST_JOB
from dp_pipeline.assets.poll_job import (
    MOST_PER_RUN,
    POLL_JOB,
    planned_poll,
    poll_due,
    poll_request,
)
from dp_pipeline.assets.refresh_job import PROVIDER_TAG
from dp_pipeline.competitions import file
from dp_pipeline.competitions.file import FollowedCompetition
from dp_pipeline.database.seasons import no_longer_followed
from dp_pipeline.http.circuit_table import open_circuits
from dp_pipeline.jobs import GOING_ON
from dp_pipeline.match_watch.due import due_tournaments
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.providers.contract import Provider
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.registry import PROVIDERS, present_at, roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

TICK_SECONDS = 10
"""What is due every minute is polled within seventy seconds."""
FAR_AHEAD = datetime(9000, 1, 1, tzinfo=UTC)
ONE_AT_A_TIME = timedelta(minutes=5)
"""A second run of a provider would wait for the same rate limit; one that takes longer holds up
only its own tournaments."""


@dg.sensor(
    jobs=[poll_due, INGEST_JOB],
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Launches polls of the matches that are due: before kick-off, every minute while they are "
        "played, hours after the end for corrections, daily when postponed; and of rounds that "
        "wait for a draw. Does nothing between matches."
    ),
)
def poll_matches(
    context: dg.SensorEvaluationContext, database: DatabaseResource
) -> dg.SensorResult | dg.SkipReason:
    """Request runs for what is due and no run polls already."""
    now = time.time()
    settings = Settings.load()
    duties = Duties(context.log)
    followed: Sequence[FollowedCompetition] | None = None
    # A slip in that file must not keep live matches from being polled.
    with duties.duty("reading the followed competitions"):
        followed = file.load(settings.competitions_file).followed
    busy, in_flight = _going_on(context.instance, now)
    requests: list[dg.RunRequest] = []
    said: list[str] = []
    with database.open().transaction() as connection:
        stopped = set() if followed is None else no_longer_followed(connection, followed)
        open_until = open_circuits(
            connection, datetime.fromtimestamp(now, UTC), roots(settings.base_urls)
        )
        for provider in PROVIDERS:
            if not provider.polled:
                continue
            due_at = partial(
                due_tournaments,
                connection,
                provider.name,
                stopped={competition for of, competition in stopped if of == provider.name},
            )
            try:
                due = _due(due_at, provider, settings, resting=provider.name in open_until)
            except ProviderError as error:
                said.append(f"{provider.name} does not tell its time: {error}")
                continue
            free = [key for key in due if key not in in_flight]
            if not due:
                continue
            if provider.name in open_until:
                said.append(
                    f"{provider.name} is resting until {open_until[provider.name]:%H:%M} UTC"
                )
                continue
            if provider.name in busy or not free:
                said.append(f"{provider.name}: the last poll goes on")
                continue
            requests.append(poll_request(provider.name, free))
            if len(free) > MOST_PER_RUN:
                said.append(f"{provider.name}: {len(free) - MOST_PER_RUN} wait for the next run")
    if not requests:
        # A tick that fails launches nothing: what is wrong is said by one that has nothing to do.
        duties.end()
        return dg.SkipReason("; ".join(said) or "Nothing is due.")
    return dg.SensorResult(run_requests=requests)


def _due(
    due_at: Callable[[datetime], list[str]],
    provider: Provider,
    settings: Settings,
    *,
    resting: bool,
) -> list[str]:
    """The tournaments of a provider of which something is due now.

    A simulated world says what time it is there, if something is scheduled and it is not
    resting; else it is all that is scheduled.
    """
    if provider.simulated:
        scheduled = due_at(FAR_AHEAD)
        if resting or not scheduled:
            return scheduled
    return due_at(present_at(provider.name, settings.base_urls))


def _going_on(instance: dg.DagsterInstance, now: float) -> tuple[set[str], set[str]]:
    """The providers with a poll that began lately, and the tournaments of all polls."""
    lately = datetime.fromtimestamp(now, UTC) - ONE_AT_A_TIME
    records = instance.get_run_records(
        dg.RunsFilter(job_name=POLL_JOB, statuses=list(GOING_ON)), limit=100
    )
    busy = {
        record.dagster_run.tags.get(PROVIDER_TAG, "")
        for record in records
        if record.create_timestamp.replace(tzinfo=UTC) > lately
    }
    return busy, {key for record in records for key in planned_poll(record.dagster_run)}
