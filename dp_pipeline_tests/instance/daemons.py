"""Real daemons on a project whose runs, schedule and sensor say in a file that they have begun."""

import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from dp_pipeline_tests.dagster_dev import ROOT, wait_for
from dp_pipeline_tests.instance.project import make_project

_DEFINITIONS = """
from pathlib import Path
import dagster as dg

BEGUN = Path({begun!r})

@dg.asset
def work(context: dg.AssetExecutionContext) -> None:
    tags = context.run.tags
    what = tags.get("dagster/sensor_name") or tags.get("dagster/schedule_name") or "by hand"
    tick = tags.get(".dagster/scheduled_execution_time")
    with BEGUN.open("a") as file:  # one write of a short line, which no other can break up
        file.write(f"{{what}} {{context.run_id}} {{tick}}\\n")

job = dg.define_asset_job("job", [work])

@dg.sensor(job=job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def counting(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return dg.RunRequest(tags={{"number": str(number)}})

@dg.sensor(job=job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def many(context):
    if context.cursor is None and {queued}:
        context.update_cursor("asked")
        return [dg.RunRequest() for _ in range({queued})]

@dg.schedule(job=job, cron_schedule="* * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def minutely(context):
    return dg.RunRequest()

def from_settings() -> dg.Definitions:  # what the shipped workspace.yaml names
    return dg.Definitions(
        assets=[work], jobs=[job], sensors=[counting, many], schedules=[minutely],
        executor=dg.in_process_executor,
    )
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the runs have written."""

    file: Path

    def lines(self) -> list[list[str]]:
        """Of each beginning: by what it was asked for, the run, the tick of a schedule."""
        if not self.file.exists():
            return []
        return [line.rsplit(" ", 2) for line in self.file.read_text().splitlines()]

    def times(self) -> Counter[str]:
        """How often each run has begun."""
        return Counter(run for _, run, _ in self.lines())

    def ticks(self) -> list[str]:
        """The ticks of the schedule for which runs have begun."""
        return [tick for what, _, tick in self.lines() if what == "minutely"]

    def count(self, what: str) -> int:
        """How many runs a sensor, a schedule or "by hand" has begun."""
        return sum(found == what for found, _, _ in self.lines())


def counting_project(directory: Path, *, queued: int = 0) -> tuple[Path, Begun]:
    """Make the project; what its runs write is outside of it.

    Its sensors ask for a run every few seconds, and for `queued` runs at once; its schedule for
    one every minute.
    """
    project = make_project(directory / "project", poll_seconds=1)
    begun = directory / "begun.txt"
    (project / "stub_definitions.py").write_text(
        _DEFINITIONS.format(begun=str(begun), queued=queued)
    )
    return project, Begun(begun)


@dataclass(frozen=True, slots=True)
class Daemon:
    """A `dagster-daemon run` typed in a project."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, words: str, seconds: float = 60) -> None:
        """Wait for it to say something."""

        def said() -> bool | None:
            text = self.log.read_text(errors="replace")
            assert self.process.poll() is None or words in text, text
            return True if words in text else None

        wait_for(f"{words!r} in {self.log.name}", said, seconds)

    def family(self) -> list[psutil.Process]:
        """It and its code server."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]


WAITS = "waits until that one has ended"
WORKS = "Instance is configured with the following daemons"


@contextlib.contextmanager
def daemon(project: Path, name: str, environment: Mapping[str, str]) -> Generator[Daemon]:
    """Run a daemon until the end of the block; everything it started ends with it."""
    log = project.parent / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("dagster-daemon"), "run", "-w", "workspace.yaml"],
            cwd=project,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(project.parent),
                "PYTHONPATH": str(ROOT),
                "DAGSTER_HOME": str(project),
                **environment,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    made = Daemon(process, log)
    try:
        yield made
    finally:
        if process.poll() is None:
            for member in made.family():
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
        process.wait()
