"""The world's clock."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.sandbox.clock import Clock, ClockError, checked_speed, read_moment
from dp_pipeline.sandbox.world import calendar

START = calendar.season_start(calendar.HOME_SEASON)
END = calendar.season_end(calendar.HOME_SEASON)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0%", START),
        ("100 %", END),
        ("50%", START + (END - START) // 2),
        ("2026-12-05T15:30:00Z", 1_796_484_600),
        ("2026-12-05T16:30:00+01:00", 1_796_484_600),
        ("2026-12-05T15:30:00", 1_796_484_600),
        ("now", 1_234),
    ],
)
def test_a_moment_is_a_part_of_the_season_a_time_or_now(text: str, moment: int) -> None:
    assert read_moment(text, 1_234.5) == moment


@pytest.mark.parametrize("text", ["", "x", "-1%", "101%", "%", "1/0%", "2026-13-01", "12", "nan%"])
def test_what_is_no_moment_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ClockError, match="is no moment; write a part of the season such as 37%"):
        read_moment(text, 0)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_moments(text: str) -> None:
    with contextlib.suppress(ClockError):
        assert isinstance(read_moment(text, 0), int)


def test_the_clock_runs_at_its_speed_from_where_it_was_put() -> None:
    clock = Clock(1_000, began=50, speed=60)
    assert [clock.at(real) for real in (50, 51, 110)] == [1_000, 1_060, 4_600]
    faster = clock.run(3_600, 51)
    assert [faster.at(real) for real in (51, 52)] == [1_060, 4_660]
    assert clock.set(0, 51).at(52) == 60
    assert clock.run(0, 51).at(10**9) == 1_060


@pytest.mark.parametrize("speed", [-1, float("nan"), float("inf"), 1e12])
def test_a_clock_neither_runs_back_nor_away(speed: float) -> None:
    with pytest.raises(ClockError, match="from 0"):
        checked_speed(speed)
