"""What is tried again: exactly what failed last."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from dp_pipeline.database.confirmed import note_removal
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.failing import failing, since_of
from dp_pipeline_tests.ledger.rows import failed, finished_row

BEGAN = datetime(2024, 5, 4, 12, tzinfo=UTC)
KEY = "openligadb:bl1:2024"


def row(database: Database, minute: int, domain: str, key: str = KEY, **values: Any) -> None:
    at = BEGAN + timedelta(minutes=minute)
    finished_row(database, uuid4(), key, domain, completed_at=at, **values)


def found(database: Database, since: datetime | None = None) -> dict[str, tuple[str, ...]]:
    with database.transaction() as connection:
        return failing(connection, since)


def test_exactly_the_pairs_whose_last_execution_failed_each_after_its_cause(
    database: Database,
) -> None:
    row(database, 0, "matches")
    row(database, 1, "standings", **failed(outcome="blocked_dependency"))
    row(database, 1, "matches", **failed())
    row(database, 1, "teams", **failed())
    row(database, 2, "teams", status="partial_failure")
    row(database, 1, "logos", **failed())
    row(database, 1, "rounds", key="openligadb:bl2:2024", **failed())
    row(database, 2, "rounds", key="openligadb:bl2:2024")
    row(database, 1, "goals", key="openligadb:bl3:2024", **failed())
    assert found(database) == {
        KEY: ("matches", "standings", "logos"),
        "openligadb:bl3:2024": ("goals",),
    }


def test_only_what_failed_since_a_time(database: Database) -> None:
    row(database, 0, "teams", **failed())
    row(database, 10, "matches", **failed())
    assert found(database, BEGAN + timedelta(minutes=5)) == {KEY: ("matches",)}
    assert found(database, BEGAN + timedelta(minutes=11)) == {}


def test_a_persons_dry_run_neither_fails_nor_makes_good(database: Database) -> None:
    row(database, 0, "teams", scope="dry_run", **failed())
    row(database, 0, "matches", **failed())
    row(database, 1, "matches", scope="dry_run", outcome="planned")
    assert found(database) == {KEY: ("matches",)}


def test_a_poll_makes_a_poll_good_and_no_whole_read(database: Database) -> None:
    row(database, 0, "matches", **failed())
    row(database, 1, "matches", scope="part")
    row(database, 0, "goals", scope="part", **failed())
    row(database, 1, "goals", scope="nothing")
    row(database, 0, "standings", scope="part", **failed())
    row(database, 1, "standings", scope="part")
    assert found(database) == {KEY: ("matches", "goals")}
    row(database, 2, "goals")
    assert found(database) == {KEY: ("matches",)}


def test_what_is_being_tried_again_is_not_tried_twice(database: Database) -> None:
    row(database, 0, "matches", **failed())
    row(database, 1, "matches", status="in_progress", outcome=None)
    assert found(database) == {}


def test_a_tournament_that_was_taken_away_is_not_tried_again(database: Database) -> None:
    row(database, 0, "matches", **failed())
    with database.transaction() as connection:
        note_removal(connection, KEY)
    assert found(database) == {}


def test_a_key_that_its_provider_does_not_have_is_not_tried_again(database: Database) -> None:
    absent = failed(error_class="TournamentNotFoundError")
    row(database, 0, "tournaments", key="openfootball:en.1:2024", **absent)
    row(database, 1, "teams", key="openfootball:en.1:2024", **failed(outcome="blocked_dependency"))
    row(database, 0, "matches", **failed())
    assert found(database) == {KEY: ("matches",)}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("90m", BEGAN - timedelta(minutes=90)),
        (" 2d ", BEGAN - timedelta(days=2)),
        ("2024-05-04T12:00", BEGAN),
        ("2024-05-04T14:00+02:00", BEGAN),
        ("2024-05-04", BEGAN - timedelta(hours=12)),
    ],
)
def test_a_time_is_written_as_people_write_it(text: str, at: datetime | None) -> None:
    assert since_of(text, BEGAN) == at


@pytest.mark.parametrize("text", ["yesterday", "6 weeks", "-3h", "2024-13-01"])
def test_what_is_no_time_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: give how long ago"):
        since_of(text, BEGAN)
