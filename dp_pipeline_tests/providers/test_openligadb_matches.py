"""Matches, teams and broken answers of OpenLigaDB."""

import contextlib
import copy
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openligadb.payload import (
    parse_groups,
    parse_leagues,
    parse_matches,
    parse_table,
)
from dp_pipeline.providers.openligadb.standings import standings_of
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline.providers.openligadb.tournament import tournament_of
from dp_pipeline_tests.providers.garbage import JSON, garbage_for, spoiled
from dp_pipeline_tests.providers.openligadb_payloads import (
    KEY,
    goals,
    match,
    pascal,
    played,
    read,
    results,
    round_robin,
    team,
)


def reasons(findings: tuple[Finding, ...]) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.left_out) for finding in findings]


def test_a_match_carries_everything_the_payload_says_of_it() -> None:
    raw = match(
        7,
        team(1, shortName="Eins"),
        2,
        order=3,
        matchIsFinished=True,
        matchResults=results(t1=(1, 0), t2=(2, 1)),
        location={"locationID": 5, "locationCity": "Köln", "locationStadium": "Südstadion"},
    )
    payloads, _, fixtures = read([raw])
    (found,) = fixtures.matches
    assert (found.external_id, found.round_slug, found.home, found.away) == ("7", "3", "1", "2")
    assert found.status == "ended"
    assert (found.home_score, found.away_score) == (2, 1)
    assert (found.home_score_90, found.away_score_90) == (2, 1)
    assert (found.home_score_ht, found.away_score_ht) == (1, 0)
    assert (found.home_penalties_score, found.away_penalties_score) == (None, None)
    assert found.kickoff_at == datetime(2024, 9, 4, 13, 30, tzinfo=UTC)
    assert found.kickoff_date == date(2024, 9, 4)
    assert found.venue == "Südstadion, Köln"
    assert fixtures.findings == ()
    home, away = teams_of(payloads).items
    assert (home.external_id, home.name, home.short_name) == ("1", "FC Nummer 1", "Eins")
    assert home.badge_url == "https://icons.example/1.png"
    assert away.short_name is None


@pytest.mark.parametrize(
    ("fields", "status", "score", "odd"),
    [
        ({}, "scheduled", None, []),
        ({"matchIsFinished": True, "matchResults": results(t2=(1, 0))}, "ended", 1, []),
        ({"matchResults": results(t1=(1, 0), t2=(1, 0))}, "live", 1, []),
        ({"matchResults": results(t1=(1, 0))}, "live", None, []),
        ({"goals": goals((1, 0, 5))}, "live", 1, []),
        ({"matchIsFinished": True}, "live", None, [("finished_without_result", False)]),
        (
            {"matchIsFinished": True, "matchResults": results(t1=(0, 0))},
            "live",
            None,
            [("finished_without_result", False)],
        ),
    ],
)
def test_ended_needs_the_flag_and_a_final_result(
    fields: dict[str, Any], status: str, score: int | None, odd: list[Any]
) -> None:
    _, _, fixtures = read([match(1, 1, 2, **fields)])
    (found,) = fixtures.matches
    assert (found.status, found.home_score) == (status, score)
    assert reasons(fixtures.findings) == odd


def test_old_pascal_case_and_any_other_case_read_the_same() -> None:
    raw = [played(1, 1, 2, (3, 1)), match(2, 2, 1, order=2)]
    expected = read(raw)
    assert read(pascal(raw)) == expected
    upper = [{key.upper(): value for key, value in one.items()} for one in raw]
    assert read(upper) == expected


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "", None, 5, "soon", "2999-01-01"])
def test_an_impossible_kick_off_is_null_with_a_finding(moment: Any) -> None:
    raw = match(1, 1, 2, matchDateTimeUTC=moment, matchDateTime=moment)
    _, _, fixtures = read([raw])
    (found,) = fixtures.matches
    assert (found.kickoff_at, found.kickoff_date) == (None, None)
    assert reasons(fixtures.findings) == [("no_kickoff", False)]


def test_the_moment_of_kick_off_is_the_one_in_utc() -> None:
    raw = match(1, 1, 2, matchDateTime="2024-08-24T01:30:00")
    raw["matchDateTimeUTC"] = "2024-08-24T01:30:00+02:00"
    _, _, fixtures = read([raw])
    (found,) = fixtures.matches
    assert found.kickoff_at == datetime(2024, 8, 23, 23, 30, tzinfo=UTC)
    assert found.kickoff_date == date(2024, 8, 24)


