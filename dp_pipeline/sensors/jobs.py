"""Jobs whose last run failed without a word in the ledger: nothing else tells of it.

A run of tournaments leaves rows, whatever becomes of it; those are told by announce.py. What a
failed check of a run says is told with the check.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.events import JobFailureData, RunFailureReason

from dp_pipeline.messages.mrkdwn import duration
from dp_pipeline.messages.notice import Notice
from dp_pipeline.sensors.runs import planned_work
from dp_pipeline.sensors.watched import Change, Watched, without
from dp_pipeline.settings import Settings

_OVER = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
STARTS = 3
"""Runs in a row that did not begin before that is told."""
_CHECKED = dg.DagsterEventType.ASSET_CHECK_EVALUATION
_STEP_FAILED = dg.DagsterEventType.STEP_FAILURE
_RUN_FAILED = dg.DagsterEventType.RUN_FAILURE


def job_changes(
    context: dg.SensorEvaluationContext,
    watched: Watched,
    settings: Settings,
    *,
    each: Callable[[str], AbstractContextManager[None]],
) -> list[Change]:
    """A message per job whose last run failed, or ended well after such a one.

    Not of what is materialized by hand: that is of one job, whatever the assets are, and whoever
    did it is looking.
    """
    repository = context.repository_def
    names = [] if repository is None else sorted(repository.job_names)
    found: list[Change | None] = []
    for name in names:
        if name != IMPLICIT_ASSET_JOB_NAME:
            with each(f"looking at the job {name}"):
                found.append(_job(context.instance, name, watched, settings))
    return [change for change in found if change is not None]


def _job(
    instance: dg.DagsterInstance, name: str, watched: Watched, settings: Settings
) -> Change | None:
    ended_runs = dg.RunsFilter(job_name=name, statuses=_OVER)
    last = instance.get_run_records(ended_runs, limit=STARTS)
    if not last:
        return None
    run = last[0].dagster_run
    ended = last[0].end_time or last[0].update_timestamp.replace(tzinfo=UTC).timestamp()
    url = f"{settings.dagster_url}/runs/{run.run_id}"
    since = watched.jobs.get(name)
    if since is not None:
        if not run.is_success:
            return None
        text = f"It had failed for {duration(round((ended - since) * 1_000))}."
        return Change(
            Notice("news", f"The job {name} works again", text, url=url),
            lambda known: replace(known, jobs=without(known.jobs, name)),
        )
    if last[0].start_time is None and not (
        len(last) == STARTS
        and all(each.start_time is None and not each.dagster_run.is_success for each in last)
    ):
        # A busy host does not start a run in time; the next tick, or day, asks for another.
        return None
    said = None if run.is_success or planned_work(instance, run) else _failure(instance, run)
    if said is None:
        return None
    text = (
        f"Its run that ended at {datetime.fromtimestamp(ended, UTC):%Y-%m-%d %H:%M} UTC failed and "
        "left nothing in the ledger. What it is for is not done until a run of it ends well."
    )
    return Change(
        Notice("failure", f"The job {name} fails", text, detail=settings.conceal(said), url=url),
        lambda known: replace(known, jobs={**known.jobs, name: ended}),
    )


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Why a run failed; None if somebody cancelled it, or a check of it tells why."""
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
