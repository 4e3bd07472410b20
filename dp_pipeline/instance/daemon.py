"""One daemon per Dagster storage: the second says so, waits until the first is gone, and goes on.

Two daemons, of two machines with one DAGSTER_POSTGRES_URL or a `dagster dev` forgotten in another
terminal, launched 43 runs in place of 31. Only classes that dagster.yaml names reach a daemon that
is started by hand, so this hangs on the run coordinator (coordinator.py).
"""

import json
import logging
import os
import socket
import sys
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from dagster import DagsterEvent, DagsterInstance, DagsterRunStatus, RunsFilter

from dp_pipeline.instance.dagster_internals import LaunchRunContext, raise_interrupts_as
from dp_pipeline.instance.home import dagster_directory
from dp_pipeline.instance.storage_lock import (
    StorageLock,
    StorageLockError,
    lock_of,
    storage_errors,
)
from dp_pipeline.settings import Settings

_NAME = "dp_pipeline.daemon"
LAUNCH_TAG = ".dagster/dp_daemon"
_TRIED_EVERY = 2.0
_CHECKED_EVERY = 2.0
_RETAKEN_EVERY = 0.1
_GRACE_SECONDS = 4.0
_GRACE_CHECKS = 4
"""How long a lock has to be free before another than its last holder takes it. One whose connection
was cut has it back sooner; without this two daemons alternated, each time with a start of 20 s."""
_PATIENCE_SECONDS = 20.0

_logger = logging.getLogger("dagster.daemon")


class DaemonLeaseError(Exception):
    """This process cannot say that it is the only daemon, so it must not launch. Try again."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The daemon that last held the lease."""

    id: str
    host: str
    pid: int
    since: str

    @classmethod
    def this_process(cls) -> Self:
        """A holder that never was before: an id, because numbers of processes come again."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(str(uuid.uuid4()), socket.gethostname(), os.getpid(), now)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class DaemonLease:
    """The right to be the daemon of a storage, and the way to it.

    A lock says who may; a record in the storage says who was last. The connection of a lock may be
    cut at any time. Whoever takes the lock back and finds its own record knows that nobody else was
    the daemon meanwhile and goes on; whoever finds another's starts anew, as after a kill, because
    what its threads had read may be done by now.
    """

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._records = instance.run_storage
        self._lock: StorageLock = lock_of(
            instance.run_storage, dagster_directory(Settings.load()), _NAME
        )
        self._me = Holder.this_process()
        self._sole = threading.Event()
        self._released = threading.Event()

    def acquire(self) -> None:
        """Wait until no other daemon has the lease, saying so once.

        Raises:
            StorageLockError: the storage gives no lock at all.
            KeyboardInterrupt: stopped while waiting.
        """
        waited = False
        with raise_interrupts_as(KeyboardInterrupt):
            while not self._begin(patient=waited):
                if not waited:
                    _logger.warning(self._waiting())
                    waited = True
                time.sleep(_TRIED_EVERY)
        if waited:
            _logger.warning("The other daemon has ended; this one goes on.")
        self._sole.set()
        if self._lock.can_be_cut:
            threading.Thread(target=self._keep, name="daemon lease", daemon=True).start()

    def assure(self) -> None:
        """Return while this process is the only daemon; to be called right before launching.

        Raises:
            DaemonLeaseError: the storage has been away for too long to know.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self._lock.is_held() and self._sole.is_set()):
            if time.monotonic() > deadline:
                message = "Dagster's storage is away, so whether another daemon runs is not known."
                raise DaemonLeaseError(message)
            time.sleep(_RETAKEN_EVERY)

    def guard(self, launcher: Any) -> None:
        """Let a run launcher, of whatever class, launch only while this is the only daemon.

        Dagster calls a run STARTING before it has it launched, and another daemon takes only what
        is QUEUED: with this check in between no run is launched by both. The tag comes before the
        check, so that a run without it was not and will not be launched; see `_queue_again`.
        """
        launch, resume = launcher.launch_run, launcher.resume_run

        def launch_run(context: LaunchRunContext) -> None:
            self._instance.add_run_tags(context.dagster_run.run_id, {LAUNCH_TAG: self._me.id})
            self.assure()
            launch(context)

        def resume_run(context: Any) -> None:
            self.assure()
            resume(context)

        launcher.launch_run, launcher.resume_run = launch_run, resume_run

    def release(self) -> None:
        """Let another daemon go on, at once if the storage can note it."""
        self._released.set()
        if self._sole.is_set() and self._lock.is_held():
            with suppress(StorageLockError):  # then the other waits a little, as after a kill
                self._record(None)
        self._lock.release()

    def _begin(self, *, patient: bool) -> bool:
        try:
            return self._take()
        except StorageLockError:
            self._lock.release()
            if patient:
                return False  # a storage that restarts while this waits is no reason to give up
            raise

    def _take(self) -> bool:
        if not self._lock.try_acquire():
            return False
        last = self._last_holder()
        if self._lock.can_be_cut and last is not None:
            for _ in range(_GRACE_CHECKS):
                self._lock.release()
                time.sleep(_GRACE_SECONDS / _GRACE_CHECKS)
                if not self._lock.try_acquire() or self._last_holder() != last:
                    self._lock.release()
                    return False
        self._record(self._me)
        if last is not None:
            self._queue_again()
        return True

    def _queue_again(self) -> None:
        """Put back what a daemon that is gone took out of the queue and did not come to launch.

        Such runs filled the places of the queue for two minutes and were then called failed.
        """
        with storage_errors():
            for run in self._instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTING])):
                if run.remote_job_origin is not None and LAUNCH_TAG not in run.tags:
                    event = DagsterEvent.job_enqueue(run)
                    self._instance.report_dagster_event(event, run_id=run.run_id)

    def _keep(self) -> None:
        """Take the lock back whenever it is lost."""
        while not self._released.is_set():
            if self._lock.is_held():
                self._lock.wait(_CHECKED_EVERY)
                continue
            self._sole.clear()
            while not self._released.is_set() and not self._resume():
                time.sleep(_RETAKEN_EVERY)

    def _resume(self) -> bool:
        try:
            taken = self._lock.try_acquire()
            last = self._last_holder()
        except StorageLockError:
            self._lock.release()
            return False  # the storage is away; `assure` lets nothing pass meanwhile
        if last is None or last.id != self._me.id:
            self._lock.release()
            _start_anew(last)
        if taken:
            self._sole.set()
        # not taken, though nobody else was: the server has not yet noticed that our session is gone
        return taken

    def _last_holder(self) -> Holder | None:
        with storage_errors():
            text = self._records.get_cursor_values({_NAME}).get(_NAME, "")
        return Holder(**json.loads(text)) if text else None

    def _record(self, holder: Holder | None) -> None:
        text = json.dumps(asdict(holder)) if holder else ""
        with storage_errors():
            self._records.set_cursor_values({_NAME: text})

    def _waiting(self) -> str:
        holder = self._last_holder()
        return (
            f"{_another(holder)} works on this Dagster storage already; this one, {self._me}, waits"
            " until that one has ended."
        )


def _another(holder: Holder | None) -> str:
    return "Another daemon" if holder is None else f"Another daemon, {holder},"


def _start_anew(holder: Holder | None) -> None:
    _logger.warning(
        "%s took this Dagster storage over while the connection to it was cut; this one starts"
        " anew.",
        _another(holder),
    )
    sys.stdout.flush()
    sys.stderr.flush()
    # In place of the threads, which cannot be stopped: the process, its parent and the pipe by
    # which `dagster dev` ends it stay what they are.
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - this very program
