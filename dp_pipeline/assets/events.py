"""Events of assets, many in one write: executions end faster than Dagster writes one by one."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import dagster as dg

from dp_pipeline.instance.dagster_internals import DagsterEvent, DagsterEventBatchMetadata

Context = dg.AssetExecutionContext | dg.OpExecutionContext
AssetEvent = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def log_together(context: Context, events: Sequence[AssetEvent]) -> None:
    """Log events as `log_event` of the context does, in one write where the storage has one."""
    # Loaded already where it is the storage.
    from dp_pipeline.instance.sqlite_storage import SqliteEvents

    # Of events of several assets Dagster's own storage in Postgres notes the last one alone.
    if len(events) == 1 or not isinstance(context.instance.event_log_storage, SqliteEvents):
        for event in events:
            # It takes evaluations, though its type does not say so; a test holds it to that.
            any_event: Any = event
            context.log_event(any_event)
        return
    step, batch = context.get_step_execution_context(), str(uuid4())
    for place, event in enumerate(events, start=1):
        part = DagsterEventBatchMetadata(batch, is_end=place == len(events))
        if isinstance(event, dg.AssetMaterialization):
            DagsterEvent.asset_materialization(step, event, part)
        elif isinstance(event, dg.AssetObservation):
            DagsterEvent.asset_observation(step, event, part)
        else:
            # Dagster's own for evaluations takes no part of a batch.
            kind, said = dg.DagsterEventType.ASSET_CHECK_EVALUATION, _sentence(event)
            DagsterEvent.from_step(kind, step, event, said, part)


def _sentence(evaluation: dg.AssetCheckEvaluation) -> str:
    """The line of the log, in Dagster's words."""
    came_to = "passed." if evaluation.passed else "did not pass."
    asset = evaluation.asset_key.to_user_string()
    said = f"Asset check '{evaluation.check_name}' on '{asset}' {came_to}"
    because = evaluation.description
    return said if because is None else f"{said} Description: '{because}'"
