"""One tick of the sensor that delivers: the ledger is caught up, then what is due is posted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import dagster as dg
import psutil

from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.executions import digests, outbox
from dp_pipeline.executions.reconcile import reconcile
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.messages.notice import Notice
from dp_pipeline.notifications import incidents
from dp_pipeline.notifications.backfills import how_it_ended, untold
from dp_pipeline.notifications.cursor import WATCHES, Cursor
from dp_pipeline.notifications.delivery import Due, Post, due_incidents
from dp_pipeline.notifications.detectors import automation
from dp_pipeline.notifications.duties import Duties, Kept
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.notifications.opening import UNUSABLE, opened
from dp_pipeline.notifications.runs import (
    cancelled_runs,
    ended_by,
    finished_runs,
    record_lost_runs,
    unit_over,
)
from dp_pipeline.notifications.unknown import remove_unknown
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource
from dp_pipeline.settings import Settings

# More than is posted, because what is suppressed costs no time.
LOOKED_AT_PER_TICK = 200
REPORTS_SECONDS = 10.0
KEPT_AS = "dp_pipeline/announce_executions"
AWAY_SECONDS = 15.0
"""How long the database is tried before people are told that it is away: a restart takes seconds,
and is nothing to wake somebody for."""


def announce(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> str:
    """Catch the ledger up, then deliver; what was done, in words.

    Raises:
        Exception: a duty failed; the others were done, and the cursor is kept.
    """
    duties = Duties(context.log)
    kept = Kept(context.instance, KEPT_AS, context.cursor)
    tick = _Tick(context, ledger, duties, kept, Cursor.read(kept.text, time.time()))
    with duties.duty("opening the database"):
        tick.open(database)
    if tick.store is not None:
        tick.catch_up(tick.store)
    with duties.duty("reading the settings of Slack"):
        webhook = slack.open()
        post = Post(
            context.instance, webhook, slack.classes(), duties, context.log, tick.store, tick.latest
        )
        if webhook is None:
            tick.learn(told_since=tick.now)
        with duties.duty("delivering messages"):
            tick.said += post.deliver(*tick.due())
    text = tick.cursor.write()
    context.update_cursor(text)
    if duties.failed:
        kept.keep(text)
    duties.end()
    return "; ".join(tick.said) or "Nothing new."


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
    kept: Kept
    cursor: Cursor
    store: Database | None = None
    now: float = field(default_factory=time.time)
    latest: float = field(default_factory=lambda: time.monotonic() + 40)
    said: list[str] = field(default_factory=list)
    trouble: str = ""

    def learn(self, **facts: object) -> None:
        """Have some fields of the cursor say so."""
        self.cursor = replace(self.cursor, **facts)

    def open(self, database: DatabaseResource) -> None:
        """Open the database if it can be."""
        away = self.cursor.database_away
        try:
            self.store = opened(database, seconds=AWAY_SECONDS if away is None else START_SECONDS)
        except UNUSABLE as error:
            self.trouble = Settings.load().conceal(str(error))
            self.said.append(f"The database cannot be used: {self.trouble}")

    def catch_up(self, store: Database) -> None:
        """Bring the ledger and the incidents up to what has happened."""
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
            self.learn(free_since={str(id_): at for id_, at in reconciled.free_since.items()})
            self._done(len(reconciled.closed), "closed whose process is gone")
        with duty("adding executions of runs that died early"):
            after, waiting = self.cursor.lost_after, self.cursor.waiting
            lost = record_lost_runs(self.context, store, after, waiting, each=duty)
            self.learn(lost_after=lost.after, waiting=lost.waiting)
            self._done(lost.added, "added for runs that died early")
            self._done(len(lost.waiting), "runs that Dagster calls dead still work")
        with duty("storing reports late"):
            objects = self.ledger.objects()
            reports = outbox.store_kept_reports(store, objects, seconds=REPORTS_SECONDS)
            self._done(reports, "reports stored late")
        # After the runs that died early: what those were to do is told by the partitions.
        with duty("taking away partitions of tournaments that do not exist"):
            removed = remove_unknown(instance, store)
            self._done(len(removed), "partitions of no tournament taken away")
        with duty(f"looking at {WATCHES}"):
            self._look_at_watcher(store)
        with duty("noting that the database was away"):
            self._note_absence(store)

    def due(self) -> list[Callable[[], Sequence[Due]]]:
        """What gives the messages: incidents first, which a long queue would keep from people."""
        if self.store is None:
            return [self._absence]
        incidents_ = partial(due_incidents, self.store, self.duties)
        executions = Executions(self.context, self.store, self.ledger, self.duties)
        return [incidents_, partial(executions.due, self.cursor, self.now)]

    def _done(self, count: int, what: str) -> None:
        if count:
            self.said.append(f"{count} {what}")

    def _look_at_watcher(self, store: Database) -> None:
        """The sensor that detects all else does not come to see its own failures."""
        watches = automation.running(self.context, (WATCHES,))
        each = self.duties.duty
        found = automation.detect(self.context.instance, watches, Settings.load(), each=each)
        with store.transaction() as connection:
            incidents.reconcile(connection, list(found))

    def _absence(self) -> list[Due]:
        """The message that the database is away; while it is, that is kept in the cursor."""
        if not self.trouble or self.cursor.database_away is not None:
            return []
        notice = Notice(
            "failure",
            "The database cannot be used",
            "Nothing is read, and no execution is told, until it can be again; messages wait.",
            detail=self.trouble,
            url=f"{Settings.load().dagster_url}/automation",
            key="the database is away",
        )

        def stamp() -> None:
            self.learn(database_away=self.now)
            # At once: a daemon that is killed never hears of the end of the tick.
            self.kept.keep(self.cursor.write())

        return [Due(notice, notice.kinds, stamp)]

    def _note_absence(self, store: Database) -> None:
        """The database is back: that it was away becomes an incident, whose end is announced."""
        away = self.cursor.database_away
        if away is None:
            return
        seen = Condition("database", "database", moment(away), "It could not be used.")
        with store.transaction() as connection:
            incidents.note_past(connection, seen, moment(self.now))
        self.learn(database_away=None)


@dataclass(frozen=True, slots=True)
class Executions:
    """What is unannounced of executions."""

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
        start = moment(cursor.told_since)
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
