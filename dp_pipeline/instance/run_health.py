"""Whether the process of a run lives, under a run launcher of whatever class.

Run monitoring ends a run for every verdict of the launcher but RUNNING and SUCCESS. K8sRunLauncher
gives UNKNOWN when its API fails for a moment, CeleryRunLauncher while a run waits, and all of them
NOT_FOUND or UNKNOWN for a run that they have not launched, as `dp ingest` executes its own. In the
daemon a verdict that would end a run therefore has to agree with the locks of the ledger.
"""

from typing import Any
from uuid import UUID

from dagster import DagsterRun

from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.instance.dagster_internals import CheckRunHealthResult, WorkerStatus
from dp_pipeline.instance.worker import (
    MARK_TAG,
    FirstMessage,
    WorkerMark,
    cannot_tell,
    judged_here,
)
from dp_pipeline.ledger.reconcile import without_worker

_LIVES = (WorkerStatus.RUNNING, WorkerStatus.SUCCESS)


def confirm_deaths(launcher: Any, database: Database) -> None:
    """Let a run launcher call no run dead that a process works on.

    Args:
        launcher: of any class; runs that no launcher has launched are judged without it.
        database: with the ledger.
    """
    judge = launcher.check_run_worker_health

    def check_run_worker_health(run: DagsterRun) -> CheckRunHealthResult:
        mark = WorkerMark.from_tag(run.tags.get(MARK_TAG, ""))
        if mark is not None and mark.pid is not None:
            judged = judged_here(mark, FirstMessage(mark.pid, mark.wall))
        else:
            judged = judge(run)
        return judged if judged.status in _LIVES else _confirmed(judged, run, database)

    launcher.check_run_worker_health = check_run_worker_health


def _confirmed(
    judged: CheckRunHealthResult, run: DagsterRun, database: Database
) -> CheckRunHealthResult:
    """The verdict, unless the lock of the run is held or nobody can say whether it is."""
    try:
        with database.transaction() as connection:
            dead = without_worker(connection, [UUID(run.run_id)])
    except DatabaseError as error:
        return cannot_tell(f"{judged}; whether a process works on the run is not known: {error}")
    return judged if dead else cannot_tell(f"{judged}; but a process works on the run.")
