"""Which tournaments the schedules refresh, and when they look for seasons."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from dp_pipeline.resources import DatabaseResource
from dp_pipeline.schedules import SCHEDULES
from dp_pipeline_tests.competitions.place import BL1, Place


def scheduled(place: Place, name: str, at: datetime) -> Any:
    (schedule,) = [found for found in SCHEDULES if found.name == name]
    with dg.build_schedule_context(
        instance=place.instance,
        scheduled_execution_time=at,
        resources={"database": DatabaseResource(url=place.url)} if "refresh" in name else {},
    ) as context:
        return schedule(context)


_OF_A_WORLD = {"refresh_sandbox_nightly", "refresh_sandbox_weekly"}
NIGHT = datetime(2026, 11, 23, 2, 17, tzinfo=UTC)


def test_the_nightly_refresh_reads_what_is_played_or_about_to_be_as_one_unit(
    place_on_disk: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_PARTITIONS_PER_RUN", "50")
    place = place_on_disk  # a tick of a schedule opens the instance anew
    place.store(*(f"openligadb:hand{number}:2026" for number in range(60)))
    place.store("openligadb:next:2027", status="upcoming")
    place.store("openligadb:bl1:2024", status="completed")
    place.store("openfootball:en.1:2026-27")
    requests = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert [len(r.run_config["ops"]["refresh"]["config"]["keys"]) for r in requests] == [50, 11]
    assert {r.tags["dp/run_group"] for r in requests} == {"nightly:openligadb:2026-11-23"}
    assert {r.tags["dagster/priority"] for r in requests} == {"-10"}
    again = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert [r.run_key for r in again] == [r.run_key for r in requests]
    later = scheduled(place, "refresh_openligadb_nightly", NIGHT + timedelta(days=2))
    assert not {r.run_key for r in later} & {r.run_key for r in requests}


def test_the_weekly_re_read_takes_finished_ones_too(place_on_disk: Place) -> None:
    place = place_on_disk
    place.store("openligadb:bl1:2024", status="completed")
    skipped = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert isinstance(skipped, dg.SkipReason)
    (request,) = scheduled(place, "refresh_openligadb_weekly", NIGHT)
    assert request.tags["dp/run_group"] == "weekly:openligadb:2026-11-23"


def test_the_daily_look_for_seasons_is_made_only_for_followed_competitions(place: Place) -> None:
    assert isinstance(scheduled(place, "discover_seasons_daily", NIGHT), dg.SkipReason)
    place.follow(BL1)
    request = scheduled(place, "discover_seasons_daily", NIGHT)
    assert request.run_key == "2026-11-23T02:17"
    assert request.tags == {"dagster/priority": "-5"}


def test_schedules_are_on_described_and_in_utc_at_quiet_hours() -> None:
    asking_nobody = {"compare_providers_daily", "check_data_daily", "apply_retention_weekly"}
    for schedule in SCHEDULES:
        on = schedule.default_status is dg.DefaultScheduleStatus.RUNNING
        # a person decides on retention, and a simulated world is polled
        assert on == (schedule.name not in {"apply_retention_weekly", *_OF_A_WORLD})
        assert schedule.execution_timezone == "UTC"
        assert len(schedule.description or "") > 40
        if schedule.name in asking_nobody:
            continue  # they request nothing of providers, and follow the longest night
        first, _, last = str(schedule.cron_schedule).split()[1].partition("-")
        assert 1 <= int(first) < 4
        assert int(last or first) < 7
    crons = [str(schedule.cron_schedule) for schedule in SCHEDULES]
    assert len(set(crons)) == len(crons)
