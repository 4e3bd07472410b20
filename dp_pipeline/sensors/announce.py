"""The ledger is caught up with what happened, then people are told what is finished."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.executions import digests, outbox
from dp_pipeline.executions.reconcile import reconcile
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.messages.digest import Digest
from dp_pipeline.messages.news import Class
from dp_pipeline.messages.slack import SlackRefusedError, SlackUnavailableError, SlackWebhook
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource
from dp_pipeline.sensors.runs import finished_runs, record_lost_runs, unit_over

# Slack takes one message a second in a channel. Dagster gives a tick 60 s and begins the next one
# while the late one still runs, which would tell twice: no post, of up to 15 s, begins after 40 s.
MESSAGES_PER_TICK = 20
SECONDS_PER_MESSAGE = 1.0
TICK_SECONDS = 40.0
# More than is posted, because what is folded costs no time.
LOOKED_AT_PER_TICK = 200
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
    reconciled = reconcile(store, finished=finished, free_since=free_since, now=now)
    lost, lost_after = record_lost_runs(context, store, cursor.lost_after)
    reports = outbox.store_kept_reports(store, ledger.objects(), seconds=REPORTS_SECONDS)
    webhook = slack.open()
    told_since, quiet_until = cursor.told_since, cursor.quiet_until
    told, trouble = Told(), ""
    if webhook is None:
        told_since = now
        trouble = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
    elif now < quiet_until:
        trouble = f"Slack asked for a pause of another {quiet_until - now:.0f} s; the messages wait"
    else:
        desk = Desk(context, store, ledger, webhook, slack.classes())
        told = desk.tell(desk.due(told_since, lost_after, now), latest)
        if told.error is not None:
            trouble = f"{told.error} The messages wait."
            quiet_until = now + min(told.error.retry_after or 0.0, LONGEST_PAUSE_SECONDS)
    seen_free = {str(id_): when for id_, when in reconciled.free_since.items()}
    context.update_cursor(Cursor(lost_after, told_since, seen_free, quiet_until).write())
    done = {
        "closed whose process is gone": len(reconciled.closed),
        "added for runs that died early": lost,
        "reports stored late": reports,
        "messages sent": told.posted,
        "messages folded or not wanted": told.kept_back,
    }
    parts = [f"{count} {what}" for what, count in done.items() if count]
    if trouble:
        parts.append(trouble)
    return dg.SkipReason("; ".join(parts) or "Nothing new.")


@dataclass(frozen=True, slots=True)
class Told:
    """How many messages were posted and how many kept back, and why Slack took no more."""

    posted: int = 0
    kept_back: int = 0
    error: SlackUnavailableError | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time has come, the classes it belongs to, and how it is stamped as told.

    Without a class it is folded into a later one.
    """

    message: Announcement | Digest
    kinds: frozenset[Class]
    stamp: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where messages are made and sent from in one tick; `wanted` are the classes posted."""

    context: dg.SensorEvaluationContext
    store: Database
    ledger: LedgerResource
    webhook: SlackWebhook
    wanted: frozenset[Class]

    def due(self, since: float, looked_at: float, now: float) -> list[Due]:
        """What can be told, oldest first; what goes on holds up nothing else."""
        instance, store = self.context.instance, self.store
        start = datetime.fromtimestamp(since, UTC)
        over = finished_runs(instance, outbox.untold_runs(store, start), looked_at=looked_at)
        found = [
            Due(message, message.kinds, self._stamp(message))
            for message in outbox.announcements(
                store,
                over,
                since=start,
                run_url=lambda id_: self.ledger.run_url(str(id_)),
                most=LOOKED_AT_PER_TICK,
            )
        ]
        for waiting in digests.untold_units(store, start):
            if unit_over(instance, waiting, looked_at=looked_at, now=now):
                url = self.ledger.unit_url(waiting.unit)
                message = digests.digest(store, waiting, since=start, url=url)
                stamp = partial(digests.mark_unit_told, store, message, start)
                found.append(Due(message, message.kinds, stamp))
        return sorted(found, key=lambda due: due.message.completed_at)

    def tell(self, waiting: Sequence[Due], latest: float) -> Told:
        """Post what is wanted, in order; stamp that and what is not.

        Begins no post after `latest` on the monotonic clock, except the first.
        """
        posted = kept_back = 0
        for place, due in enumerate(waiting):
            if not due.kinds & self.wanted:
                due.stamp()
                kept_back += 1
                continue
            if posted == MESSAGES_PER_TICK:
                break
            if posted and time.monotonic() + SECONDS_PER_MESSAGE > latest:
                break
            if posted:
                time.sleep(SECONDS_PER_MESSAGE)
            try:
                self.webhook.post(due.message)
            except SlackUnavailableError as error:
                self.context.log.warning(f"{error} {len(waiting) - place} messages wait.")  # noqa: G004
                return Told(posted, kept_back, error)
            except SlackRefusedError as error:
                # It will never be taken; ledger and run still show what it would have said.
                self.context.log.error(str(error))  # noqa: TRY400 - the sentence says it all
            due.stamp()
            posted += 1
        return Told(posted, kept_back)

    def _stamp(self, message: Announcement) -> Callable[[], None]:
        ids = [line.execution_id for line in message.lines] + list(message.earlier)
        return partial(outbox.mark_told, self.store, ids)
