"""A night in which a provider's tournaments are read again: its ticks, and what they asked for.

A schedule ticks several times in a night, so that a provider that rests at the first tick is read
at a later one. All ticks of a night ask for the same unit of work, and one that finds it asked for
leaves it alone. Dagster's run keys cannot tell: they count within one tick only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dp_pipeline.executions.run_groups import UNIT_TAG
from dp_pipeline.instance.dagster_internals import SCHEDULE_NAME_TAG, SCHEDULED_EXECUTION_TIME_TAG
from dp_pipeline.refresh import planned_refresh

RUNS_TAG = "dp/runs"
"""The run tag that says of how many runs the unit of a night consists."""


@dataclass(frozen=True, slots=True)
class Requested:
    """What the ticks of a night have asked for.

    Args:
        at: when they began to.
        keys: the tournaments.
        runs: in how many runs.
        of: how many runs they meant to ask for.
    """

    at: datetime
    keys: frozenset[str]
    runs: int
    of: int

    @property
    def complete(self) -> bool:
        """Whether nothing of it was lost, as when a tick fails after some of its runs."""
        return self.runs >= self.of


def requested(instance: dg.DagsterInstance, unit: str, tick: datetime) -> Requested | None:
    """What other ticks than the one due at `tick` have asked for of a unit; None for nothing.

    A tick that the daemon repeats, because it died in the middle of it, has to ask for the same
    again: by their run keys Dagster knows which runs it has, and queues those it only created.
    """
    mine = tick.astimezone(UTC).isoformat()
    found = [
        record
        for record in instance.get_run_records(dg.RunsFilter(tags={UNIT_TAG: unit}))
        if record.dagster_run.tags.get(SCHEDULED_EXECUTION_TIME_TAG) != mine
    ]
    if not found:
        return None
    runs = [record.dagster_run for record in found]
    return Requested(
        at=min(_created(record) for record in found),
        keys=frozenset(key for run in runs for key in planned_refresh(run)),
        runs=len(runs),
        of=max(_of(run.tags) for run in runs),
    )


def last_requested(instance: dg.DagsterInstance, schedule: str, since: datetime) -> datetime | None:
    """When a schedule last asked for a run; None if not since then."""
    mine = dg.RunsFilter(tags={SCHEDULE_NAME_TAG: schedule}, created_after=since)
    records = instance.get_run_records(mine, limit=1)
    return _created(records[0]) if records else None


def counted(requests: Sequence[dg.RunRequest], earlier: Requested | None) -> list[dg.RunRequest]:
    """The requests, each with the number of runs there are of the unit then."""
    runs = len(requests) + (earlier.runs if earlier else 0)
    return [
        request.with_replaced_attrs(tags={**request.tags, RUNS_TAG: str(runs)})
        for request in requests
    ]


def _created(record: dg.RunRecord) -> datetime:
    return record.create_timestamp.replace(tzinfo=UTC)


def _of(tags: Mapping[str, str]) -> int:
    try:
        return int(tags[RUNS_TAG])
    except (KeyError, ValueError):  # of an older version, or launched by hand
        return 0
