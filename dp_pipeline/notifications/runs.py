"""Dagster's runs as the ledger needs them: which are over, and what they were to do."""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import dagster as dg

from dp_pipeline.assets.poll_job import POLL_JOB
from dp_pipeline.database.database import Database
from dp_pipeline.instance.dagster_internals import BULK_ACTION_TERMINAL_STATUSES
from dp_pipeline.jobs import ENDED_BADLY, GOING_ON, Partitions, planned_work
from dp_pipeline.ledger.reconcile import GONE, LostRun, record_lost, without_worker
from dp_pipeline.ledger.run_tags import backfill_of, run_group_of, tags_of
from dp_pipeline.match_watch.lost import pause_lost_polls
from dp_pipeline.notifications.digests import RunGroup
from dp_pipeline.notifications.incidents import moment
from dp_pipeline.notifications.notes import HandledRuns
from dp_pipeline.providers.registry import present_at
from dp_pipeline.settings import Settings

LOST_RUNS_PER_TICK = 25
SETTLED_SECONDS = 30.0

_ENDED_BADLY = list(ENDED_BADLY)


def finished_runs(
    instance: dg.DagsterInstance,
    request_ids: Collection[UUID],
    *,
    handled: HandledRuns | None = None,
) -> set[UUID]:
    """Of some runs those that will do nothing any more; an unknown one is finished.

    A run that ended badly and is not among those `handled` does not count yet: the rows it never
    opened are still to be added.
    """
    ids = [str(id_) for id_ in request_ids]
    if not ids:
        return set()
    # Only those that go on are read: of hundreds that are over none.
    going_on = instance.get_run_ids(dg.RunsFilter(run_ids=ids, statuses=list(GOING_ON)))
    unfinished = {*going_on, *_unhandled(instance, handled, run_ids=ids)}
    return {UUID(id_) for id_ in ids if id_ not in unfinished}


def cancelled_runs(instance: dg.DagsterInstance, request_ids: Collection[UUID]) -> set[UUID]:
    """Of some runs those that a person cancelled."""
    statuses = [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.CANCELING]
    these = dg.RunsFilter(run_ids=[str(id_) for id_ in request_ids], statuses=statuses)
    return {UUID(id_) for id_ in instance.get_run_ids(these)}


def ended_by(
    instance: dg.DagsterInstance, request_ids: Collection[UUID], when: datetime
) -> set[UUID]:
    """Of some runs those that Dagster had seen end by then."""
    these = dg.RunsFilter(run_ids=[str(id_) for id_ in request_ids])
    return {
        UUID(record.dagster_run.run_id)
        for record in instance.get_run_records(these)
        if record.end_time is not None and record.end_time <= when.timestamp()
    }


def end_lost(instance: dg.DagsterInstance, store: Database, request_ids: Collection[UUID]) -> int:
    """End in Dagster the runs whose process is gone, where no launcher noticed; how many.

    Of a run in a broker, or of a code server at a host and port, Dagster knew nothing for two
    hours. One that was cut off from the database and lives says its own end when it comes to it.
    """
    if not request_ids:
        return 0
    dead = store.run_here(partial(without_worker, request_ids=request_ids))
    started = dg.RunsFilter(run_ids=[*map(str, dead)], statuses=[dg.DagsterRunStatus.STARTED])
    runs = instance.get_runs(started) if dead else ()
    for run in runs:
        instance.report_run_failed(run, GONE)
    return len(runs)


def group_over(
    instance: dg.DagsterInstance, group: RunGroup, *, handled: HandledRuns, now: float
) -> bool:
    """Whether a run group will do nothing any more; one that Dagster forgot is over.

    Runs that ended badly and are not among those `handled` have not been given their rows yet.
    """
    id_ = backfill_of(group.name)
    if id_ is None:
        # The runs of a refresh are requested one after the other: the first may be over before
        # the last is there.
        if now - group.last.timestamp() < SETTLED_SECONDS:
            return False
    else:
        backfill = instance.get_backfill(id_)
        if backfill is not None and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
            return False
    tags = tags_of(group.name)
    if instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=list(GOING_ON))):
        return False
    return not _unhandled(instance, handled, tags=tags)


