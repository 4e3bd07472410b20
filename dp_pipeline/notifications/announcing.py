"""One tick of the sensor that delivers: the ledger is caught up, then what is due is posted."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import dagster as dg
import psutil

from dp_pipeline.competitions.removal import remove_unknown
from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.ledger import kept_reports
from dp_pipeline.ledger.reconcile import reconcile
from dp_pipeline.notifications import digests, earlier, incidents, notes, outbox
from dp_pipeline.notifications.backfills import how_it_ended, unannounced
from dp_pipeline.notifications.delivery import DueMessage, Post, due_incidents
from dp_pipeline.notifications.detectors import automation
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.notifications.opening import UNUSABLE, opened
from dp_pipeline.notifications.runs import (
    cancelled_runs,
    ended_by,
    finished_runs,
    group_over,
    record_lost_runs,
)
from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.notifications.slack.notice import Notice
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.state import WATCHES, DeliveryState, database_away
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.settings import Settings

# More than is posted, because what is suppressed costs no time.
LOOKED_AT_PER_TICK = 200
REPORTS_SECONDS = 10.0
AWAY_SECONDS = 15.0
"""How long the database is tried before it counts as away: a restart takes seconds, and wakes
nobody."""


def announce(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> str:
    """Catch the ledger up, then deliver; what was done, in words.

    Raises:
        Exception: a duty failed; the others were done.
    """
    duties = Duties(context.log)
    tick = _Tick(context, ledger, duties, database_away(context.cursor))
    with duties.duty("opening the database"):
        tick.open(database)
    if tick.store is not None:
        tick.catch_up(tick.store)
    with duties.duty("reading the settings of Slack"):
        webhook = slack.open()
        post = Post(webhook, slack.classes(), duties, context.log, tick.store, tick.latest)
        if webhook is None and tick.store is not None:
            tick.learn(tick.store, announced_from=tick.now)
        with duties.duty("delivering messages"):
            tick.said += post.deliver(*tick.due())
    context.update_cursor(json.dumps({"database_away": tick.away}))
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
    """One tick: what it does, each duty for itself.

    Attributes:
        away: since when the database cannot be used, once that was announced.
        state: what is known, and noted at once when it changes.
    """

    context: dg.SensorEvaluationContext
    ledger: LedgerResource
    duties: Duties
    away: float | None
    store: Database | None = None
    now: float = field(default_factory=time.time)
    latest: float = field(default_factory=lambda: time.monotonic() + 40)
    said: list[str] = field(default_factory=list)
    trouble: str = ""
    state: DeliveryState = field(init=False)

    def learn(self, store: Database, **facts: object) -> None:
        """Note that some of what is known has changed."""
        before, self.state = self.state, replace(self.state, **facts)
        if self.state != before:
            notes.write(store, notes.STATE, self.state.note())

    def open(self, database: DatabaseResource) -> None:
        """Open the database if it can be; one session that is cut is no reason to call it away."""
        seconds = AWAY_SECONDS if self.away is None else START_SECONDS
        last = time.monotonic() + seconds
        while self.store is None:
            try:
                store = opened(database, seconds=max(last - time.monotonic(), 0.0))
                noted = notes.read(store, notes.STATE)
                self.state = DeliveryState.read(
                    noted or earlier.state(self.context.cursor), self.now
                )
                # In every tick: a database that takes no writes cannot be used either.
                notes.write(store, notes.STATE, self.state.note())
                self.store = store
            except UNUSABLE as error:
                if getattr(error, "retryable", False) and time.monotonic() < last:
                    time.sleep(0.5)
                    continue
                self.trouble = Settings.load().conceal(str(error))
                self.said.append(f"The database cannot be used: {self.trouble}")
                return

    def catch_up(self, store: Database) -> None:
        """Bring the ledger and the incidents up to what has happened."""
        instance, duty = self.context.instance, self.duties.duty
        with duty("closing executions whose process is gone"):
            reconciled = reconcile(
                store,
                finished=lambda request_ids: finished_runs(instance, request_ids),
                free_since={UUID(id_): when for id_, when in self.state.free_since.items()},
                now=self.now,
                cancelled=lambda request_ids: cancelled_runs(instance, request_ids),
                up_since=_up_since(),
                ended_by=lambda request_ids, when: ended_by(instance, request_ids, when),
            )
            free_since = {str(id_): at for id_, at in reconciled.free_since.items()}
            self.learn(store, free_since=free_since)
            self._done(len(reconciled.closed), "closed whose process is gone")
        with duty("adding executions of runs that died early"):
            after, waiting = self.state.lost_after, self.state.waiting
            lost = record_lost_runs(self.context, store, after, waiting, each=duty)
            self.learn(store, lost_after=lost.after, waiting=lost.waiting)
            self._done(lost.added, "added for runs that died early")
            self._done(len(lost.waiting), "runs that Dagster calls dead still work")
        with duty("storing reports late"):
            objects = self.ledger.objects()
            reports = kept_reports.store_all(store, objects, seconds=REPORTS_SECONDS)
            self._done(reports, "reports stored late")
        # After the runs that died early: what those were to do is announced by the partitions.
        with duty("taking away partitions of tournaments that do not exist"):
            removed = remove_unknown(instance, store)
            self._done(len(removed), "partitions of no tournament taken away")
        with duty(f"looking at {WATCHES}"):
            self._look_at_watcher(store)
        with duty("noting that the database was away"):
            self._note_absence(store)

    def due(self) -> list[Callable[[], Sequence[DueMessage]]]:
        """What gives the messages: incidents first, which a long queue would keep from people."""
        if self.store is None:
            return [self._absence]
        incidents_ = partial(due_incidents, self.store, self.duties)
        executions = Executions(self.context, self.store, self.ledger, self.duties)
        return [incidents_, partial(executions.due, self.state, self.now)]

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

    def _absence(self) -> list[DueMessage]:
        """The message that the database is away; while it is, the cursor says that it was sent."""
        if not self.trouble or self.away is not None:
            return []
        notice = Notice(
            "failure",
            "The database cannot be used",
            "Nothing is read, and no execution is announced, until it can be again; messages wait.",
            detail=self.trouble,
            url=f"{dagster_url(Settings.load())}/automation",
            key="the database is away",
        )

        def stamp() -> None:
            self.away = self.now

        return [DueMessage(notice, notice.kinds, stamp)]

    def _note_absence(self, store: Database) -> None:
        """The database is back: that it was away becomes an incident, whose end is announced."""
        if self.away is None:
            return
        seen = Condition("database", "database", moment(self.away), "It could not be used.")
        with store.transaction() as connection:
            incidents.note_past(connection, seen, moment(self.now))
        self.away = None


@dataclass(frozen=True, slots=True)
class Executions:
    """What is unannounced of executions."""

    context: dg.SensorEvaluationContext
    store: Database
    ledger: LedgerResource
    duties: Duties

    def due(self, state: DeliveryState, now: float) -> list[DueMessage]:
        """What can be announced, oldest first; what cannot be read holds up nothing else.

        Args:
            state: what is known.
            now: Unix seconds.
        """
        start = moment(state.announced_from)
        found: list[tuple[datetime, DueMessage]] = []
        with self.duties.duty("looking for executions to announce"):
            found += self._runs(start, state.lost_after)
        with self.duties.duty("looking for digests to announce"):
            found += self._units(start, state.lost_after, now)
        with self.duties.duty("looking for backfills to announce"):
            found += [
                (digest.completed_at, DueMessage(digest, digest.kinds, stamp))
                for digest, stamp in unannounced(
                    self.context,
                    self.store,
                    self.ledger.unit_url,
                    since=start,
                    looked_at=state.lost_after,
                )
            ]
        return [due for _, due in sorted(found, key=lambda each: each[0])]

    def _runs(self, start: datetime, looked_at: float) -> list[tuple[datetime, DueMessage]]:
        instance, store = self.context.instance, self.store
        over = finished_runs(instance, outbox.unannounced_runs(store, start), looked_at=looked_at)
        messages = outbox.announcements(
            store,
            over,
            since=start,
            run_url=lambda id_: self.ledger.run_url(str(id_)),
            most=LOOKED_AT_PER_TICK,
            each=self.duties.duty,
        )
        return [
            (message.completed_at, DueMessage(message, message.kinds, self._stamp(message)))
            for message in messages
        ]

    def _units(
        self, start: datetime, looked_at: float, now: float
    ) -> list[tuple[datetime, DueMessage]]:
        instance, store = self.context.instance, self.store
        found = []
        for waiting in digests.unannounced_groups(store, start):
            with self.duties.duty(f"summing up {waiting.unit}"):
                if group_over(instance, waiting, looked_at=looked_at, now=now):
                    url = self.ledger.unit_url(waiting.unit)
                    account = how_it_ended(instance, waiting.unit)
                    digest = digests.digest(store, waiting, since=start, url=url, backfill=account)
                    stamp = partial(digests.mark_group_announced, store, digest, start)
                    found.append((digest.completed_at, DueMessage(digest, digest.kinds, stamp)))
        return found

    def _stamp(self, message: Announcement) -> Callable[[], None]:
        ids = [line.execution_id for line in message.lines] + list(message.earlier)
        return partial(outbox.mark_announced, self.store, ids)
