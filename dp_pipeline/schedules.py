"""What happens by the clock: new seasons, refreshes by night and week, retention. All in UTC.

Every schedule is on from the start, but that of retention and those of simulated worlds, and reads
nothing that nobody wants: without followed competitions and ingested tournaments there is nothing
to read, and a provider that rests is not read either. A refresh therefore ticks several times in a
night. All ticks of a night request the same run group, and one that was requested already is not
requested again: Dagster's run keys count within one tick only. A refresh that is left out fails the
check `{provider}_is_refreshed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import dagster as dg

from dp_pipeline.assets.comparison import COMPARE_JOB
from dp_pipeline.assets.refresh_job import REFRESH_JOB, planned_refresh, refresh_requests
from dp_pipeline.assets.retention_job import RETENTION_JOB
from dp_pipeline.competitions import file
from dp_pipeline.competitions.check_job import CHECK_JOB
from dp_pipeline.competitions.seasons import DISCOVER_JOB
from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import kept_current
from dp_pipeline.domains.comparing import pairs_of_tournaments
from dp_pipeline.domains.registry import NAMES, REGISTERED
from dp_pipeline.domains.timed_checks import stored_providers
from dp_pipeline.http.circuit_table import open_circuits
from dp_pipeline.instance.dagster_internals import SCHEDULE_NAME_TAG, SCHEDULED_EXECUTION_TIME_TAG
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, RUN_GROUP_TAG, Priority
from dp_pipeline.notifications.assets import refresh_evaluation
from dp_pipeline.notifications.detectors.checks import record
from dp_pipeline.providers.contract import Provider
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.registry import PROVIDERS, roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

Kind = Literal["nightly", "weekly"]

RUNS_TAG = "dp/runs"
"""The run tag that says of how many runs the run group of a night consists."""
APART = timedelta(hours=12)
"""How long after a weekly re-read, which may be made good late, a nightly refresh is needless."""

# Tuesday, as cron counts: few matches are played on Monday evenings. The nightly refresh, which
# would read the same again, leaves that night out by itself: named in the cron, the other six days
# made a line of 120 characters in Dagster's list.
_DAYS: Mapping[Kind, str] = {"nightly": "*", "weekly": "2"}
_TUESDAY = 1
_TICKS = (
    "the later ticks of a night are for a provider that refused or failed and rested at the "
    "earlier ones."
)


@dg.schedule(
    name="discover_seasons_daily",
    job_name=DISCOVER_JOB,
    cron_schedule="47 1 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Reads the seasons of the followed competitions, before the nightly refresh. Where none is "
        "followed nothing is launched."
    ),
)
def discover_seasons_daily(
    context: dg.ScheduleEvaluationContext,
) -> dg.RunRequest | dg.SkipReason:
    """Once a day."""
    path = Settings.load().competitions_file
    if not file.load(path).followed:
        return dg.SkipReason(file.none_followed(path))
    return _once(context)


@dg.schedule(
    name="compare_providers_daily",
    job_name=COMPARE_JOB,
    cron_schedule="17 9 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Compares the seasons that two providers have, after the nightly refreshes. Without such "
        "seasons nothing is launched."
    ),
)
def compare_providers_daily(
    context: dg.ScheduleEvaluationContext, database: DatabaseResource
) -> dg.RunRequest | dg.SkipReason:
    """Once a day, where there is something to compare."""
    if not database.open().run_here(pairs_of_tournaments):
        return dg.SkipReason("No tournament is stored of two providers.")
    return _once(context)


@dg.schedule(
    name="apply_retention_weekly",
    job_name=RETENTION_JOB,
    cron_schedule="23 10 * * 3",
    execution_timezone="UTC",
    # What is removed is gone: nothing is before somebody has seen what would be.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Removes what is older than the policy of retention says. Off until somebody switches it "
        "on: `dp retention` shows first what would be removed."
    ),
)
def apply_retention_weekly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Once a week."""
    return _once(context)


