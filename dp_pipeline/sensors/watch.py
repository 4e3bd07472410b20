"""Watches what runs by itself: sensors, schedules, jobs and checks that fail, the database too.

What executions came to is told by announce.py; the two sensors watch each other. This one works
while the database does not, and tells that: it needs Slack and Dagster's own storage only.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from dp_pipeline.assets.executions import announcing, delivery
from dp_pipeline.assets.health import evaluations
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.database.embedded import EmbeddedPostgresError
from dp_pipeline.database.locks import Lock, held
from dp_pipeline.messages.mrkdwn import duration
from dp_pipeline.messages.news import Class
from dp_pipeline.messages.notice import Notice
from dp_pipeline.messages.slack import SlackWebhook
from dp_pipeline.resources import DatabaseResource, SlackResource
from dp_pipeline.sensors.attempts import Attempts
from dp_pipeline.sensors.checks import check_changes
from dp_pipeline.sensors.duties import Duties
from dp_pipeline.sensors.jobs import job_changes
from dp_pipeline.sensors.telling import ANOTHER_TELLS, TICK_SECONDS, Desk, Due
from dp_pipeline.sensors.ticks import WATCHER, turned
from dp_pipeline.sensors.watched import Change, Memory, Watched
from dp_pipeline.settings import Settings

RECORDED_SECONDS = 3_600.0
OPENING_SECONDS = 15.0
"""A server that hangs must not keep people from hearing what hangs with it."""
LOCK = "dp_pipeline.telling:automation"

_FAILED = AssetCheckExecutionRecordStatus.FAILED
_UNUSABLE = (DatabaseError, EmbeddedPostgresError)


@dg.sensor(
    name=WATCHER,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells Slack when a sensor or schedule keeps failing, when a job fails that leaves nothing "
        "in the ledger, when an asset check fails, when the database cannot be used, and when they "
        "are well again; evaluates the checks of the ledger and of the providers' health."
    ),
)
def watch_automation(
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> dg.SkipReason:
    """Look at everything, then tell what has changed. Asks for no runs."""
    look = _Look(context, Duties(context.log), Settings.load())
    with ExitStack() as stack:
        lock = look.open(database, stack)
        if look.store is not None and lock is None:
            return dg.SkipReason(ANOTHER_TELLS)
        said = ""
        with look.duties.duty("reading the settings of Slack"):
            webhook = slack.open()
            if webhook is None:
                look.evaluate()
                said = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
            else:
                said = look.tell(webhook, slack.classes(), lock)
        look.duties.end()
        return _said(said, look.trouble)


@dataclass(slots=True)
class _Look:
    """One tick: what is looked at and told, each for itself.

    Attributes:
        store: the database, unless it cannot be used.
        trouble: why it cannot.
    """

    context: dg.SensorEvaluationContext
    duties: Duties
    settings: Settings
    latest: float = field(default_factory=lambda: time.monotonic() + TICK_SECONDS)
    store: Database | None = None
    trouble: str = ""

    def open(self, database: DatabaseResource, stack: ExitStack) -> Lock | None:
        """Open the database if it can be; None without it, or if another tick goes on."""
        with self.duties.duty("opening the database"):
            try:
                store = _opened(database)
                lock = stack.enter_context(held(store, LOCK))
            except _UNUSABLE as error:
                self.trouble = str(error)
            else:
                self.store = store
                return lock
        return None

    def tell(self, webhook: SlackWebhook, wanted: frozenset[Class], lock: Lock | None) -> str:
        """Tell what changed; what was said and done, in a sentence."""
        instance, duty = self.context.instance, self.duties.duty
        memory = Memory(instance, self.context.cursor)
        pause = memory.watched.quiet_until - time.time()
        if pause > 0:
            self.evaluate(telling=True)
            return f"No message is posted for another {pause:.0f} s"
        attempts = Attempts(instance, WATCHER)
        desk = Desk(
            webhook, wanted, self.latest, self.context.log, attempts, self.duties, self.store, lock
        )
        # First what can be known without the database: it may fail us yet.
        with duty("telling of the database, sensors and schedules"):
            changes = self._database(memory.watched) if self.trouble else []
            failing = memory.watched.failing
            turns = turned(self.context, failing, self.settings, each=duty)
            desk.tell(_due(memory, [*changes, *(turn.change() for turn in turns)]))
        self.evaluate(telling=True)
        # Then the checks, so that one that fails now is told in the same tick.
        with duty("telling of checks and jobs"):
            self._later(memory, desk)
        if desk.error is not None:
            quiet_until = time.time() + desk.pause_seconds
            memory.keep(replace(memory.watched, quiet_until=quiet_until))
        self.context.update_cursor(memory.watched.write())
        said = [f"{count} {what}" for what, count in desk.counts().items() if count]
        if desk.error is not None:
            said.append(f"{desk.error} It is told by a later tick")
        elif desk.left:
            said.append("the rest is told by the next tick")
        return "; ".join(said)

    def _later(self, memory: Memory, desk: Desk) -> None:
        newest, changes = memory.watched.seen, self._database(memory.watched)
        looked = False
        with self.duties.duty("looking at the checks"):
            newest, checks = check_changes(self.context, memory.watched, self.settings)
            changes += checks
            looked = True
        with self.duties.duty("looking at the jobs"):
            changes += job_changes(
                self.context, memory.watched, self.settings, each=self.duties.duty
            )
        if desk.tell(_due(memory, changes)) and looked:
            memory.keep(replace(memory.watched, seen=newest))

    def evaluate(self, *, telling: bool = False) -> None:
        """Evaluate and record the checks that the database answers; why not, if it does not."""
        store, instance, duty = self.store, self.context.instance, self.duties.duty
        if store is None:
            return
        evaluated: list[Callable[[], list[dg.AssetCheckEvaluation]]] = [
            lambda: [delivery(instance, store, announcing(instance), on=telling).evaluation()],
            lambda: evaluations(store, self.settings),
        ]
        for evaluate in evaluated:
            with duty("evaluating checks"):
                try:
                    for evaluation in evaluate():
                        record(instance, evaluation)
                except _UNUSABLE as error:
                    self.trouble = str(error)

    def _database(self, watched: Watched) -> list[Change]:
        """Whether the database cannot be used since this tick, or can again."""
        url, now = f"{self.settings.dagster_url}/automation", time.time()
        if self.trouble and watched.database is None:
            notice = Notice(
                "failure",
                "The database cannot be used",
                "Nothing is read, and no execution is told, until it can be again; messages wait.",
                detail=self.settings.conceal(self.trouble),
                url=url,
            )
            return [Change(notice, lambda known: replace(known, database=now))]
        if self.store is not None and not self.trouble and watched.database is not None:
            lasted = duration(round((now - watched.database) * 1_000))
            notice = Notice(
                "news", "The database can be used again", f"It could not for {lasted}.", url=url
            )
            return [Change(notice, lambda known: replace(known, database=None))]
        return []


def record(instance: dg.DagsterInstance, found: dg.AssetCheckEvaluation) -> None:
    """Let Dagster show a check: when it changes, and hourly."""
    last = instance.get_latest_asset_check_evaluation_record(found.asset_check_key)
    if last is not None:
        same = (last.status is not _FAILED) == found.passed
        if same and time.time() - last.create_timestamp < RECORDED_SECONDS:
            return
    instance.report_runless_asset_event(found)


def _opened(database: DatabaseResource) -> Database:
    """The database, or a DatabaseError in time."""
    opened: Future[Database] = Future()

    def work() -> None:
        try:
            opened.set_result(database.open())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            opened.set_exception(error)

    threading.Thread(target=work, name="opening the database", daemon=True).start()
    try:
        return opened.result(OPENING_SECONDS)
    except TimeoutError:
        message = f"The database did not answer within {OPENING_SECONDS:.0f} s."
        raise DatabaseError(message, retryable=True) from None


def _due(memory: Memory, changes: Iterable[Change]) -> list[Due]:
    return [
        Due(change.notice, frozenset({change.notice.kind}), partial(memory.learn, change))
        for change in changes
    ]


def _said(first: str, trouble: str) -> dg.SkipReason:
    database = f"the database cannot be used: {trouble}" if trouble else ""
    return dg.SkipReason("; ".join(filter(None, (first, database))) or "Nothing new.")
