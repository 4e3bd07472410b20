"""A real `dagster dev`: what people do in its pages, done through its GraphQL; stopped or killed.

`copy_project` makes a directory to start it in; `dp_pipeline_tests/instance/project.py` makes one
with two stand-in assets.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import httpx
import psutil
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
)

from dp_pipeline_tests.days import clock
from dp_pipeline_tests.servers import free_port

Answer = TypeVar("Answer")

ROOT = Path(__file__).resolve().parent.parent

OVER = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
BACKFILL_OVER = frozenset({"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"})

_REPOSITORY = {"repositoryLocationName": "dp_pipeline", "repositoryName": "__repository__"}
_LOADED = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""
_BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""
_ADD_PARTITION = """
mutation($key: String!, $name: String!, $repository: RepositorySelector!) {
  addDynamicPartition(partitionKey: $key, partitionsDefName: $name, repositorySelector: $repository)
  { __typename ... on Error { message } }
}
"""
_TERMINATE = """
mutation($id: String!, $policy: TerminateRunPolicy) {
  terminateRun(runId: $id, terminatePolicy: $policy) {
    __typename
    ... on TerminateRunFailure { message }
    ... on Error { message }
  }
}
"""
_RUN = "query($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status } } }"
_TAGS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }"
_RUNS = "{ runsOrError(limit: 500) { ... on Runs { results { runId status } } } }"
_BACKFILL_STATUS = """
query($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    __typename ... on PartitionBackfill { status runs(limit: 500) { runId status } }
  }
}
"""
_PARTITIONS = """
query($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      assetPartitionStatuses {
        ... on DefaultPartitionStatuses {
          materializedPartitions failedPartitions unmaterializedPartitions materializingPartitions
        }
      }
    }
  }
}
"""
_TICKS = """
query($selector: SensorSelector!) {
  sensorOrError(sensorSelector: $selector) {
    __typename
    ... on Sensor {
      sensorState { ticks(limit: 20) { timestamp status skipReason error { message } } }
    }
  }
}
"""
_RELOAD = """
mutation($location: String!) {
  reloadRepositoryLocation(repositoryLocationName: $location) { __typename }
}
"""


def wait_for(
    what: str, ask: Callable[[], Answer | None], seconds: float = 60, *, every: float = 0.1
) -> Answer:
    """The first answer that is not None."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(every)
    return answer


def copy_project(directory: Path, *, poll_seconds: int = 30) -> Path:
    """A directory with the project's own dagster.yaml and workspace.yaml.

    `dagster dev` is started in it; the code is the checkout's. A copy, because a killed
    `dagster dev` leaves files where it was started, and because a test cannot wait 30 s for run
    monitoring to look.
    """
    directory.mkdir(parents=True)
    shipped = (ROOT / "dagster.yaml").read_text()
    asked = shipped.replace("poll_interval_seconds: 30", f"poll_interval_seconds: {poll_seconds}")
    assert poll_seconds == 30 or asked != shipped
    (directory / "dagster.yaml").write_text(asked)
    (directory / "workspace.yaml").write_text((ROOT / "workspace.yaml").read_text())
    return directory


def switch(
    instance: dg.DagsterInstance,
    automation: dg.ScheduleDefinition | dg.SensorDefinition,
    *,
    since: float | None,
) -> None:
    """Switch a schedule or sensor on as of a time in Unix seconds, or off for None.

    Of a schedule that is on since long ago the daemon makes good the last tick: so the night comes
    when a test wants it, with the schedule as it is. The daemon looks when it starts and at each
    full minute, and remembers what it has looked at: switch before, or off before and on then.
    """
    # its attribute of that name implements the abstract property
    location = RegisteredCodeLocationOrigin("dp_pipeline")  # ty: ignore[abstract-class-instantiation]
    scheduled = isinstance(automation, dg.ScheduleDefinition)
    state = InstigatorState(
        RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), automation.name),
        InstigatorType.SCHEDULE if scheduled else InstigatorType.SENSOR,
        InstigatorStatus.STOPPED if since is None else InstigatorStatus.RUNNING,
        ScheduleInstigatorData(automation.cron_schedule, since)
        if scheduled
        else SensorInstigatorData(last_tick_start_timestamp=since),
    )
    if instance.get_instigator_state(state.instigator_origin_id, state.selector_id) is None:
        instance.add_instigator_state(state)
    else:
        instance.update_instigator_state(state)


