"""Days that the provider still gives are read anew without contradicting what is settled."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dp_pipeline.domains.judge import judge
from dp_pipeline.domains.reread import as_read_now
from dp_pipeline.football.models import Match

AT = datetime(2026, 11, 28, tzinfo=UTC)
WRONG = [
    Match(
        f"{n}",
        "24",
        f"h{n}",
        f"a{n}",
        "ended",
        kickoff_date=date(2025, 1, 1) + timedelta(days=n),
        home_score=2,
        away_score=1,
    )
    for n in range(40)
]
RIGHT = [
    replace(match, kickoff_date=match.kickoff_date.replace(year=2026))
    for match in WRONG
    if match.kickoff_date
]


def refusal(stored: list[Match], fetched: list[Match], literal: list[Match]) -> str | None:
    by_id = {match.external_id: match for match in literal}
    verdict = judge(as_read_now(stored, fetched, by_id), fetched, read_at=AT)
    assert verdict.refusal or not verdict.kept
    return verdict.refusal


def test_years_put_right_are_taken_into_what_is_stored() -> None:
    assert refusal(WRONG, RIGHT, WRONG) is None


def test_days_that_the_provider_itself_moves_are_refused() -> None:
    assert refusal(WRONG, RIGHT, []) is not None
    other = [replace(match, kickoff_date=date(2025, 3, 3)) for match in WRONG]
    assert refusal(WRONG, RIGHT, other) is not None


def test_results_that_a_payload_empties_at_large_are_refused_though_it_still_gives_them() -> None:
    # its half-times or goals contradict the results, and they are as likely to be false
    emptied = [replace(match, home_score=None, away_score=None) for match in WRONG]
    assert refusal(WRONG, emptied, WRONG) is not None


def test_days_that_are_still_given_and_read_as_none_now_stay() -> None:
    # wrong days of other matches make a right one doubtful
    none = [replace(match, kickoff_date=None) for match in RIGHT]
    assert refusal(RIGHT, none, RIGHT) is not None
