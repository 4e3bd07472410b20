"""Events of assets, many in one write: executions end faster than Dagster writes one by one."""

from collections.abc import Sequence
from uuid import uuid4

import dagster as dg

from dp_pipeline.instance.dagster_internals import DagsterEvent, DagsterEventBatchMetadata

Context = dg.AssetExecutionContext | dg.OpExecutionContext
AssetEvent = dg.AssetMaterialization | dg.AssetObservation


def log_together(context: Context, events: Sequence[AssetEvent]) -> None:
    """Log events as `log_event` of the context does, in one write where the storage has one."""
    # Loaded already where it is the storage.
    from dp_pipeline.instance.sqlite_storage import SqliteEvents

    # Of events of several assets Dagster's own storage in Postgres notes the last one alone.
    if len(events) == 1 or not isinstance(context.instance.event_log_storage, SqliteEvents):
        for event in events:
            context.log_event(event)
        return
    step, batch = context.get_step_execution_context(), str(uuid4())
    for place, event in enumerate(events, start=1):
        part = DagsterEventBatchMetadata(batch, is_end=place == len(events))
        if isinstance(event, dg.AssetMaterialization):
            DagsterEvent.asset_materialization(step, event, part)
        else:
            DagsterEvent.asset_observation(step, event, part)
