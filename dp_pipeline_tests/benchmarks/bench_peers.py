"""One season of 380 matches as whole processes: `dp ingest`, and another project's reader in turn.

Both read the same simulated league from the same server, which takes 50 ms to answer. soccerdata
reads it and prints it, where DP_SOCCERDATA_PYTHON names a Python that has it (see
`test_foreign_reader`); `dp ingest` stores it as well, keeps the payloads and writes reports.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from dp_pipeline.sandbox.server import app
from dp_pipeline.sandbox.world.calendar import FIRST_YEAR, HOME_SEASON
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.benchmarks.cpu import Cost, ended
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.benchmarks.world import Delayed
from dp_pipeline_tests.sandbox import foreign_reader
from dp_pipeline_tests.sandbox.worlds import key_of, percent, standing_still
from dp_pipeline_tests.servers import serve

LATENCY_SECONDS = 0.05
PAIRS = 5
_DP = str(Path(sys.executable).with_name("dp"))
_WORLD = World(1, 13)
_OF_20_TEAMS, _OF_18 = 13, 1


def measure(pairs: int = PAIRS) -> Iterator[dict[str, Any]]:
    """A first read by each, in turn."""
    python = os.environ.get("DP_SOCCERDATA_PYTHON")
    played = Delayed(app(standing_still(_WORLD, percent(100))), LATENCY_SECONDS)
    with place() as (top, home), serve(played) as url:
        environment = {"HOME": str(top), "DP_HOME": str(home), "SANDBOX_BASE_URL": url}
        ended([_DP, "ingest", key_of(_OF_18)], environment)  # makes the database
        ours, theirs = [], []
        for number in range(pairs):
            ours.append(ended([_DP, "ingest", key_of(_OF_20_TEAMS)], environment))
            remove = [_DP, "remove", "--yes", key_of(_OF_20_TEAMS)]
            subprocess.run(remove, env=os.environ | environment, check=True, capture_output=True)
            if python:
                folder = top / f"soccerdata{number}"
                theirs.append(ended([python, *_reader(url, folder)], {"HOME": str(top)}))
    yield _row("dp ingest of 380 matches, 50 ms latency", ours)
    if theirs:
        yield _row("soccerdata, the same", theirs)
        yield {
            "what": "dp ingest / soccerdata, median of ratios",
            "wall": round(median(a.wall / b.wall for a, b in zip(ours, theirs, strict=True)), 2),
            "cpu": round(median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True)), 2),
        }


def _reader(url: str, folder: Path) -> list[str]:
    year = FIRST_YEAR + HOME_SEASON
    seasons, league = f"{year % 100}{(year + 1) % 100}", _WORLD.name(_OF_20_TEAMS)
    return [foreign_reader.__file__, f"{url}/api/v1/", str(folder), league, seasons]


def _row(what: str, costs: list[Cost]) -> dict[str, Any]:
    wall, cpu = (round(median(of), 2) for of in zip(*((c.wall, c.cpu) for c in costs), strict=True))
    return {"what": what, "wall": wall, "cpu": cpu, "n": len(costs)}
