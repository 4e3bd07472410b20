"""A season is read as its own calendar demands, by invented calendars."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.domains.checked_data import CheckedData, LastRead
from dp_pipeline.domains.data_checks import UP_TO_DATE, results_of
from dp_pipeline.domains.freshness import NEAR, in_season_since
from dp_pipeline_tests.domains.season import KEY, KICKOFF, stored_season

DAY = timedelta(days=1)
AUTUMN = [date(2025, 8, 22) + n * 7 * DAY for n in range(17)]
SPRING = [date(2026, 1, 9) + n * 7 * DAY for n in range(17)]


@pytest.mark.parametrize(
    ("today", "since"),
    [
        (date(2025, 8, 14), None),
        (date(2025, 8, 15), date(2025, 8, 15)),
        (date(2025, 12, 12), date(2025, 8, 15)),
        (date(2025, 12, 19), date(2025, 8, 15)),
        (date(2025, 12, 27), None),
        (date(2026, 1, 2), date(2026, 1, 2)),
        (date(2026, 5, 8), date(2026, 1, 2)),
        (date(2026, 7, 1), None),
    ],
)
def test_summer_and_the_middle_of_the_winter_break_are_not_in_season(
    today: date, since: date | None
) -> None:
    assert in_season_since([*SPRING, *AUTUMN], today) == since


@given(st.lists(st.dates(date(2025, 7, 1), date(2026, 7, 1)), max_size=20), st.integers(0, 365))
def test_each_day_since_then_is_near_a_match_and_the_one_before_is_not(
    days: list[date], after: int
) -> None:
    def near(day: date) -> bool:
        return any(abs(day - each) <= NEAR for each in days)

    today = date(2025, 7, 1) + after * DAY
    since = in_season_since(days, today)
    assert (since is not None) == near(today)
    if since is not None:
        assert all(near(since + n * DAY) for n in range((today - since).days + 1))
        assert not near(since - DAY)


def said(days: float, *, now: datetime = KICKOFF + DAY, status: str = "active") -> tuple[str, str]:
    """What the check says of a season that was read some days ago, of our time."""
    stored = stored_season()
    row = {**stored.rows(tables.tournament)[KEY.tournament_id], "status": status}
    stored = stored.only(tables.tournament, {KEY.tournament_id: row})
    present = datetime(2030, 1, 20, 12, tzinfo=UTC)
    last = LastRead(present - days * DAY, present)
    (result,) = (
        each
        for each in results_of(CheckedData(stored, now, last_read=last))
        if each.name == UP_TO_DATE
    )
    return "passed" if result.passed else result.severity, result.detail


def test_a_season_that_is_not_read_is_a_warning_and_then_an_error_and_a_break_is_silent() -> None:
    assert said(1.9) == ("passed", "It is read as its calendar demands.")
    severity, detail = said(2)
    assert severity == "WARN"
    assert detail.endswith(
        "Its matches were last read whole and well on 2030-01-18 12:00 UTC; in season they are to "
        "be read each night."
    )
    assert said(7)[0] == "ERROR"
    assert said(400, status="completed")[0] == "passed"
    assert said(400, now=KICKOFF + 8 * DAY)[0] == "passed", "no match was in the last week"
    assert said(400, now=KICKOFF - 8 * DAY)[0] == "passed", "none is in the coming one"
    assert said(400, now=KICKOFF - 6 * DAY)[0] == "passed", "it is in season since yesterday"
    assert said(400, now=KICKOFF - 5 * DAY)[0] == "WARN"


def test_a_tournament_that_nobody_reads_on_purpose_is_not_late() -> None:
    data = CheckedData(stored_season(), KICKOFF)
    assert next(each for each in results_of(data) if each.name == UP_TO_DATE).passed
    unknown = replace(data, now=KICKOFF + DAY, last_read=LastRead(None, KICKOFF))
    late = next(each for each in results_of(unknown) if each.name == UP_TO_DATE)
    assert "No whole read of its matches that ended well is known" in late.detail
