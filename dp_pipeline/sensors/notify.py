"""The sensor that announces, and the one that detects what is wrong. They request no runs."""

import dagster as dg

from dp_pipeline.notifications.announcing import announce
from dp_pipeline.notifications.assets import EXECUTIONS_SPEC, HEALTH_SPEC
from dp_pipeline.notifications.detection import detect_incidents
from dp_pipeline.notifications.notes import DELIVERS, WATCHES
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource


@dg.sensor(
    name=DELIVERS,
    minimum_interval_seconds=10,
    asset_selection=[EXECUTIONS_SPEC.key],  # whose page names it then; it requests no runs
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Closes executions whose process is gone, gives runs that died early their rows, stores "
        "reports the object store had refused, takes away partitions of tournaments that do not "
        "exist, and posts executions, digests and incidents to Slack. Watches watch_automation."
    ),
)
def announce_executions(  # noqa: D103 - the description says it
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> dg.SkipReason:
    return dg.SkipReason(announce(context, database, ledger, slack))


@dg.sensor(
    name=WATCHES,
    minimum_interval_seconds=60,
    asset_selection=[EXECUTIONS_SPEC.key, HEALTH_SPEC.key],  # likewise
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Opens an incident when a sensor or schedule keeps failing, a job fails that leaves "
        "nothing in the ledger, an asset check fails, a provider does not answer or messages wait, "
        "and closes it when that is well again. Evaluates the checks of the ledger and of the "
        "providers' health, posts what is wrong with announce_executions itself, and calls "
        "DP_HEARTBEAT_URL while database, daemon and delivery work."
    ),
)
def watch_automation(  # noqa: D103 - the description says it
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> dg.SkipReason:
    return dg.SkipReason(detect_incidents(context, database, slack))
