"""Messages that wait: how long those of work that is over have not been delivered."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.notifications import digests, notes, outbox
from dp_pipeline.notifications.attempts import Attempts
from dp_pipeline.notifications.backfills import ended_at, ended_backfills
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.notifications.notes import DELIVERS, DeliveryState
from dp_pipeline.notifications.runs import finished_runs, group_over
from dp_pipeline.notifications.slack.resource import OFF

CHECK = dg.AssetCheckKey(dg.AssetKey("executions"), "messages_delivered")
UNDELIVERED_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How long the oldest message that could be announced has waited; None when none waits.

    `because` is what stood in the way the last time, a sentence.
    """

    oldest: datetime | None
    now: datetime
    on: bool
    because: str = ""

    @property
    def minutes(self) -> float:
        """How long the oldest has waited."""
        return 0.0 if self.oldest is None else (self.now - self.oldest).total_seconds() / 60

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """As Dagster shows it."""
        passed = self.minutes < UNDELIVERED_MINUTES
        if not self.on:
            sentence = f"{OFF}."
        elif passed:
            sentence = "Everything that is finished has been announced, or is about to be."
        else:
            sentence = (
                f"The oldest message has waited for {self.minutes:.0f} minutes. {self._why} "
                "Nothing is lost, the messages wait."
            )
        return dg.AssetCheckEvaluation(
            asset_key=CHECK.asset_key,
            check_name=CHECK.name,
            passed=passed,
            description=sentence,
            metadata={"minutes_waited": round(self.minutes, 1)},
        )

    @property
    def _why(self) -> str:
        return self.because or f"The ticks of the sensor {DELIVERS} say why."

    def condition(self) -> Condition:
        """As a detector says it."""
        if self.minutes < UNDELIVERED_MINUTES or self.oldest is None:
            return Condition("delivery", "messages", self.now)
        since = self.oldest + timedelta(minutes=UNDELIVERED_MINUTES)
        summary = (
            f"The oldest has waited for more than {UNDELIVERED_MINUTES} minutes. {self._why} "
            "Nothing is lost."
        )
        return Condition("delivery", "messages", since, summary, page="/automation")


def read_undelivered(instance: dg.DagsterInstance, database: Database, *, on: bool) -> Undelivered:
    """How long messages wait that could be delivered: those of work that is over."""
    now = datetime.now(UTC)
    if not on:
        return Undelivered(None, now, on)
    seconds = now.timestamp()
    state = DeliveryState.read(notes.read(database, notes.STATE), seconds)
    since = moment(state.announced_from)
    over = finished_runs(instance, outbox.unannounced_runs(database, since))
    ends = [outbox.oldest_end(database, over)] if over else []
    ends += [
        group.last
        for group in digests.unannounced_groups(database, since)
        if group_over(instance, group, handled=state.handled_runs, now=seconds)
    ]
    backfills = ended_backfills(instance, database, state.handled_runs, seconds)
    ends += [end for end in map(ended_at, backfills.unannounced) if end >= since]
    oldest = min((end for end in ends if end), default=None)
    return Undelivered(oldest, now, on, Attempts(database).because)
