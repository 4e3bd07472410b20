"""Incidents are opened, posted and closed once, also by ticks that outlive their daemon."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from dagster._core.scheduler.instigation import InstigatorStatus, TickStatus
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.notifications.delivery import ANOTHER_DELIVERS
from dp_pipeline.notifications.earlier import Earlier, adopted
from dp_pipeline_tests.notifications.machinery import SENSOR, Machinery
from dp_pipeline_tests.servers import Answer


def test_an_incident_that_ended_before_anybody_heard_of_it_is_not_announced(
    machinery: Machinery,
) -> None:
    machinery.evaluated(passed=False)
    machinery.watch()
    machinery.evaluated(passed=True)
    assert machinery.tick() == "Nothing new."
    assert machinery.headers == []


def test_an_incident_whose_sensor_is_switched_off_is_closed_without_a_word(
    machinery: Machinery,
) -> None:
    state = machinery.on(SENSOR)
    machinery.fails(state)
    machinery.tick()
    machinery.instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
    assert machinery.tick() == "Nothing new."
    assert machinery.open_incidents() == []


def test_the_table_says_what_is_wrong_from_when_to_when(machinery: Machinery) -> None:
    state = machinery.on(SENSOR)
    machinery.fails(state)
    machinery.tick()
    assert machinery.open_incidents() == [("sensor", SENSOR)]
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    machinery.tick()
    assert machinery.open_incidents() == []
    with machinery.database.transaction() as connection:
        row = connection.execute(sa.select(tables.incident)).one()
    assert (row.closed_at - row.opened_at).total_seconds() == pytest.approx(55, abs=20)
    assert row.opening_announced_at < row.closing_announced_at
    assert "3 ticks in a row have failed" in row.summary
    assert "postgresql://***@db/x" in row.detail


def test_what_a_killed_daemon_never_heard_of_is_not_announced_again(machinery: Machinery) -> None:
    state = machinery.on(SENSOR)
    machinery.fails(state)
    before = machinery.watch_cursor
    assert machinery.tick() == "1 messages sent"
    machinery.watch_cursor = before
    assert machinery.tick() == "Nothing new."
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    before = machinery.watch_cursor
    assert machinery.tick() == "1 messages sent"
    machinery.watch_cursor = before
    assert machinery.tick() == "Nothing new."
    machinery.fails(state)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    assert machinery.tick() == "1 messages sent"


def test_two_ticks_at_once_deliver_each_message_once(machinery: Machinery) -> None:
    machinery.evaluated(passed=False)
    machinery.fails(machinery.on("discover_tournaments"))
    machinery.watch()
    machinery.receiver.answers.append(Answer(delay_seconds=1))
    with ThreadPoolExecutor() as threads:
        said = threads.submit(replace(machinery).deliver)
        deadline = time.monotonic() + 20
        while not machinery.receiver.received:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert machinery.deliver() == ANOTHER_DELIVERS
        assert said.result() == "2 messages sent"
    assert machinery.tick() == "Nothing new."
    assert len(machinery.headers) == 2


def test_what_an_earlier_version_announced_is_not_announced_again_but_its_end_is(
    machinery: Machinery,
) -> None:
    machinery.fails(machinery.on("discover_tournaments"))
    machinery.evaluated(passed=False)
    machinery.watch_cursor = json.dumps(
        {
            "failing": {"discover_tournaments": time.time() - 60},
            "checks": ["seasons:every_competition_is_listed:"],
            "seen": None,
            "jobs": {},
            "database": None,
            "quiet_until": 0,
        }
    )
    assert machinery.tick() == "Nothing new."
    machinery.evaluated(passed=True)
    assert machinery.tick() == "1 messages sent"
    assert machinery.headers == [
        "✅ The check every_competition_is_listed of seasons finds no error any more"
    ]


@given(st.none() | st.text() | st.from_type(dict).map(lambda found: json.dumps(found, default=str)))
def test_a_foreign_cursor_is_none(text: str | None) -> None:
    assert adopted(text) == Earlier([], None)
