"""The sensor that delivers, tick by tick, and the channel in which people read what it posts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.notifications import notes
from dp_pipeline.notifications.attempts import Attempts
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline_tests.servers import SlackReceiver

OTHER = "openligadb:bl2:2024"


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


@dataclass
class Channel:
    """A ledger, an instance, and the channel people read; `cursor` is that of the sensor."""

    database: Database
    instance: dg.DagsterInstance
    receiver: SlackReceiver
    webhook: str | None
    url: str
    cursor: str | None = None

    def deliver(self) -> str:
        """One tick of the sensor that delivers; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=defs,
            resources={
                "database": DatabaseResource(url=self.url),
                "ledger": LedgerResource(),
                "slack": SlackResource(webhook=self.webhook),
            },
        ) as context:
            said = announce_executions(context)
            assert isinstance(said, dg.SkipReason)
            self.cursor = context.cursor
        return said.skip_message or ""

    def deliver_later(self) -> str:
        """A tick so long after the last message that Slack takes the next one at once."""
        with self.database.transaction() as connection:
            connection.execute(sa.delete(tables.provider_rate_limit))
        Attempts(self.database).pause(0)
        return self.deliver()

    def announced_from(self, moment: datetime) -> None:
        """Let what ended before be history."""
        state = DeliveryState(moment.timestamp(), moment.timestamp())
        notes.write(self.database, notes.STATE, state.note())

    @property
    def headers(self) -> list[str]:
        """The first line of every message, oldest first."""
        return [
            message["attachments"][0]["blocks"][0]["text"]["text"]
            for message in self.receiver.accepted
        ]

    def run(self, **tags: str) -> dg.DagsterRun:
        """A run that goes on."""
        run = self.instance.create_run_for_job(
            defs.resolve_job_def("ingest_tournaments"), tags=tags
        )
        self.instance.report_engine_event("started", run)
        return run

    def end(self, run: dg.DagsterRun) -> None:
        """Let a run end well."""
        self.instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.PIPELINE_SUCCESS.value, run.job_name),
            run_id=run.run_id,
        )

    def backfill(self, status: BulkActionStatus) -> None:
        """Let the backfill `abcdefgh` be in this state."""
        known = self.instance.get_backfill("abcdefgh")
        if known is None:
            self.instance.add_backfill(
                PartitionBackfill(
                    backfill_id="abcdefgh", status=status, from_failure=False, tags={},
                    backfill_timestamp=ago(minutes=5).timestamp(),
                )
            )  # fmt: skip
        else:
            self.instance.update_backfill(known.with_status(status))
