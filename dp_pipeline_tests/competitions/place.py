"""A file of followed competitions with an instance and a database, and the daemon's part."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.refresh_job import REFRESH_JOB
from dp_pipeline.competitions.seasons import DISCOVER_JOB
from dp_pipeline.database import seasons, tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.sensors.discover import discover_tournaments
from dp_pipeline_tests.database.many import fill_tournaments

BL1 = "{provider: openligadb, competition: bl1, approve: true}"
EN1 = "{provider: openfootball, competition: en.1, seasons_back: 1, approve: true}"


@dataclass
class Place:
    """An instance, a database and a file, and what the daemon would do with them."""

    instance: dg.DagsterInstance
    database: Database
    url: str
    file: Path
    cursors: dict[str, str | None] = field(default_factory=dict)

    def follow(self, *entries: str) -> None:
        """Write the file."""
        self.file.write_text("competitions:\n" + "".join(f"- {entry}\n" for entry in entries))

    def evaluate(self, sensor: dg.SensorDefinition) -> dg.SensorResult:
        """A tick, of which nothing is done yet."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(sensor.name),
            definitions=defs,
            resources={"database": DatabaseResource(url=self.url)},
        ) as context:
            found = sensor(context)
        assert isinstance(found, dg.SensorResult)
        return found

    def tick(self, sensor: dg.SensorDefinition = discover_tournaments) -> dg.SensorResult:
        """A tick and what the daemon does after it: partitions, runs in the queue, cursor."""
        found = self.evaluate(sensor)
        for request in found.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions("tournaments", list(request.partition_keys))
        for request in found.run_requests or ():
            self.launch(request, REFRESH_JOB if sensor is discover_tournaments else DISCOVER_JOB)
        self.cursors[sensor.name] = found.cursor
        return found

    def launch(self, request: dg.RunRequest, job: str) -> dg.DagsterRun:
        return self.instance.create_run_for_job(
            defs.resolve_job_def(job), run_config=request.run_config, tags=request.tags
        )

    def partitions(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions("tournaments"))

    def list_seasons(self, competition: str, *names: str, approve: bool = True) -> list[str]:
        """What `discover_seasons` stores, newest first."""
        keys = [TournamentKey(*competition.split(":"), name) for name in names]
        with self.database.transaction() as connection:
            seasons.record_seasons(connection, [(key, str(key)) for key in keys])
            if approve:
                seasons.approve(connection, [str(key) for key in keys])
        return [str(key) for key in keys]

    def attempt(self, *keys: str) -> None:
        """An execution of each."""
        now = datetime.now(UTC)
        rows = [
            {
                "request_id": uuid4(),
                "tournament_id": tournament_id_of(key),
                "tournament_key": key,
                "domain": "tournaments",
                "operation_type": "tournament_create",
                "status": "completed",
                "started_at": now,
                "completed_at": now,
                "announced_at": now,
            }
            for key in keys
        ]
        with self.database.transaction() as connection:
            connection.execute(sa.insert(tables.data_provider_executions), rows)

    def store(self, *keys: str, status: str = "active") -> None:
        """A tournament of each."""
        with self.database.transaction() as connection:
            fill_tournaments(connection, keys, status=status)


def requested(result: dg.SensorResult) -> list[str]:
    return [
        key
        for request in result.run_requests or ()
        for key in request.run_config["ops"]["refresh"]["config"]["keys"]
    ]


def added(result: dg.SensorResult) -> list[str]:
    return [key for r in result.dynamic_partitions_requests or () for key in r.partition_keys]