@dataclass
class DagsterDev:
    """A running `dagster dev` and everything it started."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    # -- what people do in the pages ---------------------------------------------------------------

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": text, "variables": variables}, timeout=30
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def add_partitions(self, *keys: str) -> None:
        """Register tournaments, as the dialog "Add partition" does."""
        for key in keys:
            found = self.query(_ADD_PARTITION, key=key, name="tournaments", repository=_REPOSITORY)[
                "addDynamicPartition"
            ]
            assert found["__typename"] == "AddDynamicPartitionSuccess", found

    def launch(self, *assets: str, partition: str | None = None) -> str:
        """Launch one run of some assets, of one partition where they have partitions; its id."""
        tags = [] if partition is None else [{"key": "dagster/partition", "value": partition}]
        found = self.query(
            _LAUNCH,
            params={
                "selector": {
                    **_REPOSITORY,
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [{"path": [asset]} for asset in assets],
                },
                "runConfigData": {},
                "mode": "default",
                "executionMetadata": {"tags": tags},
            },
        )["launchPipelineExecution"]
        assert found["__typename"] == "LaunchRunSuccess", found
        return found["run"]["runId"]

    def backfill(self, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Launch a backfill of some assets, as materializing several partitions does; its id."""
        found = self.query(
            _BACKFILL,
            params={
                "assetSelection": [{"path": [asset]} for asset in assets],
                "partitionNames": list(partitions),
                "tags": [],
            },
        )["launchPartitionBackfill"]
        assert found["__typename"] == "LaunchBackfillSuccess", found
        return found["backfillId"]

    def cancel(self, run_id: str, *, policy: str = "SAFE_TERMINATE") -> None:
        """Cancel a run; the other policy is MARK_AS_CANCELED_IMMEDIATELY ("force")."""
        found = self.query(_TERMINATE, id=run_id, policy=policy)["terminateRun"]
        assert found["__typename"] == "TerminateRunSuccess", found

    def reload(self) -> None:
        """Reload the code location."""
        self.query(_RELOAD, location=_REPOSITORY["repositoryLocationName"])

    # -- what the pages show -----------------------------------------------------------------------

    def is_ready(self) -> bool | None:
        """True once the code location is loaded."""
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            if self.query(_LOADED)["repositoriesOrError"].get("nodes"):
                return True
        return None

    def run_status(self, run_id: str) -> str:
        """QUEUED, STARTED, SUCCESS, …"""
        found = self.query(_RUN, id=run_id)["runOrError"]
        assert found["__typename"] == "Run", found
        return found["status"]

    def tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run."""
        found = self.query(_TAGS, id=run_id)["runOrError"]["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    def runs(self) -> dict[str, str]:
        """Run id to status, newest first."""
        return {r["runId"]: r["status"] for r in self.query(_RUNS)["runsOrError"]["results"]}

    def wait_for_run(self, run_id: str, seconds: float = 60) -> str:
        """The status a run ends with."""

        def ended() -> str | None:
            status = self.run_status(run_id)
            return status if status in OVER else None

        return wait_for(f"run {run_id} to end", ended, seconds)

    def wait_for_backfill(self, backfill_id: str, seconds: float = 120) -> dict[str, Any]:
        """`status` and `runs` (`runId`, `status`) once it ended; the daemon looks every 30 s."""

        def ended() -> dict[str, Any] | None:
            found = self.query(_BACKFILL_STATUS, id=backfill_id)["partitionBackfillOrError"]
            assert found["__typename"] == "PartitionBackfill", found
            return found if found["status"] in BACKFILL_OVER else None

        return wait_for(f"backfill {backfill_id} to end", ended, seconds, every=0.5)

    def partitions(self, asset: str) -> dict[str, list[str]]:
        """The partitions of an asset as materialized, failed, unmaterialized, materializing."""
        found = self.query(_PARTITIONS, asset={"path": [asset]})["assetNodeOrError"]
        return {
            name.removesuffix("Partitions"): keys
            for name, keys in found["assetPartitionStatuses"].items()
        }

    def wait_for_tick(
        self, sensor: str = "announce_executions", seconds: float = 60
    ) -> dict[str, Any]:
        """The first tick of the daemon that begins from now on, once it has ended.

        Has `status`, `skipReason` and `error`. The sensor ticks every 10 s.
        """
        since = time.time()

        def ended() -> dict[str, Any] | None:
            found = self.query(_TICKS, selector={**_REPOSITORY, "sensorName": sensor})[
                "sensorOrError"
            ]
            assert found["__typename"] == "Sensor", found
            later = [
                tick
                for tick in found["sensorState"]["ticks"]
                if tick["timestamp"] >= since and tick["status"] != "STARTED"
            ]
            return later[-1] if later else None

        return wait_for(f"a tick of {sensor}", ended, seconds)

    # -- its processes -----------------------------------------------------------------------------

    def family(self) -> list[psutil.Process]:
        """This process and all below it."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def code_servers(self) -> list[psutil.Process]:
        """The processes that hold the code location."""
        return [p for p in self.family() if {"grpc", "code-server"} & set(p.cmdline())]

    def kill_everything(self) -> None:
        """What a power cut does."""
        family = self.family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)


@contextlib.contextmanager
def dagster_dev(
    project: Path, home: Path, environment: Mapping[str, str] | None = None
) -> Generator[DagsterDev]:
    """`dagster dev` typed in a project; at the end of the block it ends with all it started.

    Args:
        project: where it is typed; its output is beside, in dagster-dev.log.
        home: DP_HOME, a directory of this test alone: its processes are known by it.
        environment: further variables; but for the clock nothing else of this process'
            environment is passed on.
    """
    port = free_port()
    log = project.parent / "dagster-dev.log"
    before = {p.pid for p in psutil.process_iter()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                Path(sys.executable).with_name("dagster"),
                *("dev", "--port", str(port), "--workspace", "workspace.yaml"),
            ],
            cwd=project,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(project.parent),
                **clock(),
                "DP_HOME": str(home),
                **(environment or {}),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    dev = DagsterDev(f"http://127.0.0.1:{port}", log, process)
    try:
        wait_for("dagster dev", dev.is_ready, 180)
        yield dev
    finally:
        left = dev.family() if process.poll() is None else []
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
        # a run's process outlives dagster dev, and a killed parent's children change parents
        left += [
            p
            for p in psutil.process_iter(["pid", "environ"])
            if p.pid not in before and (p.info["environ"] or {}).get("DP_HOME") == str(home)
        ]
        for orphan in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()
        process.wait()
