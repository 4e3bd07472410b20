"""Jobs whose last run failed without a word in the ledger: nothing else announces it.

A run of tournaments leaves rows, whatever becomes of it. A failed check of a run is an incident of
its own.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC

import dagster as dg

from dp_pipeline.assets.retry_job import RETRY_JOB
from dp_pipeline.instance.dagster_internals import (
    IMPLICIT_ASSET_JOB_NAME,
    SENSOR_NAME_TAG,
    JobFailureData,
    RunFailureReason,
)
from dp_pipeline.jobs import planned_work
from dp_pipeline.ledger.run_tags import TERMINAL_TAG
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.settings import Settings

STARTS = 3
"""Runs in a row that did not begin before that is an incident."""

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_CHECKED = dg.DagsterEventType.ASSET_CHECK_EVALUATION
_STEP_FAILED = dg.DagsterEventType.STEP_FAILURE
_RUN_FAILED = dg.DagsterEventType.RUN_FAILURE


def detect(
    instance: dg.DagsterInstance,
    names: Collection[str],
    settings: Settings,
    *,
    automations: Collection[str] = (),
    each: Callable[[str], AbstractContextManager[None]],
) -> Iterator[Condition]:
    """How the jobs are by their last runs.

    Not what is materialized or tried again by hand: that is of one job, whatever the assets are,
    and whoever did it sees it fail. It is the job of `automations` too, sensors that materialize
    what follows from changed data: they are known by their name on the run. `each` is held around
    the work on one job.
    """
    runs = {
        **{
            name: dg.RunsFilter(job_name=name, statuses=_OVER)
            for name in set(names) - {IMPLICIT_ASSET_JOB_NAME, RETRY_JOB}
        },
        **{
            name: dg.RunsFilter(tags={SENSOR_NAME_TAG: name}, statuses=_OVER)
            for name in automations
        },
    }
    for name, of in sorted(runs.items()):
        condition = None
        with each(f"examining the job {name}"):
            condition = _condition(instance, name, of, settings)
        if condition is not None:
            yield condition


def _condition(
    instance: dg.DagsterInstance, name: str, runs: dg.RunsFilter, settings: Settings
) -> Condition | None:
    """None while nothing is certain.

    A run that was cancelled, or did not start, says nothing; and one at a terminal says it there.
    """
    last = instance.get_run_records(runs, limit=STARTS)
    if not last:
        return None
    run = last[0].dagster_run
    ended = last[0].end_time or last[0].update_timestamp.replace(tzinfo=UTC).timestamp()
    if run.is_success:
        return Condition("job", name, moment(ended))
    if TERMINAL_TAG in run.tags:
        return None
    unstarted = [each.start_time is None and not each.dagster_run.is_success for each in last]
    if unstarted[0] and not (len(last) == STARTS and all(unstarted)):
        # A busy host does not start a run in time; the next tick, or day, requests another.
        return None
    # The ledger has rows of the tournaments that a run was to work on.
    said = None if planned_work(instance, run) else _failure(instance, run)
    if said is None:
        return None
    summary = (
        f"Its run that ended at {moment(ended):%Y-%m-%d %H:%M} UTC failed and left nothing in the "
        "ledger. What it is for is not done until a run of it ends well."
    )
    page = f"/runs/{run.run_id}"
    return Condition("job", name, moment(ended), summary, settings.conceal(said), page)


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Why a run failed; None if somebody cancelled it, or a check of it says why."""
    logs = instance.all_logs(run.run_id, of_type={_CHECKED, _STEP_FAILED, _RUN_FAILED})
    events = [entry.dagster_event for entry in logs if entry.dagster_event is not None]
    if any(
        event.event_type is _CHECKED and not event.asset_check_evaluation_data.passed
        for event in events
    ):
        return None
    ended = [event for event in events if event.event_type is _RUN_FAILED]
    # It was stopped together with everything, as by ctrl-C; what ran for too long has another end.
    if ended and all(_was_stopped(event) for event in ended):
        return None
    # One that ran for too long is failed, and may end as cancelled when its process is stopped.
    if run.status is dg.DagsterRunStatus.CANCELED and not ended:
        return None
    return _said([event for event in events if event.event_type is _STEP_FAILED], ended)


def _was_stopped(event: dg.DagsterEvent) -> bool:
    data = event.event_specific_data
    stopped = RunFailureReason.UNEXPECTED_TERMINATION
    return isinstance(data, JobFailureData) and data.failure_reason is stopped


def _said(steps: Sequence[dg.DagsterEvent], ended: Sequence[dg.DagsterEvent]) -> str:
    for event in steps:
        error = event.step_failure_data.error
        if error is not None:
            # Dagster wraps what the code raised.
            return (error.cause or error).message
    return next((event.message for event in ended if event.message), "")
