"""The ledger is caught up with what happened, then people are told what is finished."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.database.locks import held
from dp_pipeline.executions import digests, outbox
from dp_pipeline.executions.reconcile import reconcile
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource
from dp_pipeline.sensors.backfills import how_it_ended, untold
from dp_pipeline.sensors.runs import finished_runs, record_lost_runs, unit_over
from dp_pipeline.sensors.telling import ANOTHER_TELLS, TICK_SECONDS, Desk, Due
from dp_pipeline.sensors.ticks import Turned, watcher_turned
from dp_pipeline.settings import Settings

LOCK = "dp_pipeline.telling:executions"
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
        failing: the sensor that watches the others, if it fails, with the time since when.
        waiting: runs before `lost_after` that Dagster calls dead while their process works.
    """

    lost_after: float
    told_since: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    quiet_until: float = 0.0
    failing: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()

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
                {str(name): float(when) for name, when in found.get("failing", {}).items()},
                tuple(str(UUID(id_)) for id_ in found.get("waiting", ())),
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
        "reports the object store had refused, and tells Slack what is finished and untold, and "
        "when watch_automation keeps failing."
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
    lost = record_lost_runs(context, store, cursor.lost_after, cursor.waiting)
    reports = outbox.store_kept_reports(store, ledger.objects(), seconds=REPORTS_SECONDS)
    webhook = slack.open()
    told_since, quiet_until = cursor.told_since, cursor.quiet_until
    watcher = Watcher(context, cursor.failing)
    done = {
        "closed whose process is gone": len(reconciled.closed),
        "added for runs that died early": lost.added,
        "runs that Dagster calls dead still work": len(lost.waiting),
        "reports stored late": reports,
    }
    trouble = ""
    if webhook is None:
        told_since = now
        trouble = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
    elif now < quiet_until:
        trouble = f"Slack asked for a pause of another {quiet_until - now:.0f} s; the messages wait"
    else:
        # What is due is asked under the lock: what another tick has just told is not.
        with held(store, LOCK) as lock:
            if lock is None:
                trouble = ANOTHER_TELLS
            else:
                desk = Desk(webhook, slack.classes(), latest, context.log, store, lock)
                executions = Executions(context, store, ledger)
                desk.tell([*watcher.due(), *executions.due(told_since, lost.after, now)])
                done |= desk.counts() | {"messages folded or not wanted": desk.kept_back}
                if desk.error is not None:
                    trouble = f"{desk.error} The messages wait."
                    quiet_until = now + min(desk.error.retry_after or 0.0, LONGEST_PAUSE_SECONDS)
    seen_free = {str(id_): when for id_, when in reconciled.free_since.items()}
    known = Cursor(lost.after, told_since, seen_free, quiet_until, watcher.failing, lost.waiting)
    context.update_cursor(known.write())
    parts = [f"{count} {what}" for what, count in done.items() if count]
    if trouble:
        parts.append(trouble)
    return dg.SkipReason("; ".join(parts) or "Nothing new.")


@dataclass(slots=True)
class Watcher:
    """The sensor that watches the others, watched; `failing` as people know it."""

    context: dg.SensorEvaluationContext
    failing: Mapping[str, float]

    def due(self) -> list[Due]:
        """That it keeps failing or works again, if people do not know that."""
        return [
            Due(turn.notice, frozenset({turn.notice.kind}), partial(self._learn, turn))
            for turn in watcher_turned(self.context, self.failing, Settings.load())
        ]

    def _learn(self, turn: Turned) -> None:
        self.failing = turn.known(self.failing)


@dataclass(frozen=True, slots=True)
class Executions:
    """What is untold of executions."""

    context: dg.SensorEvaluationContext
    store: Database
    ledger: LedgerResource

    def due(self, since: float, looked_at: float, now: float) -> list[Due]:
        """What can be told, oldest first; what goes on holds up nothing else."""
        instance, store = self.context.instance, self.store
        start = datetime.fromtimestamp(since, UTC)
        over = finished_runs(instance, outbox.untold_runs(store, start), looked_at=looked_at)
        found = [
            (message.completed_at, Due(message, message.kinds, self._stamp(message)))
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
                account = how_it_ended(instance, waiting.unit)
                digest = digests.digest(store, waiting, since=start, url=url, backfill=account)
                stamp = partial(digests.mark_unit_told, store, digest, start)
                found.append((digest.completed_at, Due(digest, digest.kinds, stamp)))
        url_of = self.ledger.unit_url
        found += [
            (digest.completed_at, Due(digest, digest.kinds, stamp))
            for digest, stamp in untold(
                self.context, store, url_of, since=start, looked_at=looked_at
            )
        ]
        return [due for _, due in sorted(found, key=lambda each: each[0])]

    def _stamp(self, message: Announcement) -> Callable[[], None]:
        ids = [line.execution_id for line in message.lines] + list(message.earlier)
        return partial(outbox.mark_told, self.store, ids)
