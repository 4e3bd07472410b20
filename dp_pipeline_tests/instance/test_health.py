"""Whether an installation works is decided by what was last heard of its parts."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database.database import Database
from dp_pipeline.instance.health import (
    DELIVERY_SECONDS,
    SILENT_SECONDS,
    STUCK_SECONDS,
    daemon_part,
    delivery_part,
    installation_health,
)
from dp_pipeline_tests.servers import closed_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGES = st.floats(0, 10_000)


@given(st.dictionaries(st.sampled_from(["SENSOR", "SCHEDULER", "BACKFILL"]), AGES))
def test_a_daemon_works_while_one_part_is_quick_and_none_stuck(ages: dict[str, float]) -> None:
    part = daemon_part({name: NOW.timestamp() - age for name, age in ages.items()}, NOW)
    works = (
        bool(ages) and min(ages.values()) < SILENT_SECONDS and max(ages.values()) < STUCK_SECONDS
    )
    if all(
        abs(age - limit) > 1 for age in ages.values() for limit in (SILENT_SECONDS, STUCK_SECONDS)
    ):
        assert part.works is works
    assert part.said.endswith(".")


def test_a_clock_that_is_set_back_makes_no_daemon_old() -> None:
    assert daemon_part({"SENSOR": NOW.timestamp() + 600}, NOW).works


@given(st.none() | AGES, st.booleans())
def test_a_delivery_works_while_it_ends_and_no_message_waits(
    seconds: float | None, waits: bool
) -> None:
    part = delivery_part(seconds, waits=waits)
    assert part.works is (seconds is not None and seconds <= DELIVERY_SECONDS and not waits)
    assert part.said.endswith(".")


def test_a_database_that_is_away_is_named_without_its_password_and_nothing_is_raised() -> None:
    url = closed_url().replace("http://", "postgresql://me:hidden77@") + "/db"
    with dg.DagsterInstance.ephemeral() as instance:
        health = installation_health(lambda: Database(url), lambda: instance)
    facts = health.facts()
    assert (facts["status"], facts["database"]["works"]) == ("failing", False)
    assert "hidden77" not in str(facts)
    assert health.sentence.startswith("Database: ")
    assert "\n" not in health.sentence


def test_dagsters_storage_that_fails_is_a_daemon_that_does_not_work(database: Database) -> None:
    def broken() -> dg.DagsterInstance:
        message = "no such table: daemon_heartbeats\nand a trace"
        raise RuntimeError(message)

    facts = installation_health(lambda: database, broken).facts()
    assert facts["database"]["works"]
    assert facts["daemon"]["said"] == "Dagster's storage: no such table: daemon_heartbeats"
    assert facts["incidents_open"] == {}


@pytest.mark.parametrize("beats", [{}, {"SENSOR": NOW.timestamp()}])
def test_a_daemon_that_never_worked_says_so(beats: dict[str, float]) -> None:
    assert ("No daemon has ever worked here" in daemon_part(beats, NOW).said) is not bool(beats)
