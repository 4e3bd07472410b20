"""The ledger is caught up with what happened, then people are told what is finished."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import dagster as dg
import psutil

from dp_pipeline.database.database import Database
from dp_pipeline.database.locks import held
from dp_pipeline.executions import digests, outbox
from dp_pipeline.executions.reconcile import reconcile
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.messages.news import Class
from dp_pipeline.messages.slack import SlackWebhook
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource
from dp_pipeline.sensors.attempts import Attempts
from dp_pipeline.sensors.backfills import how_it_ended, untold
from dp_pipeline.sensors.duties import Duties, Kept
from dp_pipeline.sensors.runs import (
    cancelled_runs,
    ended_by,
    finished_runs,
    record_lost_runs,
    unit_over,
)
from dp_pipeline.sensors.telling import ANOTHER_TELLS, TICK_SECONDS, Desk, Due
from dp_pipeline.sensors.ticks import Turned, watcher_turned
from dp_pipeline.sensors.unknown import remove_unknown
from dp_pipeline.settings import Settings

LOCK = "dp_pipeline.telling:executions"
# More than is posted, because what is folded costs no time.
LOOKED_AT_PER_TICK = 200
REPORTS_SECONDS = 10.0
KEPT_AS = "dp_pipeline/announce_executions"
# Without a cursor: what happened before this sensor was ever on is history, not news.
FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What the sensor knows from its last tick. Times are Unix seconds.

    Args:
        lost_after: runs that ended badly after this are still to be looked at.
        told_since: executions that ended before this are not told; moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        quiet_until: nothing is posted until then: Slack asked for a pause, or does not answer.
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
        "reports the object store had refused, takes away partitions of tournaments that do not "
        "exist, and tells Slack what is finished and untold, and when watch_automation keeps "
        "failing."
    ),
)
def announce_executions(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> dg.SkipReason:
    """Catch the ledger up, then tell. Asks for no runs."""
    duties = Duties(context.log)
    kept = Kept(context.instance, KEPT_AS, context.cursor)
    tick = _Tick(context, ledger, duties, Cursor.read(kept.text, time.time()))
    with duties.duty("opening the database"):
        tick.store = database.open()
    if tick.store is not None:
        tick.catch_up(tick.store)
    with duties.duty("reading the settings of Slack"):
        tick.tell(slack.open(), slack.classes())
    text = tick.cursor.write()
    context.update_cursor(text)
    if duties.failed:
        kept.keep(text)
    duties.end()
    parts = [f"{count} {what}" for what, count in tick.done.items() if count]
    if tick.trouble:
        parts.append(tick.trouble)
    return dg.SkipReason("; ".join(parts) or "Nothing new.")


def _up_since() -> datetime:
    """When everything here was started. A code server is started again alone; its parent is not."""
    process = psutil.Process()
    parent = process.parent()
    started = [process.create_time()]
    if parent is not None and parent.pid > 1:
        started.append(parent.create_time())
    return datetime.fromtimestamp(min(started), UTC)


@dataclass(slots=True)
class _Tick:
    """One tick: what it does, each duty for itself, and the cursor that comes of it."""

    context: dg.SensorEvaluationContext
    ledger: LedgerResource
    duties: Duties
    cursor: Cursor
    store: Database | None = None
    now: float = field(default_factory=time.time)
    latest: float = field(default_factory=lambda: time.monotonic() + TICK_SECONDS)
    done: dict[str, int] = field(default_factory=dict)
    trouble: str = ""

    def catch_up(self, store: Database) -> None:
        """Bring the ledger up to what has happened."""
        instance, duty = self.context.instance, self.duties.duty
        with duty("closing executions whose process is gone"):
            reconciled = reconcile(
                store,
                finished=lambda request_ids: finished_runs(instance, request_ids),
                free_since={UUID(id_): when for id_, when in self.cursor.free_since.items()},
                now=self.now,
                cancelled=lambda request_ids: cancelled_runs(instance, request_ids),
                up_since=_up_since(),
                ended_by=lambda request_ids, when: ended_by(instance, request_ids, when),
            )
            seen_free = {str(id_): when for id_, when in reconciled.free_since.items()}
            self.cursor = replace(self.cursor, free_since=seen_free)
            self.done["closed whose process is gone"] = len(reconciled.closed)
        with duty("adding executions of runs that died early"):
            after, waiting = self.cursor.lost_after, self.cursor.waiting
            lost = record_lost_runs(self.context, store, after, waiting, each=duty)
            self.cursor = replace(self.cursor, lost_after=lost.after, waiting=lost.waiting)
            self.done["added for runs that died early"] = lost.added
            self.done["runs that Dagster calls dead still work"] = len(lost.waiting)
        with duty("storing reports late"):
            reports = outbox.store_kept_reports(
                store, self.ledger.objects(), seconds=REPORTS_SECONDS
            )
            self.done["reports stored late"] = reports
        # After the runs that died early: what those were to do is told by the partitions.
        with duty("taking away partitions of tournaments that do not exist"):
            removed = remove_unknown(instance, store)
            self.done["partitions of no tournament taken away"] = len(removed)

    def tell(self, webhook: SlackWebhook | None, wanted: frozenset[Class]) -> None:
        """Tell what is due, unless Slack is off or wants to be left alone."""
        pause = self.cursor.quiet_until - self.now
        if webhook is None:
            self.cursor = replace(self.cursor, told_since=self.now)
            self.trouble = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
            return
        if pause > 0:
            self.trouble = (
                f"Slack asked for a pause of another {pause:.0f} s, or did not answer for so long "
                "that it is left alone; the messages wait"
            )
            return
        with self.duties.duty("telling"), ExitStack() as stack:
            lock = None
            if self.store is not None:
                # What is due is asked under the lock: what another tick has just told is not.
                lock = stack.enter_context(held(self.store, LOCK))
                if lock is None:
                    self.trouble = ANOTHER_TELLS
                    return
            attempts = Attempts(self.context.instance, "announce_executions")
            desk = Desk(
                webhook, wanted, self.latest, self.context.log, attempts, self.duties,
                self.store, lock,
            )  # fmt: skip
            try:
                # While the database is away, this can be told all the same.
                self._tell_of_watcher(desk)
                if self.store is not None:
                    executions = Executions(self.context, self.store, self.ledger, self.duties)
                    desk.tell(executions.due(self.cursor, self.now))
            finally:
                self._take_down(desk)

    def _tell_of_watcher(self, desk: Desk) -> None:
        """Tell that the sensor that watches the others keeps failing or works again."""
        with self.duties.duty("looking at watch_automation"):
            turns = watcher_turned(self.context, self.cursor.failing, Settings.load())
            desk.tell(
                [
                    Due(turn.notice, frozenset({turn.notice.kind}), partial(self._learn, turn))
                    for turn in turns
                ]
            )

    def _learn(self, turn: Turned) -> None:
        self.cursor = replace(self.cursor, failing=turn.known(self.cursor.failing))

    def _take_down(self, desk: Desk) -> None:
        self.done |= desk.counts() | {"messages folded or not wanted": desk.kept_back}
        if desk.error is not None:
            self.trouble = f"{desk.error} The messages wait."
            self.cursor = replace(self.cursor, quiet_until=self.now + desk.pause_seconds)


@dataclass(frozen=True, slots=True)
class Executions:
    """What is untold of executions."""

    context: dg.SensorEvaluationContext
    store: Database
    ledger: LedgerResource
    duties: Duties

    def due(self, cursor: Cursor, now: float) -> list[Due]:
        """What can be told, oldest first; what goes on, or cannot be read, holds up nothing else.

        Args:
            cursor: of the tick.
            now: Unix seconds.
        """
        start = datetime.fromtimestamp(cursor.told_since, UTC)
        found: list[tuple[datetime, Due]] = []
        with self.duties.duty("looking for executions to tell"):
            found += self._runs(start, cursor.lost_after)
        with self.duties.duty("looking for digests to tell"):
            found += self._units(start, cursor.lost_after, now)
        with self.duties.duty("looking for backfills to tell"):
            found += [
                (digest.completed_at, Due(digest, digest.kinds, stamp))
                for digest, stamp in untold(
                    self.context,
                    self.store,
                    self.ledger.unit_url,
                    since=start,
                    looked_at=cursor.lost_after,
                )
            ]
        return [due for _, due in sorted(found, key=lambda each: each[0])]

    def _runs(self, start: datetime, looked_at: float) -> list[tuple[datetime, Due]]:
        instance, store = self.context.instance, self.store
        over = finished_runs(instance, outbox.untold_runs(store, start), looked_at=looked_at)
        messages = outbox.announcements(
            store,
            over,
            since=start,
            run_url=lambda id_: self.ledger.run_url(str(id_)),
            most=LOOKED_AT_PER_TICK,
            each=self.duties.duty,
        )
        return [
            (message.completed_at, Due(message, message.kinds, self._stamp(message)))
            for message in messages
        ]

    def _units(self, start: datetime, looked_at: float, now: float) -> list[tuple[datetime, Due]]:
        instance, store = self.context.instance, self.store
        found = []
        for waiting in digests.untold_units(store, start):
            with self.duties.duty(f"summing up {waiting.unit}"):
                if unit_over(instance, waiting, looked_at=looked_at, now=now):
                    url = self.ledger.unit_url(waiting.unit)
                    account = how_it_ended(instance, waiting.unit)
                    digest = digests.digest(store, waiting, since=start, url=url, backfill=account)
                    stamp = partial(digests.mark_unit_told, store, digest, start)
                    found.append((digest.completed_at, Due(digest, digest.kinds, stamp)))
        return found

    def _stamp(self, message: Announcement) -> Callable[[], None]:
        ids = [line.execution_id for line in message.lines] + list(message.earlier)
        return partial(outbox.mark_told, self.store, ids)
