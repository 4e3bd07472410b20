"""A run launcher that can tell whether a run's process still lives.

Dagster's DefaultRunLauncher cannot, so after a reboot, or a kill of everything, a run stayed
"started" for ever and its failure was never announced. With this one the daemon's run monitoring
ends the run at its next check. It judges only processes of its own machine: for runs that are
children of the code server. Elsewhere dagster.yaml names Dagster's own (Docker, Kubernetes, ECS).
"""

import re

from dagster import DagsterEventType, DagsterRun

from dp_pipeline.instance.dagster_internals import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
)
from dp_pipeline.instance.worker import (
    MARK_TAG,
    FirstMessage,
    WorkerMark,
    cannot_tell,
    judged_here,
)

_FIRST_MESSAGE = re.compile(r"Started process for run \(pid: (\d+)\)\.")  # dagster/_grpc/impl.py


def in_process_run_tags() -> dict[str, str]:
    """Tags for a run that the calling process executes itself, so that its death is noticed too."""
    return {MARK_TAG: WorkerMark.taken_now(by_the_worker=True).to_tag()}


class LocalHealthRunLauncher(DefaultRunLauncher):
    """Launches as DefaultRunLauncher does, and answers run monitoring's question after the worker.

    A run is judged when it carries our mark and its code server was reached over a Unix socket,
    that is, ran beside us. A code server at a host and port may be in another container, whose
    processes have numbers that mean nothing here. Runs that cannot be judged keep Dagster's time
    limits.
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        """Mark the run, then launch it.

        The mark comes first: were we killed between the two, a mark without a worker is harmless
        (start_timeout ends the run), a worker without a mark would not be missed.
        """
        self._instance.add_run_tags(
            context.dagster_run.run_id, {MARK_TAG: WorkerMark.taken_now().to_tag()}
        )
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes; it is why this class exists."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING if the worker lives or cannot be seen from here, FAILED if it is gone."""
        mark = WorkerMark.from_tag(run.tags.get(MARK_TAG, ""))
        if mark is None:
            return cannot_tell("The run was not launched by this launcher.")
        if mark.pid is not None:
            return judged_here(mark, FirstMessage(mark.pid, mark.wall))
        if '"socket"' not in run.tags.get(GRPC_INFO_TAG, ""):
            return cannot_tell("The code server of the run was not started on this machine.")
        first = self._first_message(run.run_id)
        if first is None:
            # a run is "started" by its worker, which says its pid before
            return cannot_tell("The process of the run has not said its number.")
        return judged_here(mark, first)

    def _first_message(self, run_id: str) -> FirstMessage | None:
        for entry in self._instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            said = _FIRST_MESSAGE.match(event.message or "") if event else None
            if said:
                return FirstMessage(int(said.group(1)), entry.timestamp)
        return None
