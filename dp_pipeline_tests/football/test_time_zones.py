"""The zones of kick-offs: the data file, and what is refused of one."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dp_pipeline.football.time_zones import TimeZonesError, checked_zones, zone_of, zones

ENTRY: dict[str, Any] = {"country": "JPN", "name": "Asia/Tokyo", "source": "IANA"}


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("ARG", "America/Argentina/Buenos_Aires"),
        ("JPN", "Asia/Tokyo"),
        ("CHN", "Asia/Shanghai"),
        ("COL", "America/Bogota"),
        ("EGY", "Africa/Cairo"),
        ("ALG", "Africa/Algiers"),
        ("MAR", "Africa/Casablanca"),
        ("ENG", "Europe/London"),
        ("UEFA", "Europe/Paris"),
    ],
)
def test_a_country_with_one_zone_has_it(country: str, zone: str) -> None:
    assert zone_of(country, 2024) == ZoneInfo(zone)


@pytest.mark.parametrize("country", ["BRA", "USA", "MEX", "AUS"])
def test_a_country_with_several_zones_has_none(country: str) -> None:
    assert zone_of(country, 2024) is None


def test_every_entry_says_where_it_is_from() -> None:
    assert all(zone.source for zone in zones())


@pytest.mark.parametrize(
    "entries",
    [
        [{**ENTRY, "source": ""}],
        [{**ENTRY, "name": "Asia/Nowhere"}],
        [{**ENTRY, "zone": "Asia/Tokyo"}],
        [{**ENTRY, "first": 2020, "last": 2019}],
        [ENTRY, {**ENTRY, "first": 2020}],
        [{**ENTRY, "first": 2000, "last": 2020}, {**ENTRY, "first": 2020}],
    ],
)
def test_a_file_with_a_fault_is_refused(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(TimeZonesError):
        checked_zones(entries)


def test_a_country_may_have_one_zone_after_another() -> None:
    two = [{**ENTRY, "last": 2019}, {**ENTRY, "first": 2020}]
    assert [zone.holds_in(2020) for zone in checked_zones(two)] == [False, True]
