"""Sensors and schedules whose ticks fail."""

import json
import time
from datetime import UTC, datetime

import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorStatus, TickStatus

from dp_pipeline.notifications.detectors.automation import FAILED_TICKS
from dp_pipeline.notifications.notes import DELIVERS, WATCHES
from dp_pipeline_tests.notifications.machinery import SCHEDULE, SENSOR, Machinery


def test_a_sensor_that_keeps_failing_is_announced_once_and_its_recovery_once(
    machinery: Machinery,
) -> None:
    state, began = machinery.on(SENSOR), time.time()

    def ticked(status: TickStatus, ago: float) -> None:  # not longer apart on a slow machine
        machinery.ticked(state, status, ago=ago + time.time() - began)

    ticked(TickStatus.SUCCESS, 90)
    for ago in (60, 50):
        ticked(TickStatus.FAILURE, ago)
    assert machinery.tick() == "Nothing new."  # twice can happen
    ticked(TickStatus.FAILURE, 40)
    ticked(TickStatus.STARTED, 35)
    assert machinery.tick() == "1 messages sent"
    ticked(TickStatus.FAILURE, 30)
    assert machinery.tick() == "Nothing new."
    ticked(TickStatus.SKIPPED, 20)
    assert machinery.tick() == "1 messages sent"
    assert machinery.tick() == "Nothing new."
    assert machinery.headers == [
        "❌ The sensor announce_executions keeps failing",
        "✅ The sensor announce_executions works again",
    ]
    text = json.dumps(machinery.receiver.accepted)
    assert "It lasted 4" in text  # some 40 s
    assert "postgresql://***@db/x" in text
    assert "hidden77" not in text


def test_a_schedule_is_announced_at_its_first_failure(machinery: Machinery) -> None:
    assert FAILED_TICKS[InstigatorType.SCHEDULE] == 1
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE)
    machinery.ticked(state, TickStatus.FAILURE, ago=30)
    assert machinery.tick() == "1 messages sent"
    assert machinery.headers == [f"❌ The schedule {SCHEDULE} keeps failing"]


@pytest.mark.parametrize("again", [TickStatus.SKIPPED, TickStatus.FAILURE])
def test_a_schedule_that_ticks_again_soon_is_announced_when_that_fails_too(
    machinery: Machinery, again: TickStatus
) -> None:
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE, cron="17,47 2-5 * * *")
    night = datetime(2024, 11, 26, 2, 17, tzinfo=UTC).timestamp()
    machinery.ticked(state, TickStatus.FAILURE, ago=time.time() - night)
    assert machinery.tick() == "Nothing new."
    machinery.ticked(state, again, ago=time.time() - night - 1_800)
    machinery.tick()
    failed = [f"❌ The schedule {SCHEDULE} keeps failing"]
    assert machinery.headers == (failed if again is TickStatus.FAILURE else [])


def test_the_last_tick_of_a_night_is_announced_at_once(machinery: Machinery) -> None:
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE, cron="17,47 2-5 * * *")
    night = datetime(2024, 11, 26, 5, 47, tzinfo=UTC).timestamp()
    machinery.ticked(state, TickStatus.FAILURE, ago=time.time() - night)
    assert machinery.tick() == "1 messages sent"


def test_what_is_not_ours_or_switched_off_is_not_announced(machinery: Machinery) -> None:
    foreign = machinery.on("somebody_elses")
    stopped = machinery.on(SENSOR)
    for ago in (30, 20, 10):
        machinery.ticked(foreign, TickStatus.FAILURE, ago=ago)
        machinery.ticked(stopped, TickStatus.FAILURE, ago=ago)
    machinery.instance.update_instigator_state(stopped.with_status(InstigatorStatus.STOPPED))
    assert machinery.tick() == "Nothing new."


def test_the_sensor_that_watches_is_watched_by_the_one_that_delivers(machinery: Machinery) -> None:
    state = machinery.on(WATCHES)
    machinery.ticked(state, TickStatus.FAILURE, ago=100)
    assert machinery.deliver() == "Nothing new."
    machinery.fails(state)
    assert machinery.watch() == "Nothing new."  # it would not come to that by itself
    assert machinery.deliver() == "1 messages sent"
    assert machinery.deliver() == "Nothing new."
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.deliver() == "1 messages sent"
    assert machinery.deliver() == "Nothing new."
    assert machinery.headers == [
        "❌ The sensor watch_automation keeps failing",
        "✅ The sensor watch_automation works again",
    ]


def test_what_is_wrong_with_the_sensor_that_delivers_is_posted_by_the_one_that_watches(
    machinery: Machinery,
) -> None:
    state = machinery.on(DELIVERS)
    other = machinery.on("discover_tournaments")
    for failing in (state, other):
        machinery.fails(failing)
    assert machinery.watch() == "1 messages sent"
    assert machinery.headers == ["❌ The sensor announce_executions keeps failing"]
    assert machinery.deliver() == "1 messages sent"
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.watch() == "1 messages sent"
    assert machinery.deliver() == "Nothing new."
