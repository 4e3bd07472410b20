"""The day of a match read against its season and the rounds around it, on seasons made up here."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.days import DayReading, read_days
from dp_pipeline.football.listed_days import ListedDay, Span, is_another_season, span_of

SEASON = span_of(2024, 2025)
ROUNDS, MATCHES = 34, 9
_FIRST = date(2024, 8, 23)


def round_day(place: int) -> date:
    """Weekly from August on, with a break of four weeks in the middle."""
    return _FIRST + timedelta(days=7 * (place - 1) + (28 if place > ROUNDS // 2 else 0))


def league(series: str | None = None) -> list[ListedDay]:
    """A season of 34 rounds, five matches on a Friday and four the day after, all played."""
    return [
        ListedDay(
            round_day(place) + timedelta(days=match % 2),
            series,
            place,
            decided=True,
            sides=(f"{2 * match}", f"{2 * match + 1}"),
        )
        for place in range(1, ROUNDS + 1)
        for match in range(MATCHES)
    ]


def changed(listed: list[ListedDay], place: int, *, to: date, matches: int = 1) -> list[ListedDay]:
    """The season with the first matches of a round on another day."""
    first = next(n for n, each in enumerate(listed) if each.place == place)
    taken = range(first, first + matches)
    return [replace(each, day=to) if n in taken else each for n, each in enumerate(listed)]


def days_of(listed: list[ListedDay]) -> list[date | None]:
    return [each.day for each in listed]


def read(listed: list[ListedDay], span: Span = SEASON) -> list[date | None]:
    return [reading.day for reading in read_days(listed, span)]


def test_a_season_without_faults_is_taken_as_given() -> None:
    listed = league()
    assert list(read_days(listed, SEASON)) == [DayReading(day) for day in days_of(listed)]


@given(st.sets(st.integers(1, ROUNDS), max_size=ROUNDS // 3), st.sampled_from((1, -1)))
def test_the_year_of_some_rounds_is_put_right(wrong: set[int], years: int) -> None:
    listed = league()
    given_ = [
        replace(each, day=each.day.replace(year=each.day.year + years))
        if each.place in wrong and each.day
        else each
        for each in listed
    ]
    assert read(given_) == days_of(listed)


def test_the_year_of_a_whole_second_half_is_put_right() -> None:
    listed = league()
    given_ = [
        replace(each, day=each.day.replace(year=2024))
        if each.day and each.day.year == 2025
        else each
        for each in listed
    ]
    readings = read_days(given_, SEASON)
    assert [reading.day for reading in readings] == days_of(listed)
    assert {r.doubt for r, was in zip(readings, given_, strict=True) if r.day != was.day} == {
        "year_put_right"
    }


def test_the_year_of_a_whole_first_half_is_put_right_and_that_of_what_was_made_up_in_it() -> None:
    listed = changed(league(), 2, to=date(2024, 12, 11))
    listed += [ListedDay(date(2024, 9, 18), decided=True)]
    given_ = [
        replace(each, day=each.day.replace(year=2025))
        if each.day and each.day.year == 2024
        else each
        for each in listed
    ]
    assert read(given_) == days_of(listed)


def test_rounds_that_are_played_are_not_put_into_the_future_by_as_many_that_are_a_year_late() -> (
    None
):
    listed = [each for each in league() if each.place is not None and each.place <= 16]
    late = [
        replace(each, day=each.day.replace(year=2025)) if each.place and each.place > 8 else each
        for each in listed
        if each.day is not None
    ]
    readings = read_days(late, span_of(2024, 2024), today=date(2025, 1, 1))
    assert [reading.day for reading in readings] == days_of(listed)


def test_a_stage_that_follows_the_season_is_not_before_it() -> None:
    listed = league("Regular")
    final = ListedDay(date(2024, 7, 5), "Finals", 1, follows="Regular", decided=True)
    *_, reading = read_days([*listed, final], SEASON)
    assert reading == DayReading(date(2025, 7, 5), "year_put_right")


def test_a_match_that_is_made_up_months_later_keeps_its_day() -> None:
    later = date(2025, 4, 16)
    listed = changed(league(), 3, to=later)
    assert read(listed) == days_of(listed)


def test_rounds_that_were_moved_as_a_whole_keep_their_days() -> None:
    # matchdays 7 and 8 of the English season 2022-23 were played in spring
    listed = changed(league(), 7, to=date(2025, 4, 16), matches=MATCHES)
    listed = changed(listed, 8, to=date(2025, 4, 23), matches=MATCHES)
    assert read(listed) == days_of(listed)


def test_a_break_of_four_months_is_no_fault() -> None:
    listed = [
        replace(each, day=each.day + timedelta(days=120)) if each.day and each.place > 25 else each
        for each in league()
        if each.place
    ]
    assert read(listed) == days_of(listed)


def test_a_day_many_years_off_is_put_right_where_the_rounds_around_leave_one() -> None:
    listed = league()
    assert read(changed(listed, 10, to=round_day(10).replace(year=2042))) == days_of(listed)


def test_a_day_of_no_season_and_no_round_is_none() -> None:
    listed = [*league(), ListedDay(date(2042, 8, 17), "cup")]
    assert read_days(listed, SEASON)[-1] == DayReading(None, "date_outside_season")


def test_a_match_brought_forward_by_months_has_day_and_month_swapped() -> None:
    listed = changed(sundays(), 15, to=date(2024, 8, 12))  # of 8 December
    readings = read_days(listed, SEASON)
    assert readings[14 * MATCHES] == DayReading(date(2024, 12, 8), "day_put_right")


def sundays(*, sides: bool = False) -> list[ListedDay]:
    """A season of 34 Sundays, 6 April 2025 the 32nd."""
    return [
        ListedDay(
            date(2024, 9, 1) + timedelta(days=7 * n),
            None,
            n + 1,
            sides=(f"{match}", f"{match + MATCHES}") if sides else (),
        )
        for n in range(ROUNDS)
        for match in range(MATCHES)
    ]


def test_a_match_put_off_to_a_day_that_may_be_swapped_has_none() -> None:
    listed = changed(sundays(), 32, to=date(2025, 6, 4))  # 4 June, or 6 April
    assert read_days(listed, SEASON)[31 * MATCHES] == DayReading(None, "swapped_day")


def test_a_team_that_plays_the_day_before_shows_which_day_it_is() -> None:
    busy = ListedDay(date(2025, 4, 5), "cup", None, sides=("0", "x"))
    listed = [*changed(sundays(sides=True), 32, to=date(2025, 6, 4)), busy]
    assert read_days(listed, SEASON)[31 * MATCHES] == DayReading(date(2025, 6, 4))
    busy = replace(busy, day=date(2025, 6, 3))
    listed = [*listed[:-1], busy]
    assert read_days(listed, SEASON)[31 * MATCHES] == DayReading(date(2025, 4, 6), "day_put_right")


def test_a_match_that_is_made_up_with_those_of_other_rounds_keeps_its_day() -> None:
    listed = changed(sundays(), 32, to=date(2025, 5, 4))  # or 5 April
    assert read_days(listed, SEASON)[31 * MATCHES] == DayReading(None, "swapped_day")
    listed = changed(listed, 20, to=date(2025, 5, 4))
    assert read(listed) == days_of(listed), "of 12 January, and of no 5 April"


def test_a_match_after_the_season_may_have_day_and_month_swapped_wherever_it_was_moved() -> None:
    listed = [replace(each, decided=True) for each in sundays()]
    late = changed(listed, 20, to=date(2025, 7, 5))  # of a Wednesday, 7 May
    assert read_days(late, SEASON)[19 * MATCHES] == DayReading(None, "swapped_day")


def cup() -> list[ListedDay]:
    """Six days of a group stage whose groups name no matchdays, eight matches each."""
    days = [date(2024, 9, 17), date(2024, 10, 1), date(2024, 10, 22)]
    days += [date(2024, 11, 5), date(2024, 11, 26), date(2024, 12, 10)]
    return [ListedDay(day, "Group", decided=True) for day in days for _ in range(8)]


def test_a_day_of_no_other_match_may_be_swapped_where_the_swapped_one_is_of_many() -> None:
    listed = cup()
    listed[-1] = replace(listed[-1], day=date(2024, 10, 12))  # of 10 December
    assert read_days(listed, SEASON)[-1] == DayReading(None, "swapped_day")
    listed[-1] = replace(listed[-1], day=date(2024, 10, 14))
    assert read_days(listed, SEASON)[-1] == DayReading(date(2024, 10, 14))


def test_a_day_outside_the_season_may_be_swapped_or_of_another_year() -> None:
    listed = cup()
    listed[8] = replace(listed[8], day=date(2024, 1, 10))  # of 1 October
    assert read_days(listed, SEASON)[8] == DayReading(date(2024, 10, 1), "day_put_right")
    both = changed(sundays(), 10, to=date(2025, 10, 5))  # made up on 10 May, or on 5 October 2024
    assert read_days(both, SEASON)[9 * MATCHES] == DayReading(None, "date_outside_season")


def test_a_round_whose_days_fall_into_three_months_is_put_together_again() -> None:
    # Friday 9 to Sunday 11 August, with day and month swapped
    right = [date(2024, 8, 9), date(2024, 8, 10), date(2024, 8, 11)]
    rest = [date(2024, 8, 17) + timedelta(days=7 * n) for n in range(30)]
    swapped = [ListedDay(d.replace(month=d.day, day=d.month), None, 1) for d in right]
    listed = swapped + [ListedDay(day, None, n + 2) for n, day in enumerate(rest) for _ in range(3)]
    assert read(listed) == [*right, *days_of(listed[3:])]


def test_a_result_under_a_day_to_come_loses_the_day_or_itself() -> None:
    today = round_day(20)
    played = [
        replace(each, decided=each.place is not None and each.place < 20) for each in league()
    ]
    moved = changed(played, 5, to=round_day(30))
    assert read_days(moved, SEASON, today)[4 * MATCHES] == DayReading(None, "in_future")
    early = [
        replace(each, decided=True) if n == 24 * MATCHES else each for n, each in enumerate(played)
    ]
    assert read_days(early, SEASON, today)[24 * MATCHES] == DayReading(round_day(25), "not_yet")


def test_a_year_too_many_under_a_result_is_put_right_by_the_clock() -> None:
    listed = changed(league(), 10, to=round_day(10).replace(year=2025))
    at = 9 * MATCHES
    reading = read_days(listed, SEASON, date(2025, 6, 1))[at]
    assert reading == DayReading(round_day(10), "year_put_right")


def test_a_result_of_next_year_is_not_put_where_no_round_is() -> None:
    late = changed(league(), 5, to=date(2026, 3, 2))
    readings = read_days(late, SEASON, date(2025, 6, 1))
    assert readings[4 * MATCHES] == DayReading(None, "date_outside_season")


def test_a_day_on_which_a_team_has_three_matches_to_come_stands_for_none() -> None:
    placeholder = date(2025, 5, 31)
    listed = [
        replace(each, day=placeholder, decided=False) if each.place and each.place > 20 else each
        for each in sundays(sides=True)
    ]
    readings = read_days(listed, SEASON)
    assert (
        readings[: 20 * MATCHES]
        == tuple(DayReading(day) for day in days_of(listed))[: 20 * MATCHES]
    )
    assert {*readings[20 * MATCHES :]} == {DayReading(None, "placeholder_day")}


def test_the_days_of_another_season_are_left_as_they_are() -> None:
    listed = league()
    assert read(listed, span_of(2025, 2026)) == days_of(listed)


@given(st.lists(st.tuples(st.dates(), st.integers(1, 40) | st.none(), st.booleans()), max_size=60))
def test_no_day_is_outside_the_season_whatever_is_given(
    given_: list[tuple[date, int | None, bool]],
) -> None:
    listed = [ListedDay(day, None, place, decided=decided) for day, place, decided in given_]
    today = date(2025, 1, 1)
    if is_another_season([day for day, _, _ in given_], SEASON):
        return
    for one, reading in zip(listed, read_days(listed, SEASON, today), strict=True):
        assert reading.day is None or reading.day in SEASON
        late = one.decided and reading.day and reading.day > today + timedelta(days=1)
        assert not late or reading.doubt == "not_yet"
