"""What things cost where much is stored, as a ratio to an almost empty database, in one run.

10,000 tournaments with 3.8 million matches and a million executions, unless told otherwise.
"""

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables.views import VIEWS
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.ledger.listing import ALL, newest_executions
from dp_pipeline_tests.benchmarks import bulk, world
from dp_pipeline_tests.benchmarks.bench_season import read_season
from dp_pipeline_tests.benchmarks.bench_ticks import Ticking, automations, environment
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.dagster_dev import ROOT, switch

TOURNAMENTS, MATCHES, EXECUTIONS = 10_000, 380, 100
REPEATS = 5
LISTED = 20
_KEY = "openfootball:en.1:1970-71"


def measure(tournaments: int = TOURNAMENTS) -> Iterator[dict[str, Any]]:
    """Everything, of an almost empty database and of one with so many tournaments."""
    with world.serving() as url:
        without = _walls(url, 0)
        filled = _walls(url, tournaments)
    for what, wall in filled.items():
        yield {
            "what": what,
            "empty": round(without[what], 4),
            f"{tournaments:,} tournaments": round(wall, 4),
            "ratio": round(wall / without[what], 2),
        }


def _walls(url: str, tournaments: int) -> dict[str, float]:
    """Seconds of each thing."""
    with place() as (_, home), environment(home):
        server = EmbeddedPostgres(home, linger_seconds=1)
        database = Database(server.url())
        try:
            database.ensure_current()
            (home / "competitions.yaml").write_text("competitions: []\n")
            with dg.DagsterInstance.from_config(str(ROOT)) as instance:
                if tournaments:
                    bulk.fill(server.url(), tournaments, MATCHES, EXECUTIONS)
                    keys = [f"openligadb:f{n}:2024" for n in range(1, tournaments + 1)]
                    instance.add_dynamic_partitions("tournaments", keys)
                walls = {
                    name: _median(work)
                    for name, work in _work(database, instance, home, url).items()
                }
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            return {**walls, "peak memory of this process, MiB": peak}
        finally:
            database.close()
            server.release()


def _median(work: Callable[[int], object]) -> float:
    walls = []
    for number in range(REPEATS):
        began = time.perf_counter()
        work(number)
        walls.append(time.perf_counter() - began)
    return median(walls)


def _work(
    database: Database, instance: dg.DagsterInstance, home: Path, url: str
) -> Mapping[str, Callable[[int], object]]:
    """What is measured; each is given the number of the repetition."""
    keys = world.openfootball_keys(REPEATS)

    def read(number: int) -> None:
        read_season(database, home, url, keys[number])

    def listed(_: int) -> None:
        with database.transaction() as connection:
            newest_executions(connection, ALL, limit=LISTED)

    def views(_: int) -> None:
        with database.transaction() as connection:
            for view in VIEWS:
                if "tournament_key" in view.column_types():
                    wanted = sa.text(f'SELECT * FROM "{view.name}" WHERE tournament_key = :key')  # noqa: S608 - our own names
                    connection.execute(wanted, {"key": _KEY}).fetchall()

    ticking = Ticking(instance, home)
    for automation in automations():
        switch(instance, automation, since=datetime.now(UTC).timestamp())
    return {
        "a first read of one tournament": read,
        "a second read of one tournament": read,
        f"the newest {LISTED} executions": listed,
        "all views of one tournament": views,
        **{
            f"a tick of {each.name}": lambda _, automation=each: ticking.tick(automation)
            for each in automations()
        },
    }
