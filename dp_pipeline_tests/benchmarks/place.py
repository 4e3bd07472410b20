"""Where a benchmark works: a directory of its own with a DP_HOME in it, gone afterwards."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from dp_pipeline_tests.dagster_dev import copy_project

_UNPACED = "dp_pipeline_tests.benchmarks.unpaced"


@contextlib.contextmanager
def place() -> Generator[tuple[Path, Path]]:
    """The directory and the DP_HOME; Postgres' own user must be able to pass through."""
    top = Path(tempfile.mkdtemp(prefix="dp-bench-"))
    top.chmod(0o711)
    try:
        yield top, top / "home"
    finally:
        shutil.rmtree(top, ignore_errors=True)


def unpaced_project(directory: Path) -> Path:
    """A directory to start `dagster dev` in, with providers that are read fast."""
    copied = copy_project(directory) / "workspace.yaml"
    shipped = copied.read_text()
    named = shipped.replace("module_name: dp_pipeline.definitions", f"module_name: {_UNPACED}")
    assert named != shipped
    copied.write_text(named)
    return directory
