"""A Dagster project of two assets under the shipped dagster.yaml, for tests of the instance."""

import tempfile
from pathlib import Path

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

ROOT = Path(__file__).resolve().parent.parent.parent

_DEFINITIONS = """
import os, time
import dagster as dg

@dg.asset
def quick() -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={"batch": os.environ.get("DAGSTER_EVENT_BATCH_SIZE", "unset")}
    )

@dg.asset
def slow() -> None:
    time.sleep(600)

defs = dg.Definitions(assets=[quick, slow], executor=dg.in_process_executor)
"""


def make_project(directory: Path, *, poll_seconds: int = 30) -> Path:
    """Write the project; monitoring looks at the runs every `poll_seconds`."""
    directory.mkdir(parents=True)
    shipped = (ROOT / "dagster.yaml").read_text()
    asked = shipped.replace("poll_interval_seconds: 30", f"poll_interval_seconds: {poll_seconds}")
    assert poll_seconds == 30 or asked != shipped
    (directory / "dagster.yaml").write_text(asked)
    workspace = (ROOT / "workspace.yaml").read_text()
    (directory / "workspace.yaml").write_text(
        workspace.replace("dp_pipeline.definitions", "stub_definitions")
    )
    (directory / "stub_definitions.py").write_text(_DEFINITIONS)
    return directory


def open_instance(project: Path) -> DagsterInstance:
    """The project's instance as `dagster dev` opens it: the directory given is a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        return DagsterInstance.from_ref(InstanceRef.from_dir(temporary, config_dir=str(project)))
