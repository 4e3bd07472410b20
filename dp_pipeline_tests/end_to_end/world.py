"""A world to break: provider, webhook, database, and the real command in processes to be killed."""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import psycopg
import pytest
from dagster._core.launcher import WorkerStatus
from psycopg.rows import dict_row

from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.hosts import Host, enter
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, serve

Answer = TypeVar("Answer")

KEY = "openfootball:en.1:2024-25"
PATH = "/2024-25/en.1.json"
TEAMS = tuple("ABCDEF")
MATCHES_A_DAY = 3
VERSIONS = range(10)
COUNTS = {"tournaments": 1, "teams": 6, "rounds": 10, "matches": 30, "standings": 6}

# Statements that are over in a millisecond cannot be struck: each takes this long, and the
# transaction they are in stays open meanwhile.
WRITE_SECONDS = 0.08
LEDGER_SECONDS = 0.05
SLEEPING = """
SELECT pid, query_start FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'PgSleep' AND query ~ %s
"""

# What the code location is made with: everything follows the environment.
RESOURCES: Mapping[str, Any] = defs.resources or {}

# Forking a process that has imported everything takes 0.1 s; starting `dp` takes 2.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["dp_pipeline_tests.end_to_end.world", "dp_pipeline.cli.ingest"])


def dawdle(write: float = WRITE_SECONDS, ledger: float = LEDGER_SECONDS) -> str:
    """The SQL by which every write of a domain and of the ledger takes so many seconds."""
    return f"""
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(TG_ARGV[0]::float); RETURN NULL; END $$;
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON data_provider_executions
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{ledger}');
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON tournament
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{write}');
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON team
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{write}');
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON tournament_round
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{write}');
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON match
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{write}');
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON tournament_standing
  FOR EACH STATEMENT EXECUTE FUNCTION dawdle('{write}');
"""


def payload(version: int) -> Any:
    """A season of which `version` + 1 of ten matchdays are played; rows tell its version."""
    matches = league(*TEAMS)
    for match in matches[MATCHES_A_DAY * (version + 1) :]:
        match["score"] = {}
    return season(matches, f"Test League {version} 2024/25")


def until(what: str, ask: Callable[[], Answer | None], seconds: float = 60) -> Answer:
    """The first answer that is neither None nor empty, asked every 5 ms."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.005)
    return answer


@dataclass
class Gate:
    """A provider that takes its time: requests for what is held wait.

    Attributes:
        held: beginnings of paths; "/" is all of them.
        waiting: the paths of requests that wait.
    """

    app: Any
    held: set[str] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.waiting.append(scope["path"])
        while scope["path"].startswith(tuple(self.held)):  # noqa: ASYNC110 - a thread opens it
            await asyncio.sleep(0.01)
        self.waiting.remove(scope["path"])
        await self.app(scope, receive, send)

    @contextlib.contextmanager
    def closed(self) -> Generator[None]:
        """Everything is held over the block."""
        self.held.add("/")
        try:
            yield
        finally:
            self.held.discard("/")


@dataclass
class World:
    """One home with its own ledger, and what is around it."""

    home: Path
    database_url: str
    environment: Mapping[str, str]
    replay: Replay
    gate: Gate
    slack: SlackReceiver
    instance: dg.DagsterInstance
    workers: list[ForkServerProcess] = field(default_factory=list)
    cursor: str | None = None

    # -- what happens in it ------------------------------------------------------------------------

    def worker(
        self, *keys: str, start: Path | None = None, host: Host | None = None
    ) -> ForkServerProcess:
        """`dp ingest` in a process of its own; its output is in worker.log.

        Its run does not come to its work before the file `start` exists, if given.
        """
        environment, log = dict(self.environment), self.home / "worker.log"
        if host is not None:
            provider, database = (
                environment[name] for name in ("OPENFOOTBALL_BASE_URL", "DP_DATABASE_URL")
            )
            environment["OPENFOOTBALL_BASE_URL"] = provider.replace("0.0.0.0", host.pages)  # noqa: S104
            environment["DP_DATABASE_URL"] = database.replace("127.0.0.1", host.data)
        process = _PROCESSES.Process(
            target=_ingest,
            args=(environment, keys or (KEY,), log, start, host and host.name),
            daemon=True,
        )
        process.start()
        self.workers.append(process)
        return process

    def ticker(self) -> ForkServerProcess:
        """One tick of the sensor in a process of its own, as of a daemon that can be killed."""
        process = _PROCESSES.Process(
            target=_tick, args=(dict(self.environment), self.home / "worker.log"), daemon=True
        )
        process.start()
        self.workers.append(process)
        return process

    def ingest(self, *keys: str) -> int:
        """`dp ingest` to its end; the exit code."""
        process = self.worker(*keys)
        process.join(60)
        assert process.exitcode is not None, self.log()
        return process.exitcode

    def log(self) -> str:
        """What the workers printed."""
        path = self.home / "worker.log"
        return path.read_text() if path.exists() else ""

    def look_after_runs(self) -> None:
        """End the runs whose process is gone, as the daemon's run monitoring does every 30 s."""
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        for run in self.instance.get_runs(started):
            health = self.instance.run_launcher.check_run_worker_health(run)
            if health.status is not WorkerStatus.RUNNING:
                self.instance.report_run_failed(run, health.msg)

    def tick(self) -> str:
        """One tick of the sensor with the cursor of the last; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=defs,
            resources={name: RESOURCES[name] for name in ("database", "ledger", "slack")},
        ) as context:
            said = announce_executions(context)
            assert isinstance(said, dg.SkipReason)
            self.cursor = context.cursor
            return said.skip_message or ""

    # -- what is to be seen in it ------------------------------------------------------------------

    def query(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """Ask our database, in a transaction of its own."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.cursor(row_factory=dict_row).execute(text.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def executions(self) -> list[dict[str, Any]]:
        """The ledger, oldest first."""
        return self.query("SELECT * FROM data_provider_executions ORDER BY started_at")

    def run_ids(self) -> list[str]:
        """Dagster's runs, oldest first."""
        return [run.run_id for run in self.instance.get_runs(ascending=True)]

    def versions(self) -> dict[str, int | None]:
        """Per domain the version of the payload that is stored, None for nothing.

        Fails when rows of two versions are mixed or some are missing: a domain is one transaction.
        """
        counts = self.query(
            "SELECT (SELECT count(*) FROM tournament) AS tournaments,"
            " (SELECT count(*) FROM tournament_team) AS teams,"
            " (SELECT count(*) FROM tournament_round) AS rounds,"
            " (SELECT count(*) FROM match) AS matches,"
            " (SELECT count(*) FROM tournament_standing) AS standings"
        )[0]
        assert all(count in (0, COUNTS[name]) for name, count in counts.items()), counts
        labels = self.query("SELECT label FROM tournament")
        played = self.query("SELECT count(*) FROM match WHERE status = 'ended'")[0]["count"]
        games = self.query("SELECT sum(games) FROM tournament_standing")[0]["sum"]
        assert played % MATCHES_A_DAY == 0, played
        assert (games or 0) % (2 * MATCHES_A_DAY) == 0, games
        return {
            "tournaments": int(labels[0]["label"].split()[2]) if labels else None,
            "matches": played // MATCHES_A_DAY - 1 if counts["matches"] else None,
            "standings": int(games) // (2 * MATCHES_A_DAY) - 1 if games else None,
        }

    def forget(self) -> None:
        """Let the season begin anew: all of it is stored for the first time again."""
        self.query("TRUNCATE tournament, team CASCADE")

    def told(self) -> Counter[str]:
        """How many accepted messages name each run."""
        texts = [str(message) for message in self.slack.accepted]
        return Counter({id_: sum(id_ in text for text in texts) for id_ in self.run_ids()})


