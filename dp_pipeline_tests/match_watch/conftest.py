"""A reader for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.match_watch.reader import Reader
from dp_pipeline_tests.providers.openligadb_service import Service


@pytest.fixture
def reader(database: Database, tmp_path: Path) -> Iterator[Reader]:
    service = Service({}, seconds=0)
    with service.listening() as url:
        yield Reader(database, service, url, tmp_path)
