from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.notifications.news import REMINDER_HOURS, FailureRun, class_of, verdict
from dp_pipeline.settings import CLASSES

START = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def failure_run(
    hours: float, *, times: int = 2, first: float | None = 0, last: float | None = 0
) -> FailureRun:
    def at(when: float | None) -> Any:
        return None if when is None else START + timedelta(hours=when)

    return FailureRun(at(hours), times, START, at(first), at(last))


def test_a_failure_is_announced_at_once_and_then_once_in_each_further_six_hours() -> None:
    assert verdict("failed", None) == "failure"
    assert verdict("failed", failure_run(0.1)) == "repeat"
    assert verdict("failed", failure_run(5.9, last=3)) == "repeat"
    assert verdict("failed", failure_run(6.1, last=5.9)) == "failure"
    assert verdict("failed", failure_run(6.3, last=6.1)) == "repeat"
    assert verdict("failed", failure_run(30, last=6.1)) == "failure"


def test_a_failure_nobody_has_heard_of_is_announced_however_often_it_happened() -> None:
    assert verdict("failed", failure_run(1, times=40, first=None, last=None)) == "failure"


def test_the_first_success_after_failures_is_news_and_the_next_is_not() -> None:
    assert verdict("completed", failure_run(3)) == "news"
    assert verdict("completed", None) == "success"
    assert verdict("completed", None, noteworthy=True) == "news"


def test_a_partial_failure_repeats_like_a_failure() -> None:
    assert verdict("partial_failure", None) == "partial"
    assert verdict("partial_failure", failure_run(1)) == "repeat"


def test_a_message_is_of_the_gravest_class_in_it() -> None:
    assert class_of([("success", True), ("failure", False), ("partial", True)]) == "failure"
    assert class_of([("success", True), ("news", True)]) == "news"
    assert class_of([("success", False), ("success", False)]) == "success"


def test_a_message_of_nothing_but_repeats_is_suppressed_unless_something_was_written() -> None:
    assert class_of([("repeat", False), ("success", False)]) is None
    assert class_of([("repeat", False), ("success", True)]) == "success"
    assert class_of([("repeat", False), ("harmless", False)]) == "success"
    assert class_of([("repeat", False), ("failure", False)]) == "failure"


def told(moments: list[datetime]) -> list[datetime]:
    """The failures of one failure_run that are told, when each was stamped in time."""
    found = []
    for place, moment in enumerate(moments):
        before = moments[:place]
        known = FailureRun(moment, place + 1, moments[0], before[0], before[-1]) if before else None
        if verdict("failed", known) == "failure":
            found.append(moment)
    return found


@given(st.lists(st.integers(0, 100_000), min_size=1, unique=True).map(sorted))
def test_however_failures_fall_the_first_is_announced_and_reminders_stay_rare(
    seconds: list[int],
) -> None:
    moments = [START + timedelta(seconds=second) for second in seconds]
    found = told(moments)
    assert found[0] == moments[0]
    spans = [(moment - moments[0]) // timedelta(hours=REMINDER_HOURS) for moment in found]
    assert len(set(spans)) == len(spans)
    # nobody waits longer than two spans for a word about what goes on failing
    for moment in moments:
        assert any(abs(moment - heard) < timedelta(hours=2 * REMINDER_HOURS) for heard in found)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["failure", "partial", "news", "success", "harmless", "repeat", "quiet"]
            ),
            st.booleans(),
        ),
        min_size=1,
    )
)
def test_every_message_is_of_one_class_or_suppressed(executions: list[Any]) -> None:
    kind = class_of(executions)
    verdicts = {verdict for verdict, _ in executions}
    assert kind in {*CLASSES, None}
    # only repeats and what is quiet are ever suppressed
    assert (kind is None) <= (
        verdicts <= {"repeat", "success", "quiet"} and verdicts != {"success"}
    )
    for told_at_once in ("failure", "partial", "news"):
        if told_at_once in verdicts:
            assert kind is not None


def test_what_a_poll_finds_every_minute_is_not_announced_and_its_news_are() -> None:
    assert verdict("completed", None, quiet=True) == "quiet"
    assert class_of([("quiet", True), ("quiet", False)]) is None
    assert verdict("completed", None, quiet=True, noteworthy=True) == "news"
    assert class_of([("quiet", True), ("news", True)]) == "news"
    assert verdict("failed", None, quiet=True) == "failure"
    assert verdict("failed", failure_run(5), quiet=True, noteworthy=True) == "news"
