"""The ledger as Dagster sees it, with the check that people are told what it holds."""

import dagster as dg

from dp_pipeline.assets.metadata import column_schema
from dp_pipeline.database import tables
from dp_pipeline.notifications import undelivered
from dp_pipeline.notifications.detectors.checks import by_hand
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource

SPEC = dg.AssetSpec(
    "executions",
    group_name="football",
    owners=["team:football-data"],
    kinds={"python", "postgres"},
    description=(
        "The ledger: one row per attempt to materialize one domain of one tournament, and when "
        "people were told of it. Written by every run; not materialized itself."
    ),
    metadata={
        "dagster/table_name": tables.data_provider_executions.name,
        "dagster/column_schema": column_schema(tables.data_provider_executions),
    },
)


@dg.asset_check(
    asset=SPEC.key,
    name=undelivered.CHECK.name,
    description=(
        f"No message about work that is over has waited for {undelivered.UNDELIVERED_MINUTES} "
        "minutes. Evaluated every minute by the sensor watch_automation, recorded when it "
        "changes and hourly."
    ),
)
def messages_delivered(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, slack: SlackResource
) -> dg.AssetCheckResult:
    """The same by hand."""
    on = slack.open() is not None
    found = undelivered.look_for(context.instance, database.open(), on=on)
    return by_hand(found.evaluation())
