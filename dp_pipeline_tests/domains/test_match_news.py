"""What of changed matches people hear."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from dp_pipeline.database.store import Change, Stored
from dp_pipeline.domains.match_news import NamesInNews, any_ended, given_up_news, match_news
from dp_pipeline.football.models import Match, MatchStatus

TEAMS = {"a": "Alpha", "b": "Beta"}
NAMES = NamesInNews(TEAMS, {"13": "13. Spieltag"})
ID = UUID(int=1)
NEXT_DAY = datetime(2026, 11, 29, 2, 37, tzinfo=UTC)


def match(status: MatchStatus = "ended", **fields: Any) -> Match:
    kickoff = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
    found = Match("1", "13", "a", "b", status, kickoff_at=kickoff)
    if status in {"ended", "awarded"}:
        found = replace(found, home_score=2, away_score=1)
    return replace(found, **fields)


def news(
    found: Match,
    *,
    part: bool = True,
    created: bool = False,
    now: datetime = NEXT_DAY,
    **fields: Any,
) -> list[str]:
    """The news when storing a match changed these fields, each (old, new)."""
    updated = () if created else (Change(ID, fields),)
    stored = Stored("match", (ID,) if created else (), updated)
    return match_news(stored, {ID: found}, NAMES, part=part, now=now)


def test_the_end_of_a_match_is_news_where_it_is_followed() -> None:
    assert news(match(), status=("live", "ended")) == ["Alpha - Beta (13. Spieltag) ended 2:1."]
    assert news(match(), part=False, status=("scheduled", "ended")) == []
    shoot_out = match(home_penalties_score=4, away_penalties_score=2)
    assert news(shoot_out, status=("live", "ended")) == [
        "Alpha - Beta (13. Spieltag) ended 2:1 (4:2 pens)."
    ]


def test_the_end_of_a_match_just_played_is_news_though_a_whole_read_finds_it() -> None:
    whistle = datetime(2026, 11, 28, 16, 25, tzinfo=UTC)
    told = ["Alpha - Beta (13. Spieltag) ended 2:1."]
    assert news(match(), part=False, now=whistle, status=("live", "ended")) == told
    much_later = whistle + timedelta(hours=5)
    assert news(match(), part=False, now=much_later, status=("live", "ended")) == []
    without_kickoff = match(kickoff_at=None)
    assert news(without_kickoff, part=False, now=whistle, status=("live", "ended")) == []


@pytest.mark.parametrize("part", [True, False])
def test_a_corrected_result_is_news_whoever_finds_it(*, part: bool) -> None:
    assert news(match(), part=part, home_score=(1, 2)) == [
        "Alpha - Beta (13. Spieltag) is corrected to 2:1, was 1:1."
    ]
    half_time = match(home_score_ht=1, away_score_ht=0)
    assert news(half_time, part=part, home_score_ht=(0, 1)) == [
        "Alpha - Beta (13. Spieltag) is corrected to 1:0 at half-time, was 0:0."
    ]
    assert news(half_time, part=part, home_score_ht=(None, 1), away_score_ht=(None, 0)) == []


@pytest.mark.parametrize("part", [True, False])
def test_a_result_that_is_decided_about_is_news(*, part: bool) -> None:
    decided = match("awarded", home_score=0, away_score=3)
    fields: dict[str, Any] = {"status": ("ended", "awarded")}
    scores = {"home_score": (2, 0), "away_score": (1, 3)}
    assert news(decided, part=part, **fields, **scores) == [
        "Alpha - Beta (13. Spieltag) is corrected to 0:3, was 2:1; it counts as awarded now."
    ]
    assert news(decided, part=part, **fields) == [
        "Alpha - Beta (13. Spieltag) counts as awarded now."
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("postponed", "is postponed"),
        ("cancelled", "is cancelled"),
        ("abandoned", "is abandoned"),
        ("interrupted", "is interrupted"),
    ],
)
def test_a_match_called_off_is_news(status: MatchStatus, words: str) -> None:
    assert news(match(status), part=False, status=("scheduled", status)) == [
        f"Alpha - Beta (13. Spieltag) {words}."
    ]


def test_a_match_that_is_to_be_played_after_all_is_news() -> None:
    assert news(match("scheduled"), status=("postponed", "scheduled")) == [
        "Alpha - Beta (13. Spieltag) is no longer postponed; kick-off 2026-11-28 14:30 UTC."
    ]
    earlier = datetime(2026, 11, 27, tzinfo=UTC)
    moved = match("scheduled")
    assert news(moved, kickoff_at=(earlier, moved.kickoff_at)) == [
        "Alpha - Beta (13. Spieltag) now kicks off 2026-11-28 14:30 UTC."
    ]


def test_a_goal_is_no_news_and_neither_is_the_kick_off() -> None:
    live = match("live", home_score=1, away_score=0)
    assert news(live, home_score=(0, 1)) == []
    assert news(live, status=("scheduled", "live"), home_score=(None, 0)) == []


def test_new_fixtures_are_named_or_counted_and_one_already_played_has_ended() -> None:
    assert news(match("scheduled"), created=True) == [
        "New fixture: Alpha - Beta (13. Spieltag), kick-off 2026-11-28 14:30 UTC."
    ]
    assert news(match(), created=True) == ["Alpha - Beta (13. Spieltag) ended 2:1."]
    assert news(match("scheduled"), created=True, part=False) == []
    many = {UUID(int=n): match("scheduled") for n in range(8)}
    stored = Stored("match", tuple(many))
    assert match_news(stored, many, NAMES, part=True, now=NEXT_DAY) == [
        "8 new fixtures in 13. Spieltag."
    ]


def test_what_makes_a_table_follow() -> None:
    def follows(found: Match, **fields: Any) -> bool:
        return any_ended(Stored("match", (), (Change(ID, fields),)), {ID: found})

    assert follows(match(), status=("live", "ended"))
    assert follows(match("cancelled"), status=("ended", "cancelled"))
    assert follows(match(), home_score=(1, 2))
    assert not follows(match("postponed"), status=("scheduled", "postponed"))
    assert not follows(match("live", home_score=1, away_score=0), home_score=(0, 1))
    assert not follows(match(), venue=(None, "Stadium"))
    assert any_ended(Stored("match", (ID,)), {ID: match()})
    assert not any_ended(Stored("match", (ID,)), {ID: match("scheduled")})


def test_a_match_given_up_is_named() -> None:
    sentence = given_up_news(match("live"), NAMES)
    assert sentence.startswith("Alpha - Beta (13. Spieltag) should long be over and is still live")
    assert "stale_open" in sentence


def test_a_round_without_a_name_is_said_to_be_one() -> None:
    assert given_up_news(match("live"), NamesInNews(TEAMS, {})).startswith(
        "Alpha - Beta (round 13) "
    )
    assert given_up_news(match("live"), NamesInNews(TEAMS, {"13": "Final"})).startswith(
        "Alpha - Beta (Final) "
    )
