"""A tick of every sensor and schedule where 5,000 tournaments are followed, stored and partitioned.

What the code server does of a tick, on the instance of a laptop. What the daemon does with the
answer, such as putting runs into the queue, is not in it.
"""

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from dp_pipeline.assets.refresh_job import REFRESH_JOB, Priority, refresh_requests
from dp_pipeline.competitions.discovery import MOST_ADDED
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.sensors.discover import discover_tournaments
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline.settings import PARTITIONS_PER_RUN
from dp_pipeline_tests.benchmarks.cpu import Meter, family
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.dagster_dev import ROOT, switch
from dp_pipeline_tests.database.many import fill_matches, fill_seasons, fill_tournaments
from dp_pipeline_tests.ledger.many import fill_ledger
from dp_pipeline_tests.servers import SlackReceiver, closed_url

TOURNAMENTS = 5_000
MATCHES_EACH = 20
REPEATS = 5
RUN_GROUP = "nightly:openligadb:2026-11-23"

Automation = dg.SensorDefinition | dg.ScheduleDefinition


def automations() -> list[Automation]:
    """All but the one that Dagster evaluates itself, from conditions of assets."""
    repository = defs.get_repository_def()
    return [
        each
        for each in (*repository.sensor_defs, *repository.schedule_defs)
        if not isinstance(each, dg.AutomationConditionSensorDefinition)
    ]


def measure() -> Iterator[dict[str, Any]]:
    """Every tick where nothing is new, then with a night to be told of, and with new seasons."""
    with place() as (_, home), environment(home) as entered, entered():
        server = EmbeddedPostgres(home, linger_seconds=1)
        database = Database(server.url())
        try:
            database.ensure_current()
            with dg.DagsterInstance.from_config(str(ROOT)) as instance:
                _fill(database, instance, home)
                here = Ticking(instance, home)
                for automation in automations():
                    yield here.measured(automation)
                _forget_told(database)
                yield here.measured(announce_executions, ", 25,000 executions in one digest")
                with database.transaction() as connection:
                    fill_seasons(connection, [f"openligadb:c{n}:2027" for n in range(MOST_ADDED)])
                yield here.measured(discover_tournaments, f", {MOST_ADDED} new seasons")
        finally:
            database.close()
            server.release()


@contextlib.contextmanager
def environment(home: Path) -> Generator[Callable[[], AbstractContextManager[None]]]:
    """What sets the environment of this home for a while, and puts back what was before."""
    with SlackReceiver().listening() as webhook:
        variables = {
            "DP_HOME": str(home),
            "DP_COMPETITIONS": str(home / "competitions.yaml"),
            "SANDBOX_BASE_URL": closed_url(),
            "SLACK_JOB_EXECUTIONS_WEBHOOK": webhook,
            "DAGSTER_EVENT_BATCH_SIZE": "0",  # put back what the storage sets
        }

        @contextlib.contextmanager
        def entered() -> Generator[None]:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                yield

        yield entered


def _fill(database: Database, instance: dg.DagsterInstance, home: Path) -> None:
    names = [f"c{number}" for number in range(TOURNAMENTS)]
    keys = [f"openligadb:{name}:2026" for name in names]
    entries = (f"- {{provider: openligadb, competition: {name}}}\n" for name in names)
    (home / "competitions.yaml").write_text("competitions:\n" + "".join(entries))
    simulated = ["sandbox:900001:9000014"]
    with database.transaction() as connection:
        fill_seasons(connection, keys)
        fill_tournaments(connection, [*keys, *simulated])
        fill_matches(connection, keys, each=MATCHES_EACH)
        told = {"announced_at": datetime.now(UTC), "run_group": RUN_GROUP}
        fill_ledger(connection, TOURNAMENTS * len(NAMES), keys=keys, **told)
        fill_ledger(connection, len(NAMES), keys=simulated, **told)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    instance.add_dynamic_partitions("tournaments", [*keys, *simulated])
    job = defs.resolve_job_def(REFRESH_JOB)
    requests = refresh_requests(keys, priority=Priority.BACKFILL, run_group=RUN_GROUP)
    assert len(requests) == TOURNAMENTS // PARTITIONS_PER_RUN
    for request in requests:
        run = instance.create_run_for_job(job, run_config=request.run_config, tags=request.tags)
        ended = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_SUCCESS.value, run.job_name)
        instance.report_dagster_event(ended, run_id=run.run_id)
    for automation in automations():
        switch(instance, automation, since=time.time())


def _forget_told(database: Database) -> None:
    """Let all of the last night be unannounced, and just over."""
    ledger = tables.data_provider_executions
    ended = sa.func.now() - sa.text("interval '1 minute'")
    with database.transaction() as connection:
        connection.execute(sa.update(ledger).values(announced_at=None, completed_at=ended))


@dataclass
class Ticking:
    """The instance, what the sensors remember, and what was started for it."""

    instance: dg.DagsterInstance
    home: Path
    cursors: dict[str, str | None] = field(default_factory=dict)

    def measured(self, automation: Automation, what: str = "") -> dict[str, Any]:
        """The first tick, which reads the file or sends a message, and the mean of some more."""
        members = family(os.getpid(), self.home)
        meter = Meter(lambda: members)
        said = self.tick(automation)
        first, _ = meter.read()
        meter = Meter(lambda: members)
        for _ in range(REPEATS):
            self.tick(automation)
        cost, _ = meter.read()
        return {
            "what": f"{automation.name}{what}",
            "first wall": round(first.wall, 3),
            "first cpu": round(first.cpu, 3),
            "wall": round(cost.wall / REPEATS, 3),
            "cpu": round(cost.cpu / REPEATS, 3),
            "says": said[:60],
        }

    def tick(self, automation: Automation) -> str:
        """Evaluate as the code server does; what it came to."""
        given = defs.resources or {}
        resources = {name: given[name] for name in automation.required_resource_keys}
        if isinstance(automation, dg.ScheduleDefinition):
            with dg.build_schedule_context(
                self.instance,
                scheduled_execution_time=datetime.now(UTC),
                resources=resources,
                repository_def=defs.get_repository_def(),
            ) as context:
                found = automation.evaluate_tick(context)
        else:
            with dg.build_sensor_context(
                self.instance,
                cursor=self.cursors.get(automation.name),
                definitions=defs,
                resources=resources,
            ) as context:
                found = automation.evaluate_tick(context)
            self.cursors[automation.name] = found.cursor
        return found.skip_message or f"{len(found.run_requests or ())} runs requested."
