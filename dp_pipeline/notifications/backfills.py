"""Dagster's backfills as they are announced: how they ended, and those that did nothing.

The ledger knows what runs did, so its digest of a backfill has all that became of it. Of one that
failed or was cancelled before its first run it knows nothing: such backfills are sought here. Which
of them were announced is noted from the moment a message is out.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.instance.dagster_internals import (
    BULK_ACTION_TERMINAL_STATUSES,
    SENSOR_NAME_TAG,
    AssetGraphSubset,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dp_pipeline.ledger.run_tags import BACKFILL, backfill_of, tags_of
from dp_pipeline.notifications import digests, earlier, notes
from dp_pipeline.notifications.digests import RunGroup
from dp_pipeline.notifications.incidents import moment
from dp_pipeline.notifications.notes import HandledRuns
from dp_pipeline.notifications.runs import group_over
from dp_pipeline.notifications.slack.digest import Backfill, Digest, Ending
from dp_pipeline.settings import Settings

HISTORY_SECONDS = notes.HISTORY.total_seconds()
"""Without a note: what was launched longer ago than this is history."""
LATE_SECONDS = 600.0
"""How much later than its time of launch a backfill may be stored: its partitions come first."""

_GOING_ON = [each for each in BulkActionStatus if each not in BULK_ACTION_TERMINAL_STATUSES]
_ENDINGS: Mapping[BulkActionStatus, Ending] = {
    BulkActionStatus.COMPLETED: "completed",
    BulkActionStatus.COMPLETED_SUCCESS: "completed",
    BulkActionStatus.COMPLETED_FAILED: "incomplete",
    BulkActionStatus.FAILED: "failed",
    BulkActionStatus.CANCELED: "cancelled",
}


def how_it_ended(instance: dg.DagsterInstance, run_group: str) -> Backfill | None:
    """What Dagster says of a backfill; None of another run group, or when it forgot."""
    id_ = backfill_of(run_group)
    backfill = None if id_ is None else instance.get_backfill(id_)
    return None if backfill is None else _account(backfill)


@dataclass(frozen=True, slots=True)
class Handled:
    """Which backfills were announced, or are to be announced from the ledger.

    All that were launched before `since` in Unix seconds, and some `later` ones: by id, when.
    """

    since: float
    later: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, instance: dg.DagsterInstance, store: Database, now: float) -> "Handled":
        """What is noted; without a note, or with a foreign one, it starts afresh."""
        note = notes.read(store, notes.BACKFILLS) or earlier.backfills(instance)
        try:
            later = {str(id_): float(when) for id_, when in note["later"].items()}
            return cls(float(note["since"]), later)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(now - HISTORY_SECONDS)

    def write(self, store: Database) -> None:
        """Note it, at once."""
        notes.write(store, notes.BACKFILLS, asdict(self))

    def having(self, *backfills: PartitionBackfill) -> "Handled":
        """With some more."""
        more = {each.backfill_id: each.backfill_timestamp for each in backfills}
        return Handled(self.since, {**self.later, **more})

    def up_to(self, seconds: float) -> "Handled":
        """With all that were launched before."""
        later = {id_: when for id_, when in self.later.items() if when > seconds}
        return Handled(max(self.since, seconds), later)

    def launched_later(self, statuses: list[BulkActionStatus]) -> BulkActionsFilter:
        """The filter of the backfills launched since."""
        return BulkActionsFilter(statuses=statuses, created_after=moment(self.since))


@dataclass(frozen=True, slots=True)
class EndedBackfills:
    """The ended backfills that are not `handled`: those without executions, and those with some.

    `waiting`: others are not quite over.
    """

    handled: Handled
    unannounced: tuple[PartitionBackfill, ...] = ()
    of_the_ledger: tuple[PartitionBackfill, ...] = ()
    waiting: bool = False


def ended_backfills(
    instance: dg.DagsterInstance, store: Database, runs: HandledRuns, now: float
) -> EndedBackfills:
    """Where nothing has ended since the last time this is one count by an index.

    Runs that ended badly and are not among these have not been given their rows yet.
    """
    handled = Handled.read(instance, store, now)
    ended = handled.launched_later(BULK_ACTION_TERMINAL_STATUSES)
    if instance.get_backfills_count(ended) == len(handled.later):
        return EndedBackfills(handled)
    unannounced, of_the_ledger, waiting = [], [], False
    for backfill in instance.get_backfills(ended):
        if backfill.backfill_id in handled.later:
            continue
        group = RunGroup(f"{BACKFILL}{backfill.backfill_id}", ended_at(backfill))
        if not group_over(instance, group, handled=runs, now=now):
            waiting = True
            continue
        ids = instance.get_run_ids(dg.RunsFilter(tags=tags_of(group.name)))
        recorded = bool(ids) and digests.recorded(store, [UUID(id_) for id_ in ids])
        (of_the_ledger if recorded else unannounced).append(backfill)
    return EndedBackfills(handled, tuple(unannounced), tuple(of_the_ledger), waiting)


def unannounced(
    context: dg.SensorEvaluationContext,
    store: Database,
    url_of: Callable[[str], str],
    *,
    since: datetime,
    runs: HandledRuns,
) -> list[tuple[Digest, Callable[[], None]]]:
    """The messages about backfills that did nothing, each with what notes that it was announced.

    What ended before `since` is not announced; `url_of` gives the page of a run group.
    """
    instance, now = context.instance, time.time()
    ended = ended_backfills(instance, store, runs, now)
    mine = [
        each for each in ended.unannounced if ended_at(each) >= since and _is_ours(context, each)
    ]
    others = [each for each in ended.unannounced if each not in mine]
    handled = ended.handled.having(*ended.of_the_ledger, *others)
    settled = not mine and not ended.waiting
    if (
        settled
        and handled.since < now - 2 * LATE_SECONDS
        and not instance.get_backfills_count(handled.launched_later(_GOING_ON))
    ):
        handled = handled.up_to(now - LATE_SECONDS)
    if handled != ended.handled:
        handled.write(store)

    def mark_announced(backfill: PartitionBackfill) -> None:
        Handled.read(instance, store, now).having(backfill).write(store)

    return [(_digest(each, url_of), partial(mark_announced, each)) for each in mine]


def ended_at(backfill: PartitionBackfill) -> datetime:
    """When a backfill ended; one that was cancelled before it began has only its launch."""
    return moment(backfill.backfill_end_timestamp or backfill.backfill_timestamp)


def _is_ours(context: dg.SensorEvaluationContext, backfill: PartitionBackfill) -> bool:
    """Whether a person, or the clock, launched it, and here: others may share the instance.

    Of what an automation launches by itself every minute only its failed runs are news, see
    detectors/jobs.py.
    """
    if SENSOR_NAME_TAG in backfill.tags:
        return False
    repository = context.repository_def
    if repository is None:
        return True
    if backfill.asset_selection is not None:
        return bool(set(backfill.asset_selection) & repository.asset_graph.get_all_asset_keys())
    return backfill.job_name is None or repository.has_job(backfill.job_name)


def _digest(backfill: PartitionBackfill, url_of: Callable[[str], str]) -> Digest:
    run_group = f"{BACKFILL}{backfill.backfill_id}"
    return Digest(
        run_group,
        digests.subject_of(run_group),
        moment(backfill.backfill_timestamp),
        ended_at(backfill),
        url=url_of(run_group),
        backfill=_account(backfill),
    )


def _account(backfill: PartitionBackfill) -> Backfill:
    requested, done = _partitions(backfill)
    error = None if backfill.error is None else Settings.load().conceal(backfill.error.message)
    return Backfill(_ENDINGS.get(backfill.status, "completed"), requested, done, error)


def _partitions(backfill: PartitionBackfill) -> tuple[int | None, int | None]:
    """How many partitions it was to materialize, and of how many it did all assets."""
    data = backfill.asset_backfill_data
    if data is None:  # of a job: Dagster counts its runs only
        return (len(backfill.partition_names) if backfill.partition_names else None), None

    def keys(subset: AssetGraphSubset) -> set[str]:
        each = subset.iterate_asset_partitions()
        return {at.partition_key for at in each if at.partition_key is not None}

    requested = keys(data.target_subset)
    left = keys(data.target_subset - data.materialized_subset)
    return (len(requested), len(requested - left)) if requested else (None, None)
