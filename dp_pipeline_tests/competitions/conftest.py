"""A place whose file follows nothing yet."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.competitions.place import Place


@pytest.fixture
def place(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    file = tmp_path / "competitions.yaml"
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_COMPETITIONS", str(file))
    with dg.DagsterInstance.ephemeral() as instance:
        made = Place(instance, database, migrated_url, file)
        made.follow()
        yield made


@pytest.fixture
def place_on_disk(place: Place) -> Iterator[Place]:
    """With the storage of a laptop."""
    with dg.instance_for_test() as instance:
        yield replace(place, instance=instance)
