"""A fresh machine: `dp ingest` typed in an empty home, against providers that are counted."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.end_to_end.command import Ended, dp
from dp_pipeline_tests.end_to_end.contents import row_versions
from dp_pipeline_tests.instance.project import open_instance
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, serve


@dataclass
class Machine:
    """A fresh home with its own embedded Postgres, and providers that can be counted."""

    home: Path
    replay: Replay
    base_url: str
    slack: SlackReceiver
    webhook: str
    url: str = ""
    ended: list[Ended] = field(default_factory=list)
    requests: list[Counter[str]] = field(default_factory=list)
    versions: list[dict[str, list[Any]]] = field(default_factory=list)

    def ingest(self, *keys: str) -> Ended:
        self.replay.seen.clear()
        further = {
            "OPENLIGADB_BASE_URL": self.base_url,
            "OPENFOOTBALL_BASE_URL": self.base_url,
            # the default root of links to runs, spelled differently to see that it is obeyed
            "DAGSTER_BASE_URL": "https://dagster.example",
        }
        self.ended.append(dp("ingest", *keys, home=self.home, further=further))
        self.requests.append(self.replay.seen.copy())
        self.url = self.url or dp("db", "url", home=self.home).stdout.strip()
        self.versions.append(row_versions(self.url))
        return self.ended[-1]

    def tick(self) -> str:
        """Evaluate the sensor as the daemon of this home would; what it says it did."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DP_HOME", str(self.home))
            patch.setenv("DAGSTER_BASE_URL", "https://dagster.example")
            patch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # puts back what the storage sets
            resources = {
                "database": DatabaseResource(url=self.url),
                "ledger": LedgerResource(),
                "slack": SlackResource(webhook=self.webhook),
            }
            with (
                open_instance(ROOT) as instance,
                dg.build_sensor_context(instance=instance, resources=resources) as context,
            ):
                said = announce_executions(context)
        assert isinstance(said, dg.SkipReason)
        return said.skip_message or ""


@contextmanager
def machine(replay: Replay) -> Generator[Machine]:
    slack = SlackReceiver()
    # not tmp_path: pytest's directories are private, and root's Postgres is another user
    folder = Path(tempfile.mkdtemp(prefix="dp ingest-"))
    folder.chmod(0o711)
    try:
        with serve(replay.app()) as base_url, slack.listening() as webhook:
            yield Machine(folder / "home", replay, base_url, slack, webhook)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
