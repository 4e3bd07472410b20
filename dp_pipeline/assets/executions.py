"""The ledger as Dagster sees it, with the check that people are told what it holds."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dp_pipeline.assets.checks import by_hand
from dp_pipeline.assets.metadata import column_schema
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.executions import digests, outbox
from dp_pipeline.resources import DatabaseResource, SlackResource
from dp_pipeline.sensors.announce import Cursor, announce_executions
from dp_pipeline.sensors.backfills import ended_at, look
from dp_pipeline.sensors.runs import finished_runs, unit_over

UNDELIVERED_MINUTES = 15

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
DELIVERED = dg.AssetCheckKey(SPEC.key, "messages_delivered")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How long the oldest message that could be told has waited; None when none waits."""

    oldest: datetime | None
    now: datetime
    on: bool

    @property
    def passed(self) -> bool:
        """Whether nothing waits for long."""
        return self.minutes < UNDELIVERED_MINUTES

    @property
    def minutes(self) -> float:
        """How long the oldest waits."""
        return 0.0 if self.oldest is None else (self.now - self.oldest).total_seconds() / 60

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """As Dagster shows it."""
        if not self.on:
            text = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set."
        elif self.passed:
            text = "Everything that is finished has been told, or is about to be."
        else:
            text = (
                f"The oldest message has waited for {self.minutes:.0f} minutes. The ticks of the "
                "sensor announce_executions say why; nothing is lost, the messages wait."
            )
        return dg.AssetCheckEvaluation(
            asset_key=DELIVERED.asset_key,
            check_name=DELIVERED.name,
            passed=self.passed,
            description=text,
            metadata={"minutes_waited": round(self.minutes, 1)},
        )


def announcing(instance: dg.DagsterInstance) -> Cursor:
    """What the sensor that tells knows; as on its first day when it never ran."""
    for state in instance.all_instigator_state():
        if state.instigator_name == announce_executions.name:
            return Cursor.read(getattr(state.instigator_data, "cursor", None), time.time())
    return Cursor.read(None, time.time())


def delivery(
    instance: dg.DagsterInstance, database: Database, cursor: Cursor, *, on: bool
) -> Delivery:
    """How long messages wait that could be told: those of work that is over."""
    now = datetime.now(UTC)
    if not on:
        return Delivery(None, now, on)
    since = datetime.fromtimestamp(cursor.told_since, UTC)
    over = finished_runs(instance, outbox.untold_runs(database, since))
    waiting = [outbox.oldest_end(database, over)] if over else []
    waiting += [
        unit.last
        for unit in digests.untold_units(database, since)
        if unit_over(instance, unit, looked_at=cursor.lost_after, now=now.timestamp())
    ]
    found = look(instance, database, cursor.lost_after, now.timestamp())
    waiting += [end for end in map(ended_at, found.untold) if end >= since]
    return Delivery(min((end for end in waiting if end), default=None), now, on)


@dg.asset_check(
    asset=SPEC.key,
    name=DELIVERED.name,
    description=(
        f"No message about work that is over has waited for {UNDELIVERED_MINUTES} minutes. "
        "Evaluated every minute by the sensor watch_automation, recorded when it changes and "
        "hourly."
    ),
)
def messages_delivered(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, slack: SlackResource
) -> dg.AssetCheckResult:
    """The same by hand."""
    instance = context.instance
    found = delivery(instance, database.open(), announcing(instance), on=slack.open() is not None)
    return by_hand(found.evaluation())
