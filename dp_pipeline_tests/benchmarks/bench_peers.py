"""One season of 380 matches as whole processes: `dp ingest`, and other projects' readers in turn.

All read the same simulated league from the same server, which takes 50 ms to answer. soccerdata and
ScraperFC read it and print it, where DP_SOCCERDATA_PYTHON and DP_SCRAPERFC_PYTHON name a Python
that has them (see `test_foreign_readers`); `dp ingest` stores it as well, keeps the payloads and
writes reports. soccerdata's reader of SofaScore reads teams, a table and matches; ScraperFC's reads
matches only, with a Chromium that it starts anew for each of 15 addresses. Now and then one does
not come up, and the read fails: what failed is counted and not measured.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from dp_pipeline.sandbox.server import app
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.calendar import FIRST_YEAR, HOME_SEASON
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.benchmarks.cpu import Cost, ended
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.benchmarks.world import Delayed
from dp_pipeline_tests.sandbox import scraperfc_reader, soccerdata_reader
from dp_pipeline_tests.sandbox.worlds import key_of, percent, standing_still
from dp_pipeline_tests.servers import serve

LATENCY_SECONDS = 0.05
PAIRS = 5
_DP = str(Path(sys.executable).with_name("dp"))
_WORLD = World(1, 13)
_OF_20_TEAMS, _OF_18 = 13, 1


def measure(pairs: int = PAIRS) -> Iterator[dict[str, Any]]:
    """A first read by each, in turn."""
    played = Delayed(app(standing_still(_WORLD, percent(100))), LATENCY_SECONDS)
    with place() as (top, home), serve(played) as url:
        environment = {"HOME": str(top), "DP_HOME": str(home), "SANDBOX_BASE_URL": url}
        ended([_DP, "ingest", key_of(_OF_18)], environment)  # makes the database
        ours: list[Cost] = []
        theirs: dict[str, list[tuple[Cost, Cost]]] = {}
        failed = Counter[str]()
        for number in range(pairs):
            ours.append(ended([_DP, "ingest", key_of(_OF_20_TEAMS)], environment))
            remove = [_DP, "remove", "--yes", key_of(_OF_20_TEAMS)]
            subprocess.run(remove, env=os.environ | environment, check=True, capture_output=True)
            folder = top / str(number)
            folder.mkdir()
            for name, command in _readers(url, folder):
                try:
                    cost = ended(command, {"HOME": str(folder), "TMPDIR": str(folder)})
                except subprocess.CalledProcessError:
                    failed[name] += 1
                else:
                    theirs.setdefault(name, []).append((ours[-1], cost))
    yield _row("dp ingest of 380 matches, 50 ms latency", ours)
    for name, pairs_of in theirs.items():
        yield {**_row(f"{name}, the same", [cost for _, cost in pairs_of]), "failed": failed[name]}
        yield {
            "what": f"dp ingest / {name}, median of ratios",
            "wall": round(median(our.wall / their.wall for our, their in pairs_of), 2),
            "cpu": round(median(our.cpu / their.cpu for our, their in pairs_of), 2),
        }
    for name in failed.keys() - theirs.keys():
        yield {"what": f"{name}, the same", "failed": failed[name]}


def _readers(url: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The name and the command of each reader that is here."""
    first, second = ((FIRST_YEAR + HOME_SEASON + more) % 100 for more in (0, 1))
    root, league = f"{url}/api/v1", _WORLD.name(_OF_20_TEAMS)
    if python := os.environ.get("DP_SOCCERDATA_PYTHON"):
        arguments = [f"{root}/", str(folder / "soccerdata"), league, f"{first}{second}"]
        yield "soccerdata", [python, soccerdata_reader.__file__, *arguments]
    if python := os.environ.get("DP_SCRAPERFC_PYTHON"):
        competition = str(identity.competition_id(_OF_20_TEAMS))
        arguments = [root, competition, f"{first}/{second}"]
        yield "ScraperFC (matches only)", [python, scraperfc_reader.__file__, *arguments]


def _row(what: str, costs: list[Cost]) -> dict[str, Any]:
    wall, cpu = (round(median(of), 2) for of in zip(*((c.wall, c.cpu) for c in costs), strict=True))
    return {"what": what, "wall": wall, "cpu": cpu, "n": len(costs)}
