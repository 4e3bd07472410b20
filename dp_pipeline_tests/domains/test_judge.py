"""The rule of belief on values: what a payload may change of what is settled."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.domains.judge import (
    Past,
    Verdict,
    contradiction_findings,
    judge,
    limit_of,
)
from dp_pipeline.football.models import Match

FIRST_DAY = datetime(2024, 8, 24, 13, 30, tzinfo=UTC)
LATER = datetime(2025, 7, 1, 2, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)
Change = Callable[[int, Match], Match]


def played(number: int, **more: Any) -> Match:
    at = FIRST_DAY + timedelta(days=7 * (number // 9))
    facts: dict[str, Any] = {
        "stage": "regular",
        "group_name": "A",
        "kickoff_at": at,
        "kickoff_date": at.date(),
        "home_score": 2,
        "away_score": 1,
        "home_score_90": 2,
        "away_score_90": 1,
        "home_score_ht": 1,
        "away_score_ht": 0,
    }
    return Match(
        str(number), str(number // 9 + 1), f"h{number}", f"a{number}", "ended", **facts | more
    )


def scheduled(number: int) -> Match:
    nothing = dict.fromkeys(
        f"{side}_score{part}" for side in ("home", "away") for part in ("", "_90", "_ht")
    )
    return replace(played(number, **nothing), status="scheduled")


SEASON = tuple(played(number) for number in range(54))


def judged(
    fetched: Sequence[Match],
    stored: Sequence[Match] = SEASON,
    read_at: datetime = LATER,
    **more: Any,
) -> Verdict:
    return judge(stored, fetched, read_at=read_at, **more)


def changed(change: Change, most: int, of: Sequence[Match] = SEASON) -> list[Match]:
    return [change(n, match) if n < most else match for n, match in enumerate(of)]


def set_(**fields: Any) -> Change:
    return lambda _, match: replace(match, **fields)


def neighbour(number: int, match: Match) -> Match:
    other = SEASON[(number + 1) % len(SEASON)]
    return replace(match, home=other.home, away=other.away)


LOSSES: dict[str, Change] = {
    "scheduled": set_(status="scheduled", home_score=None, away_score=None),
    "live": set_(status="live"),
    "unknown": set_(status="unknown"),
    "postponed": set_(status="postponed"),
    "cancelled": set_(status="cancelled", home_score=None, away_score=None),
    "abandoned": set_(status="abandoned"),
    "interrupted": set_(status="interrupted"),
    "without results": set_(home_score=None, away_score=None),
    "without one side's goals": set_(away_score=None),
    "without half-times": set_(home_score_ht=None, away_score_ht=None),
    "without ninety minutes": set_(home_score_90=None, away_score_90=None),
    "without kick-offs": set_(kickoff_at=None),
    "without days": set_(kickoff_at=None, kickoff_date=None),
    "each another fixture": neighbour,
    "home and away exchanged": lambda _, m: replace(m, home=m.away, away=m.home),
}
CORRECTIONS: dict[str, Change] = {
    "awarded": set_(status="awarded", home_score=0, away_score=2),
    "other results": set_(home_score=7),
    "results exchanged": set_(home_score=1, away_score=2),
    "other half-times": set_(home_score_ht=0),
    "other ninety minutes": set_(away_score_90=2),
    "an hour later": lambda _, m: replace(
        m, kickoff_at=m.kickoff_at and m.kickoff_at + timedelta(hours=1)
    ),
    "a day later": lambda _, m: replace(m, kickoff_date=m.kickoff_date and m.kickoff_date + A_DAY),
    "in the next round": lambda _, m: replace(m, round_slug=str(int(m.round_slug or 0) + 1)),
    "in another stage": lambda n, m: replace(m, stage=f"stage {n % 2}"),
    "in other groups": lambda n, m: replace(m, group_name="AB"[n % 2]),
}
ALL = LOSSES | CORRECTIONS


def test_a_payload_that_says_what_is_stored_is_taken() -> None:
    assert judged(SEASON) == Verdict()
    assert judged(SEASON, stored=()) == Verdict()


@pytest.mark.parametrize("name", ALL)
def test_settled_facts_are_not_rewritten_at_large(name: str) -> None:
    refusal = judged(changed(ALL[name], 54)).refusal
    assert refusal
    assert refusal.startswith("Of the 54 played matches stored, ")
    assert "Nothing was changed." in refusal


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("most", "refused"), [(1, False), (2, False), (3, True)])
def test_two_of_54_are_corrected_and_three_are_refused(
    name: str, most: int, *, refused: bool
) -> None:
    if name in {"in the next round", "in other groups", "in another stage"}:
        most *= 2  # every other match has that name already
    verdict = judged(changed(ALL[name], most))
    assert (verdict.refusal is not None) == (len(verdict.contradictions) > 2)
    if name not in {"in the next round", "in other groups", "in another stage"}:
        assert (verdict.refusal is not None) == refused


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_taken_back_is_kept_until_a_read_a_day_later_repeats_it(name: str) -> None:
    fetched = changed(LOSSES[name], 1)
    first = judged(fetched)
    assert (first.refusal, first.kept, first.corrected) == (None, {"0"}, ())
    [finding] = contradiction_findings(first, {"h0": "Home", "a0": "Away"})
    assert (finding.subject, finding.left_out) == ("Home - Away, round 1", True)
    seen = {"0": LATER}
    soon = judged(fetched, read_at=LATER + A_DAY - timedelta(seconds=1), past=Past(taken_back=seen))
    assert soon.kept == {"0"}
    late = judged(fetched, read_at=LATER + A_DAY, past=Past(taken_back=seen))
    assert (late.refusal, late.kept, late.corrected) == (None, frozenset(), ("0",))


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_correction_is_taken_at_once_and_counted(name: str) -> None:
    verdict = judged(changed(CORRECTIONS[name], 2))
    assert (verdict.refusal, verdict.kept) == (None, frozenset())
    assert len(verdict.corrected) == len(verdict.contradictions) > 0


def test_corrections_are_counted_over_thirty_days_by_match() -> None:
    one = changed(set_(home_score=5), 1)
    assert judged(one, past=Past(frozenset({"7"}))).refusal is None
    refusal = judged(one, past=Past(frozenset({"7", "8"}))).refusal
    assert refusal
    assert "corrects 1 played matches after 2 in the last 30 days" in refusal
    # corrected again, or back
    assert judged(one, past=Past(frozenset({"0", "8"}))).refusal is None


@pytest.mark.parametrize(("rows", "limit"), [(0, 2), (40, 2), (54, 2), (60, 3), (306, 15)])
def test_the_limit_is_two_or_a_twentieth_whichever_is_more(rows: int, limit: int) -> None:
    assert limit_of(rows) == limit


def test_what_was_not_known_before_is_no_correction() -> None:
    stored = [replace(m, home_score_ht=None, away_score_ht=None, kickoff_at=None) for m in SEASON]
    assert judged(SEASON, stored=stored) == Verdict()


def test_a_match_that_goes_on_may_become_anything() -> None:
    for status in ("scheduled", "live", "postponed", "interrupted", "unknown"):
        stored = [replace(match, status=status) for match in SEASON]
        assert judged(SEASON, stored=stored).refusal is None


def test_matches_to_come_move_freely_but_do_not_lose_their_days_at_large() -> None:
    ahead = [scheduled(number) for number in range(54)]
    later = changed(lambda _, m: replace(m, kickoff_at=LATER, kickoff_date=LATER.date()), 54, ahead)
    assert judged(later, stored=ahead) == Verdict()
    for most, refused in ((2, False), (3, True)):
        without = changed(set_(kickoff_at=None, kickoff_date=None), most, ahead)
        refusal = judged(without, stored=ahead).refusal
        assert (refusal is not None) == refused
    off = changed(set_(status="postponed", kickoff_at=None, kickoff_date=None), 54, ahead)
    assert judged(off, stored=ahead) == Verdict()


def test_a_round_or_group_that_is_called_differently_is_the_same_one() -> None:
    renamed = [replace(m, round_slug=f"matchday-{m.round_slug}", group_name="X") for m in SEASON]
    assert judged(renamed) == Verdict()
    moved = [replace(m, round_slug=str(int(m.round_slug or 0) % 6 + 1)) for m in SEASON]
    assert judged(moved).refusal


def test_a_payload_that_lacks_a_tenth_is_refused_and_a_few_are_named() -> None:
    assert [m.external_id for m in judged(SEASON[2:]).missing] == ["0", "1"]
    refusal = judged(SEASON[6:]).refusal
    assert refusal == (
        "The provider gave 48 matches, and 6 of the 54 stored ones are not among them. "
        "Nothing was changed."
    )


def test_of_a_poll_only_what_it_asked_for_can_be_missing() -> None:
    covers = {"0", "1"}
    assert judged(SEASON[:1], covers=covers).missing == SEASON[1:2]
    assert judged(changed(set_(status="postponed"), 9)[:9], covers=covers).refusal


def test_a_result_of_today_may_still_be_corrected_at_will_but_not_all_results_of_today() -> None:
    kickoff = FIRST_DAY + timedelta(days=35)
    evening = kickoff + timedelta(hours=5)
    for most, refused in ((4, False), (5, True)):
        fetched = [*SEASON[:45], *changed(set_(home_score=5), most, SEASON[45:])]
        verdict = judged(fetched, now=evening, read_at=evening)
        assert (verdict.refusal is not None) == refused
        assert verdict.corrected == ()
    assert judged(fetched[:], now=evening + timedelta(days=9)).refusal


@given(
    st.lists(st.tuples(st.integers(0, 53), st.sampled_from(sorted(ALL))), max_size=60),
    st.integers(0, 53),
)
def test_a_payload_that_is_taken_never_changes_more_than_the_limit(
    changes: list[tuple[int, str]], lacks: int
) -> None:
    fetched = list(SEASON)
    for number, name in changes:
        fetched[number] = ALL[name](number, fetched[number])
    fetched = [match for n, match in enumerate(fetched) if n != lacks]
    verdict = judged(fetched)
    if verdict.refusal is not None:
        return
    stored = {match.external_id: match for match in SEASON}
    renamed = {"round_slug": "1", "stage": None, "group_name": None}
    worse = [
        match
        for match in fetched
        if match.external_id not in verdict.kept
        and replace(match, **renamed) != replace(stored[match.external_id], **renamed)
    ]
    assert len(worse) <= limit_of(54)


def test_teams_of_a_refused_match_are_named_and_not_by_the_ids_of_the_provider() -> None:
    verdict = judged(changed(neighbour, 20))
    names = {"h0": "Westbay", "a0": "Goldton", "h1": "Eastham", "a1": "Amberfield"}
    first = contradiction_findings(verdict, names, refused=True)[0]
    assert first.detail is not None
    assert "teams Westbay - Goldton, now Eastham - Amberfield" in first.detail
