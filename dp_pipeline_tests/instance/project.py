"""A Dagster project of two assets under the shipped dagster.yaml, for tests of the instance."""

import tempfile
from pathlib import Path

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from dp_pipeline_tests.dagster_dev import copy_project

_DEFINITIONS = """
import os, time
import dagster as dg

@dg.asset
def quick() -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={
            "batch": os.environ.get("DAGSTER_EVENT_BATCH_SIZE", "unset"),
            "environment": {n: os.environ.get(n) for n in ("DP_MESSAGES", "AWS_REGION", "EMPTY")},
        }
    )

@dg.asset
def slow() -> None:
    time.sleep(600)

def from_settings() -> dg.Definitions:  # what the shipped workspace.yaml names
    return dg.Definitions(assets=[quick, slow], executor=dg.in_process_executor)
"""


def make_project(directory: Path, *, poll_seconds: int = 30) -> Path:
    """Write the project; monitoring looks at the runs every `poll_seconds`."""
    copy_project(directory, poll_seconds=poll_seconds)
    workspace = (directory / "workspace.yaml").read_text()
    (directory / "workspace.yaml").write_text(
        workspace.replace("dp_pipeline.definitions", "stub_definitions")
    )
    (directory / "stub_definitions.py").write_text(_DEFINITIONS)
    return directory


def open_instance(project: Path) -> DagsterInstance:
    """The project's instance as `dagster dev` opens it: the directory given is a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        return DagsterInstance.from_ref(InstanceRef.from_dir(temporary, config_dir=str(project)))
