"""Keeps simulated tournaments up to date while a simulated world runs beside Dagster."""

import dagster as dg

from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.refresh import REFRESH_JOB, Priority, refresh_requests
from dp_pipeline.settings import Settings

SHOWN = 2
SIMULATED_TAG = "dp/simulated"

_WAITING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name=REFRESH_JOB,
    minimum_interval_seconds=45,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Refreshes the newest simulated tournaments while a simulated world runs; `make run` "
        "starts one. Does nothing without SANDBOX_BASE_URL."
    ),
)
def refresh_simulated(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One run for all of them, unless the last one still goes on."""
    if "sandbox" not in Settings.load().base_urls:
        return dg.SkipReason("No simulated world runs: SANDBOX_BASE_URL is not set.")
    keys = [
        key
        for key in context.instance.get_dynamic_partitions(str(TOURNAMENTS.name))
        if key.startswith("sandbox:")
    ][-SHOWN:]
    if not keys:
        return dg.SkipReason("No simulated tournament is registered.")
    filters = dg.RunsFilter(job_name=REFRESH_JOB, tags={SIMULATED_TAG: "true"}, statuses=_WAITING)
    if context.instance.get_runs_count(filters):
        return dg.SkipReason("The last refresh still goes on.")
    requests = refresh_requests(keys, priority=Priority.SENSOR)
    return dg.SensorResult(
        run_requests=[
            request.with_replaced_attrs(tags={**request.tags, SIMULATED_TAG: "true"})
            for request in requests
        ]
    )
