"""When seasons are read besides every day: the file of competitions has changed."""

import json
import time

import dagster as dg

from dp_pipeline.competitions import file
from dp_pipeline.competitions.seasons import DISCOVER_JOB
from dp_pipeline.database.seasons import never_listed
from dp_pipeline.jobs import GOING_ON
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, Priority
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

TICK_SECONDS = 15
RETRY_SECONDS = 3_600.0
"""How long a competition of which no season is stored waits for the next list of its provider."""


def read_cursor(text: str | None) -> tuple[str, float]:
    """The digest of the file when it was last acted on, and the Unix time of that."""
    try:
        noted = json.loads(text or "")
        return str(noted["digest"]), float(noted["read_at"])
    except (ValueError, KeyError, TypeError):
        return "", 0.0


@dg.sensor(
    job_name=DISCOVER_JOB,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Reads the seasons of the followed competitions when their file (DP_COMPETITIONS) has "
        "changed, and every hour while one has no season. Says what is wrong with the file."
    ),
)
def watch_competitions(
    context: dg.SensorEvaluationContext, database: DatabaseResource
) -> dg.SensorResult:
    """Compare the file with the one that was acted on last; makes no request itself."""
    now = time.time()
    digest, read_at = read_cursor(context.cursor)
    competitions = file.load(Settings.load().competitions_file)
    with database.open().transaction() as connection:
        unlisted = never_listed(connection, competitions.followed)
    due = competitions.digest != digest or (bool(unlisted) and now - read_at >= RETRY_SECONDS)
    said = f"{len(competitions.followed)} competitions are followed."
    if not due:
        return dg.SensorResult(skip_reason=said, cursor=context.cursor)
    unfinished = dg.RunsFilter(job_name=DISCOVER_JOB, statuses=list(GOING_ON))
    if context.instance.get_run_ids(unfinished, limit=1):
        # It may have read the file before it changed.
        said = "A run that reads seasons goes on; the next one waits for its end."
        return dg.SensorResult(skip_reason=said, cursor=context.cursor)
    cursor = json.dumps({"digest": competitions.digest, "read_at": now})
    if not competitions.followed:
        return dg.SensorResult(skip_reason=said, cursor=cursor)
    request = dg.RunRequest(tags={PRIORITY_TAG: str(int(Priority.SENSOR))})
    return dg.SensorResult(run_requests=[request], cursor=cursor)
