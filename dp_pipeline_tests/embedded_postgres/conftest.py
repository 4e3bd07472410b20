"""A home for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dp_pipeline_tests.embedded_postgres.homes import Home


@pytest.fixture
def home() -> Iterator[Home]:
    # pytest's own temporary directories are private, a case of its own (see below)
    path = Path(tempfile.mkdtemp(prefix="dp-tests-"))
    path.chmod(0o711)
    home = Home(path)
    yield home
    home.clean()
