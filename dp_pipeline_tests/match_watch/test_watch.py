"""What is remembered of a tournament, as values: no database, no clock."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database.rows import match_id
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.match_watch.due import plan_watched
from dp_pipeline.match_watch.watch import BACKOFF, GIVEN_UP_AFTER, Due, Watched

KEY = TournamentKey("sofascore", "17", "61")
NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
CLOCK = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = match_id("sofascore", "1")


def watched(*, status: str = "live", kickoff: datetime = NOW - HOUR) -> Watched:
    """A tournament of one match that is due."""
    row = {
        "match_id": ONE,
        "tournament_id": KEY.tournament_id,
        "provider": "sofascore",
        "status": status,
        "since": kickoff,
        "window_from": kickoff,
        "due_at": NOW,
        "given_up_at": None,
        "failures": 0,
        "not_before": None,
    }
    fixture = {"external_id": "1", "kickoff_at": kickoff, "kickoff_date": kickoff.date()}
    return Watched(KEY, CLOCK, {ONE: row}, {ONE: fixture}, None)


def test_what_is_as_it_was_is_no_change() -> None:
    before = watched()
    assert before.caught_up() == before
    assert not any(w.stored.created or w.stored.updated for w in plan_watched(before, before))
    created, tournament = plan_watched(before, before.ended(NOW))
    assert not created.stored.updated
    assert tournament.stored.created == (KEY.tournament_id,)


@given(st.integers(1, 40))
def test_a_match_that_is_not_found_is_paused_by_our_clock_and_longer_each_time(times: int) -> None:
    after = watched()
    for _ in range(times):
        after = after.missed(["1"], NOW, answered=False)
    pause = timedelta(seconds=BACKOFF.seconds(times))
    assert after.matches[ONE]["not_before"] == CLOCK + pause
    assert after.matches[ONE]["due_at"] == NOW, "who says nothing has said nothing of a match"
    assert after.due(NOW) == Due((), draw=False, follow_up=False)


def test_a_match_that_answers_lack_is_given_up_once_it_should_long_be_over() -> None:
    for status, kickoff, due, given_up in (
        ("live", NOW - HOUR, NOW, []),
        ("live", NOW - 9 * HOUR, None, [ONE]),
        ("ended", NOW - HOUR, None, []),
    ):
        before = after = watched(status=status, kickoff=kickoff)
        for _ in range(GIVEN_UP_AFTER):
            after = after.missed(["1"], NOW, answered=True)
        assert after.matches[ONE]["due_at"] == due
        assert after.given_up_since(before) == given_up


def test_what_must_follow_is_due_until_it_has_and_paused_when_it_fails() -> None:
    ended = watched().ended(NOW)
    assert ended.due(NOW) == Due(("1",), draw=False, follow_up=True)
    assert ended.ended(NOW + HOUR).tournament == ended.tournament, "since the first of them"
    failed = ended.put_off().put_off()
    assert not failed.due(NOW).follow_up
    assert failed.tournament is not None
    assert failed.tournament["failures"] == 2
    assert not failed.caught_up().due(NOW).follow_up


def test_a_refusal_pauses_and_counts_against_no_match() -> None:
    after = watched().refused(["1"])
    assert after.matches[ONE]["failures"] == 0
    assert not after.due(NOW)
