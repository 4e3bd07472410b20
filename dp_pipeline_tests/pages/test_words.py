"""Times in sentences, as people of a time zone read them."""

from zoneinfo import ZoneInfo

import pytest

from dp_pipeline.pages.words import in_zone


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        (
            "A - B now kicks off 2026-11-28 23:30 UTC.",
            "Europe/Berlin",
            "2026-11-29 00:30 Europe/Berlin.",
        ),
        (
            "2026-07-01 12:00 UTC and 2026-01-01 12:00 UTC",
            "Asia/Tokyo",
            "2026-07-01 21:00 Asia/Tokyo and 2026-01-01 21:00 Asia/Tokyo",
        ),
        ("kick-off 2026-11-28 14:05 UTC.", "UTC", "kick-off 2026-11-28 14:05 UTC."),
        ("2026-02-31 14:05 UTC", "Europe/Berlin", "2026-02-31 14:05 UTC"),
        ("9999-12-31 23:59 UTC", "Asia/Tokyo", "9999-12-31 23:59 UTC"),
        ("15:30 UTC, 2026-11-28", "Asia/Tokyo", "15:30 UTC, 2026-11-28"),
    ],
)
def test_moments_in_a_sentence_are_those_of_the_zone(text: str, zone: str, says: str) -> None:
    assert in_zone(text, ZoneInfo(zone)).endswith(says)
