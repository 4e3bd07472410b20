"""A backfill launched through the running daemon: CPU of everything, from launch to end.

Ours over 200 small tournaments of each provider, and Dagster as it comes, one run per partition,
over fewer: of all of them the cost of idling for the same time is known too, so that the few
partitions of the latter do not carry the daemon's waiting for them. Charts and exports follow in
runs of their own, of which a backfill has what was begun before it ended, and the next one nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.benchmarks import world
from dp_pipeline_tests.benchmarks.cpu import Cost, Meter, family, idling, importing_dagster
from dp_pipeline_tests.benchmarks.place import place, unpaced_project
from dp_pipeline_tests.benchmarks.quiet import wait_until_quiet
from dp_pipeline_tests.dagster_dev import DagsterDev, dagster_dev

IN_PROCESS_PARTITIONS = 12
MULTIPROCESS_PARTITIONS = 4
_STOCK_WORKSPACE = """
load_from:
  - python_module:
      module_name: dp_pipeline_tests.benchmarks.stock
      location_name: dp_pipeline
"""


def measure(
    tournaments: int = world.TOURNAMENTS,
    in_process: int = IN_PROCESS_PARTITIONS,
    multiprocess: int = MULTIPROCESS_PARTITIONS,
) -> Iterator[dict[str, Any]]:
    """Every variant as it is done, ours first, and then the ratios; several minutes."""
    rows = []
    stock = _stock({"in_process": in_process, "multiprocess": multiprocess})
    for row in chain(_ours(tournaments), stock):
        rows.append(row)
        yield row
    for what, ratio in ratios(rows).items():
        yield {"what": what, "cpu above idle per partition": ratio}


def _ours(tournaments: int) -> Iterator[dict[str, Any]]:
    openfootball = world.openfootball_keys(tournaments)
    with world.serving() as url:
        environment = {"OPENFOOTBALL_BASE_URL": url, "OPENLIGADB_BASE_URL": url}
        with (
            place() as (top, home),
            dagster_dev(unpaced_project(top / "project"), home, environment) as dev,
        ):
            idle = idling(dev.process.pid, home)
            for name, keys in (
                (f"openfootball, {tournaments} seasons", openfootball),
                ("openfootball, again, nothing new", openfootball),
                (f"openligadb, {tournaments} seasons", world.openligadb_keys(tournaments)),
            ):
                yield _backfill(name, dev, home, keys, idle)
                wait_until_quiet(dev)


def _stock(partitions: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for executor, count in partitions.items():
        with (
            place() as (top, home),
            dagster_dev(_stock_project(top / "project"), home, {"STOCK_EXECUTOR": executor}) as dev,
        ):
            idle = idling(dev.process.pid, home)
            name = f"stock Dagster, {executor}, {count} partitions"
            keys = [f"partition-{number}" for number in range(count)]
            yield _backfill(name, dev, home, keys, idle)


def ratios(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Stock Dagster's CPU per partition above idling, to ours."""
    ours = found[0]["cpu above idle per partition"]
    return {
        f"{each['what']} / ours": round(each["cpu above idle per partition"] / ours, 1)
        for each in found
        if each["what"].startswith("stock")
    }


def _stock_project(directory: Path) -> Path:
    directory.mkdir(parents=True)
    (directory / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (directory / "workspace.yaml").write_text(_STOCK_WORKSPACE)
    return directory


def _backfill(
    name: str, dev: DagsterDev, home: Path, keys: Sequence[str], idle: Cost
) -> dict[str, Any]:
    known = dev.partitions("tournaments")
    dev.add_partitions(*(set(keys) - {key for some in known.values() for key in some}))
    meter = Meter(lambda: family(dev.process.pid, home))
    backfill = dev.wait_for_backfill(dev.backfill(NAMES, keys), seconds=600)
    cost, parts = meter.read()
    assert backfill["status"] == "COMPLETED_SUCCESS", backfill
    each = (cost.cpu - idle.rate * cost.wall) / len(keys)
    for domain in NAMES:
        assert set(keys) <= set(dev.partitions(domain)["materialized"])
    return {
        "what": name,
        "partitions": len(keys),
        "runs": len(backfill["runs"]),
        "wall": round(cost.wall, 1),
        "cpu": round(cost.cpu, 2),
        "cpu per partition": round(cost.cpu / len(keys), 3),
        "idle cpu per second": round(idle.rate, 3),
        "cpu above idle per partition": round(each, 3),
        "of import dagster": round(each / importing_dagster(), 3),
        "by process": parts,
    }
