"""Messages of one tournament as one: nothing is lost, nothing is said twice, the order is kept."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.notifications.folding import LONGEST, SETTLED, day_of, fold, settled
from dp_pipeline.notifications.news import FailureRun
from dp_pipeline.notifications.slack.announcement import Announcement, Suppressed
from dp_pipeline_tests.notifications.slack.samples import announcement, line, texts
from dp_pipeline_tests.notifications.slack.slack_limits import check

START = datetime(2026, 11, 28, 16, 20, tzinfo=UTC)


def at(minutes: float, *lines: Mapping[str, Any], key: str = "a:b:1", **more: Any) -> Announcement:
    made = (line("matches", **{"execution_id": uuid4(), "scope": "part", **each}) for each in lines)
    moment = START + timedelta(minutes=minutes)
    return announcement(*made, tournament_key=key, started_at=moment, completed_at=moment, **more)


def ended(minutes: float, *news: str, key: str = "a:b:1") -> Announcement:
    return at(minutes, {"news": news}, key=key)


def said(message: Announcement) -> list[str]:
    return list(message.sentences)


def test_matches_that_end_within_minutes_are_one_message_once_no_more_come() -> None:
    round_ = [ended(0, "A 1:0 B"), ended(1, "C 2:2 D"), ended(3.5, "E 0:1 F")]
    assert list(settled(round_, START + timedelta(minutes=5), hold=True)) == []
    (message,) = settled(round_, START + timedelta(minutes=9), hold=True)
    assert said(message) == ["A 1:0 B", "C 2:2 D", "E 0:1 F"]
    assert len(message.executions) == 3
    (at_once,) = settled(round_, START + timedelta(minutes=5), hold=False)
    assert said(at_once) == said(message), "a bot waits for nothing"


def test_news_never_wait_longer_than_ten_minutes() -> None:
    round_ = [ended(minute, f"{minute}") for minute in range(11)]
    (first,) = settled(round_, START + timedelta(minutes=10.5), hold=True)
    assert said(first) == [str(minute) for minute in range(10)]


def test_more_news_than_a_message_shows_are_several_messages() -> None:
    many = [ended(number / 60, *(f"{number}.{each}" for each in range(9))) for number in range(10)]
    first, second = settled(many[:9], START, hold=True), settled(many, START, hold=False)
    assert [len(said(each)) for each in first] == [36, 36]
    assert [len(said(each)) for each in second] == [36, 36, 18]


def test_of_a_long_day_the_latest_news_are_shown() -> None:
    day = replace(ended(0, *(f"{n} {'long ' * 50}" for n in range(50))), day=date(2026, 11, 28))
    check(day.payload())
    shown = [line for text in texts(day.payload())[1:] for line in text.splitlines()]
    assert shown[0].startswith("After ")
    assert shown[0].endswith(" earlier ones:")
    assert [line.split()[0] for line in shown if "long" in line][-1] == "49"


def test_a_failure_holds_no_news_back_and_comes_after_them() -> None:
    failed = at(2, {"status": "failed", "outcome": "failed", "error": "403"})
    messages = settled([ended(0, "A 1:0 B"), failed], START + timedelta(minutes=3), hold=True)
    assert [each.kind for each in messages] == ["news", "failure"]


def test_a_whole_read_ends_what_polls_failed_at_and_not_the_other_way_round() -> None:
    poll = at(0, {"status": "failed", "outcome": "failed", "error": "no"})
    whole = at(1, {"scope": "whole"})
    assert [each.status for each in fold([poll, whole]).lines] == ["completed"]
    whole_failed = at(0, {"scope": "whole", "status": "failed", "outcome": "failed", "error": "no"})
    both = fold([whole_failed, at(1, {"news": ("A 1:0 B",)})])
    assert sorted(each.status for each in both.lines) == ["completed", "failed"]


def test_what_was_recovered_stays_said() -> None:
    run = FailureRun(START + timedelta(hours=2), 3, START)
    recovered = at(120, {"failure_run": run})
    whole = fold([recovered, ended(130, "A 1:0 B")])
    assert whole.payload()["text"].startswith("✅ Recovered: ")
    assert said(whole) == ["A 1:0 B"]


def test_polls_without_news_are_counted_together() -> None:
    first = replace(ended(0, "A"), suppressed=Suppressed(2, 5, START))
    second = replace(ended(1, "B"), suppressed=Suppressed(1, 1, START + timedelta(minutes=1)))
    assert fold([second, first]).suppressed == Suppressed(3, 6, START)


def test_a_day_of_football_ends_when_the_americas_are_done() -> None:
    utc = ZoneInfo("UTC")
    assert day_of(datetime(2026, 11, 29, 4, 30, tzinfo=UTC), utc) == date(2026, 11, 28)
    assert day_of(datetime(2026, 11, 29, 10, 0, tzinfo=UTC), utc) == date(2026, 11, 29)


def test_a_saturday_noon_in_japan_is_of_saturday_to_people_there() -> None:
    ended = datetime(2026, 11, 28, 5, 50, tzinfo=UTC)
    assert day_of(ended, ZoneInfo("UTC")) == date(2026, 11, 27)
    assert day_of(ended, ZoneInfo("Asia/Tokyo")) == date(2026, 11, 28)


def test_news_without_a_table_take_none_away_from_those_before() -> None:
    first = replace(ended(0, "A 1:0 B"), table=("1. A",))
    assert fold([first, ended(1, "C 2:2 D corrected")]).table == ("1. A",)


MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["a:b:1", "a:b:2"]),
        st.sampled_from(["news", "failure", "quiet"]),
        st.integers(0, 7),
    ),
    max_size=14,
)


@given(MESSAGES, st.integers(0, 20), st.booleans())
def test_every_execution_is_in_one_message_or_waits_and_no_order_changes(
    story: list[tuple[str, str, int]], later: int, hold: bool
) -> None:
    minute, messages = 0.0, []
    for number, (key, kind, gap) in enumerate(story):
        minute += gap
        lines = {
            "news": {"news": (str(number),)},
            "failure": {"status": "failed", "outcome": "failed", "error": "no"},
            "quiet": {},
        }[kind]
        messages.append(at(minute, lines, key=key))
    now = START + timedelta(minutes=minute + later)
    given_out = list(settled(messages, now, hold=hold))
    ids = [id_ for message in given_out for id_ in message.executions]
    assert len(ids) == len(set(ids))
    waiting = [each for each in messages if not set(each.executions) & set(ids)]
    assert all(each.is_match_news and now - each.completed_at < SETTLED for each in waiting[-1:])
    assert all(hold and now - each.completed_at < LONGEST for each in waiting)
    heard: dict[str, list[int]] = defaultdict(list)
    for message in given_out:
        heard[message.tournament_key] += map(int, said(message))
    for numbers in heard.values():
        assert numbers == sorted(numbers)
    if later >= LONGEST.total_seconds() / 60:
        assert not waiting
