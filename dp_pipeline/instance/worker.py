"""Whether the process that works on a run still lives: what is written down, and the verdict.

`verdict` decides as a function of values; `WorkerMark.taken_now`, `local_boot` and `process_of`
read the machine.

A pid alone is not enough: after a restart, above all of a container, another process soon has it.
So a mark is written on the run before it is launched, and a process is the worker only if it has
the worker's pid *and* began between the mark and the worker's first message. Times are seconds
since boot, because the wall clock is set forward or back while runs go on.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil
from pydantic import TypeAdapter, ValidationError

from dp_pipeline.instance.dagster_internals import CheckRunHealthResult, WorkerStatus
from dp_pipeline.instance.home import dagster_directory, home_id
from dp_pipeline.settings import Settings

MARK_TAG = ".dagster/dp_worker"
"""Tags below `.dagster/` are kept out of Dagster's pages."""

CLOCK_SLACK_SECONDS = 1.0
"""The kernel counts a process' beginning in hundredths; the rest is for the wall clock's drift."""

# Linux only
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_SPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class WorkerMark:
    """Where and when a run was launched, written on the run before it is.

    Args:
        home: identity of the state directory, see `home_id`.
        boot: identity of this boot of the kernel; "" where the system has none.
        uptime: seconds since boot.
        wall: the same moment in Unix seconds, to place the worker's first message.
        pid: the worker, when it is the process that wrote the mark.
        space: in which namespace of Linux that number means it: two containers may share a home.
    """

    home: str
    boot: str
    uptime: float
    wall: float
    pid: int | None = None
    space: str = ""

    @classmethod
    def taken_now(cls, *, by_the_worker: bool = False) -> Self:
        """The mark of a run that is launched now, or that this very process works on."""
        me = psutil.Process() if by_the_worker else None
        now = time.time()
        return cls(
            home=home_id(dagster_directory(Settings.load())),
            boot=local_boot(),
            uptime=_began(me) if me else _uptime(),
            wall=now,
            pid=me.pid if me else None,
            space=_space() if me else "",
        )

    def to_tag(self) -> str:
        """The value of the run's tag."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_tag(cls, text: str) -> Self | None:
        """The mark in a tag; None for a text that is none, which somebody else wrote."""
        try:
            return TypeAdapter(cls).validate_json(text)
        except ValidationError:
            return None


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """The worker's own "Started process for run (pid N)": its pid, and when in Unix seconds."""

    pid: int
    wall: float


@dataclass(frozen=True, slots=True)
class LocalProcess:
    """A process of this machine: when it began in seconds since boot, and whether it has ended.

    A zombie is one whose exit code nobody has read.
    """

    began: float
    zombie: bool


def local_boot() -> str:
    """The identity of this boot of the kernel; "" where the system has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except FileNotFoundError:
        return ""


def _space() -> str:
    return str(_PID_SPACE.readlink()) if _PID_SPACE.exists() else ""


def _uptime() -> float:
    if sys.platform == "linux":
        # psutil.boot_time() is in whole seconds here
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - psutil.boot_time()


def _began(process: psutil.Process) -> float:
    # psutil adds the boot time of this moment, so taking it off again leaves the kernel's number
    return process.create_time() - psutil.boot_time()


def process_of(pid: int) -> LocalProcess | None:
    """The process that has this pid now, None if there is none."""
    try:
        process = psutil.Process(pid)
        return LocalProcess(_began(process), process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return None


def verdict(
    mark: WorkerMark, message: FirstMessage, boot: str, process: LocalProcess | None
) -> CheckRunHealthResult:
    """Whether the process that has the worker's pid is the worker, and alive."""
    if mark.boot != boot:
        return _dead(f"The machine was restarted while process {message.pid} worked on this run.")
    if process is None:
        return _dead(f"Process {message.pid}, which worked on this run, is gone.")
    if process.zombie:
        return _dead(f"Process {message.pid}, which worked on this run, has ended.")
    latest = mark.uptime + max(message.wall - mark.wall, 0.0) + CLOCK_SLACK_SECONDS
    if not mark.uptime - CLOCK_SLACK_SECONDS <= process.began <= latest:
        return _dead(
            f"Process {message.pid}, which worked on this run, is gone; its number now belongs to "
            "another program."
        )
    return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(message.pid))


def judged_here(mark: WorkerMark, message: FirstMessage) -> CheckRunHealthResult:
    """The verdict by the processes of this machine; none of a run of another one."""
    if mark.home != home_id(dagster_directory(Settings.load())):
        return cannot_tell(
            "The run was launched from another state directory (DP_HOME); its process cannot be "
            "seen from here."
        )
    if mark.space not in {"", _space()}:
        return cannot_tell("The run works in another container; its process cannot be seen.")
    return verdict(mark, message, local_boot(), process_of(message.pid))


def cannot_tell(reason: str) -> CheckRunHealthResult:
    """RUNNING for want of a verdict: Dagster ends a run for UNKNOWN, too."""
    decides = "The ledger's locks and the time limits decide."
    return CheckRunHealthResult(WorkerStatus.RUNNING, f"{reason} {decides}")


def _dead(message: str) -> CheckRunHealthResult:
    return CheckRunHealthResult(WorkerStatus.FAILED, message)
