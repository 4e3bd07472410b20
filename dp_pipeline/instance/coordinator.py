"""A run queue in which backfills come last, whoever launched them, and that one daemon empties.

Dagster's own reads a run without priority as 0, which is what a run has that a person waits for:
hundreds of runs of a backfill stood before a new season and beside every single materialization.
The daemon's work begins here: it waits for its lease, and lets the ledger confirm deaths of runs.
"""

from collections.abc import Mapping

from dagster import DagsterRun, QueuedRunCoordinator, SubmitRunContext

from dp_pipeline.database.database import Database
from dp_pipeline.instance.daemon import DaemonLease
from dp_pipeline.instance.dagster_internals import (
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    RETRY_NUMBER_TAG,
    RunQueueConfig,
)
from dp_pipeline.instance.run_health import confirm_deaths
from dp_pipeline.ledger.run_tags import PRIORITY_TAG, Priority
from dp_pipeline.settings import Settings


def missing_priority(tags: Mapping[str, str]) -> Priority | None:
    """The priority a run should have by its tags and has not; None to leave it as it is.

    A number that somebody gave to a backfill stays. A run that a person does again inherits the
    tags of the first one, its priority too, and is waited for now.
    """
    given = tags.get(PRIORITY_TAG)
    if BACKFILL_ID_TAG in tags:
        return Priority.BACKFILL if given is None else None
    again = PARENT_RUN_ID_TAG in tags and RETRY_NUMBER_TAG not in tags
    inherited = given in {str(int(each)) for each in (Priority.SENSOR, Priority.BACKFILL)}
    return Priority.MANUAL if again and inherited else None


class RankedRunCoordinator(QueuedRunCoordinator):
    """Queues as QueuedRunCoordinator does, with a priority on what has none of its own."""

    _lease: DaemonLease | None = None
    _ledger: Database | None = None

    @property
    def dequeue_interval_seconds(self) -> int:
        """Seconds between readings of the queue, once this process is the only daemon.

        Dagster reads it in the daemon alone, before that begins any of its work: the one place
        where a class that dagster.yaml names can have a second daemon wait, however it is started.
        """
        if self._lease is None:
            self._lease = DaemonLease(self._instance)
            self._lease.acquire()
            launcher, url = self._instance.run_launcher, Settings.load().database_url
            self._lease.guard(launcher)
            if url is not None:  # the embedded server is of one machine, whose processes are seen
                self._ledger = Database(url.get_secret_value())
                confirm_deaths(launcher, self._ledger)
        return super().dequeue_interval_seconds

    def get_run_queue_config(self) -> RunQueueConfig:
        """What dagster.yaml says, where the environment does not say how many runs work at once."""
        config, settings = super().get_run_queue_config(), Settings.load()
        limits = config.tag_concurrency_limits
        if settings.backfill_runs_at_once is not None:
            limits = [
                *(limit for limit in limits if limit["key"] != BACKFILL_ID_TAG),
                {"key": BACKFILL_ID_TAG, "limit": settings.backfill_runs_at_once},
            ]
        return config._replace(
            max_concurrent_runs=settings.runs_at_once or config.max_concurrent_runs,
            tag_concurrency_limits=limits,
        )

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tag the run before it is in the queue, where the daemon may take it at once."""
        if self._lease is not None:
            self._lease.assure()
        run = context.dagster_run
        priority = missing_priority(run.tags)
        if priority is not None:
            self._instance.add_run_tags(run.run_id, {PRIORITY_TAG: str(int(priority))})
        return super().submit_run(context)

    def dispose(self) -> None:
        """Let another daemon go on."""
        if self._lease is not None:
            self._lease.release()
        if self._ledger is not None:
            self._ledger.close()
