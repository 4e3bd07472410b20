"""CPU time of a whole family of processes, the ended ones included. Linux and macOS."""

import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

_IMPORTS = 5
SETTLE_SECONDS = 12
IDLE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took, in seconds."""

    cpu: float
    wall: float

    @property
    def rate(self) -> float:
        """CPU seconds per second: 1.0 is one core."""
        return self.cpu / self.wall


def ended(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """What a command took as a whole process, with those it waited for."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    path = {"PATH": os.environ["PATH"]}
    subprocess.run(command, env={**path, **environment}, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, wall)


def importing_dagster() -> float:
    """CPU seconds of `import dagster` as a whole process: what a second is worth here and now.

    The same night took 0.14 s of each tournament in one hour and 0.19 s in another, and the import
    0.95 s and 1.16 s.
    """
    command = [sys.executable, "-c", "import dagster"]
    return median(ended(command, {}).cpu for _ in range(_IMPORTS))


def family(top: int, home: Path) -> list[psutil.Process]:
    """A process, all below it, and the database server of a home, which belongs to nobody."""
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(top)
        found |= {p.pid: p for p in [root, *root.children(recursive=True)]}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid not in found and str(home) in " ".join(process.cmdline()):
                found |= {p.pid: p for p in [process, *process.children(recursive=True)]}
    return list(found.values())


def idling(top: int, home: Path) -> Cost:
    """What a family costs that has nothing to do: what is to be measured waits meanwhile too."""
    time.sleep(SETTLE_SECONDS)
    meter = Meter(lambda: family(top, home))
    time.sleep(IDLE_SECONDS)
    return meter.read()[0]


def spent(processes: Collection[psutil.Process]) -> dict[str, float]:
    """CPU seconds so far by kind of process.

    A process is charged with its children once it has waited for them, so the sum over the living
    holds what has ended below them.
    """
    seconds: dict[str, float] = {}
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            try:
                name = kind_of(process.cmdline())
            # It has ended and nobody has waited for it yet; a run of 40 tournaments cost nothing.
            except psutil.ZombieProcess:
                name = "ended"
            seconds[name] = seconds.get(name, 0.0) + times.user + times.system
            ended = f"{name}: children"
            seconds[ended] = seconds.get(ended, 0.0) + times.children_user + times.children_system
    return seconds


@dataclass
class Meter:
    """Measures a family from its making to `read`."""

    members: Callable[[], Collection[psutil.Process]]

    def __post_init__(self) -> None:
        self._before = spent(self.members())
        self._began = time.monotonic()

    def read(self) -> tuple[Cost, dict[str, float]]:
        """The cost so far, and the CPU seconds by kind of process."""
        wall = time.monotonic() - self._began
        after = spent(self.members())
        names = {**self._before, **after}
        parts = {name: after.get(name, 0.0) - self._before.get(name, 0.0) for name in names}
        return Cost(sum(parts.values()), wall), {n: round(s, 2) for n, s in parts.items() if s}


def kind_of(command: list[str]) -> str:
    """Which of our kinds of process has this command line."""
    words = {Path(word).name for word in command}
    for kind, signs in {
        "code server": {"grpc", "code-server"},
        "webserver": {"dagster_webserver", "dagster-webserver"},
        "daemon": {"dagster._daemon", "dagster-daemon"},
        "run worker": {"execute_run", "multiprocessing.spawn"},
        "postgres": {"postgres", "postgres:"},
    }.items():
        if words & signs or any(word.startswith("postgres:") for word in command):
            return kind
    return "dagster dev" if {"dagster", "dev"} <= words else "other"
