"""Answers of OpenLigaDB that went wrong once, with the right values."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.answers import MatchRequest
from dp_pipeline.providers.openligadb.gathered import Gathered
from dp_pipeline.providers.openligadb.payload import parse_matches

CASES = Path(os.environ.get("DP_RECORDINGS", "")) / ".." / "cases" / "openligadb"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("DP_RECORDINGS") and CASES.is_dir()),
    reason="DP_RECORDINGS does not name a folder beside that of the cases",
)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def read(name: str, key: str, *, now: datetime = NOW) -> Fetched[Match]:
    answer = parse_matches(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")))
    request = MatchRequest("/x", "Matches", frozenset())
    return Gathered(TournamentKey.parse(key), None, {request: answer}, now=now).fetched_matches()


def scores(fetched: Fetched[Match]) -> dict[str, tuple[int | None, ...]]:
    return {
        m.external_id: (m.home_score, m.away_score, m.home_score_90, m.away_score_90)
        for m in fetched.items
    }


def test_no_result_of_0_0_stands_against_its_own_goals() -> None:
    fetched = read("ucl_2025_zero_zero", "openligadb:ucl:2025")
    assert scores(fetched) == {
        "79499": (1, 4, 1, 4),
        "79511": (None, None, None, None),
        "79512": (None, None, None, None),
    }
    assert {m.status for m in fetched.items} == {"ended"}
    assert sorted((f.kind, f.left_out) for f in fetched.findings) == [
        ("contradicting_score", True),
        ("contradicting_score", True),
        ("result_from_goals", False),
    ]
    assert {(m.home_score, m.away_score) for m in fetched.literal.values()} == {(0, 0)}


def test_results_and_goals_that_agree_give_the_score_after_ninety_minutes() -> None:
    fetched = scores(read("ucl_2025_after_90", "openligadb:ucl:2025"))
    assert (fetched["81002"], fetched["81142"]) == ((3, 2, 3, 0), (5, 0, 3, 0))


def test_a_match_a_week_ahead_is_scheduled_and_live_once_it_begins() -> None:
    ahead = {m.external_id: m for m in read("c006.2026", "openligadb:c006:2026").items}["627"]
    assert (ahead.status, ahead.home_score, ahead.kickoff_at) == (
        "scheduled",
        None,
        datetime(2026, 12, 5, 14, 30, tzinfo=UTC),
    )
    begun = datetime(2026, 12, 5, 14, 40, tzinfo=UTC)
    found = {m.external_id: m for m in read("c006.2026", "openligadb:c006:2026", now=begun).items}
    assert (found["627"].status, found["627"].home_score) == ("live", 0)


def test_a_finished_replay_goes_before_the_match_that_was_broken_off() -> None:
    fetched = read("cabd.2026", "openligadb:cabd:2026")
    assert len(fetched.items) == 30
    assert scores(fetched)["39999"] == (2, 2, 2, 2)
    assert "31006" not in scores(fetched)
