"""Finished runs of Dagster that are too old, and removing them with their events and logs."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg

PAGE = 500
LAST_OF_A_JOB = 3
"""Runs of each job that stay: by its last ones it is told whether a job is well."""

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True, slots=True)
class Ours:
    """What of Dagster's storage, which other code locations may share, is of this one."""

    jobs: frozenset[str]
    assets: frozenset[dg.AssetKey]

    @classmethod
    def of(cls, repository: dg.RepositoryDefinition) -> "Ours":
        """What a repository has."""
        assets = repository.asset_graph.get_all_asset_keys()
        return cls(frozenset(repository.job_names), frozenset(assets))

    def has(self, run: dg.DagsterRun) -> bool:
        """Whether a run of a job of ours is ours: by hand, assets of all are materialized alike."""
        checks = run.asset_check_selection or ()
        assets = {*(run.asset_selection or ()), *(check.asset_key for check in checks)}
        return assets <= self.assets if assets else not run.job_name.startswith("__")


def old_runs(
    instance: dg.DagsterInstance, ours: Ours, before: datetime, needed: Collection[str]
) -> list[str]:
    """Ids of finished runs without a change since a time, by which nothing is told or shown.

    Args:
        instance: has them.
        ours: jobs and assets; runs of others are left alone.
        before: that time.
        needed: runs that stay.
    """
    shown = _shown(instance, ours.assets)
    found = []
    for job in sorted(ours.jobs):
        last = instance.get_run_records(dg.RunsFilter(job_name=job), limit=LAST_OF_A_JOB)
        stay = {*needed, *shown, *(record.dagster_run.run_id for record in last)}
        these = dg.RunsFilter(job_name=job, statuses=_OVER, updated_before=before)
        cursor = None
        while page := instance.get_runs(these, cursor=cursor, limit=PAGE):
            cursor = page[-1].run_id
            found += [run.run_id for run in page if run.run_id not in stay and ours.has(run)]
    return found


def remove_runs(instance: dg.DagsterInstance, runs: Collection[str]) -> Iterator[str]:
    """Remove runs one by one; yields each when it is gone."""
    # SQLite has a file of 140 KiB for the events of each run, which Dagster empties and leaves.
    file_of = getattr(instance.event_log_storage, "path_for_shard", None)
    for run_id in runs:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
        if file_of is not None:
            with suppress(OSError):
                Path(file_of(run_id)).unlink(missing_ok=True)
        yield run_id


def _shown(instance: dg.DagsterInstance, assets: Collection[dg.AssetKey]) -> set[str]:
    """The runs that have the last materialization of an asset or of a partition of it.

    Without it Dagster would take the partition for one that never was materialized.
    """
    runs = set()
    for key in assets:
        last = instance.get_latest_materialization_event(key)
        if last is not None:
            runs.add(last.run_id)
        ids = instance.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        newest = sorted(ids.values())
        for start in range(0, len(newest), PAGE):
            these = dg.AssetRecordsFilter(key, storage_ids=newest[start : start + PAGE])
            runs.update(
                each.run_id for each in instance.fetch_materializations(these, PAGE).records
            )
    return runs