@pytest.mark.parametrize(
    "name",
    [
        *("N.N.", "n.n", "NN", "N.N. 2", "TBD", "unbekannt", "Noch offen", "Sieger HF1", "W49"),
        *("Sieger SF 12", "Verlierer HF 1", "Gewinner Spiel 3", "Winner of Match 5", "L61"),
        *("ARG/CPV", "Team A", "Team 2", "Gruppe A 1", "1. Gruppe A", "2A", "3A/B/C", "B2"),
        *("Gruppensieger A", "Zweiter Gruppe B", "Finalist 1", "Halbfinalist", "Freilos", "?"),
    ],
)
def test_a_place_in_the_draw_is_not_a_team(name: str) -> None:
    assert is_place_in_draw(name)
    payloads, _, fixtures = read([played(1, 1, 2, (1, 0)), match(2, team(9, name), 1, order=2)])
    assert [t.external_id for t in teams_of(payloads).items] == ["1", "2"]
    assert [m.external_id for m in fixtures.matches] == ["1"]
    assert reasons(fixtures.findings) == [("placeholder_team", False)]


@pytest.mark.parametrize(
    "name",
    [
        *("1. FC Köln", "FC Nummer 1", "Team Wellington", "Offenbacher FC", "USA", "SC Verl"),
        *("Winterthur", "Sportverein 07", "1860 München", "FC 08 Homburg", "A.S. Roma", "Nancy"),
    ],
)
def test_a_team_with_an_odd_name_is_a_team(name: str) -> None:
    assert not is_place_in_draw(name)


def test_a_result_of_a_placeholder_is_something_left_out() -> None:
    raw = match(1, team(9, "N.N."), 1, matchIsFinished=True, matchResults=results(t2=(1, 0)))
    _, _, fixtures = read([raw])
    assert reasons(fixtures.findings) == [("placeholder_team", True)]


def test_a_team_cannot_play_itself() -> None:
    _, _, fixtures = read([match(1, 1, 1), match(2, 1, 2)])
    assert [m.external_id for m in fixtures.matches] == ["2"]
    assert reasons(fixtures.findings) == [("team_against_itself", True)]


def test_of_several_names_of_a_team_the_last_updated_is_stored() -> None:
    old = match(1, team(1, "Alt"), 2, lastUpdateDateTime="2024-08-01T10:00:00")
    new = match(2, 2, team(1, "Neu"), order=2, lastUpdateDateTime="2024-09-01T10:00:00.5")
    for raw in ([old, new], [new, old]):
        found = teams_of(parse_matches(raw).items)
        assert [t.name for t in found.items] == ["Neu", "FC Nummer 2"]
        assert reasons(found.findings) == [("several_team_names", False)]


def test_equal_tellings_of_a_match_are_merged() -> None:
    one = played(1, 1, 2, (1, 0))
    _, _, fixtures = read([one, copy.deepcopy(one), {**one, "matchID": 2}])
    assert [m.external_id for m in fixtures.matches] == ["1"]
    assert reasons(fixtures.findings) == [("duplicate_match", False)] * 2


def test_of_contradicting_tellings_the_last_updated_is_stored() -> None:
    old = played(1, 1, 2, (1, 0), lastUpdateDateTime="2024-08-01T10:00:00")
    new = played(1, 1, 2, (2, 0), lastUpdateDateTime="2024-08-02T10:00:00")
    for raw in ([old, new], [new, {**old, "matchID": 3}]):
        _, _, fixtures = read(raw)
        assert [(m.external_id, m.home_score) for m in fixtures.matches] == [("1", 2)]
        assert reasons(fixtures.findings) == [("contradicting_match", False)]


def test_contradicting_tellings_of_the_same_moment_are_left_out() -> None:
    raw = [played(1, 1, 2, (1, 0)), played(1, 1, 2, (2, 0)), played(2, 2, 1, (0, 0))]
    _, _, fixtures = read(raw)
    assert [m.external_id for m in fixtures.matches] == ["2"]
    assert reasons(fixtures.findings) == [("contradicting_match", True)]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"matchID": None}, "[1].matchid"),
        ({"matchID": "x"}, "[1].matchid"),
        ({"matchID": True}, "[1].matchid"),
        ({"team1": None}, "[1].team1"),
        ({"team2": team(0)}, "[1].team2.teamid"),
        ({"team2": {"teamId": 5}}, "[1].team2.teamname"),
        ({"team2": team(5, "\x00 ")}, "[1].team2.teamname"),
        ({"matchIsFinished": None}, "[1].matchisfinished"),
        ({"matchResults": "2:1"}, "[1].matchresults"),
        (
            {"matchResults": [{"resultTypeID": 2, "pointsTeam1": -1}]},
            "[1].matchresults[0].pointsteam1",
        ),
        ({"group": {}}, "[1].group.groupname"),
    ],
)
def test_a_broken_match_is_left_out_with_its_path_and_spoils_no_other(
    fields: dict[str, Any], path: str
) -> None:
    payload = parse_matches([match(1, 1, 2), {**match(2, 3, 4), **fields}, match(3, 5, 6)])
    assert [m.match_id for m in payload.items] == [1, 3]
    (finding,) = payload.findings
    assert (finding.kind, finding.left_out) == ("invalid_match", True)
    assert path in finding.detail
    with pytest.raises(InvalidShapeError, match="getmatchdata"):
        parse_matches([{**match(2, 3, 4), **fields}])