@dg.schedule(
    name="check_data_daily",
    job_name=CHECK_JOB,
    cron_schedule="47 9 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Checks what time alone may have changed, after the nightly refreshes: seasons that were "
        "not read, matches past their day. Where no tournament is stored nothing is launched."
    ),
)
def check_data_daily(
    context: dg.ScheduleEvaluationContext, database: DatabaseResource
) -> dg.RunRequest | dg.SkipReason:
    """Once a day, where something is stored."""
    if not database.open().run_here(stored_providers):
        return dg.SkipReason("No tournament is stored.")
    return _once(context)


def _once(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The run of a tick, which a tick that is evaluated again does not repeat."""
    tags = {PRIORITY_TAG: str(int(Priority.SENSOR))}
    return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M}", tags=tags)


_DESCRIPTIONS: Mapping[Kind, str] = {
    "nightly": (
        "Reads the tournaments of {} again that are active or upcoming: those of followed "
        "competitions, and those ingested by hand of competitions that never were followed. On "
        f"Tuesdays the weekly re-read does that; {_TICKS}"
    ),
    "weekly": (
        "Reads all tournaments of {} again, those that ended included, as scores are corrected "
        "years later too, but none of a competition that is no longer followed. Then come their "
        f"logos; {_TICKS}"
    ),
}


def refresh_schedule(provider: Provider, kind: Kind) -> dg.ScheduleDefinition:
    """The nightly or weekly refresh of a provider's tournaments."""
    name, window = provider.name, provider.refresh_window

    @dg.schedule(
        name=_name(name, kind),
        job_name=REFRESH_JOB,
        cron_schedule=window.cron(_DAYS[kind]),
        execution_timezone="UTC",
        default_status=_default_status(provider),
        description=_DESCRIPTIONS[kind].format(name),
        tags={"dp/provider": name},
    )
    def refresh(
        context: dg.ScheduleEvaluationContext, database: DatabaseResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        tick = _RefreshTick(name, kind, window, context.scheduled_execution_time, context.instance)
        return tick.decide(database)

    return refresh


def _default_status(provider: Provider) -> dg.DefaultScheduleStatus:
    """Off for a simulated world: its matches are polled, and it is seldom there by night."""
    on, off = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    return off if provider.simulated else on


@dataclass(frozen=True, slots=True)
class _RefreshTick:
    """One tick of a night's refresh, due at `at`."""

    provider: str
    kind: Kind
    window: RefreshWindow
    at: datetime
    instance: dg.DagsterInstance

    def decide(self, database: DatabaseResource) -> list[dg.RunRequest] | dg.SkipReason:
        """Request the runs of the night, or say why not."""
        if self.kind == "nightly" and self.at.weekday() == _TUESDAY:
            return dg.SkipReason("On Tuesdays the weekly re-read reads the same.")
        run_group = f"{self.kind}:{self.provider}:{self.at:%Y-%m-%d}"
        earlier = _requested(self.instance, run_group, self.at)
        # Fewer runs than meant were created when a tick failed in the middle.
        if earlier is not None and earlier.runs >= earlier.of:
            return dg.SkipReason(f"This night's refresh was requested at {_shown(earlier.at)}.")
        if self.kind == "nightly":
            weekly = _name(self.provider, "weekly")
            read = _last_requested(self.instance, weekly, datetime.now(UTC) - APART)
            if read is not None:
                said = f"The weekly re-read, which reads the same, was requested at {_shown(read)}."
                return dg.SkipReason(said)
        keys, open_until = self._due(database.open())
        if earlier is not None:
            keys = [key for key in keys if key not in earlier.keys]
        if not keys:
            said = f"Nobody follows or keeps a tournament of {self.provider} that is to be read."
            if self.window.next(self.at) is None:
                self._note(said, done=True)
            return dg.SkipReason(said)
        if open_until is not None:
            return self._put_off(open_until)
        self._note(f"The refresh of {self.at:%Y-%m-%d} was requested.", done=True)
        requests = refresh_requests(
            keys,
            priority=Priority.BACKFILL,
            run_group=run_group,
            run_key=f"{self.kind}:{self.provider}:{self.at:%Y-%m-%dT%H:%M}",
            domains=tuple(REGISTERED) if self.kind == "weekly" else NAMES,
        )
        return _counted(requests, earlier)

    def _due(self, store: Database) -> tuple[list[str], datetime | None]:
        """The tournaments to be read, and until when the provider rests."""
        settings = Settings.load()
        followed = file.load(settings.competitions_file).followed
        with store.transaction() as connection:
            open_until = open_circuits(connection, datetime.now(UTC), roots(settings.base_urls))
            keys = kept_current(
                connection, self.provider, followed, finished_too=self.kind == "weekly"
            )
        return keys, open_until.get(self.provider)

    def _put_off(self, open_until: datetime) -> dg.SkipReason:
        """Leave it to the next tick; after the last one the night is left out: the check fails."""
        reason = (
            f"{self.provider} refused or failed and is resting until {_shown(open_until)}; "
            "`dp health` says more."
        )
        again = self.window.next(self.at)
        if again is not None:
            return dg.SkipReason(f"{reason} This refresh is tried again at {_shown(again)}.")
        said = f"The {self.kind} refresh of {self.at:%Y-%m-%d} was left out: {reason}"
        self._note(said, done=False)
        return dg.SkipReason(said)

    def _note(self, said: str, *, done: bool) -> None:
        # A tick of the future is one that a person tries out in Dagster's pages.
        if self.at <= datetime.now(UTC):
            record(self.instance, refresh_evaluation(self.provider, said, done=done))


@dataclass(frozen=True, slots=True)
class _Requested:
    """What the ticks of a night have requested: since when, which tournaments, in how many runs.

    `of` is how many runs they meant to request.
    """

    at: datetime
    keys: frozenset[str]
    runs: int
    of: int


def _requested(instance: dg.DagsterInstance, run_group: str, tick: datetime) -> _Requested | None:
    """What other ticks than the one due at `tick` have requested of a run group; None for nothing.

    A tick that the daemon repeats, because it died in the middle of it, has to request the same
    again: by their run keys Dagster knows which runs it has, and queues those it only created.
    """
    mine = tick.astimezone(UTC).isoformat()
    records = [
        record
        for record in instance.get_run_records(dg.RunsFilter(tags={RUN_GROUP_TAG: run_group}))
        if record.dagster_run.tags.get(SCHEDULED_EXECUTION_TIME_TAG) != mine
    ]
    if not records:
        return None
    runs = [record.dagster_run for record in records]
    return _Requested(
        at=min(_created(record) for record in records),
        keys=frozenset(key for run in runs for key in planned_refresh(run)),
        runs=len(runs),
        of=max(_of(run.tags) for run in runs),
    )


def _last_requested(
    instance: dg.DagsterInstance, schedule: str, since: datetime
) -> datetime | None:
    """When a schedule last requested a run; None if not since then."""
    mine = dg.RunsFilter(tags={SCHEDULE_NAME_TAG: schedule}, created_after=since)
    records = instance.get_run_records(mine, limit=1)
    return _created(records[0]) if records else None


def _counted(requests: Sequence[dg.RunRequest], earlier: _Requested | None) -> list[dg.RunRequest]:
    """The requests, each with the number of runs there are of the run group then."""
    runs = len(requests) + (earlier.runs if earlier else 0)
    return [
        request.with_replaced_attrs(tags={**request.tags, RUNS_TAG: str(runs)})
        for request in requests
    ]


def _created(record: dg.RunRecord) -> datetime:
    return record.create_timestamp.replace(tzinfo=UTC)


def _of(tags: Mapping[str, str]) -> int:
    try:
        return int(tags[RUNS_TAG])
    except (KeyError, ValueError):  # of an older version, or launched by hand
        return 0


def _name(provider: str, kind: Kind) -> str:
    return f"refresh_{provider}_{kind}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


SCHEDULES = (
    discover_seasons_daily,
    compare_providers_daily,
    apply_retention_weekly,
    check_data_daily,
    *(refresh_schedule(provider, kind) for provider in PROVIDERS for kind in get_args(Kind)),
)
