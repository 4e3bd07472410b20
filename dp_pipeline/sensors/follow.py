"""When providers are asked for seasons besides every day: the file of competitions has changed."""

import json
import time

import dagster as dg

from dp_pipeline.competitions import file
from dp_pipeline.competitions.seasons import DISCOVER_JOB, following
from dp_pipeline.database.seasons import never_listed
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, Priority
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

TICK_SECONDS = 15
RETRY_SECONDS = 3_600.0
"""How long a competition of which no season is known is left alone."""

_OVER = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


def read_cursor(text: str | None) -> tuple[str, float]:
    """The digest of the file when it was last acted on, and the Unix time of that."""
    try:
        found = json.loads(text or "")
        return str(found["digest"]), float(found["asked_at"])
    except (ValueError, KeyError, TypeError):
        return "", 0.0


@dg.sensor(
    job_name=DISCOVER_JOB,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Asks for the seasons of the followed competitions when their file (DP_COMPETITIONS) has "
        "changed, and every hour while one has no season. Says what is wrong with the file."
    ),
)
def watch_competitions(
    context: dg.SensorEvaluationContext, database: DatabaseResource
) -> dg.SensorResult:
    """Compare the file with the one that was acted on last; asks no provider itself."""
    now = time.time()
    digest, asked_at = read_cursor(context.cursor)
    found = file.load(Settings.load().competitions_file)
    with database.open().transaction() as connection:
        unlisted = never_listed(connection, [following(each) for each in found.followed])
    due = found.digest != digest or (bool(unlisted) and now - asked_at >= RETRY_SECONDS)
    said = f"{len(found.followed)} competitions are followed."
    if not due:
        return dg.SensorResult(skip_reason=said, cursor=context.cursor)
    unfinished = dg.RunsFilter(
        job_name=DISCOVER_JOB,
        statuses=[status for status in dg.DagsterRunStatus if status not in _OVER],
    )
    if context.instance.get_run_ids(unfinished, limit=1):
        # It may have read the file before it changed.
        said = "A run that asks for seasons goes on; the next one waits for its end."
        return dg.SensorResult(skip_reason=said, cursor=context.cursor)
    cursor = json.dumps({"digest": found.digest, "asked_at": now})
    if not found.followed:
        return dg.SensorResult(skip_reason=said, cursor=cursor)
    request = dg.RunRequest(tags={PRIORITY_TAG: str(int(Priority.SENSOR))})
    return dg.SensorResult(run_requests=[request], cursor=cursor)
