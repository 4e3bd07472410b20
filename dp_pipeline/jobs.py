"""What a run of any of our jobs is to work on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.drive import leaves_nothing
from dp_pipeline.assets.materialize import WHOLE
from dp_pipeline.assets.poll_job import POLL_JOB, planned_poll
from dp_pipeline.assets.refresh_job import REFRESH_JOB, planned_refresh
from dp_pipeline.domains.registry import in_order
from dp_pipeline.partitions import TOURNAMENTS

ENDED_BADLY = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OVER = (dg.DagsterRunStatus.SUCCESS, *ENDED_BADLY)
GOING_ON = tuple(status for status in dg.DagsterRunStatus if status not in _OVER)


@dataclass
class Partitions:
    """The tournaments in the order in which they were added, by which a range run names its own.

    Thousands of them are read when the first range is met, and once however many follow.
    """

    instance: dg.DagsterInstance

    @cached_property
    def keys(self) -> Sequence[str]:
        """All of them."""
        return self.instance.get_dynamic_partitions(str(TOURNAMENTS.name))

    def state(self) -> str:
        """A text that is another one after a tournament was added or removed.

        Of 10,000 it takes 1 ms, and their keys 7 ms.
        """
        # Here, for a code location does not load the storage; who has an instance has loaded it.
        from dp_pipeline.instance.dagster_storage import DynamicPartitionsTable, SqlEventLogStorage

        storage = self.instance.event_log_storage
        if not isinstance(storage, SqlEventLogStorage):
            return repr(self.keys)
        row = DynamicPartitionsTable.c
        mine = row.partitions_def_name == str(TOURNAMENTS.name)
        with storage.index_connection() as connection:
            figures = connection.execute(
                sa.select(sa.func.count(), sa.func.max(row.id).label("last")).where(mine)
            ).one()
            # SQLite gives the id of a last row that was deleted to the next one.
            last = sa.select(row.partition, row.create_timestamp).where(row.id == figures.last)
            return repr((*figures, connection.execute(last).first()))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self.keys)}

    def between(self, first: str | None, last: str | None) -> Sequence[str]:
        """From one to another, both included; none when one of them is gone."""
        places = self._places
        if first is None or last is None or first not in places or last not in places:
            return ()
        return self.keys[places[first] : places[last] + 1]


def planned_work(
    instance: dg.DagsterInstance, run: dg.DagsterRun, partitions: Partitions | None = None
) -> dict[str, tuple[str, ...]]:
    """Which domains of which tournaments a run was to materialize; empty if it is none of ours.

    A caller with many runs gives the partitions, so that they are read once.
    """
    if run.job_name == REFRESH_JOB:
        return planned_refresh(run)
    if run.job_name == POLL_JOB:
        return planned_poll(run)
    if leaves_nothing(run):
        return {}
    # Empty, not None, for a whole job that `dp ingest` runs in its own process.
    if not run.asset_selection:
        domains = WHOLE.get(run.job_name, ())
    else:
        domains = in_order({key.to_user_string() for key in run.asset_selection})
    if not domains:
        return {}
    known = Partitions(instance) if partitions is None else partitions
    return dict.fromkeys(partitions_of(run, known), domains)


def partitions_of(run: dg.DagsterRun, partitions: Partitions) -> Sequence[str]:
    """The tournaments that a run is launched for in Dagster, whatever it makes of them."""
    key = run.tags.get("dagster/partition")
    if key is not None:
        return [key]
    first = run.tags.get("dagster/asset_partition_range_start")
    last = run.tags.get("dagster/asset_partition_range_end")
    return partitions.between(first, last)
