"""Watches what runs by itself: sensors, schedules, jobs and checks that fail, the database too.

What executions came to is told by announce.py; the two sensors watch each other. This one works
while the database does not, and tells that: it needs Slack and Dagster's own storage only.
"""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from dp_pipeline.assets.executions import announcing, delivery
from dp_pipeline.assets.health import evaluations
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.database.embedded import EmbeddedPostgresError
from dp_pipeline.database.locks import held
from dp_pipeline.messages.mrkdwn import duration
from dp_pipeline.messages.notice import Notice
from dp_pipeline.resources import DatabaseResource, SlackResource
from dp_pipeline.sensors.checks import check_changes
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
    latest = time.monotonic() + TICK_SECONDS
    settings = Settings.load()
    webhook = slack.open()
    with ExitStack() as stack:
        store, lock, trouble = None, None, ""
        try:
            store = _opened(database)
            lock = stack.enter_context(held(store, LOCK))
        except _UNUSABLE as error:
            store, trouble = None, str(error)
        else:
            if lock is None:
                return dg.SkipReason(ANOTHER_TELLS)
        if webhook is None:
            trouble = trouble if store is None else _evaluate(context.instance, store, settings)
            return _said("Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set", trouble)
        memory = Memory(context.instance, context.cursor)
        desk = Desk(webhook, slack.classes(), latest, context.log, store, lock)
        # First what can be known without the database: it may fail us yet.
        changes = _database_changes(memory.watched, trouble, settings) if trouble else []
        changes += [turn.change() for turn in turned(context, memory.watched.failing, settings)]
        done = desk.tell(_due(memory, changes))
        if store is not None:
            trouble = _evaluate(context.instance, store, settings, telling=True)
        # Then the checks, so that one that fails now is told in the same tick.
        newest, checks = check_changes(context, memory.watched, settings)
        changes = _database_changes(memory.watched, trouble, settings)
        changes += [*checks, *job_changes(context, memory.watched, settings)]
        if done and desk.tell(_due(memory, changes)):
            memory.watched = replace(memory.watched, seen=newest)
        context.update_cursor(memory.watched.write())
    said = [f"{count} {what}" for what, count in desk.counts().items() if count]
    if desk.error is not None:
        said.append(f"{desk.error} It is told by a later tick")
    elif desk.left:
        said.append("the rest is told by the next tick")
    return _said("; ".join(said), trouble)


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


def _evaluate(
    instance: dg.DagsterInstance, store: Database, settings: Settings, *, telling: bool = False
) -> str:
    """Evaluate and record the checks that the database answers; why not, if it does not."""
    try:
        found = delivery(instance, store, announcing(instance), on=telling)
        for evaluation in (found.evaluation(), *evaluations(store, settings)):
            record(instance, evaluation)
    except _UNUSABLE as error:
        return str(error)
    return ""


def _database_changes(watched: Watched, trouble: str, settings: Settings) -> list[Change]:
    """Whether the database cannot be used since this tick, or can again."""
    url, now = f"{settings.dagster_url}/automation", time.time()
    if trouble and watched.database is None:
        notice = Notice(
            "failure",
            "The database cannot be used",
            "Nothing is read, and no execution is told, until it can be again; messages wait.",
            detail=settings.conceal(trouble),
            url=url,
        )
        return [Change(notice, lambda known: replace(known, database=now))]
    if not trouble and watched.database is not None:
        lasted = duration(round((now - watched.database) * 1_000))
        notice = Notice(
            "news", "The database can be used again", f"It could not for {lasted}.", url=url
        )
        return [Change(notice, lambda known: replace(known, database=None))]
    return []


def _due(memory: Memory, changes: Iterable[Change]) -> list[Due]:
    return [
        Due(change.notice, frozenset({change.notice.kind}), partial(memory.learn, change))
        for change in changes
    ]


def _said(first: str, trouble: str) -> dg.SkipReason:
    database = f"the database cannot be used: {trouble}" if trouble else ""
    return dg.SkipReason("; ".join(filter(None, (first, database))) or "Nothing new.")
