"""OpenLigaDB's recorded seasons arrive complete and equal."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Standing
from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.openligadb.payload import TableRows, parse_matches, parse_table
from dp_pipeline.providers.openligadb.standings import standings_of
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline.providers.openligadb.tournament import tournament_of
from dp_pipeline_tests.providers.openligadb_payloads import KEY, read
from dp_pipeline_tests.providers.openligadb_recorded import RECORDINGS, recorded

pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="DP_RECORDINGS does not name the folder of recorded answers"
)
CUP = TournamentKey("openligadb", "dfb", "2025")


def table_of(payload: Any) -> dict[str, Standing]:
    payloads, rounds, fixtures = read(payload)
    names = {t.external_id: t.name for t in teams_of(payloads).items}
    found = standings_of(rounds.rounds, fixtures.groups, fixtures.matches, TableRows(), {})
    return {names[row.team]: row for row in found.items}


def test_a_final_season_is_complete() -> None:
    payload = recorded("openliga_bl2425.json")
    payloads, rounds, fixtures = read(payload)
    assert (len(fixtures.matches), len(rounds.rounds)) == (306, 34)
    assert len(teams_of(payloads).items) == 18
    assert [r.slug for r in rounds.rounds] == [str(n) for n in range(1, 35)]
    assert {m.status for m in fixtures.matches} == {"ended"}
    assert fixtures.findings == ()
    results = {
        str(m["matchID"]): next(
            (r["pointsTeam1"], r["pointsTeam2"])
            for r in m["matchResults"]
            if r["resultTypeID"] == 2
        )
        for m in payload
    }
    assert {m.external_id: (m.home_score, m.away_score) for m in fixtures.matches} == results
    assert {m.external_id: (m.home_score_90, m.away_score_90) for m in fixtures.matches} == results
    tournament = tournament_of(KEY, payloads)
    assert tournament.season == "2024/25"
    assert state_of(rounds.rounds, fixtures.matches).status == "completed"


def test_the_table_of_a_final_season_follows_from_its_matches() -> None:
    table = table_of(recorded("openliga_bl2425.json"))
    assert len(table) == 18
    first = table["FC Bayern München"]
    assert (first.position, first.points, first.goals_for, first.goals_against) == (1, 82, 99, 32)
    assert table["Bayer 04 Leverkusen"].points == 69
    assert table["Eintracht Frankfurt"].points == 60
    assert [table[name].points for name in ("Holstein Kiel", "VfL Bochum")] == [25, 25]


def test_a_season_in_progress_has_ended_live_and_scheduled_matches() -> None:
    _, rounds, fixtures = read(recorded("openliga_bl2526_20260321.json"))
    counted = Counter(m.status for m in fixtures.matches)
    assert counted == {"ended": 235, "live": 4, "scheduled": 67}
    assert all(m.home_score is not None for m in fixtures.matches if m.status == "live")
    assert all(m.home_score is None for m in fixtures.matches if m.status == "scheduled")
    assert fixtures.findings == ()
    state = state_of(rounds.rounds, fixtures.matches)
    assert (state.status, state.current_round) == ("active", "27")


def shape(match: Match) -> tuple[Any, ...]:
    shoot_out = (match.home_penalties_score, match.away_penalties_score)
    return (
        (match.home_score, match.away_score),
        shoot_out,
        (match.home_score_90, match.away_score_90),
    )


NONE = (None, None)


def test_the_cup_matches_that_went_beyond_90_minutes_are_told_apart() -> None:
    payloads, _, fixtures = read(recorded("openliga_dfb2526.json"))
    names = {t.external_id: t.name for t in teams_of(payloads).items}
    found = {f"{names[m.home]} - {names[m.away]}": shape(m) for m in fixtures.matches}
    beyond = {
        "FV Illertissen - 1. FC Nürnberg": ((3, 3), (6, 5), (3, 3)),
        "Eintracht Norderstedt - FC St. Pauli": ((0, 0), (2, 3), (0, 0)),
        "Eintracht Braunschweig - VfB Stuttgart": ((4, 4), (7, 8), (3, 3)),
        "Hertha BSC - SC Freiburg": ((1, 1), (4, 5), (0, 0)),
        "Preußen Münster - Hertha BSC": ((0, 0), (3, 5), (0, 0)),
        "Eintracht Frankfurt - Borussia Dortmund": ((1, 1), (2, 4), (1, 1)),
        "Hamburger SV - Holstein Kiel": ((1, 1), (2, 4), (0, 0)),
        "FC St. Pauli - TSG Hoffenheim": ((2, 2), (8, 7), (1, 1)),
        "FK Pirmasens - Hamburger SV": ((1, 2), NONE, (1, 1)),
        "BFC Dynamo - VfL Bochum": ((1, 3), NONE, (1, 1)),
        "1. FC Lok Leipzig - FC Schalke 04": ((0, 1), NONE, (0, 0)),
        "SC Paderborn 07 - Bayer 04 Leverkusen": ((2, 4), NONE, NONE),
    }
    assert {name: found[name] for name in beyond} == beyond
    assert sum(shoot_out != NONE for _, shoot_out, _ in found.values()) == 8


def test_a_cup_is_complete_but_for_its_final() -> None:
    payloads, rounds, fixtures = read(recorded("openliga_dfb2526.json"))
    assert len(teams_of(payloads).items) == 64
    assert Counter(m.status for m in fixtures.matches) == {"ended": 60, "scheduled": 2}
    assert [(r.slug, r.type) for r in rounds.rounds] == [
        ("1-runde", "knockout"),
        ("2-runde", "knockout"),
        ("achtelfinale", "knockout"),
        ("viertelfinale", "knockout"),
        ("halbfinale", "knockout"),
    ]
    assert all(m.home_score is not None for m in fixtures.matches if m.status == "ended")
    # 5 matches may have had extra time for all that results and goal minutes say
    assert Counter(i.kind for i in fixtures.findings) == {"no_certain_90_minute_score": 5}
    tournament = tournament_of(CUP, payloads)
    state = state_of(rounds.rounds, fixtures.matches)
    assert (state.mode, state.status) == ("knockout-only", "active")
    assert (tournament.season, state.current_round) == ("2025/26", "halbfinale")


def test_a_group_stage_in_one_round_has_six_groups_of_four() -> None:
    table = table_of(recorded("gluehloch/uefa-em-2020-01.json"))
    assert len(table) == 24
    sizes = Counter(row.group_name for row in table.values())
    assert set(sizes.values()) == {4}
    assert table["Italien"].group_name == table["Schweiz"].group_name
    assert (table["Italien"].position, table["Italien"].points) == (1, 9)


@pytest.mark.parametrize(
    ("name", "count", "ended"),
    [
        ("gluehloch/bundesliga-2020-03.json", 9, 9),
        ("gluehloch/bundesliga-2022-01.json", 9, 9),
        ("gluehloch/bundesliga-2023-12.json", 9, 7),
        ("gluehloch/response-2018-22.json_", 9, 6),
        ("samples/validStubResponse.json", 1, 1),
        ("samples/multipleStubResponse.json", 1, 1),  # one match three times
    ],
)
def test_old_answers_in_any_case_and_order_of_results_are_read(
    name: str, count: int, ended: int
) -> None:
    payload = recorded(name)
    assert not parse_matches(payload).findings
    _, rounds, fixtures = read(payload)
    assert len(fixtures.matches) == count
    assert sum(m.status == "ended" and m.home_score is not None for m in fixtures.matches) == ended
    assert {r.type for r in rounds.rounds} == {"season"}


def test_a_table_with_one_club_under_another_id_is_the_providers_with_its_deductions() -> None:
    cases = Path(RECORDINGS or "").parent / "cases" / "openligadb"
    matches, table = (
        json.loads((cases / f"c020.2026{part}.json").read_text()) for part in ("", ".table")
    )
    payloads, rounds, fixtures = read(matches)
    names = {team.external_id: team.name for team in teams_of(payloads).items}
    rows = parse_table(table)
    found = standings_of(rounds.rounds, fixtures.groups, fixtures.matches, rows, names)
    assert [row.points for row in found.items] == [row["points"] for row in table]
    assert {row.team for row in found.items} == set(names)
    assert not any(row.computed for row in found.items)
    assert found.findings[0].kind == "team_under_another_id"
