"""The sensor that detects incidents."""

import dagster as dg

from dp_pipeline.notifications.detection import detect_incidents
from dp_pipeline.notifications.notes import WATCHES
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource


@dg.sensor(
    name=WATCHES,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Opens an incident when a sensor or schedule keeps failing, a job fails that leaves "
        "nothing in the ledger, an asset check fails, a provider does not answer or messages wait, "
        "and closes it when that is well again. Evaluates the checks of the ledger and of the "
        "providers' health. Posts what is wrong with announce_executions itself."
    ),
)
def watch_automation(
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> dg.SkipReason:
    """Asks for no runs."""
    return dg.SkipReason(detect_incidents(context, database, slack))
