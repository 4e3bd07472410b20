"""The tests on other days than today: `make test-days`, and what their processes need for it.

No test may depend on the day, the hour, the time zone or a change of the clocks. Here libfaketime
moves the clock of every process, Postgres and Dagster's own included, by the same number of
seconds, so that time goes on; durations are measured by the monotonic clock, which is left alone.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

# Each change of the clocks comes five minutes after the beginning, and so does the new year.
DAYS: Mapping[str, tuple[str, str]] = {
    "leap-day": ("2028-02-29T12:00Z", "UTC"),
    "berlin-spring": ("2027-03-28T00:55Z", "Europe/Berlin"),
    "berlin-autumn": ("2027-10-31T00:55Z", "Europe/Berlin"),
    "new-york-spring": ("2027-03-14T06:55Z", "America/New_York"),
    "new-york-autumn": ("2027-11-07T05:55Z", "America/New_York"),
    "tuesday": ("2027-06-15T02:15Z", "UTC"),  # while the weekly re-read of OpenLigaDB is due
    "sunday": ("2027-06-20T15:30Z", "Europe/Berlin"),
    "new-year": ("2027-12-31T23:55Z", "UTC"),
}
YEAR_ON = "year-on"
# Without the longest; `make test-days TESTS=dp_pipeline_tests` runs all of them.
_TESTS = ("--ignore=dp_pipeline_tests/end_to_end", "-m", "not slow")

_CLOCK = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT", "TZ")
# The one that a package of the environment brings comes first: Debian 12 and Ubuntu 24.04 have
# 0.9.10, with which time.sleep fails since Python 3.11 (EINVAL).
_LIBRARIES = ("/usr/lib/*/faketime", "/usr/lib64/faketime", "/usr/local/lib/faketime")
_FILES = ("libfaketimeMT.so.1", "libfaketime.so.1")
_AHEAD = 1_000_000
_PROBE = """
import sys, threading, time
lock = threading.Lock()
lock.acquire()
began = time.monotonic()
time.sleep(0.01)
lock.acquire(timeout=0.01)
waited = time.monotonic() - began
sys.exit(not (abs(time.time() - float(sys.argv[1])) < 60 and 0.02 <= waited < 5))
"""


NO_LIBRARY = (
    "The clock cannot be moved here: no libfaketime that works with this Python was found. "
    "It comes with the environment on Linux (x86-64); elsewhere on Linux install libfaketime "
    "0.9.11 or newer."
)


def clock() -> dict[str, str]:
    """What a process with an environment of its own needs, to have this one's clock and zone."""
    return {name: os.environ[name] for name in _CLOCK if name in os.environ}


@dataclass(frozen=True, slots=True)
class Day:
    """When and where tests begin."""

    name: str
    at: datetime
    zone: str

    @classmethod
    def read(cls, text: str) -> "Day":
        """A day by its name, or any time in ISO format, in the zone of this process.

        Raises:
            click.UsageError: it is neither.
        """
        if text == YEAR_ON:
            return cls(text, datetime.now(UTC) + timedelta(days=365), "UTC")
        written, zone = DAYS.get(text, (text, os.environ.get("TZ", "UTC")))
        try:
            at = datetime.fromisoformat(written)
        except ValueError as error:
            message = f"{text!r} is neither a time nor one of {', '.join((YEAR_ON, *DAYS))}."
            raise click.UsageError(message) from error
        return cls(text, at if at.tzinfo else at.replace(tzinfo=UTC), zone)

    def environment(self, preloaded: Path) -> dict[str, str]:
        """The variables that make it this day in a process and in its children."""
        ahead = round((self.at - datetime.now(UTC)).total_seconds())
        return {**os.environ, **moved(preloaded, ahead), "TZ": self.zone}


def moved(preloaded: Path, seconds: int) -> dict[str, str]:
    """The variables by which the clock of a process is ahead, or behind for less than nothing."""
    return {
        "LD_PRELOAD": str(preloaded),
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",  # else Python takes all its bytecode for outdated
    }


@contextmanager
def library() -> Generator[Path | None]:
    """A libfaketime that works with this Python; None if there is none."""
    found = next((each for each in _candidates() if _works(each)), None)
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="dp-days-") as place:
        # where a server that root starts as another user can read it
        Path(place).chmod(0o755)
        copied = Path(shutil.copy(found, place))
        copied.chmod(0o755)
        yield copied


def _candidates() -> Iterator[Path]:
    if found := importlib.util.find_spec("libfaketime"):
        for folder in found.submodule_search_locations or ():
            yield Path(folder) / "vendor/libfaketime/src/libfaketime.so.1"
    for folder in _LIBRARIES:
        for file in _FILES:
            yield from sorted(Path("/").glob(f"{folder[1:]}/{file}"))


def _works(found: Path) -> bool:
    expected = datetime.now(UTC).timestamp() + _AHEAD
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, str(expected)],
            env={**os.environ, **moved(found, _AHEAD)},
            capture_output=True,
            timeout=30,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return found.is_file() and done.returncode == 0


def run(day: Day, preloaded: Path, tests: Sequence[str], workers: int) -> bool:
    """Whether the tests pass on a day."""
    click.echo(f"==> pytest on {day.name}: {day.at:%A %Y-%m-%d %H:%M} UTC, TZ={day.zone}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--numprocesses", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
    environment = day.environment(preloaded)
    return subprocess.run([*command, *tests], env=environment, check=False).returncode == 0


@click.command(help=__doc__.splitlines()[0])
@click.argument("days", nargs=-1)
@click.option("--tests", default="", help="What to give pytest; else all but end_to_end.")
@click.option("--workers", default=2, show_default=True)
def main(days: tuple[str, ...], tests: str, workers: int) -> None:
    """Run the tests on each of the days, all of them by default."""
    chosen = [Day.read(text) for text in days or (YEAR_ON, *DAYS)]
    given = shlex.split(tests) or _TESTS
    with library() as found:
        if found is None:
            raise click.ClickException(NO_LIBRARY)
        failed = [day.name for day in chosen if not run(day, found, given, workers)]
    if failed:
        message = f"The tests failed on {', '.join(failed)}."
        raise click.ClickException(message)
    click.echo(f"The tests passed on {', '.join(day.name for day in chosen)}.")


if __name__ == "__main__":
    main()
