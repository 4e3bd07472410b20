"""When a match is looked at again: before, while it is played, late, over, called off."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import MatchStatus
from dp_pipeline.match_watch.cadence import (
    CALLED_OFF_GIVEN_UP_AFTER,
    CORRECTED_AFTER,
    DRAW_GIVEN_UP_AFTER,
    GIVEN_UP_AFTER,
    INTERRUPTED_GIVEN_UP_AFTER,
    LIVE_EVERY,
    PLAYED_WITHIN,
    Watch,
    next_draw,
    watch,
)

KICKOFF = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STATUSES: tuple[MatchStatus, ...] = (
    *("scheduled", "live", "ended", "postponed", "cancelled"),
    *("abandoned", "interrupted", "awarded", "unknown"),
)


def look(  # noqa: PLR0913 - all that is known of a match
    at: datetime,
    status: MatchStatus = "scheduled",
    before: Watch | None = None,
    *,
    kickoff: datetime | None = KICKOFF,
    day: date | None = None,
    replaced: bool = False,
) -> Watch:
    return watch(
        before, status=status, kickoff_at=kickoff, kickoff_date=day, replaced=replaced, now=at
    )


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (KICKOFF - 9 * DAY, KICKOFF - HOUR),
        (KICKOFF - HOUR, KICKOFF - 30 * MINUTE),
        (KICKOFF - 29 * MINUTE, KICKOFF),
        (KICKOFF, KICKOFF + MINUTE),
        (KICKOFF + 100 * MINUTE, KICKOFF + 101 * MINUTE),
        (KICKOFF + 200 * MINUTE, KICKOFF + 210 * MINUTE),
        (KICKOFF + 359 * MINUTE, KICKOFF + 369 * MINUTE),
        (KICKOFF + 360 * MINUTE, None),
    ],
)
def test_the_cadence_follows_the_kick_off(now: datetime, due: datetime | None) -> None:
    found = look(now)
    assert found.due_at == due
    assert (found.given_up_at is None) == (due is not None)


def test_a_live_match_is_looked_at_every_minute_until_it_is_over_and_once_for_corrections() -> None:
    found = look(KICKOFF - HOUR)
    for minute in range(110):
        at = KICKOFF + minute * MINUTE
        found = look(at, "live", found)
        assert found.due_at == at + LIVE_EVERY
    at = KICKOFF + 110 * MINUTE
    over = look(at, "ended", found)
    assert over.due_at == at + CORRECTED_AFTER
    assert look(at + CORRECTED_AFTER, "ended", over).due_at is None
    # A refresh in between does not put it off.
    assert look(at + HOUR, "ended", over).due_at == over.due_at


def test_a_match_that_was_over_before_we_met_it_is_history() -> None:
    for at in (KICKOFF + 3 * HOUR, KICKOFF + 3 * DAY):
        met = look(at, "ended")
        assert met.due_at is None
        # Read twice within 6 h 30 min, every match of a season of long ago was polled: 306 of 306.
        assert look(at + 2 * HOUR, "ended", met).due_at is None
        assert look(at + 2 * HOUR, "awarded", met).due_at is None
    assert look(KICKOFF, "ended", kickoff=None).due_at is None


def test_an_end_is_seen_when_the_match_was_looked_at_not_long_before() -> None:
    open_ = look(KICKOFF - HOUR)
    assert look(KICKOFF + 20 * HOUR, "ended", open_).due_at is not None
    assert look(KICKOFF + 3 * DAY, "ended", open_).due_at is None
    for status in ("postponed", "abandoned"):
        called_off = look(KICKOFF, status, open_)
        for days in (10, 30):
            at = KICKOFF + days * DAY
            called_off = look(at, status, called_off)
            assert look(at + DAY, "awarded", called_off).due_at == at + DAY + CORRECTED_AFTER
        assert look(KICKOFF + 200 * DAY, "awarded", called_off).due_at is None
    stopped = look(KICKOFF + HOUR, "interrupted", look(KICKOFF, "live"))
    resumed_at = KICKOFF + 2 * DAY
    resumed = look(resumed_at, "live", look(resumed_at - HOUR, "interrupted", stopped))
    over = look(resumed_at + 2 * HOUR, "ended", resumed)
    assert over.due_at == resumed_at + 2 * HOUR + CORRECTED_AFTER


def test_that_a_decision_replaces_a_result_asks_for_no_second_correction() -> None:
    at = KICKOFF + 2 * HOUR
    over = look(at, "ended", look(KICKOFF, "live"))
    awarded = look(at + HOUR, "awarded", over)
    assert awarded.due_at == over.due_at
    assert look(at + CORRECTED_AFTER, "awarded", awarded).due_at is None
    assert look(at + 9 * DAY, "ended", awarded).due_at is None


@pytest.mark.parametrize("status", ["postponed", "abandoned", "interrupted"])
def test_a_match_that_was_never_played_in_a_season_of_long_ago_is_history(
    status: MatchStatus,
) -> None:
    met = look(KICKOFF + 300 * DAY, status)
    assert met.due_at is None
    assert look(KICKOFF + 301 * DAY, status, met).due_at is None


def test_a_new_kick_off_is_followed() -> None:
    given_up = look(KICKOFF + DAY, "scheduled", look(KICKOFF))
    assert given_up.given_up_at == KICKOFF + DAY
    moved = look(KICKOFF + DAY, "scheduled", given_up, kickoff=KICKOFF + 2 * DAY)
    assert moved.due_at == KICKOFF + 2 * DAY - HOUR
    assert moved.given_up_at is None


def test_a_match_is_given_up_once() -> None:
    first = look(KICKOFF + GIVEN_UP_AFTER, "live", look(KICKOFF, "live"))
    again = look(KICKOFF + 2 * DAY, "live", first)
    assert first.given_up_at == again.given_up_at == KICKOFF + GIVEN_UP_AFTER
    assert again.due_at is None


def test_an_interrupted_match_is_followed_from_when_it_is_taken_up_again() -> None:
    stopped = look(KICKOFF + HOUR, "interrupted", look(KICKOFF, "live"))
    assert stopped.due_at == KICKOFF + HOUR + 15 * MINUTE
    resumed_at = KICKOFF + 22 * HOUR
    assert look(resumed_at, "interrupted", stopped).due_at == resumed_at + 2 * HOUR
    resumed = look(resumed_at, "live", stopped)
    assert resumed.due_at == resumed_at + LIVE_EVERY
    assert look(resumed_at + HOUR, "live", resumed).due_at == resumed_at + HOUR + LIVE_EVERY
    late = look(KICKOFF + HOUR + INTERRUPTED_GIVEN_UP_AFTER, "interrupted", stopped)
    assert late.due_at is None
    assert late.given_up_at is not None


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
def test_a_match_called_off_is_looked_at_again_for_weeks(status: MatchStatus) -> None:
    called_off = look(KICKOFF, status)
    assert called_off.due_at == KICKOFF + 6 * HOUR
    assert look(KICKOFF + 4 * DAY, status, called_off).due_at == KICKOFF + 5 * DAY
    assert look(KICKOFF + CALLED_OFF_GIVEN_UP_AFTER, status, called_off).due_at is None
    assert look(KICKOFF + DAY, status, called_off, replaced=True).due_at is None


def test_of_a_match_without_a_time_the_day_is_followed() -> None:
    day = datetime(2026, 12, 5, tzinfo=UTC)

    def due(at: datetime, status: MatchStatus = "scheduled") -> datetime | None:
        return look(at, status, kickoff=None, day=day.date()).due_at

    assert due(KICKOFF) == day
    assert due(day) == day + HOUR
    evening = day + 20 * HOUR
    assert due(evening) == evening + HOUR, "it may begin at eight in the evening"
    assert due(evening, "live") == evening + LIVE_EVERY
    assert due(day + DAY + GIVEN_UP_AFTER) is None
    assert due(day + DAY + GIVEN_UP_AFTER, "live") is None
    given_up = look(day + DAY + GIVEN_UP_AFTER, kickoff=None, day=day.date())
    assert given_up.given_up_at == day + DAY + GIVEN_UP_AFTER
    assert look(KICKOFF, kickoff=None).due_at is None


def test_a_draw_is_looked_for_slower_and_slower() -> None:
    assert next_draw(KICKOFF, KICKOFF, None) == KICKOFF + 6 * HOUR
    assert next_draw(KICKOFF, KICKOFF + 8 * DAY, KICKOFF) == KICKOFF + 9 * DAY
    assert next_draw(KICKOFF, KICKOFF + DRAW_GIVEN_UP_AFTER, KICKOFF) is None


def test_a_draw_that_was_never_made_is_not_looked_for_years_later() -> None:
    met = KICKOFF + 2 * DRAW_GIVEN_UP_AFTER
    assert next_draw(met, met, KICKOFF) is None
    assert next_draw(met, met + DAY, KICKOFF) is None
    assert next_draw(met, met, met + DAY) is not None


MOMENTS = st.integers(-20_000, 200_000).map(lambda minutes: KICKOFF + minutes * MINUTE)
LOOKS = st.lists(
    st.tuples(st.integers(0, 6_000), st.sampled_from(STATUSES), st.booleans()),
    min_size=1,
    max_size=25,
)


@given(MOMENTS, LOOKS, st.sampled_from([(KICKOFF, None), (None, KICKOFF.date())]))
def test_whatever_is_seen_the_next_look_is_later_and_looking_ends(
    start: datetime,
    looks: list[tuple[int, MatchStatus, bool]],
    known: tuple[datetime | None, date | None],
) -> None:
    kickoff, day = known
    now, found = start, None
    for minutes, status, replaced in looks:
        now += minutes * MINUTE
        found = look(now, status, found, replaced=replaced, kickoff=kickoff, day=day)
        assert found.due_at is None or found.due_at > now
        assert found.since <= now
        assert (found.given_up_at is None) or found.due_at is None
    assert found is not None
    # Nothing changes any more: however long it takes, there is a last look.
    for _ in range(2_000):
        if found.due_at is None:
            break
        now = found.due_at
        found = look(now, found.status, found, kickoff=kickoff, day=day)
    assert found.due_at is None


@given(st.integers(0, 400))
def test_between_kick_off_and_end_no_look_is_missed(minutes: int) -> None:
    now = KICKOFF + minutes * MINUTE
    found = look(now, "live", look(KICKOFF, "live"))
    if now - KICKOFF < PLAYED_WITHIN:
        assert found.due_at == now + LIVE_EVERY
