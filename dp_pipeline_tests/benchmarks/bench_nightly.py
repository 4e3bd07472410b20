"""The night's work of a provider, launched by the real daemon: CPU of everything, until it is told.

The schedules are the shipped ones. Switched on as of last week, the daemon makes good the tick it
missed, as after a night in which the machine was off; two schedules, since no tick is made twice.
What one tournament takes is given in seconds, and as a part of `import dagster` right after it.
Charts and exports follow from what is new, in runs of their own, some of them when all is told: the
night has of their CPU what was spent by then.
"""

import copy
import time
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from dp_pipeline_tests.benchmarks.cpu import Cost, Meter, family, idling, importing_dagster
from dp_pipeline_tests.benchmarks.place import place, unpaced_project
from dp_pipeline_tests.benchmarks.quiet import wait_until_quiet
from dp_pipeline_tests.dagster_dev import (
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
NIGHT_SECONDS = 1_800
# Another message would come with the next tick of the sensor.
SILENCE_SECONDS = 15
_JULY = 7
_AHEAD = 5
_PLACES = ("Ayr", "Bury", "Cork", "Deal", "Ely", "Frome", "Goole", "Hove")


def payloads(tournaments: int) -> dict[str, Any]:
    """Path to season file of each competition: the last matchday is to be played soon.

    One that should have been played fails a check of each tournament, which people are told.
    """
    end = datetime.now(UTC).date() + timedelta(days=_AHEAD)
    matches = league(*(f"{place} FC" for place in _PLACES))
    last = int(matches[-1]["round"].split()[1])
    for match in matches:
        before = last - int(match["round"].split()[1])
        match["date"] = f"{end - timedelta(weeks=before)}"
        if not before:
            match["score"] = {}
    began = end - timedelta(weeks=last)
    year = began.year if began.month >= _JULY else began.year - 1
    names = [f"{one}{other}.1" for one, other in product(ascii_lowercase, repeat=2)]
    return {
        f"/{year}-{(year + 1) % 100:02}/{name}.json": season(matches, f"Test League {name}")
        for name in names[:tournaments]
    }


def measure(tournaments: int = TOURNAMENTS) -> Iterator[dict[str, Any]]:
    """A night in which nothing is new, and one in which a score of each was corrected."""
    replay, slack = Replay(payloads=payloads(tournaments)), SlackReceiver()
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
            with (
                dagster_dev(project, home, environment) as dev,
                ledger_of(home) as ledger,
            ):
                world = World(home, instance, dev, replay, slack, ledger, keys)
                _fill(world)
                idle = idling(dev.process.pid, home)
                yield _night("nightly, nothing new", nightly, world, idle)
                _correct(replay)
                yield _night("weekly, a score of each corrected", weekly, world, idle)


@dataclass(frozen=True, slots=True)
class World:
    """What is there when the night comes."""

    home: Path
    instance: dg.DagsterInstance
    dev: DagsterDev
    replay: Replay
    slack: SlackReceiver
    ledger: psycopg.Connection
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Work:
    """What some runs have read of all tournaments: how many rows of the ledger, in which runs."""

    rows: int
    seconds: float
    runs: Collection[str]


@contextmanager
def ledger_of(home: Path) -> Generator[psycopg.Connection]:
    """A connection to the database of a home; one, as each would count as the night's."""
    server = EmbeddedPostgres(home)
    try:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            yield connection
    finally:
        server.release()


def _fill(world: World) -> None:
    dev, keys = world.dev, world.keys
    backfill = dev.wait_for_backfill(dev.backfill(NAMES, keys), seconds=NIGHT_SECONDS)
    assert backfill["status"] == "COMPLETED_SUCCESS", backfill
    wait_for("the digest of the backfill", lambda: _told(world, ()), 120, every=1)
    wait_until_quiet(dev)  # charts of the backfill are none of the night's


def _correct(replay: Replay) -> None:
    for path, file in replay.payloads.items():
        corrected = copy.deepcopy(file)
        corrected["matches"][0]["score"]["ft"] = [7, 5]
        replay.payloads[path] = corrected


def _night(what: str, schedule: dg.ScheduleDefinition, world: World, idle: Cost) -> dict[str, Any]:
    dev, slack, tournaments = world.dev, world.slack, len(world.keys)
    told, runs = len(slack.received), set(dev.runs())
    world.replay.seen.clear()
    to_the_minute = LOOKS_EVERY_SECONDS - time.time() % LOOKS_EVERY_SECONDS
    time.sleep((to_the_minute - 2) % LOOKS_EVERY_SECONDS)
    meter = Meter(lambda: family(dev.process.pid, world.home))
    switch(world.instance, schedule, since=time.time() - OFF_SECONDS)
    # The first message may be another one than that of the night, which is told when no row waits.
    wait_for("a message", lambda: len(slack.received) > told or None, NIGHT_SECONDS, every=0.5)
    work = wait_for("the digest", lambda: _told(world, runs), NIGHT_SECONDS, every=1)
    time.sleep(SILENCE_SECONDS)
    cost, parts = meter.read()
    ended = dev.runs()
    assert {ended[run] for run in work.runs} == {"SUCCESS"}, ended
    each = (cost.cpu - idle.rate * cost.wall) / tournaments
    return {
        "what": what,
        "tournaments": tournaments,
        "runs": len(work.runs),
        "runs of charts and exports begun": len(set(ended) - runs - set(work.runs)),
        "requests": world.replay.seen.total(),
        "messages": len(slack.received) - told,
        "ledger rows": work.rows,
        "wall": round(cost.wall, 1),
        "wall of the work": round(work.seconds, 1),
        "cpu": round(cost.cpu, 2),
        "idle cpu per second": round(idle.rate, 3),
        "cpu above idle per tournament": round(each, 3),
        "of import dagster": round(each / importing_dagster(), 3),
        "by process": parts,
    }


def _told(world: World, before: Collection[str]) -> Work | None:
    """What was done in other runs than those before, once it is all of a night and is announced."""
    found = world.ledger.execute(
        "SELECT count(*), extract(epoch FROM max(completed_at) - min(started_at))::float,"
        " count(*) FILTER (WHERE completed_at IS NULL OR announced_at IS NULL),"
        " array_agg(DISTINCT request_id::text)"
        " FROM data_provider_executions WHERE domain = ANY(%s) AND request_id <> ALL(%s::uuid[])",
        [list(NAMES), list(before)],
    ).fetchone()
    assert found is not None
    rows, seconds, unannounced, runs = found
    assert rows <= len(world.keys) * len(NAMES), rows
    return None if unannounced or rows < len(world.keys) * len(NAMES) else Work(rows, seconds, runs)
