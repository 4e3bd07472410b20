"""The sensor that watches the automation, tick by tick, and what it has to watch."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo

from dp_pipeline.database import tables
from dp_pipeline.definitions import defs
from dp_pipeline.notifications.notes import DELIVERS
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.undelivered import CHECK as DELIVERED
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.sensors.notify import watch_automation
from dp_pipeline_tests.notifications.channel import Channel

SENSOR = DELIVERS
SCHEDULE = "refresh_openligadb_nightly"
CHECK = dg.AssetCheckKey(dg.AssetKey("seasons"), "every_competition_is_listed")


@dataclass
class Machinery(Channel):
    """An instance with its sensors and schedules, beside the channel people read."""

    watch_cursor: str | None = None

    def tick(self) -> str:
        """One tick of the sensor that watches, one of the one that delivers; what they say."""
        said = [each for each in (self.watch(), self.deliver()) if each != "Nothing new."]
        return "; ".join(said) or "Nothing new."

    def watch(self) -> str:
        """One tick of the sensor that watches; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.watch_cursor,
            definitions=defs,
            resources={
                "database": DatabaseResource(url=self.url),
                "slack": SlackResource(webhook=self.webhook),
            },
        ) as context:
            said = watch_automation(context)
            assert isinstance(said, dg.SkipReason)
            self.watch_cursor = context.cursor
        return said.skip_message or ""

    def open_incidents(self) -> list[tuple[str, str]]:
        """Kind and subject of what is wrong."""
        table = tables.incident.c
        with self.database.transaction() as connection:
            rows = connection.execute(
                sa.select(table.kind, table.subject).where(table.closed_at.is_(None))
            )
            return [tuple(row) for row in rows]

    def on(
        self,
        name: str,
        kind: InstigatorType = InstigatorType.SENSOR,
        *,
        cursor: str | None = None,
        cron: str | None = None,
    ) -> InstigatorState:
        """Switch a sensor or schedule on; without `cron` its next tick is half a day away."""
        cron = cron or f"0 {(datetime.now(UTC).hour + 12) % 24} * * *"
        # its attribute of that name implements the abstract property
        location = RegisteredCodeLocationOrigin("dp_pipeline")  # ty: ignore[abstract-class-instantiation]
        origin = RemoteInstigatorOrigin(
            repository_origin=RemoteRepositoryOrigin(location, "__repository__"),
            instigator_name=name,
        )
        return self.instance.add_instigator_state(
            InstigatorState(
                origin,
                kind,
                InstigatorStatus.RUNNING,
                SensorInstigatorData(cursor=cursor)
                if kind is InstigatorType.SENSOR
                else ScheduleInstigatorData(cron),
            )
        )

    def ticked(self, state: InstigatorState, status: TickStatus, *, ago: float) -> None:
        """Let a sensor or schedule have had a tick."""
        failed = status is TickStatus.FAILURE
        self.instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.instigator_name,
                state.instigator_type,
                status,
                time.time() - ago,
                run_ids=[],
                selector_id=state.selector_id,
                error=SerializableErrorInfo("No way to postgresql://me:hidden77@db/x", [], "E")
                if failed
                else None,
            )
        )

    def evaluated(self, *, passed: bool, grave: bool = True) -> None:
        """Let a check have been evaluated."""
        severity = dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=CHECK.asset_key,
                check_name=CHECK.name,
                passed=passed,
                severity=severity,
                description="Two competitions are not listed.",
            )
        )

    def delivered(self) -> bool | None:
        """What Dagster shows of the check of the ledger; None for nothing yet."""
        last = self.instance.get_latest_asset_check_evaluation_record(DELIVERED)
        return None if last is None else last.status.name == "SUCCEEDED"

    def fails(self, state: InstigatorState) -> None:
        """Let a sensor have failed as often as it takes."""
        for ago in (60, 50, 40):
            self.ticked(state, TickStatus.FAILURE, ago=ago)

    def began(self, run: dg.DagsterRun) -> None:
        """Let the process of a run have begun its work."""
        event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
        self.instance.report_dagster_event(event, run_id=run.run_id)
