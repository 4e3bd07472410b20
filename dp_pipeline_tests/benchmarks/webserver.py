"""A Dagster webserver of a home, asked for what its pages of partitions show."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from dp_pipeline_tests.dagster_dev import ROOT, copy_project, wait_for
from dp_pipeline_tests.servers import free_port

_OVERVIEW = """
query($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      partitionKeysByDimension { name type partitionKeys }
      assetPartitionStatuses {
        ... on DefaultPartitionStatuses {
          materializedPartitions failedPartitions unmaterializedPartitions materializingPartitions
        }
      }
    }
  }
}
"""
_PARTITION = """
query($asset: AssetKeyInput!, $partition: String!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      latestRunForPartition(partition: $partition) { runId status }
      assetMaterializations(partitions: [$partition], limit: 100) { runId timestamp partition }
      assetObservations(partitions: [$partition], limit: 100) { runId timestamp partition }
    }
  }
}
"""
_START_SECONDS = 120
_ANSWER_SECONDS = 120


@dataclass
class Webserver:
    """A running one."""

    url: str

    @classmethod
    @contextlib.contextmanager
    def serving(
        cls, home: Path, entered: Callable[[], AbstractContextManager[None]]
    ) -> Generator[Self]:
        """Start it with the project's settings in the environment of `home`; it has its own log."""
        project, port = copy_project(home / "project"), free_port()
        command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
        with (home / "webserver.log").open("wb") as log, entered():
            process = subprocess.Popen(
                [*command, "-w", str(project / "workspace.yaml")],
                cwd=project,
                env={**os.environ, "DAGSTER_HOME": str(project), "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        webserver = cls(f"http://127.0.0.1:{port}")
        try:
            wait_for("the webserver", webserver._answers, _START_SECONDS)
            yield webserver
        finally:
            process.terminate()
            process.wait(30)

    def _answers(self) -> bool | None:
        with contextlib.suppress(httpx.TransportError, AssertionError):
            return self.partitions("matches") is not None
        return None

    def partitions(self, asset: str) -> dict[str, Any]:
        """What the page of an asset's partitions shows first: all keys and the state of each."""
        return self._asked(_OVERVIEW, asset={"path": [asset]})

    def partition(self, asset: str, key: str) -> dict[str, Any]:
        """What is shown when one partition is chosen."""
        return self._asked(_PARTITION, asset={"path": [asset]}, partition=key)

    def _asked(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            timeout=_ANSWER_SECONDS,
        ).json()
        assert "errors" not in answer, answer
        found = answer["data"]["assetNodeOrError"]
        assert found, answer
        return found
