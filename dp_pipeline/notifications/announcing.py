"""One tick of the sensor that announces: the ledger is caught up, then what is due is posted."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

import dagster as dg
import psutil

from dp_pipeline.competitions.removal import remove_unknown
from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.instance.health import DELIVERED
from dp_pipeline.instance.launcher import LocalHealthRunLauncher
from dp_pipeline.ledger import kept_reports
from dp_pipeline.ledger.reconcile import reconcile
from dp_pipeline.notifications import earlier, incidents, notes
from dp_pipeline.notifications.delivery import (
    ANOTHER_DELIVERS,
    TICK_SECONDS,
    Delivery,
    DueMessage,
    due_incidents,
)
from dp_pipeline.notifications.detectors import automation
from dp_pipeline.notifications.due import DueExecutions
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.notifications.notes import WATCHES, DeliveryState, database_away
from dp_pipeline.notifications.runs import (
    cancelled_runs,
    end_lost,
    ended_by,
    finished_runs,
    record_lost_runs,
)
from dp_pipeline.notifications.slack.bot import SlackBot
from dp_pipeline.notifications.slack.notice import Notice
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import UNUSABLE, DatabaseResource, LedgerResource
from dp_pipeline.settings import Settings

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
        channel = slack.open()
        delivery = Delivery(
            channel, Settings.load().messages, duties, context.log, tick.store, tick.latest
        )
        if channel is None and tick.store is not None:
            tick.learn(tick.store, announced_from=tick.now)
        with duties.duty("delivering messages"):
            said = delivery.deliver(*tick.due(threads=isinstance(channel, SlackBot)))
            tick.said += said
            if tick.store is not None and said != [ANOTHER_DELIVERS]:
                notes.write(tick.store, DELIVERED, {"said": said})
    context.update_cursor(json.dumps({"database_away": tick.away}))
    duties.end()
    return "; ".join(tick.said) or "Nothing new."


def _up_since(instance: dg.DagsterInstance) -> datetime | None:
    """When everything here was started; None where runs are no children of the code server.

    A code server is started again alone; its parent is not. On a cluster, runs outlive both.
    """
    if not isinstance(instance.run_launcher, LocalHealthRunLauncher):
        return None
    process = psutil.Process()
    parent = process.parent()
    started = [process.create_time()]
    if parent is not None and parent.pid > 1:
        started.append(parent.create_time())
    return moment(min(started))


@dataclass(slots=True)
class _Tick:
    """One tick; each duty fails by itself.

    `away` is since when the database cannot be used, once that was announced; `state` is stored
    whenever it changes.
    """

    context: dg.SensorEvaluationContext
    ledger: LedgerResource
    duties: Duties
    away: float | None
    store: Database | None = None
    now: float = field(default_factory=time.time)
    latest: float = field(default_factory=lambda: time.monotonic() + TICK_SECONDS)
    said: list[str] = field(default_factory=list)
    trouble: str = ""
    state: DeliveryState = field(init=False)

    def learn(self, store: Database, **facts: object) -> None:
        """Store that some of the state has changed."""
        before, self.state = self.state, replace(self.state, **facts)
        if self.state != before:
            notes.write(store, notes.STATE, self.state.note())

    def open(self, database: DatabaseResource) -> None:
        """Open the database if it can be; one session that is cut is no reason to call it away."""
        seconds = AWAY_SECONDS if self.away is None else START_SECONDS
        last = time.monotonic() + seconds
        while self.store is None:
            try:
                store = database.open_in_time(max(last - time.monotonic(), 0.0))
                noted = notes.read(store, notes.STATE) or earlier.state(self.context.cursor)
                self.state = DeliveryState.read(noted, self.now)
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
                finished=partial(finished_runs, instance),
                free_since={UUID(id_): when for id_, when in self.state.free_since.items()},
                now=self.now,
                cancelled=partial(cancelled_runs, instance),
                up_since=_up_since(instance),
                ended_by=partial(ended_by, instance),
            )
            free_since = {str(id_): at for id_, at in reconciled.free_since.items()}
            self.learn(store, free_since=free_since)
            self._done(len(reconciled.closed), "closed whose process is gone")
            ended = end_lost(instance, store, reconciled.lost)
            self._done(ended, "runs ended whose process is gone")
        with duty("adding executions of runs that died early"):
            lost = record_lost_runs(
                self.context, store, self.state.handled_runs, self.state.waiting, each=duty
            )
            handled = tuple(sorted(lost.handled.ids))
            self.learn(store, lost_after=lost.handled.until, handled=handled, waiting=lost.waiting)
            self._done(lost.added, "added for runs that died early")
            self._done(len(lost.waiting), "runs that Dagster calls dead still work")
        with duty("storing reports late"):
            objects = self.ledger.objects()
            zone = Settings.load().timezone
            reports = kept_reports.store_all(store, objects, seconds=REPORTS_SECONDS, zone=zone)
            self._done(reports, "reports stored late")
        # After the runs that died early: what those were to do is announced by the partitions.
        with duty("taking away partitions of tournaments that do not exist"):
            removed = remove_unknown(instance, store)
            self._done(len(removed), "partitions of no tournament taken away")
        # That sensor detects all failures but its own.
        with duty(f"examining {WATCHES}"), store.transaction() as connection:
            on = automation.running(self.context, (WATCHES,))
            failing = automation.detect(instance, on, Settings.load(), each=duty)
            incidents.reconcile(connection, list(failing))
        with duty("noting that the database was away"):
            self._note_absence(store)

    def due(self, *, threads: bool) -> list[Callable[[], Sequence[DueMessage]]]:
        """What gives the messages: incidents first, which a long queue would keep from people."""
        if self.store is None:
            return [self._absence]
        store = self.store
        executions = DueExecutions(
            self.context, self.ledger, self.duties, store, self.state, self.now, threads
        )
        return [partial(due_incidents, store, self.duties), executions.read]

    def _done(self, count: int, what: str) -> None:
        if count:
            self.said.append(f"{count} {what}")

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

        return [DueMessage(notice, stamp)]

    def _note_absence(self, store: Database) -> None:
        """The database is back: that it was away becomes an incident, whose end is announced."""
        if self.away is None:
            return
        past = Condition("database", "database", moment(self.away), "It could not be used.")
        with store.transaction() as connection:
            incidents.note_past(connection, past, moment(self.now))
        self.away = None
