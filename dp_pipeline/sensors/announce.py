"""The sensor that delivers."""

import dagster as dg

from dp_pipeline.notifications.announcing import announce
from dp_pipeline.notifications.notes import DELIVERS
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource


@dg.sensor(
    name=DELIVERS,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Closes executions whose process is gone, gives runs that died early their rows, stores "
        "reports the object store had refused, takes away partitions of tournaments that do not "
        "exist, and posts executions, digests and incidents to Slack. Watches watch_automation."
    ),
)
def announce_executions(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> dg.SkipReason:
    """Asks for no runs."""
    return dg.SkipReason(announce(context, database, ledger, slack))
