"""Resources as a code server uses them, which lives for days and opens them every few seconds."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dp_pipeline.resources import DatabaseResource


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not tmp_path: pytest's directories are private, and root's server is another user.
    path = Path(tempfile.mkdtemp(prefix="dp-tests-"))
    path.chmod(0o711)
    monkeypatch.setenv("DP_HOME", str(path))
    yield path
    # The watcher sees that the home is gone and ends the server at once.
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.usefixtures("home")
def test_opening_the_embedded_database_again_costs_no_file_descriptor() -> None:
    database = DatabaseResource().open()
    before = psutil.Process().num_fds()
    for _ in range(5):
        assert DatabaseResource().open() is database
    assert psutil.Process().num_fds() == before
    database.close()
