"""The sensor that makes tournaments of new seasons. Reads our tables and Dagster's, no provider."""

import dagster as dg

from dp_pipeline.assets.materialize import INGEST_JOB, LOGOS_JOB
from dp_pipeline.assets.refresh_job import refresh_tournaments
from dp_pipeline.competitions import file
from dp_pipeline.competitions.discovery import discover
from dp_pipeline.competitions.file import Competitions
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

TICK_SECONDS = 15


@dg.sensor(
    jobs=[refresh_tournaments, INGEST_JOB, LOGOS_JOB],
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Makes tournaments of the approved seasons of followed competitions: a partition and a run "
        "in one tick. Adds what is missing: the partition of a stored tournament, the run of a "
        "partition that never had one."
    ),
)
def discover_tournaments(
    context: dg.SensorEvaluationContext, database: DatabaseResource
) -> dg.SensorResult:
    """Compare what is followed, stored and partitioned."""
    settings = Settings.load()
    duties = Duties(context.log)
    competitions: Competitions | None = None
    # A slip in that file must not keep what is stored, or added by hand, from its due.
    with duties.duty("reading the followed competitions"):
        competitions = file.load(settings.competitions_file)
    result = discover(
        context.instance, database.open(), competitions, context.cursor, settings.base_urls
    )
    if not result.run_requests and not result.dynamic_partitions_requests:
        # A tick that fails does nothing: what is wrong is said by one that has nothing to do.
        duties.end()
    return result
