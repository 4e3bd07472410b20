"""Where a benchmark works: a directory of its own with a DP_HOME in it, gone afterwards."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path


@contextlib.contextmanager
def place() -> Generator[tuple[Path, Path]]:
    """The directory and the DP_HOME; Postgres' own user must be able to pass through."""
    top = Path(tempfile.mkdtemp(prefix="dp-bench-"))
    top.chmod(0o711)
    try:
        yield top, top / "home"
    finally:
        shutil.rmtree(top, ignore_errors=True)
