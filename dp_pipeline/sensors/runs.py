"""Dagster's runs as the ledger asks of them: which are over, and what they were to do."""

import time
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.executions import outbox
from dp_pipeline.executions.vocabulary import DOMAINS, Domain, in_order
from dp_pipeline.partitions import TOURNAMENTS

LOST_RUNS_PER_TICK = 25

_ENDED_BADLY = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OVER = (dg.DagsterRunStatus.SUCCESS, *_ENDED_BADLY)


def finished_runs(
    instance: dg.DagsterInstance,
    request_ids: Collection[UUID],
    *,
    looked_at: float | None = None,
) -> set[UUID]:
    """Of some runs those that will do nothing any more; an unknown one is finished.

    With `looked_at`, a run that ended badly later than that (Unix seconds) does not count yet: the
    rows it never opened are still to be added.
    """
    wanted = [str(id_) for id_ in request_ids]
    records = instance.get_run_records(dg.RunsFilter(run_ids=wanted)) if wanted else []
    going_on = {
        record.dagster_run.run_id
        for record in records
        if record.dagster_run.status not in _OVER
        or (
            looked_at is not None
            and record.dagster_run.status in _ENDED_BADLY
            and _updated(record) > looked_at
        )
    }
    return {UUID(id_) for id_ in wanted if id_ not in going_on}


def record_lost_runs(
    context: dg.SensorEvaluationContext, store: Database, after: float
) -> tuple[int, float]:
    """Give runs that failed or were cancelled since `after` the rows they never opened.

    Returns:
        The number of rows, and the time up to which runs have been looked at.
    """
    instance = context.instance
    records = instance.get_run_records(
        dg.RunsFilter(
            statuses=list(_ENDED_BADLY),
            updated_after=datetime.fromtimestamp(after, UTC),
        ),
        limit=LOST_RUNS_PER_TICK,
        order_by="update_timestamp",
        ascending=True,
    )
    added = 0
    for record in records:
        run = record.dagster_run
        planned = planned_work(instance, run)
        if planned:
            ended = datetime.fromtimestamp(record.end_time or time.time(), UTC)
            added += outbox.record_lost(
                store,
                UUID(run.run_id),
                planned,
                reason=_how_it_ended(run),
                ended_at=ended,
            )
        after = max(after, _updated(record))
    return added, after


def _updated(record: dg.RunRecord) -> float:
    return record.update_timestamp.replace(tzinfo=UTC).timestamp()


def planned_work(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, tuple[Domain, ...]]:
    """Which domains of which tournaments a run was to materialize; empty if it is none of ours."""
    # Empty, not None, for a whole job that `dp ingest` runs in its own process.
    if not run.asset_selection:
        domains = DOMAINS if run.job_name == "ingest_tournaments" else ()
    else:
        domains = in_order({key.to_user_string() for key in run.asset_selection})
    if not domains:
        return {}
    key = run.tags.get("dagster/partition")
    if key is not None:
        return {key: domains}
    first = run.tags.get("dagster/asset_partition_range_start")
    last = run.tags.get("dagster/asset_partition_range_end")
    keys = list(instance.get_dynamic_partitions(str(TOURNAMENTS.name)))
    if first not in keys or last not in keys:
        return {}
    return dict.fromkeys(keys[keys.index(first) : keys.index(last) + 1], domains)


def _how_it_ended(run: dg.DagsterRun) -> str:
    if run.status is dg.DagsterRunStatus.CANCELED:
        return "The run was cancelled before this was begun."
    return "The run failed before this was begun; its page in Dagster says why."
