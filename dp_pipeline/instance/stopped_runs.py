"""Runs that are stopped with the server that launched them: cancelled, and queued anew.

A worker that is told to stop asks Dagster whether somebody cancelled its run, and calls it failed
if nobody did: one ctrl-C left red runs. And what nobody launches again stayed undone: a first read
that was cut off left its tournament empty, because the ledger says that it was tried.
"""

from collections.abc import Collection, Sequence
from uuid import uuid4

from dagster import DagsterEvent, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from dp_pipeline.instance.daemon import LAUNCH_TAG
from dp_pipeline.instance.dagster_internals import (
    GRPC_INFO_TAG,
    PARENT_RUN_ID_TAG,
    ROOT_RUN_ID_TAG,
)
from dp_pipeline.instance.worker import MARK_TAG

_AT_WORK = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
_OF_ONE_LAUNCH = frozenset({LAUNCH_TAG, MARK_TAG, GRPC_INFO_TAG})
_STOPPED = (
    "The server was stopped, and this run with it. The same is queued anew, and begins when the "
    "server is started next."
)


def cancel_runs(instance: DagsterInstance, sockets: Collection[str]) -> Sequence[DagsterRun]:
    """Let Dagster call cancelled what its workers are told to stop next.

    Args:
        instance: which remembers the runs.
        sockets: of the code servers that are stopped; other runs, such as that of a `dp ingest`
            in another terminal, go on.

    Returns:
        The runs at work that these code servers have launched.
    """
    runs = instance.get_runs(RunsFilter(statuses=_AT_WORK))
    mine = [
        run
        for run in runs
        if any(f'"{each}"' in run.tags.get(GRPC_INFO_TAG, "") for each in sockets)
    ]
    for run in mine:
        instance.report_run_canceling(run, _STOPPED)
    return mine


def queue_anew(instance: DagsterInstance, stopped: Sequence[DagsterRun]) -> int:
    """Queue runs that were cut off once more; how many.

    To be called when neither a worker nor a daemon is left: a worker that was killed has not said
    that it ended, and a daemon would launch what is queued.
    """
    queued = 0
    for before in reversed(stopped):  # the newest is first
        run = instance.get_run_by_id(before.run_id)
        if run is not None and not run.is_finished:
            instance.report_run_canceled(run, _STOPPED)
        elif run is None or run.status is not DagsterRunStatus.CANCELED:
            continue  # it came to its end before it heard
        again = _again(before)
        instance.add_run(again)
        instance.report_dagster_event(DagsterEvent.job_enqueue(again), run_id=again.run_id)
        queued += 1
    return queued


def _again(run: DagsterRun) -> DagsterRun:
    """The same run, not begun; in Dagster's pages it is the other one's re-execution."""
    root = run.root_run_id or run.run_id
    tags = {name: value for name, value in run.tags.items() if name not in _OF_ONE_LAUNCH}
    return run._replace(
        run_id=str(uuid4()),
        status=DagsterRunStatus.NOT_STARTED,
        root_run_id=root,
        parent_run_id=run.run_id,
        tags={**tags, ROOT_RUN_ID_TAG: root, PARENT_RUN_ID_TAG: run.run_id},
    )
