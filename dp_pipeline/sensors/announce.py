"""The ledger is caught up with what happened, then people are told what is finished."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.executions import outbox
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.messages.slack import SlackRefusedError, SlackUnavailableError, SlackWebhook
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource
from dp_pipeline.sensors.runs import finished_runs, record_lost_runs

# Slack takes one message a second in a channel. Dagster gives a tick 60 s and begins the next one
# while the late one still runs, which would tell twice: no post, of up to 15 s, begins after 40 s.
MESSAGES_PER_TICK = 20
SECONDS_PER_MESSAGE = 1.0
TICK_SECONDS = 40.0
REPORTS_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 3_600.0
# Without a cursor: what happened before this sensor was ever on is history, not news.
FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What the sensor knows from its last tick. Times are Unix seconds.

    Args:
        lost_after: runs that ended badly after this are still to be looked at.
        told_since: executions that ended before this are not told; moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        quiet_until: Slack asked for a pause until then.
    """

    lost_after: float
    told_since: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    quiet_until: float = 0.0

    @classmethod
    def read(cls, text: str | None, now: float) -> "Cursor":
        """The cursor of the last tick; a missing or foreign text starts afresh."""
        start = now - FIRST_LOOK.total_seconds()
        try:
            found = json.loads(text or "")
            return cls(
                float(found["lost_after"]),
                float(found["told_since"]),
                {str(UUID(id_)): float(when) for id_, when in found["free_since"].items()},
                float(found.get("quiet_until", 0.0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(start, start)

    def write(self) -> str:
        """The text Dagster keeps."""
        return json.dumps(asdict(self))


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Closes executions whose process is gone, gives runs that died early their rows, stores "
        "reports the object store had refused, and tells Slack what is finished and untold."
    ),
)
def announce_executions(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> dg.SkipReason:
    """Catch the ledger up, then tell. Asks for no runs."""
    now = time.time()
    latest = time.monotonic() + TICK_SECONDS
    cursor = Cursor.read(context.cursor, now)
    store = database.open()

    def finished(request_ids: Collection[UUID]) -> set[UUID]:
        return finished_runs(context.instance, request_ids)

    free_since = {UUID(id_): when for id_, when in cursor.free_since.items()}
    reconciled = outbox.reconcile(store, finished=finished, free_since=free_since, now=now)
    lost, lost_after = record_lost_runs(context, store, cursor.lost_after)
    reports = outbox.store_kept_reports(store, ledger.objects(), seconds=REPORTS_SECONDS)
    webhook = slack.open()
    told_since, quiet_until, told, trouble = cursor.told_since, cursor.quiet_until, 0, ""
    if webhook is None:
        told_since = now
        trouble = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
    elif now < quiet_until:
        trouble = f"Slack asked for a pause of another {quiet_until - now:.0f} s; the messages wait"
    else:
        waiting = outbox.untold(
            store,
            since=datetime.fromtimestamp(told_since, UTC),
            finished=lambda ids: finished_runs(context.instance, ids, looked_at=lost_after),
            run_url=lambda id_: ledger.run_url(str(id_)),
            most=MESSAGES_PER_TICK,
        )
        told, error = tell(context, store, webhook, waiting, latest)
        if error is not None:
            trouble = f"{error} The messages wait."
            quiet_until = now + min(error.retry_after or 0.0, LONGEST_PAUSE_SECONDS)
    seen_free = {str(id_): when for id_, when in reconciled.free_since.items()}
    context.update_cursor(Cursor(lost_after, told_since, seen_free, quiet_until).write())
    done = {
        "closed whose process is gone": len(reconciled.closed),
        "added for runs that died early": lost,
        "reports stored late": reports,
        "messages sent": told,
    }
    parts = [f"{count} {what}" for what, count in done.items() if count]
    if trouble:
        parts.append(trouble)
    return dg.SkipReason("; ".join(parts) or "Nothing new.")


def tell(
    context: dg.SensorEvaluationContext,
    store: Database,
    webhook: SlackWebhook,
    waiting: Sequence[Announcement],
    latest: float,
) -> tuple[int, SlackUnavailableError | None]:
    """Post announcements in their order; the number posted, and why Slack took no more.

    Begins no post after `latest` on the monotonic clock, except the first.
    """
    told = 0
    for announcement in waiting:
        if told and time.monotonic() + SECONDS_PER_MESSAGE > latest:
            break
        if told:
            time.sleep(SECONDS_PER_MESSAGE)
        try:
            webhook.post(announcement)
        except SlackUnavailableError as error:
            context.log.warning(f"{error} {len(waiting) - told} messages wait.")  # noqa: G004
            return told, error
        except SlackRefusedError as error:
            # It will never be taken; the ledger and the run still show what it would have said.
            context.log.error(str(error))  # noqa: TRY400 - the sentence says it all
        outbox.mark_told(store, [line.execution_id for line in announcement.lines])
        told += 1
    return told, None