@pytest.mark.parametrize(
    "fields",
    [
        {"goals": "none"},
        {"goals": [{"scoreTeam1": None}]},
        {"goals": None},
        {"location": 5},
        {"leagueName": ["x"]},
        {"lastUpdateDateTime": 7},
        {"numberOfViewers": {}},
        {"team1": team(1, teamIconUrl="javascript:alert(1)", shortName=5)},
    ],
)
def test_a_broken_extra_does_not_spoil_a_match(fields: dict[str, Any]) -> None:
    _, _, fixtures = read([played(1, 1, 2, (2, 1), **fields)])
    (found,) = fixtures.matches
    assert (found.status, found.home_score, found.away_score) == ("ended", 2, 1)
    assert fixtures.findings == ()


def test_names_lose_what_a_database_cannot_hold() -> None:
    payloads, _, _ = read([match(1, team(1, " FC\x00 K\u00f6ln\n\ud800 "), 2)])
    assert teams_of(payloads).items[0].name == "FC Köln"


@pytest.mark.parametrize("payload", [{}, {"matches": []}, "text", 5, True, [None], [1, "x"], [[]]])
def test_an_answer_of_another_shape_is_refused(payload: Any) -> None:
    for parse in (parse_matches, parse_groups, parse_table, parse_leagues):
        with pytest.raises(InvalidShapeError):
            parse(payload)


@pytest.mark.parametrize("payload", [[], None])
def test_an_empty_answer_is_no_fault(payload: Any) -> None:
    assert parse_matches(payload).items == ()
    assert parse_groups(payload).items == ()
    assert parse_table(payload).rows == ()


SEASON = [
    *round_robin([1, 2, 3, 4]),
    match(20, 1, 2, order=9, group="Halbfinale", matchResults=results(t2=(1, 1), t5=(5, 4))),
    match(21, team(7, "N.N."), 3, order=10, group="Finale"),
]


@given(st.permutations(SEASON), st.randoms(use_true_random=False))
def test_the_order_of_matches_and_keys_and_their_case_say_nothing(
    season: list[dict[str, Any]], random: Random
) -> None:
    def shaken(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {random.choice([k, k.upper(), k.lower()]): shaken(v) for k, v in items}
        if isinstance(value, list):
            items = [shaken(item) for item in value]
            random.shuffle(items)
            return items
        return value

    expected, found = read(SEASON), read(shaken(season))
    assert found[1:] == expected[1:]
    assert teams_of(found[0]) == teams_of(expected[0])


FULL = [played(1, 1, 2, (2, 1), goals=goals((1, 0, 5), (2, 0, 7), (2, 1, 9))), *SEASON[3:]]


@given(garbage_for(FULL))
def test_garbage_in_any_field_is_reported_or_refused_and_never_breaks_anything(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    check_every_reading(spoiled(FULL, changes))


@given(JSON)
def test_any_json_at_all_is_read_or_refused(payload: Any) -> None:
    for parse in (parse_matches, parse_groups, parse_table, parse_leagues):
        with contextlib.suppress(InvalidShapeError):
            parse(payload)


def check_every_reading(payload: Any) -> None:
    try:
        listed = parse_matches(payload)
    except InvalidShapeError:
        return
    payloads, rounds, fixtures = read(payload)
    teams = {t.external_id for t in teams_of(payloads).items}
    slugs = {r.slug for r in rounds.rounds}
    assert len(slugs) == len(rounds.rounds)
    for found in fixtures.matches:
        assert {found.home, found.away} <= teams
        assert found.round_slug in slugs
    assert len({m.external_id for m in fixtures.matches}) == len(fixtures.matches)
    for finding in (*listed.findings, *fixtures.findings):
        assert 0 < len(finding.subject) < 700
        assert 0 < len(finding.detail) < 700
    tournament_of(KEY, payloads)
    table = standings_of(rounds.rounds, fixtures.groups, fixtures.matches, parse_table([]), {})
    assert {row.team for row in table.items} <= teams
    assert table.items or table.absent
