"""A real `dagster dev`: start it, launch an asset through its GraphQL, stop it, kill it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

Answer = TypeVar("Answer")

_LAUNCH = """
mutation($selector: JobOrPipelineSelector!) {
  launchPipelineExecution(executionParams: {selector: $selector, runConfigData: {}}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
_LOADED = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"


def wait_for(what: str, ask: Callable[[], Answer | None], seconds: float = 60) -> Answer:
    """The first answer that is not None."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return answer


@dataclass
class DagsterDev:
    """A running `dagster dev` and everything it started."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": text, "variables": variables}, timeout=30
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def is_ready(self) -> bool | None:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            if self.query(_LOADED)["repositoriesOrError"].get("nodes"):
                return True
        return None

    def launch(self, asset: str) -> str:
        """Launch a run of one asset; its id."""
        found = self.query(
            _LAUNCH,
            selector={
                "repositoryLocationName": "dp_pipeline",
                "repositoryName": "__repository__",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": [asset]}],
            },
        )["launchPipelineExecution"]
        assert found["__typename"] == "LaunchRunSuccess", found
        return found["run"]["runId"]

    def family(self) -> list[psutil.Process]:
        """This process and all below it."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def code_servers(self) -> list[psutil.Process]:
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
def dagster_dev(project: Path, home: Path) -> Generator[DagsterDev]:
    """`dagster dev` typed in the project, with nothing else in its environment; ends with all it
    started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    log = project.parent / "dagster-dev.log"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(project.parent),
        "DP_HOME": str(home),
    }
    before = {p.pid for p in psutil.process_iter()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                Path(sys.executable).with_name("dagster"),
                *("dev", "--port", str(port), "--workspace", "workspace.yaml"),
            ],
            cwd=project,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    dev = DagsterDev(f"http://127.0.0.1:{port}", log, process)
    try:
        wait_for("dagster dev", dev.is_ready)
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
