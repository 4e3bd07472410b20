"""Dagster's backfills as they are announced: how they ended, and those that did nothing.

The ledger knows what runs did, so its digest of a backfill has all that became of it. Of one that
failed or was cancelled before its first run it knows nothing: such backfills are looked for here.
Which of them were announced is noted from the moment a message is out.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.instance.dagster_internals import (
    BULK_ACTION_TERMINAL_STATUSES,
    AssetGraphSubset,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dp_pipeline.ledger.run_tags import BACKFILL, backfill_of, tags_of
from dp_pipeline.notifications import digests, earlier, notes
from dp_pipeline.notifications.digests import Waiting
from dp_pipeline.notifications.runs import group_over
from dp_pipeline.notifications.slack.digest import Backfill, Digest, Ending
from dp_pipeline.settings import Settings

FIRST_LOOK_SECONDS = 86_400.0
"""Without a note: what was launched before this is history."""
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


def how_it_ended(instance: dg.DagsterInstance, unit: str) -> Backfill | None:
    """What Dagster says of a unit that is a backfill; None of another unit, or when it forgot."""
    id_ = backfill_of(unit)
    found = None if id_ is None else instance.get_backfill(id_)
    return None if found is None else _account(found)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which backfills have been dealt with: announced, or to be announced from the ledger.

    Args:
        since: all that were launched before, Unix seconds.
        later: of those launched since, by id with the time of their launch.
    """

    since: float
    later: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, instance: dg.DagsterInstance, store: Database, now: float) -> "Seen":
        """What is noted; without a note, or with a foreign one, it starts afresh."""
        found = notes.read(store, notes.BACKFILLS) or earlier.backfills(instance)
        try:
            return cls(
                float(found["since"]),
                {str(id_): float(when) for id_, when in found["later"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(now - FIRST_LOOK_SECONDS)

    def write(self, store: Database) -> None:
        """Note it, at once."""
        notes.write(store, notes.BACKFILLS, asdict(self))

    def having(self, *backfills: PartitionBackfill) -> "Seen":
        """With some more."""
        more = {each.backfill_id: each.backfill_timestamp for each in backfills}
        return Seen(self.since, {**self.later, **more})

    def up_to(self, moment: float) -> "Seen":
        """With all that were launched before."""
        later = {id_: when for id_, when in self.later.items() if when > moment}
        return Seen(max(self.since, moment), later)


@dataclass(frozen=True, slots=True)
class EndedBackfills:
    """The ended backfills that are not dealt with.

    Args:
        seen: what was known before.
        unannounced: those that left nothing in the ledger.
        of_the_ledger: those that did.
        waiting: whether others are not quite over.
    """

    seen: Seen
    unannounced: tuple[PartitionBackfill, ...] = ()
    of_the_ledger: tuple[PartitionBackfill, ...] = ()
    waiting: bool = False


def look(
    instance: dg.DagsterInstance, store: Database, looked_at: float, now: float
) -> EndedBackfills:
    """Find them. Where nothing has ended since the last look this is one count by an index.

    Args:
        instance: Dagster's.
        store: with the ledger.
        looked_at: runs that ended badly after this have not been given their rows yet.
        now: Unix seconds.
    """
    seen = Seen.read(instance, store, now)
    ended = _launched_after(seen, BULK_ACTION_TERMINAL_STATUSES)
    if instance.get_backfills_count(ended) == len(seen.later):
        return EndedBackfills(seen)
    unannounced, of_the_ledger, waiting = [], [], False
    for found in instance.get_backfills(ended):
        if found.backfill_id in seen.later:
            continue
        unit = f"{BACKFILL}{found.backfill_id}"
        over = Waiting(unit, ended_at(found))
        if not group_over(instance, over, looked_at=looked_at, now=now):
            waiting = True
            continue
        runs = instance.get_run_ids(dg.RunsFilter(tags=tags_of(unit)))
        traced = bool(runs) and digests.recorded(store, [UUID(run) for run in runs])
        (of_the_ledger if traced else unannounced).append(found)
    return EndedBackfills(seen, tuple(unannounced), tuple(of_the_ledger), waiting)


def unannounced(
    context: dg.SensorEvaluationContext,
    store: Database,
    url_of: Callable[[str], str],
    *,
    since: datetime,
    looked_at: float,
) -> list[tuple[Digest, Callable[[], None]]]:
    """The messages about backfills that did nothing, each with what keeps that it was announced.

    Args:
        context: of the sensor that delivers.
        store: with the ledger.
        url_of: the page of a unit.
        since: what ended before is not announced.
        looked_at: runs that ended badly after this have not been given their rows yet.
    """
    instance, now = context.instance, time.time()
    found = look(instance, store, looked_at, now)
    mine = [
        each for each in found.unannounced if ended_at(each) >= since and _is_ours(context, each)
    ]
    others = [each for each in found.unannounced if each not in mine]
    seen = found.seen.having(*found.of_the_ledger, *others)
    settled = not mine and not found.waiting
    if settled and seen.since < now - 2 * LATE_SECONDS and not _any_goes_on(instance, seen):
        seen = seen.up_to(now - LATE_SECONDS)
    if seen != found.seen:
        seen.write(store)

    def announced(backfill: PartitionBackfill) -> Callable[[], None]:
        return lambda: Seen.read(instance, store, now).having(backfill).write(store)

    return [(_digest(each, url_of), announced(each)) for each in mine]


def ended_at(found: PartitionBackfill) -> datetime:
    """When a backfill ended; one that was cancelled before it began has only its launch."""
    return datetime.fromtimestamp(found.backfill_end_timestamp or found.backfill_timestamp, UTC)


def _launched_after(seen: Seen, statuses: list[BulkActionStatus]) -> BulkActionsFilter:
    return BulkActionsFilter(
        statuses=statuses, created_after=datetime.fromtimestamp(seen.since, UTC)
    )


def _any_goes_on(instance: dg.DagsterInstance, seen: Seen) -> bool:
    return instance.get_backfills_count(_launched_after(seen, _GOING_ON)) > 0


def _is_ours(context: dg.SensorEvaluationContext, found: PartitionBackfill) -> bool:
    """Whether it is of this code location: others may share the instance."""
    repository = context.repository_def
    if repository is None:
        return True
    if found.asset_selection is not None:
        return bool(set(found.asset_selection) & repository.asset_graph.get_all_asset_keys())
    return found.job_name is None or repository.has_job(found.job_name)


def _digest(found: PartitionBackfill, url_of: Callable[[str], str]) -> Digest:
    unit = f"{BACKFILL}{found.backfill_id}"
    return Digest(
        unit,
        digests.title_of(unit),
        datetime.fromtimestamp(found.backfill_timestamp, UTC),
        ended_at(found),
        url=url_of(unit),
        backfill=_account(found),
    )


def _account(found: PartitionBackfill) -> Backfill:
    asked, done = _partitions(found)
    error = None if found.error is None else Settings.load().conceal(found.error.message)
    return Backfill(_ENDINGS.get(found.status, "completed"), asked, done, error)


def _partitions(found: PartitionBackfill) -> tuple[int | None, int | None]:
    """How many partitions it was to materialize, and of how many it did all assets."""
    data = found.asset_backfill_data
    if data is None:  # of a job: Dagster counts its runs only
        return (len(found.partition_names) if found.partition_names else None), None

    def keys(subset: AssetGraphSubset) -> set[str]:
        each = subset.iterate_asset_partitions()
        return {at.partition_key for at in each if at.partition_key is not None}

    asked = keys(data.target_subset)
    left = keys(data.target_subset - data.materialized_subset)
    return (len(asked), len(asked - left)) if asked else (None, None)
