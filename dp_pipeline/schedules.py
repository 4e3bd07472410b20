"""What happens by the clock: looks for new seasons, nightly refreshes, weekly re-reads. All in UTC.

Every schedule is on from the start and asks no provider for anything nobody asked for: without
followed competitions and ingested tournaments there is nothing to read, and a provider that is left
alone because it refused or failed is not read either.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg

from dp_pipeline import competitions
from dp_pipeline.assets.seasons import DISCOVER_JOB, following
from dp_pipeline.database.health import resting
from dp_pipeline.database.seasons import kept_current
from dp_pipeline.priorities import PRIORITY_TAG, Priority
from dp_pipeline.providers.registry import PROVIDERS, roots
from dp_pipeline.refresh import REFRESH_JOB, refresh_requests
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

# Minute and hour at which a provider's users sleep: mostly Germans at OpenLigaDB. They differ, so
# that not all begin at once, and none is at a full hour, when everybody else's schedules are.
_QUIET: Mapping[str, tuple[int, int]] = {
    "openligadb": (17, 2),
    "openfootball": (37, 2),
    "sofascore": (17, 3),
    "sandbox": (37, 3),
}
_QUIET_OTHERWISE = (47, 3)
# Tuesday, as cron counts: few matches are played on Monday evenings. The nightly refresh, which
# would read the same again, leaves that night out.
_WEEKLY = "2"
_OTHER_NIGHTS = "0,1,3-6"


@dg.schedule(
    name="discover_seasons_daily",
    job_name=DISCOVER_JOB,
    cron_schedule="47 1 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Asks for the seasons of the followed competitions, before the nightly refresh.",
)
def discover_seasons_daily(
    context: dg.ScheduleEvaluationContext,
) -> dg.RunRequest | dg.SkipReason:
    """One look a day."""
    if not competitions.load(Settings.load().competitions_file).followed:
        return dg.SkipReason("No competition is followed.")
    tags = {PRIORITY_TAG: str(int(Priority.SENSOR))}
    return dg.RunRequest(run_key=_moment(context), tags=tags)


def nightly(provider: str) -> dg.ScheduleDefinition:
    """The refresh of a provider's tournaments that are being played or about to be."""
    minute, hour = _QUIET.get(provider, _QUIET_OTHERWISE)
    return _refresh(
        provider,
        "nightly",
        f"{minute} {hour} * * {_OTHER_NIGHTS}",
        f"Reads the tournaments of {provider} again that are active or upcoming: those of followed "
        "competitions, and those ingested by hand of competitions that never were followed. On "
        "Tuesdays the weekly re-read does that.",
    )


def weekly(provider: str) -> dg.ScheduleDefinition:
    """The re-read of all a provider's tournaments: scores are corrected years later too."""
    minute, hour = _QUIET.get(provider, _QUIET_OTHERWISE)
    return _refresh(
        provider,
        "weekly",
        f"{minute} {hour} * * {_WEEKLY}",
        f"Reads all tournaments of {provider} again, those that ended included, but none of a "
        "competition that is no longer followed.",
    )


def _refresh(provider: str, kind: str, cron: str, description: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"refresh_{provider}_{kind}",
        job_name=REFRESH_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
        tags={"dp/provider": provider},
    )
    def refresh(
        context: dg.ScheduleEvaluationContext, database: DatabaseResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        settings = Settings.load()
        followed = competitions.load(settings.competitions_file).followed
        with database.open().transaction() as connection:
            at_rest = resting(connection, datetime.now(UTC), roots(settings.base_urls))
            keys = kept_current(
                connection,
                provider,
                [following(each) for each in followed],
                finished_too=kind == "weekly",
            )
        if not keys:
            return dg.SkipReason(f"No tournament of {provider} is to be read.")
        if provider in at_rest:
            return dg.SkipReason(
                f"{provider} refused or failed and is left alone until "
                f"{at_rest[provider]:%Y-%m-%d %H:%M} UTC; `dp health` says more."
            )
        return refresh_requests(
            keys,
            priority=Priority.BACKFILL,
            unit=f"{kind}:{provider}:{context.scheduled_execution_time:%Y-%m-%d}",
            run_key=f"{kind}:{provider}:{_moment(context)}",
        )

    return refresh


def _moment(context: dg.ScheduleEvaluationContext) -> str:
    return f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M}"


SCHEDULES = (
    discover_seasons_daily,
    *(make(provider) for provider in PROVIDERS for make in (nightly, weekly)),
)
