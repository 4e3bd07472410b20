"""Days and kick-off times of season files: those that went wrong once, with the right ones."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.progress import current_round
from dp_pipeline.providers.openfootball.season import SeasonData, read_season
from dp_pipeline_tests.providers.openfootball_files import entry, season

CASES = Path(os.environ.get("DP_RECORDINGS", "")) / ".." / "cases" / "openfootball"
needs_cases = pytest.mark.skipif(
    not (os.environ.get("DP_RECORDINGS") and CASES.is_dir()),
    reason="DP_RECORDINGS does not name a folder beside that of the cases",
)


def read_case(name: str, competition: str, year: str) -> SeasonData:
    payload = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return read_season(payload, TournamentKey("openfootball", competition, year))


@needs_cases
def test_the_second_half_of_a_season_is_in_its_second_year() -> None:
    found = read_case("2025-26_en.3_wrong_year", "en.3", "2025-26")
    days = {m.round_slug: m.kickoff_date for m in found.matches.items}
    assert (days["24"], days["46"]) == (date(2026, 1, 1), date(2026, 5, 2))
    moments = {m.kickoff_at for m in found.matches.items if m.round_slug == "46"}
    assert moments == {datetime(2026, 5, 2, 13, 0, tzinfo=UTC)}
    named = [i.subject for i in found.matches.findings if i.kind == "kickoff_year_put_right"]
    assert len(named) == 24


@needs_cases
def test_play_offs_come_after_the_season_that_leads_to_them() -> None:
    found = read_case("2019-20_at.1_wrong_year", "at.1", "2019-20")
    assert [round_.label for round_ in found.rounds.items] == [
        "Matchday 1",
        "Matchday 22",
        *["Matchday 23", "Matchday 31", "Matchday 32"] * 2,
        "Semifinals",
        "Final",
    ]
    days = [m.kickoff_date for m in found.matches.items if m.kickoff_date]
    assert (min(days), max(days)) == (date(2019, 7, 26), date(2020, 7, 15))
    assert current_round(found.rounds.items, found.matches.items) == found.rounds.items[-1].slug


def read(matches: list[Any], competition: str, year: str, today: date | None = None) -> SeasonData:
    return read_season(
        season(matches), TournamentKey("openfootball", competition, year), today=today
    )


@pytest.mark.parametrize(
    ("competition", "day", "moment"),
    [
        ("ar.1", "2025-03-01", datetime(2025, 3, 2, 0, 0, tzinfo=UTC)),
        ("jp.1", "2025-03-01", datetime(2025, 3, 1, 12, 0, tzinfo=UTC)),
        ("eg.1", "2025-07-01", datetime(2025, 7, 1, 18, 0, tzinfo=UTC)),
    ],
)
def test_a_country_with_one_zone_has_its_kickoffs_as_moments(
    competition: str, day: str, moment: datetime
) -> None:
    (match,) = read(
        [entry("A City", "B City", date=day, time="21:00")], competition, "2025"
    ).matches.items
    assert (match.kickoff_at, match.kickoff_local) == (moment, None)


def test_a_country_with_several_zones_has_its_kickoffs_as_given() -> None:
    (match,) = read(
        [entry("A City", "B City", date="2025-03-01", time="9:30")], "mls", "2025"
    ).matches.items
    assert (match.kickoff_at, match.kickoff_local) == (None, datetime(2025, 3, 1, 9, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "hour"),
    [("20:45 CET", 19), ("20:45 CEST", 18), ("19:45 UTC±0", 19), ("13:45 UTC-6", 19)],
)
def test_a_time_may_name_its_zone(text: str, hour: int) -> None:
    (match,) = read(
        [entry("Italy", "Wales", date="2026-03-26", time=text)], "euro", "2026"
    ).matches.items
    assert match.kickoff_at == datetime(2026, 3, 26, hour, 45, tzinfo=UTC)


def test_a_result_of_a_round_to_come_is_not_stored() -> None:
    played = entry("A City", "B City", date="2024-08-17", score={"ft": [0, 0]})
    found = read([played], "en.1", "2024-25", today=date(2024, 8, 1))
    (match,) = found.matches.items
    assert (match.status, match.home_score, match.kickoff_date) == (
        "scheduled",
        None,
        date(2024, 8, 17),
    )
    assert "kickoff_not_yet" in {issue.kind for issue in found.matches.findings}
    (match,) = read([played], "en.1", "2024-25", today=date(2024, 8, 17)).matches.items
    assert match.status == "ended"
    live = entry("A City", "B City", date="2024-08-17", status="live")
    (match,) = read([live], "en.1", "2024-25", today=date(2024, 8, 1)).matches.items
    assert match.status == "scheduled"


def test_a_match_of_a_club_that_withdrew_is_awarded_before_its_day() -> None:
    awarded = entry("A City", "B City", score={"ft": [0, 3]}, status="awarded")
    (match,) = read([awarded], "en.1", "2024-25", today=date(2024, 8, 1)).matches.items
    assert (match.status, match.away_score) == ("awarded", 3)


@needs_cases
def test_the_short_form_of_a_score_is_the_full_time_score() -> None:
    found = read_case("worldcup_2026_quali_short_score", "quali", "2026").matches.items
    assert len(found) == 16
    italy = next(m for m in found if (m.home, m.away)[0].startswith("italy"))
    assert (italy.home_score, italy.away_score, italy.status) == (2, 0, "ended")
    assert italy.kickoff_at == datetime(2026, 3, 26, 19, 45, tzinfo=UTC)


@needs_cases
def test_a_match_under_two_matchdays_is_one() -> None:
    found = read_case("za.1", "za.1", "2024-25")
    assert len(found.matches.items) == 380
    assert [f.kind for f in found.matches.findings].count("duplicate_fixture") == 1
    assert {row.games for row in found.standings.items} == {38}


def scored(final: list[int], *minutes: list[int], ht: list[int] | None = None) -> Any:
    goals = [[{"name": "X", "minute": minute} for minute in side] for side in minutes]
    score = {"ft": final, **({"ht": ht} if ht else {})}
    played = entry("A City", "B City", score=score, goals1=goals[0], goals2=goals[1])
    (match,) = (found := read([played], "en.1", "2024-25")).matches.items
    kinds = {f.kind: f.left_out for f in found.matches.findings}
    return (match.status, match.home_score, match.away_score), kinds


def test_a_result_that_its_goals_contradict_is_none_and_left_out() -> None:
    score, kinds = scored([0, 0], [78], [])
    assert (score, kinds) == (("ended", None, None), {"contradicting_score": True})


def test_half_time_is_that_of_the_goals_where_they_make_the_result() -> None:
    score, kinds = scored([2, 1], [48, 51], [11], ht=[0, 0])
    assert (score, kinds) == (("ended", 2, 1), {"half_time_from_goals": False})
    _, kinds = scored([2, 1], [48, 51], [11], ht=[0, 1])
    assert kinds == {}
    _, kinds = scored([2, 1], [48], [11], ht=[0, 0])
    assert kinds == {}, "a list that is not complete shows nothing"


def test_half_time_decides_between_result_and_goals() -> None:
    score, kinds = scored([0, 0], [92], [32, 38, 74, 84], ht=[0, 2])
    assert score == ("ended", 1, 4)
    assert kinds["result_from_goals"] is False
    score, kinds = scored([0, 4], [4, 46, 50, 63], [], ht=[0, 1])
    assert score == ("ended", 0, 4)
    assert kinds["goals_differ_from_result"] is False


def test_a_list_that_lacks_goals_contradicts_nothing() -> None:
    assert scored([3, 1], [10], []) == (("ended", 3, 1), {})
