"""Runs on two hosts that share Postgres and nothing else, launched as a cluster does it.

A process a run, on the next host; the control plane that launched them is started again meanwhile.
"""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster._core.launcher import DefaultRunLauncher, LaunchRunContext
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._grpc.types import ExecuteRunArgs

from dp_pipeline.assets.refresh_job import REFRESH_JOB, refresh_requests
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.run_tags import Priority
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.days import NO_LIBRARY, library, moved
from dp_pipeline_tests.end_to_end.world import World, until, world
from dp_pipeline_tests.hosts import Host, hosts
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.tcp_postgres import TcpPostgres, tcp_postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    # Dagster asks itself for it when it describes schedules.
    pytest.mark.filterwarnings("ignore:.*environment_vars:DeprecationWarning"),
]

TEAMS = ("Ahlen", "Brake", "Celle", "Damme")
MATCHES = len(TEAMS) * (len(TEAMS) - 1)


class HostsLauncher(DefaultRunLauncher):
    """Has each run executed by a process of its own on the next of some hosts."""

    def __init__(self, environments: Mapping[str, Mapping[str, str]], log: Path) -> None:
        super().__init__()
        self._next = itertools.cycle(environments.items())
        self._log = log
        self.processes: list[tuple[str, subprocess.Popen[bytes]]] = []

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        assert run.job_code_origin is not None
        arguments = ExecuteRunArgs(run.job_code_origin, run.run_id, self._instance.get_ref())
        name, environment = next(self._next)
        command = ["ip", "netns", "exec", name, sys.executable, "-m"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*command, *arguments.get_command_args()],
                cwd=ROOT,
                env=dict(environment),
                stdout=log,
                stderr=log,
            )
        self.processes.append((name, process))


@pytest.fixture
def server() -> Iterator[TcpPostgres]:
    with tcp_postgres() as made:
        with contextlib.closing(Database(made.url())) as database:
            database.ensure_current()
        with psycopg.connect(made.url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE dagster")
        yield made


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, server: TcpPostgres) -> Iterator[World]:
    with world(
        monkeypatch,
        server.url(),
        address="0.0.0.0",  # noqa: S104 - the test's own
        DAGSTER_POSTGRES_URL=server.url(database="dagster"),
    ) as made:
        yield made


@pytest.fixture
def two(server: TcpPostgres) -> Iterator[list[Host]]:
    del server  # which ends after the hosts
    with hosts(2) as made:
        yield made


def environment(made: World, host: Host, clock: Mapping[str, str]) -> dict[str, str]:
    """Of a run on a host: it shares no folder with anybody."""
    given = made.environment
    return {
        "PATH": os.environ["PATH"],
        "DP_HOME": str(made.home / host.name),
        "DP_EMBEDDED": "off",
        "DP_DATABASE_URL": given["DP_DATABASE_URL"].replace("127.0.0.1", host.data),
        "DAGSTER_POSTGRES_URL": given["DAGSTER_POSTGRES_URL"].replace("127.0.0.1", host.data),
        "OPENFOOTBALL_BASE_URL": given["OPENFOOTBALL_BASE_URL"].replace("0.0.0.0", host.pages),  # noqa: S104
        **clock,
    }


def offer(made: World, count: int) -> list[str]:
    """Have the provider offer so many tournaments; their keys."""
    keys = []
    for number in range(count):
        competition, year = ("at.1", "de.1")[number % 2], 2000 + number // 2
        name = f"{year}-{(year + 1) % 100:02}"
        matches = league(*TEAMS)
        for match in matches:
            match["date"] = match["date"].replace("2025", str(year + 1)).replace("2024", str(year))
        made.replay.payloads[f"/{name}/{competition}.json"] = season(matches, f"Liga {name}")
        keys.append(f"openfootball:{competition}:{name}")
    return keys


def launch(made: World, launcher: HostsLauncher, chunks: Sequence[Sequence[str]]) -> None:
    """Launch a run for each of some sets of tournaments."""
    made.instance._run_launcher = launcher
    launcher.register_instance(made.instance)
    origin = LoadableTargetOrigin(module_name="dp_pipeline.definitions")
    with in_process_test_workspace(made.instance, origin) as workspace:
        [location] = workspace.code_locations
        [repository] = location.get_repositories().values()
        remote = repository.get_full_job(REFRESH_JOB)
        for keys in chunks:
            (request,) = refresh_requests(keys, priority=Priority.MANUAL)
            run = made.instance.create_run_for_job(
                defs.resolve_job_def(REFRESH_JOB),
                run_config=request.run_config,
                tags=request.tags,
                remote_job_origin=remote.get_remote_origin(),
                job_code_origin=remote.get_python_origin(),
            )
            made.instance.launch_run(run.run_id, workspace)


def ended(made: World, launcher: HostsLauncher) -> None:
    """Another control plane looks after the runs until all have ended."""
    with dg.DagsterInstance.from_config(str(ROOT)) as later:
        made.instance = later
        while any(process.poll() is None for _, process in launcher.processes):
            made.tick()
            time.sleep(1)
        made.tick()
        log = (made.home / "runs.log").read_text()
        assert {process.returncode for _, process in launcher.processes} == {0}, log
        assert {run.status for run in later.get_runs()} == {dg.DagsterRunStatus.SUCCESS}, log
        until("all to be told", lambda: made.tick() == "Nothing new.")
        assert all(made.told().values())


def all_is_there(made: World, keys: Sequence[str]) -> None:
    rows = made.executions()
    assert {(row["status"], row["error_class"]) for row in rows} == {("completed", None)}
    done = Counter((row["tournament_key"], row["domain"]) for row in rows)
    assert done == dict.fromkeys(itertools.product(keys, NAMES), 1)
    (counts,) = made.query(
        "SELECT (SELECT count(*) FROM tournament) AS tournaments, (SELECT count(*) FROM match)"
        " AS matches, (SELECT count(*) FROM team) AS teams"
    )
    # clubs without ids are one team each, whoever was first
    assert counts == {
        "tournaments": len(keys),
        "matches": MATCHES * len(keys),
        "teams": len(TEAMS) * len({key.split(":")[1] for key in keys}),
    }
    for row in rows:
        assert row["completed_at"] >= row["started_at"]


def test_two_hosts_share_forty_tournaments_without_a_row_that_failed_or_is_there_twice(
    place: World, two: list[Host]
) -> None:
    keys = offer(place, 40)
    environments = {host.name: environment(place, host, {}) for host in two}
    launcher = HostsLauncher(environments, place.home / "runs.log")
    launch(place, launcher, [keys[first::4] for first in range(4)])
    ended(place, launcher)
    all_is_there(place, keys)
    assert Counter(name for name, _ in launcher.processes) == {host.name: 2 for host in two}


def test_hosts_whose_clocks_are_ten_minutes_fast_and_slow_share_tournaments_all_the_same(
    place: World, two: list[Host]
) -> None:
    with library() as preloaded:
        if preloaded is None:
            pytest.skip(NO_LIBRARY)
        keys = offer(place, 8)
        clocks = [moved(preloaded, seconds) for seconds in (600, -600)]
        environments = {
            host.name: environment(place, host, clock)
            for host, clock in zip(two, clocks, strict=True)
        }
        launcher = HostsLauncher(environments, place.home / "runs.log")
        launch(place, launcher, [keys[::2], keys[1::2]])
        ended(place, launcher)
    all_is_there(place, keys)
