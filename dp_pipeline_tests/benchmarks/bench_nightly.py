"""The night's work of a provider, launched by the real daemon: CPU of everything, until it is told.

The schedules are the shipped ones. Switched on as of last week, the daemon makes good the tick it
missed, as after a night in which the machine was off; two schedules, since no tick is made twice.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import dagster as dg
import psycopg
import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.schedules import refresh_schedule
from dp_pipeline_tests.benchmarks.cpu import Cost, Meter, family, idling
from dp_pipeline_tests.benchmarks.place import place, unpaced_project
from dp_pipeline_tests.dagster_dev import (
    OVER,
    ROOT,
    DagsterDev,
    dagster_dev,
    switch,
    wait_for,
)
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, serve

TOURNAMENTS = 300
LOOKS_EVERY_SECONDS = 60
# Both schedules were due since then.
OFF_SECONDS = 8 * 86_400
# Another message would come with the next tick of the sensor.
SILENCE_SECONDS = 15
QUIET_SECONDS = 40
"""Automation looks every half minute for what follows."""
_PLACES = ("Ayr", "Bury", "Cork", "Deal", "Ely", "Frome", "Goole", "Hove")


def payloads() -> dict[str, Any]:
    """Path to season file of each competition: the last matchday is still to be played."""
    matches = league(*(f"{place} FC" for place in _PLACES))
    last = matches[-1]["round"]
    for match in matches:
        if match["round"] == last:
            match["score"] = {}
    names = [f"{one}{other}.1" for one, other in product(ascii_lowercase, repeat=2)]
    return {
        f"/2024-25/{name}.json": season(matches, f"Test League {name}")
        for name in names[:TOURNAMENTS]
    }


def measure() -> Iterator[dict[str, Any]]:
    """A night in which nothing is new, and one in which a score of each was corrected."""
    replay, slack = Replay(payloads=payloads()), SlackReceiver()
    keys = [
        f"openfootball:{competition}:{years}"
        for years, competition in (
            path.strip("/").removesuffix(".json").split("/") for path in replay.payloads
        )
    ]
    with (
        place() as (top, home),
        pytest.MonkeyPatch.context() as patch,
        serve(replay.app()) as url,
        slack.listening() as webhook,
    ):
        patch.setenv("DP_HOME", str(home))
        patch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # put back what the storage sets
        environment = {"OPENFOOTBALL_BASE_URL": url, "SLACK_JOB_EXECUTIONS_WEBHOOK": webhook}
        with dg.DagsterInstance.from_config(str(ROOT)) as instance:
            instance.add_dynamic_partitions("tournaments", keys)
            nightly, weekly = (
                refresh_schedule(OpenFootball(), kind) for kind in ("nightly", "weekly")
            )
            for schedule in (nightly, weekly):
                switch(instance, schedule, since=None)
            project = unpaced_project(top / "project")
            with dagster_dev(project, home, environment) as dev:
                _fill(dev, keys, slack)
                idle = idling(dev.process.pid, home)
                world = World(home, instance, dev, replay, slack, idle)
                yield _night("nightly, nothing new", nightly, world)
                _correct(replay)
                yield _night("weekly, a score of each corrected", weekly, world)


@dataclass(frozen=True, slots=True)
class World:
    """What is there when the night comes."""

    home: Path
    instance: dg.DagsterInstance
    dev: DagsterDev
    replay: Replay
    slack: SlackReceiver
    idle: Cost


def _fill(dev: DagsterDev, keys: Sequence[str], slack: SlackReceiver) -> None:
    backfill = dev.wait_for_backfill(dev.backfill(NAMES, keys), seconds=600)
    assert backfill["status"] == "COMPLETED_SUCCESS", backfill
    wait_for("the digest of the backfill", lambda: slack.accepted or None, 120)
    quiet_since = time.monotonic()

    def quiet() -> bool | None:
        nonlocal quiet_since
        if not set(dev.runs().values()) <= OVER:
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > QUIET_SECONDS or None

    # Charts follow from what is new, in runs of their own: they are none of the night's.
    wait_for("the runs that follow", quiet, 600, every=1)


def _correct(replay: Replay) -> None:
    for path, file in replay.payloads.items():
        corrected = copy.deepcopy(file)
        corrected["matches"][0]["score"]["ft"] = [7, 5]
        replay.payloads[path] = corrected


def _night(what: str, schedule: dg.ScheduleDefinition, world: World) -> dict[str, Any]:
    dev, slack = world.dev, world.slack
    told, runs = len(slack.received), set(dev.runs())
    world.replay.seen.clear()
    to_the_minute = LOOKS_EVERY_SECONDS - time.time() % LOOKS_EVERY_SECONDS
    time.sleep((to_the_minute - 2) % LOOKS_EVERY_SECONDS)
    meter = Meter(lambda: family(dev.process.pid, world.home))
    switch(world.instance, schedule, since=time.time() - OFF_SECONDS)
    wait_for("the digest", lambda: len(slack.received) > told or None, 600, every=0.5)
    time.sleep(SILENCE_SECONDS)
    cost, parts = meter.read()
    launched = {run: status for run, status in dev.runs().items() if run not in runs}
    assert set(launched.values()) == {"SUCCESS"}, launched
    rows, seconds, unannounced = _ledger(world.home, list(launched))
    assert (rows, unannounced) == (TOURNAMENTS * len(NAMES), 0)
    above = cost.cpu - world.idle.rate * cost.wall
    return {
        "what": what,
        "tournaments": TOURNAMENTS,
        "runs": len(launched),
        "requests": world.replay.seen.total(),
        "messages": len(slack.received) - told,
        "ledger rows": rows,
        "wall": round(cost.wall, 1),
        "wall of the work": round(seconds, 1),
        "cpu": round(cost.cpu, 2),
        "idle cpu per second": round(world.idle.rate, 3),
        "cpu above idle per tournament": round(above / TOURNAMENTS, 3),
        "by process": parts,
    }


def _ledger(home: Path, runs: Sequence[str]) -> tuple[int, float, int]:
    """The rows of some runs, their seconds in all, the unannounced."""
    server = EmbeddedPostgres(home)
    try:
        with psycopg.connect(server.url()) as connection:
            found = connection.execute(
                "SELECT count(*), extract(epoch FROM max(completed_at) - min(started_at))::float,"
                " count(*) FILTER (WHERE announced_at IS NULL)"
                " FROM data_provider_executions WHERE request_id = ANY(%s::uuid[])",
                [list(runs)],
            ).fetchone()
    finally:
        server.release()
    assert found is not None
    return found