def statement(made: World, pattern: str, number: int = 1) -> None:
    """Return while the `number`th statement that does this, behind any WITH, is at work."""
    seen: set[object] = set()
    # One connection: on a busy machine making one takes longer than the statement.
    with psycopg.connect(made.database_url, autocommit=True) as connection:

        def reached() -> bool:
            found = connection.execute(SLEEPING.encode(), [f"^(WITH .*)?{pattern} "]).fetchall()
            seen.update(began for _, began in found)
            return len(seen) >= number

        until(f"the {number}. {pattern}", reached)


def _ingest(
    environment: dict[str, str],
    keys: tuple[str, ...],
    log: Path,
    start: Path | None,
    host: str | None,
) -> None:
    """In the worker: what `dp ingest` does from its first line on."""
    if host is not None:
        enter(host)
    _settle(environment, log)
    from dp_pipeline.cli.group import main

    if start is not None:
        at_once = DatabaseResource.open

        def late(self: DatabaseResource, *, seconds: float) -> Database:
            until("the start", start.exists)
            return at_once(self, seconds=seconds)

        pytest.MonkeyPatch().setattr(DatabaseResource, "open", late)
    main(["ingest", *keys])


def _tick(environment: dict[str, str], log: Path) -> None:
    """In the worker: the first tick of the sensor."""
    _settle(environment, log)
    resources = {name: RESOURCES[name] for name in ("database", "ledger", "slack")}
    with (
        dg.DagsterInstance.from_config(str(ROOT)) as instance,
        dg.build_sensor_context(
            instance=instance, definitions=defs, resources=resources
        ) as context,
    ):
        announce_executions(context)


def _settle(environment: dict[str, str], log: Path) -> None:
    """Let a worker print into a file and have this environment alone."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)


@contextlib.contextmanager
def world(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str | None = None,
    *,
    address: str = "127.0.0.1",
    **environment: str,
) -> Generator[World]:
    """Open one; at the end its workers are killed and its home is deleted.

    Args:
        monkeypatch: sets the environment of this process, whose sensor ticks, as the workers'.
        database_url: a database with tables; None means the embedded server of the world's home.
        address: at which the provider listens.
        environment: more variables, or others.
    """
    replay = Replay(payloads={PATH: payload(0)})
    gate = Gate(replay.app())
    slack = SlackReceiver()
    with contextlib.ExitStack() as stack:
        # Not tmp_path: pytest's directories are private, and root's Postgres is another user.
        home = Path(tempfile.mkdtemp(prefix="dp-faults-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        home.chmod(0o711)
        if database_url is None:
            # The server looks after itself four times as often as it lingers.
            server = EmbeddedPostgres(home, linger_seconds=1)
            stack.callback(server.release)
            database_url = server.url()
        else:
            environment = {"DP_DATABASE_URL": database_url, **environment}
        everything = {
            "PATH": os.environ["PATH"],
            "DP_HOME": str(home),
            "OPENFOOTBALL_BASE_URL": stack.enter_context(serve(gate, host=address)),
            "SLACK_JOB_EXECUTIONS_WEBHOOK": stack.enter_context(slack.listening()),
            **environment,
        }
        for name, value in everything.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # put back what the storage sets
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(ROOT)))
        made = World(home, database_url, everything, replay, gate, slack, instance)
        try:
            yield made
        finally:
            for worker in made.workers:
                worker.kill()
                worker.join(10)
                worker.close()
