import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from dp_pipeline_tests.days import DAYS, NO_LIBRARY, YEAR_ON, Day, library

# What Python and Postgres take for the time, and which local time that is; a lock that is waited
# for with a timeout, as the library of Debian 12 waits a year for it.
PROGRAM = """
import json, sys, threading
from datetime import UTC, datetime
from pathlib import Path
import psycopg
from dp_pipeline.embedded_postgres import EmbeddedPostgres
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=0.01)
server = EmbeddedPostgres(Path(sys.argv[1]), linger_seconds=0.1)
with psycopg.connect(server.url("postgres")) as connection:
    (theirs,) = connection.execute("SELECT clock_timestamp()").fetchone()
ours = datetime.now(UTC)
json.dump([ours.timestamp(), theirs.timestamp(), datetime.now().strftime("%d %H")], sys.stdout)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Not tmp_path: pytest's directories are private, and root's server is another user."""
    made = Path(tempfile.mkdtemp(prefix="dp-tests-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize(
    ("name", "local"), [("leap-day", "29 12"), ("berlin-autumn", "31 02"), ("new-year", "31 23")]
)
def test_on_another_day_python_and_the_database_have_the_same_clock(
    home: Path, name: str, local: str
) -> None:
    if "FAKETIME" in os.environ:
        pytest.skip("the clock of this process is moved already")
    day = Day.read(name)
    with library() as found:
        if found is None:
            pytest.skip(NO_LIBRARY)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(home)],
            env=day.environment(found),
            stdout=subprocess.PIPE,
            check=True,
        )
    ours, theirs, shown = json.loads(done.stdout)
    assert 0 <= ours - day.at.timestamp() < 240
    assert abs(ours - theirs) < 10
    assert shown == local


def test_the_days_are_what_they_are_called() -> None:
    days = {name: Day.read(name) for name in DAYS}
    assert f"{days['tuesday'].at:%A}" == "Tuesday"
    assert f"{days['sunday'].at:%A}" == "Sunday"
    year_on = Day.read(YEAR_ON).at - datetime.now(UTC)
    assert timedelta(days=364) < year_on <= timedelta(days=365)
    assert Day.read("2031-05-01T12:00").at == datetime(2031, 5, 1, 12, tzinfo=UTC)
    with pytest.raises(click.UsageError, match="'some day' is neither a time nor one of year-on"):
        Day.read("some day")
