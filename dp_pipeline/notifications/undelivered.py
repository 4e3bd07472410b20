"""Messages that wait: how long those of work that is over have not been delivered."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.notifications import digests, notes, outbox
from dp_pipeline.notifications.backfills import ended_at, look
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.notifications.runs import finished_runs, group_over
from dp_pipeline.notifications.state import DELIVERS, DeliveryState

CHECK = dg.AssetCheckKey(dg.AssetKey("executions"), "messages_delivered")
UNDELIVERED_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How long the oldest message that could be announced has waited; None when none waits."""

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

    @property
    def sentence(self) -> str:
        """In words."""
        if not self.on:
            return "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set."
        if self.passed:
            return "Everything that is finished has been announced, or is about to be."
        return (
            f"The oldest message has waited for {self.minutes:.0f} minutes. The ticks of the "
            f"sensor {DELIVERS} say why; nothing is lost, the messages wait."
        )

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """As Dagster shows it."""
        return dg.AssetCheckEvaluation(
            asset_key=CHECK.asset_key,
            check_name=CHECK.name,
            passed=self.passed,
            description=self.sentence,
            metadata={"minutes_waited": round(self.minutes, 1)},
        )

    def condition(self) -> Condition:
        """As a detector says it."""
        if self.passed or self.oldest is None:
            return Condition("delivery", "messages", self.now)
        since = self.oldest + timedelta(minutes=UNDELIVERED_MINUTES)
        summary = (
            f"The oldest has waited for more than {UNDELIVERED_MINUTES} minutes. The ticks of the "
            f"sensor {DELIVERS} say why; nothing is lost."
        )
        return Condition("delivery", "messages", since, summary, page="/automation")


def look_for(instance: dg.DagsterInstance, database: Database, *, on: bool) -> Undelivered:
    """How long messages wait that could be delivered: those of work that is over."""
    now = datetime.now(UTC)
    if not on:
        return Undelivered(None, now, on)
    state = DeliveryState.read(notes.read(database, notes.STATE), now.timestamp())
    since = moment(state.announced_from)
    over = finished_runs(instance, outbox.unannounced_runs(database, since))
    waiting = [outbox.oldest_end(database, over)] if over else []
    waiting += [
        unit.last
        for unit in digests.unannounced_groups(database, since)
        if group_over(instance, unit, looked_at=state.lost_after, now=now.timestamp())
    ]
    found = look(instance, database, state.lost_after, now.timestamp())
    waiting += [end for end in map(ended_at, found.unannounced) if end >= since]
    return Undelivered(min((end for end in waiting if end), default=None), now, on)
