"""What things cost where much is stored, as a ratio to an almost empty database, in one run.

10,000 tournaments with 3.8 million matches and a million executions, unless told otherwise. Both
databases are there at once, and each thing is done in the one and in the other by turns: whatever
else the machine does meanwhile slows both.
"""

import contextlib
import resource
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import dagster as dg
import sqlalchemy as sa
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.events.log import EventLogEntry

from dp_pipeline.assets.poll import poll_tournaments
from dp_pipeline.assets.runner import RunContext
from dp_pipeline.database.database import Database
from dp_pipeline.database.tables.views import VIEWS
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.listing import ALL, newest_executions
from dp_pipeline.providers.registry import BY_NAME, Providers
from dp_pipeline.storage import Folder
from dp_pipeline_tests.benchmarks import bulk, world
from dp_pipeline_tests.benchmarks.bench_season import read_season
from dp_pipeline_tests.benchmarks.bench_ticks import Ticking, automations, environment
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.benchmarks.webserver import Webserver
from dp_pipeline_tests.dagster_dev import ROOT, switch
from dp_pipeline_tests.http.rate_limits import NoRateLimit

TOURNAMENTS, MATCHES, EXECUTIONS = 10_000, 380, 100
REPEATS = 7
LISTED = 20
_KEYS = world.openfootball_keys(REPEATS)
_POLLED = world.playing_keys(REPEATS)
_EVENTS_AT_ONCE = 500

Work = Callable[[int], object]


def measure(tournaments: int = TOURNAMENTS) -> Iterator[dict[str, Any]]:
    """Everything, of an almost empty database and of one with so many tournaments."""
    with world.serving() as url, _stocked(url, 0) as empty, _stocked(url, tournaments) as filled:
        sizes = empty.size(), filled.size()
        works = empty.works(), filled.works()
        for what in works[0]:
            walls: tuple[list[float], list[float]] = [], []
            said = ""
            for number in range(REPEATS):
                for stock, work, taken in zip((empty, filled), works, walls, strict=True):
                    with stock.entered():
                        began = time.perf_counter()
                        answer = work[what](number)
                        taken.append(time.perf_counter() - began)
                        said = answer if isinstance(answer, str) else ""
                    said = said.replace(f"{stock.home}/", "")  # the page names no machine's paths
            yield {
                "what": what,
                "empty": round(median(walls[0]), 4),
                f"{tournaments:,} tournaments": round(median(walls[1]), 4),
                "ratio": round(median(walls[1]) / median(walls[0]), 2),
                "the tick says where much is": said[:60],
            }
        yield {
            "what": "the database, MiB",
            "empty": round(sizes[0]),
            f"{tournaments:,} tournaments": round(sizes[1]),
            "ratio": round(sizes[1] / sizes[0], 2),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield {"what": "peak memory of this process, MiB", "empty": round(peak)}


@dataclass
class Stock:
    """A home with a database, some or much in it."""

    home: Path
    url: str
    database: Database
    instance: dg.DagsterInstance
    webserver: Webserver
    entered: Callable[[], AbstractContextManager[None]]

    def size(self) -> float:
        """MiB of the database."""
        with self.database.transaction() as connection:
            size = sa.func.pg_database_size(sa.func.current_database())
            return connection.execute(sa.select(size)).scalar_one() / 2**20

    def works(self) -> Mapping[str, Work]:
        """What is measured; each is given the number of the repetition."""
        ticking = Ticking(self.instance, self.home)
        return {
            "a first read of one tournament": self._read,
            "a second read of one tournament": self._read,
            "a poll of one tournament, nothing new": self._poll,
            f"the newest {LISTED} executions": self._listed,
            "all views of one tournament": self._views,
            **{
                f"a tick of {each.name}": lambda _, automation=each: ticking.tick(automation)
                for each in automations()
            },
            "the overview of an asset's partitions in the UI": lambda _: self.webserver.partitions(
                "matches"
            ),
            "the page of one partition in the UI": lambda number: self.webserver.partition(
                "matches", _POLLED[number]
            ),
        }

    def _read(self, number: int) -> None:
        read_season(self.database, self.home, self.url, _KEYS[number])
        # As `dp ingest` does: else each tick of discovery finds a tournament that lacks it.
        self.instance.add_dynamic_partitions("tournaments", [_KEYS[number]])

    def _poll(self, number: int) -> None:
        ended = list[Execution]()
        with Ledger(self.database, Folder(self.home / "objects")).working() as ledger:
            providers = Providers(dict.fromkeys(BY_NAME, self.url), NoRateLimit())
            context = RunContext(providers, self.database, ledger, Run(uuid.uuid4()), ended.append)
            anyio.run(poll_tournaments, [_POLLED[number]], context)
        assert [each.failure for each in ended] == [None], ended

    def _listed(self, _: int) -> None:
        with self.database.transaction() as connection:
            newest_executions(connection, ALL, limit=LISTED)

    def _views(self, number: int) -> None:
        with self.database.transaction() as connection:
            for view in VIEWS:
                if "tournament_key" in view.column_types():
                    wanted = sa.text(f'SELECT * FROM "{view.name}" WHERE tournament_key = :key')  # noqa: S608 - our own names
                    connection.execute(wanted, {"key": _KEYS[number]}).fetchall()


@contextlib.contextmanager
def _stocked(url: str, tournaments: int) -> Generator[Stock]:
    """A home with so many tournaments, and with the few that are polled."""
    with place() as (_, home), environment(home) as entered:
        server = EmbeddedPostgres(home, linger_seconds=1)
        database = Database(server.url())
        try:
            with entered():
                database.ensure_current()
                (home / "competitions.yaml").write_text("competitions: []\n")
                instance = dg.DagsterInstance.from_config(str(ROOT))
            with instance:
                keys = [f"openligadb:f{n}:2024" for n in range(1, tournaments + 1)]
                if tournaments:
                    bulk.fill(server.url(), tournaments, MATCHES, EXECUTIONS)
                instance.add_dynamic_partitions("tournaments", [*keys, *_POLLED])
                _materialized(instance, [*keys, *_POLLED])
                for automation in automations():
                    switch(instance, automation, since=datetime.now(UTC).timestamp())
                for key in _POLLED:
                    read_season(database, home, url, key)
                with Webserver.serving(home, entered) as webserver:
                    yield Stock(home, url, database, instance, webserver, entered)
        finally:
            database.close()
            server.release()


def _materialized(instance: dg.DagsterInstance, keys: Sequence[str]) -> None:
    """Let Dagster know one materialization of `matches` of each partition."""
    for first in range(0, len(keys), _EVENTS_AT_ONCE):
        instance.event_log_storage.store_event_batch(
            [
                EventLogEntry(
                    error_info=None,
                    user_message="",
                    level="DEBUG",
                    run_id="",
                    timestamp=time.time(),
                    dagster_event=DagsterEvent(
                        "ASSET_MATERIALIZATION",
                        "RUNLESS",
                        event_specific_data=StepMaterializationData(
                            dg.AssetMaterialization("matches", partition=key)
                        ),
                    ),
                )
                for key in keys[first : first + _EVENTS_AT_ONCE]
            ]
        )
