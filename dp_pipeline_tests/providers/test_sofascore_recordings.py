"""Recorded SofaScore answers arrive complete and equal."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.providers.sofascore.matches import ListedEvent, SeasonMatches, fixtures_of
from dp_pipeline.providers.sofascore.parse import (
    parse_events,
    parse_rounds,
    parse_seasons,
    parse_tables,
    parse_unique,
)
from dp_pipeline.providers.sofascore.payload import EventPayload
from dp_pipeline.providers.sofascore.rounds import rounds_of, rounds_of_events
from dp_pipeline.providers.sofascore.score import score_of
from dp_pipeline.providers.sofascore.standings import standings_of, tables_of
from dp_pipeline.providers.sofascore.status import status_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams
from dp_pipeline.providers.sofascore.tournament import display_year
from dp_pipeline_tests.providers.sofascore_payloads import KEY, team

RECORDINGS = os.environ.get("DP_RECORDINGS")
pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="DP_RECORDINGS does not name the folder of recorded answers"
)
WORLD_CUP = TournamentKey("sofascore", "16", "41087")


def folder() -> Path:
    return Path(RECORDINGS or "") / "sofascore"


def recorded(name: str) -> Any:
    payload = json.loads((folder() / name).read_bytes())
    return payload.get("body", payload) if isinstance(payload, dict) else payload


def read(payload: Any) -> tuple[tuple[EventPayload, ...], SeasonMatches]:
    found = parse_events(payload)
    assert found.findings == ()
    rounds = rounds_of_events(found.items, KEY, "http://x")
    events = [ListedEvent(event) for event in found.items]
    return found.items, fixtures_of(events, rounds, SeasonTeams(found.items))


def raw_events(payload: Any) -> dict[str, dict[str, Any]]:
    listed = payload["events"] if isinstance(payload, dict) else payload
    return {str(event["id"]): event for event in listed}


def check_scores(match: Match, raw: dict[str, Any]) -> None:
    home, away = raw["homeScore"], raw["awayScore"]
    assert (match.home_score, match.away_score) == (home.get("display"), away.get("display"))
    assert match.home_penalties_score == home.get("penalties")
    assert match.away_penalties_score == away.get("penalties")
    if match.status == "ended":
        assert (match.home_score_90, match.away_score_90) == (
            home["normaltime"],
            away["normaltime"],
        )
        assert (match.home_score_ht, match.away_score_ht) == (home["period1"], away["period1"])


def test_a_day_of_matches_arrives_with_its_scores_and_states() -> None:
    payload = recorded("moisuc/scheduled_events.json")
    _, fixtures = read(payload)
    raw = raw_events(payload)
    assert {m.external_id for m in fixtures.matches} == set(raw)
    assert fixtures.findings == ()
    for match in fixtures.matches:
        one = raw[match.external_id]
        check_scores(match, one)
        assert match.kickoff_at is not None
        assert match.kickoff_at.timestamp() == one["startTimestamp"]
        assert match.round_slug == str(one["roundInfo"]["round"])
        assert (match.home, match.away) == (str(one["homeTeam"]["id"]), str(one["awayTeam"]["id"]))
        assert match.group_name == one["tournament"].get("groupName")
        assert match.stage is None
    assert Counter(m.status for m in fixtures.matches) == {
        "ended": 63,
        "scheduled": 43,
        "postponed": 1,
        "live": 1,
    }


def test_live_matches_arrive_also_without_season_or_round() -> None:
    payload = recorded("moisuc/live_events.json")
    _, fixtures = read(payload)
    raw = raw_events(payload)
    assert len(fixtures.matches) == 23
    assert {m.status for m in fixtures.matches} == {"live"}
    assert sum(m.round_slug is None for m in fixtures.matches) == 6
    assert {m.stage for m in fixtures.matches} == {None}
    for match in fixtures.matches:
        check_scores(match, raw[match.external_id])
        assert match.group_name == raw[match.external_id]["tournament"].get("groupName")
        code = raw[match.external_id]["status"]["code"]
        assert (match.home_score_ht is None) == (code in (6, 20))


def test_a_world_cups_knockout_stage_has_its_shoot_outs_apart() -> None:
    payload = recorded("samsperd/derived_data.05b8058.json")
    _, fixtures = read(payload)
    raw = raw_events(payload)
    assert len(fixtures.matches) == 15
    for match in fixtures.matches:
        check_scores(match, raw[match.external_id])
        assert match.stage == "Knockout stage"
        info = raw[match.external_id]["roundInfo"]
        assert match.round_slug == (info["slug"] if info else None)
    final = next(m for m in fixtures.matches if m.round_slug == "final")
    assert (final.home_score, final.home_score_90, final.home_penalties_score) == (3, 2, 4)
    assert sum(m.home_penalties_score is not None for m in fixtures.matches) == 5
    assert [(i.kind, i.subject) for i in fixtures.findings] == [
        ("score_outvoted", "Croatia - Brazil, Quarterfinal")
    ]


@pytest.mark.parametrize("number", ["13200232", "12436559"])
def test_a_match_that_contradicts_itself_is_stored_without_a_score(number: str) -> None:
    _, fixtures = read(recorded(f"osegonte/mismatch_{number}.json")["event"])
    (match,) = fixtures.matches
    assert (match.external_id, match.status) == (number, "ended")
    scores = (match.home_score, match.home_score_90, match.home_score_ht)
    assert scores == (None, None, None)
    assert [i.kind for i in fixtures.findings] == ["contradicting_score"]


def test_an_answer_reencoded_by_php_is_read() -> None:
    _, fixtures = read(recorded("nietonchique/event.json"))
    (match,) = fixtures.matches
    assert (match.home_score, match.away_score, match.round_slug) == (1, 3, "7")
    assert match.venue == "San Siro/Giuseppe Meazza, Milan"
    unique = parse_unique(recorded("nietonchique/tournament.json"))
    assert (unique.id, unique.slug, unique.has_rounds) == (17, "premier-league", True)


STATUSES = {
    "A_canceled-70-canceled__16425949": ("cancelled", None, None),
    "A_finished-120-ap__17090707": ("ended", (1, 1), (5, 4)),
    "A_inprogress-7-2nd-half__17018572": ("live", (1, 0), None),
    "A_interrupted-80-interrupted__17148292": ("interrupted", (0, 0), None),
    "A_notstarted-0-not-started__17211671": ("scheduled", None, None),
    "A_postponed-60-postponed__16539815": ("postponed", None, None),
    "F2_penalties__16950622": ("ended", (3, 3), (7, 6)),
    "F6_cup_draw_aggregate__16872361": ("ended", (1, 1), None),
}


@pytest.mark.parametrize("name", STATUSES)
def test_every_recorded_status_is_known(name: str) -> None:
    raw = recorded(f"tunjayoff/status/{name}.json")
    event = EventPayload.model_validate({**raw, "id": 1, "homeTeam": team(1), "awayTeam": team(2)})
    status, score = status_of(event.status), score_of(event)
    assert (status.status, score.final, score.shoot_out) == STATUSES[name]
    assert status.odd is None
    assert score.findings == ()


def test_a_shoot_out_without_extra_time_is_read() -> None:
    raw = recorded("tunjayoff/ap_without_extra_time.json")
    score = score_of(EventPayload.model_validate({**raw, "homeTeam": team(1), "awayTeam": team(2)}))
    assert (score.final, score.after_90, score.shoot_out) == ((2, 2), (2, 2), (4, 3))
    assert score.half_time == (0, 1)


def test_extra_time_and_a_second_leg_are_read() -> None:
    _, fixtures = read(recorded("tunjayoff/condensed/event_17148332_aet.condensed.json"))
    (match,) = fixtures.matches
    assert (match.home_score, match.away_score, match.home_score_90) == (2, 1, 1)
    assert (match.round_slug, match.stage) == ("qualification-round-2", None)
    _, fixtures = read(
        recorded("tunjayoff/condensed/event_16951514_second_leg_aggregate.condensed.json")
    )
    (match,) = fixtures.matches
    assert (match.home_score, match.away_score, match.status) == (0, 0, "ended")
    assert (match.round_slug, match.stage) == ("quarterfinals", "Knockout Stage")


def test_the_rounds_of_a_champions_league_are_told_apart() -> None:
    answer = parse_rounds(recorded("derived_shapes/rounds_7_41897_ucl_2022-23.json"))
    found = rounds_of(answer, KEY, "http://x")
    assert [r.slug for r in found.rounds] == [
        "preliminary-semifinal",
        "preliminary-final",
        "qualification-round-1",
        "qualification-round-2",
        "qualification-round-3",
        "qualification-round-4",
        *"123456",
        "round-of-16",
        "quarterfinal",
        "semifinal",
        "final",
    ]
    assert found.findings == ()


def test_the_rounds_of_a_world_cup_keep_the_providers_order() -> None:
    answer = parse_rounds(recorded("derived_shapes/rounds_16_world-cup-2026.json"))
    found = rounds_of(answer, WORLD_CUP, "http://x")
    assert [int(r.provider_id or 0) for r in found.rounds] == [1, 2, 3, 6, 5, 27, 28, 50, 29]


def test_the_rounds_of_a_league_are_its_matchdays() -> None:
    found = rounds_of(parse_rounds(recorded("tunjayoff/rounds_17_96668.envelope.json")), KEY, "x")
    assert [r.slug for r in found.rounds] == [str(n) for n in range(1, 39)]


def test_every_listed_season_has_a_name_for_people() -> None:
    for path in sorted((folder() / "tunjayoff" / "seasons").glob("*.json")):
        raw = recorded(str(path.relative_to(folder())))
        seasons = parse_seasons(raw).items
        assert [s.id for s in seasons] == [s["id"] for s in raw["seasons"]]
        years = [display_year(s.year or "") for s in seasons]
        assert len(set(years)) == len(years)
        assert all(len(year) in (4, 7) for year in years)


def test_a_recorded_table_is_read_with_its_differences() -> None:
    payload = recorded("tunjayoff/condensed/standings_total_17_96668.condensed.json")
    found = standings_of(tables_of(parse_tables(payload)), [], {}, has_season=True)
    assert [(r.team, r.position, r.points, r.goal_difference) for r in found.items] == [
        ("17", 1, 15, 8),
        ("42", 2, 12, 4),
        ("30", 3, 10, 11),
    ]
    assert {(r.stage, r.group_name) for r in found.items} == {(None, None)}
    assert found.findings == ()


def test_a_table_says_by_which_rule_level_teams_are_ordered() -> None:
    payload = recorded("tunjayoff/condensed/standings_total_17_96668.condensed.json")
    (table,) = parse_tables(payload)
    assert table.rule == "Goal difference, Goals scored, H2H [SofaScore]"