def _unhandled(
    instance: dg.DagsterInstance, handled: HandledRuns | None, **which: Any
) -> Collection[str]:
    """Runs that ended badly and have not been given their rows."""
    if handled is None:
        return ()
    return handled.others(
        lambda since: instance.get_run_ids(
            dg.RunsFilter(statuses=_ENDED_BADLY, updated_after=since, **which)
        )
    )


@dataclass(frozen=True, slots=True)
class LostRuns:
    """How many rows were added for runs that ended badly, and which are `handled` by now.

    On those that are `waiting` a process works, though Dagster calls them dead.
    """

    added: int
    handled: HandledRuns
    waiting: tuple[str, ...] = ()


def record_lost_runs(
    context: dg.SensorEvaluationContext,
    store: Database,
    handled: HandledRuns,
    waiting: Collection[str],
    *,
    each: Callable[[str], AbstractContextManager[None]],
) -> LostRuns:
    """Give runs that failed or were cancelled, and are not `handled`, the rows they never opened.

    So it does for those that were `waiting` and still count as ended badly. One that cannot be
    given them waits, too: it holds up no other. `each` is held around the work on one.
    """
    instance = context.instance
    partitions = Partitions(instance)
    again: Sequence[dg.RunRecord] = ()
    if waiting:
        these = dg.RunsFilter(run_ids=list(waiting), statuses=_ENDED_BADLY)
        again = instance.get_run_records(these)
    records: Sequence[dg.RunRecord] = ()
    if others := _unhandled(instance, handled):
        records = instance.get_run_records(
            dg.RunsFilter(run_ids=list(others), statuses=_ENDED_BADLY),
            limit=LOST_RUNS_PER_TICK,
            order_by="update_timestamp",
            ascending=True,
        )
    added, alive = 0, []
    for record in (*again, *records):
        rows = None
        with each(f"adding executions of run {record.dagster_run.run_id}"):
            rows = _record_lost_run(instance, store, record, partitions)
        if rows is None:
            alive.append(record.dagster_run.run_id)
        added += rows or 0
    return LostRuns(added, _handled(instance, handled, records), tuple(dict.fromkeys(alive)))


def _handled(
    instance: dg.DagsterInstance, before: HandledRuns, records: Sequence[dg.RunRecord]
) -> HandledRuns:
    """Those that were, and these; of a clock that is ahead nobody waits for the time it says."""
    if not records:
        return before
    ends = (record.update_timestamp.replace(tzinfo=UTC).timestamp() for record in records)
    until = max(before.until, min(max(ends), time.time()))
    recent = _unhandled(instance, HandledRuns(until))
    return HandledRuns(
        until, before.ids.union(record.dagster_run.run_id for record in records) & set(recent)
    )


def _record_lost_run(
    instance: dg.DagsterInstance, store: Database, record: dg.RunRecord, partitions: Partitions
) -> int | None:
    """See `record_lost`; a poll that died is not repeated at once."""
    run = record.dagster_run
    planned = planned_work(instance, run, partitions)
    if not planned:
        return 0
    stopped = run.status is dg.DagsterRunStatus.CANCELED
    lost = LostRun(
        UUID(run.run_id),
        planned,
        "The run was cancelled before this was begun."
        if stopped
        else "The run failed before this was begun; its page in Dagster says why.",
        moment(record.end_time or time.time()),
        run_group_of(run.tags),
        "part" if run.job_name == POLL_JOB else "whole",
        stopped=stopped,
    )
    added = record_lost(store, lost)
    if added is not None and run.job_name == POLL_JOB:
        with store.transaction() as connection:
            base_urls = Settings.load().base_urls
            pause_lost_polls(connection, lost.request_id, partial(present_at, base_urls=base_urls))
    return added
