"""A database that is away or too new is posted once, and what failed with it afterwards."""

import json

import pytest
import sqlalchemy as sa
from dagster._core.scheduler.instigation import TickStatus

from dp_pipeline_tests.notifications.machinery import SENSOR, Machinery
from dp_pipeline_tests.servers import closed_url


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits until a server that is away has had time to be back."""
    for module in (
        "announcing.AWAY_SECONDS",
        "announcing.START_SECONDS",
        "detection.START_SECONDS",
    ):
        monkeypatch.setattr(f"dp_pipeline.notifications.{module}", 0.2)


@pytest.mark.usefixtures("_soon")
def test_that_the_database_is_away_is_announced_once_and_what_failed_with_it_afterwards(
    machinery: Machinery,
) -> None:
    url = machinery.url
    machinery.url = closed_url().replace("http://", "postgresql://me:hidden77@") + "/db"
    state = machinery.on(SENSOR)
    machinery.fails(state)
    assert machinery.watch().startswith("The database cannot be used: ")
    before = machinery.cursor
    said = machinery.deliver()
    assert said.startswith("The database cannot be used: ")
    assert said.endswith("1 messages sent")
    assert "messages sent" not in machinery.deliver()
    known, machinery.cursor = machinery.cursor, before  # the daemon was killed before its end
    assert "1 messages sent" in machinery.deliver()
    machinery.cursor = known
    machinery.evaluated(passed=False)
    assert "messages sent" not in machinery.tick()
    machinery.url = url
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.tick() == "2 messages sent"
    assert machinery.tick() == "Nothing new."
    assert machinery.headers == [
        "❌ The database cannot be used",
        "❌ The database cannot be used",
        "❌ The check every_competition_is_listed of seasons fails",
        "✅ The database can be used again",
    ]
    assert "hidden77" not in json.dumps(machinery.receiver.accepted) + said


@pytest.mark.usefixtures("_soon")
def test_a_database_whose_tables_are_too_new_is_announced(machinery: Machinery) -> None:
    with machinery.database.transaction() as connection:
        connection.execute(sa.text("UPDATE dp_alembic_version SET version_num = '9999'"))
    assert "made by a newer dp_pipeline" in machinery.deliver()
    assert machinery.headers == ["❌ The database cannot be used"]
