"""Teams with badges, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.assets.club import Club, Shelf
from dp_pipeline_tests.images.gallery_server import ImageServer
from dp_pipeline_tests.servers import serve


@pytest.fixture
def club(database: Database, tmp_path: Path) -> Iterator[Club]:
    server = ImageServer()
    with serve(server.app()) as base:
        yield Club(database, tmp_path, base, server, Shelf(tmp_path / "objects"))
