"""OpenLigaDB's table, when it is believed, and the tables of groups."""

from typing import Any

import pytest

from dp_pipeline.football.models import Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb.payload import parse_table
from dp_pipeline.providers.openligadb.standings import can_have_table, standings_of
from dp_pipeline_tests.providers.openligadb_payloads import (
    LEAGUE,
    TABLE,
    match,
    played,
    read,
    results,
    round_robin,
    row,
    team,
)


# 1 beats 2 and 3, 2 beats 3, always 2:1; a second half of the season is still to come
def table_of(matches: list[Any], table: Any = ()) -> Fetched[Standing]:
    _, rounds, fixtures = read(matches)
    names = {str(side["teamId"]): side["teamName"] for m in matches for side in sides(m)}
    rows = parse_table(list(table))
    return standings_of(rounds.rounds, fixtures.groups, fixtures.matches, rows, names)


def sides(raw: Any) -> tuple[Any, Any]:
    return (raw["team1"], raw["team2"])


def shown(found: Fetched[Standing]) -> list[tuple[int, str, int, str]]:
    return [(r.position, r.team, r.points, "".join(r.form)) for r in found.items]


def reasons(found: Fetched[Standing]) -> list[str]:
    assert not any(finding.left_out for finding in found.findings)
    return [finding.kind for finding in found.findings]


def test_the_providers_table_is_stored_with_the_form_of_the_matches() -> None:
    found = table_of(LEAGUE, TABLE)
    assert shown(found) == [(1, "1", 6, "WW"), (2, "2", 3, "LW"), (3, "3", 0, "LL")]
    assert not any(r.computed for r in found.items)
    assert found.findings == ()


def test_without_a_table_it_is_computed_and_says_so() -> None:
    found = table_of(LEAGUE)
    assert shown(found) == [(1, "1", 6, "WW"), (2, "2", 3, "LW"), (3, "3", 0, "LL")]
    assert all(r.computed for r in found.items)
    assert reasons(found) == ["table_computed"]


def test_points_taken_away_are_kept_and_told() -> None:
    deducted = [TABLE[1], row(1, (2, 0, 0), (4, 2), points=3), TABLE[2]]
    found = table_of(LEAGUE, deducted)
    assert shown(found)[:2] == [(1, "2", 3, "LW"), (2, "1", 3, "WW")]
    assert reasons(found) == ["table_differs_from_matches"]
    assert "FC Nummer 1 3 points" in found.findings[0].detail


ZEROS = [row(n, (0, 0, 0), (0, 0)) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (ZEROS, "all is zero"),
        (TABLE[:2], "of its 2 teams 2 are among the 3"),
        ([*TABLE, row(9, (0, 0, 0), (0, 0))], "of its 4 teams 3"),
        ([TABLE[0], TABLE[0], TABLE[2]], "twice"),
        ([row(1, (2, 0, 0), (4, 2), matches=5), *TABLE[1:]], "do not make up"),
        ([row(1, (9, 0, 0), (4, 2)), *TABLE[1:]], "more matches than its season"),
        ([row(1, (2, 0, 0), (9, 2)), *TABLE[1:]], "differ in sum"),
        (TABLE[::-1], "order of points"),
        ([*TABLE[:2], row(3, (0, 0, 2), (2, 4), points=None)], "points"),
    ],
)
def test_a_table_that_cannot_be_right_is_replaced_by_a_computed_one(table: Any, why: str) -> None:
    found = table_of(LEAGUE, table)
    assert [r.points for r in found.items] == [6, 3, 0]
    assert reasons(found) == ["provider_table_rejected"]
    assert why in found.findings[0].detail


def test_before_the_first_match_a_table_of_zeros_is_right() -> None:
    raw = [match(1, 1, 2), match(2, 2, 3, order=2), match(3, 3, 1, order=3)]
    for found in (table_of(raw, ZEROS), table_of(raw)):
        assert [(team, games) for _, team, games, _ in shown(found)] == [
            ("1", 0),
            ("2", 0),
            ("3", 0),
        ]


def test_a_live_match_counts_in_no_computed_table() -> None:
    raw = [played(1, 1, 2, (1, 0)), match(2, 2, 1, order=2, matchResults=results(t2=(4, 0)))]
    assert shown(table_of(raw)) == [(1, "1", 3, "W"), (2, "2", 0, "L")]


def test_a_knockout_tournament_has_no_table() -> None:
    found = table_of([played(1, 1, 2, (1, 0), group="1. Runde")])
    assert found.items == ()
    assert found.absent
    assert found.absent.kind == "not_applicable"


def test_a_table_that_counts_the_knockout_matches_is_not_used() -> None:
    raw = [*LEAGUE[:3], played(20, 1, 2, (3, 0), order=9, group="Finale")]
    table = [row(1, (3, 0, 0), (7, 2)), row(2, (1, 0, 2), (3, 6)), TABLE[2]]
    found = table_of(raw, table)
    assert (found.items[0].team, found.items[0].games, found.items[0].goals_for) == ("1", 2, 4)
    assert reasons(found) == ["provider_table_rejected"]


def in_group(number: int, letter: str) -> dict[str, Any]:
    return team(number, teamGroupName=f"Gruppe {letter}")


def test_stated_groups_have_a_table_each() -> None:
    raw = [
        played(1, 1, 2, (1, 0), team1=in_group(1, "A"), team2=in_group(2, "A"), group="Vorrunde"),
        played(2, 3, 4, (0, 2), team1=in_group(3, "B"), team2=in_group(4, "B"), group="Vorrunde"),
        match(3, 1, 4, order=2, group="Halbfinale"),
    ]
    _, rounds, fixtures = read(raw)
    assert not can_have_table(rounds.rounds, fixtures.groups)
    found = table_of(raw)
    assert [(r.group_name, r.position, r.team) for r in found.items] == [
        ("Gruppe A", 1, "1"),
        ("Gruppe A", 2, "2"),
        ("Gruppe B", 1, "4"),
        ("Gruppe B", 2, "3"),
    ]
    assert reasons(found) == ["table_computed"]


def test_groups_that_are_not_stated_follow_from_complete_fixtures_and_are_named_by_teams() -> None:
    raw = [
        *round_robin([1, 2, 3, 4], group="Gruppenphase"),
        *round_robin([5, 6, 7, 8], first=10, group="Gruppenphase"),
    ]
    _, _, fixtures = read(raw)
    assert [i.kind for i in fixtures.findings] == ["groups_from_fixtures"]
    found = table_of(raw)
    assert {r.group_name for r in found.items} == {
        "FC Nummer 1 / FC Nummer 2 / FC Nummer 3 / FC Nummer 4",
        "FC Nummer 5 / FC Nummer 6 / FC Nummer 7 / FC Nummer 8",
    }
    assert [r.position for r in found.items] == [1, 2, 3, 4, 1, 2, 3, 4]


def test_groups_that_fixtures_do_not_show_yet_have_no_table() -> None:
    raw = [
        *round_robin([1, 2, 3, 4], group="Gruppenphase")[:-1],
        *round_robin([5, 6, 7, 8], first=10, group="Gruppenphase"),
    ]
    found = table_of(raw)
    assert found.absent
    assert found.absent.kind == "nothing_yet"


def test_a_league_of_which_only_some_matchdays_are_known_is_one_table() -> None:
    found = table_of([played(1, 1, 2, (1, 0)), played(2, 3, 4, (1, 0))])
    assert [(r.position, r.team, r.group_name) for r in found.items] == [
        (1, "1", None),
        (1, "3", None),
        (3, "2", None),
        (3, "4", None),
    ]


def test_a_match_without_a_group_among_others_that_have_one_is_in_no_table() -> None:
    raw = [
        *round_robin([1, 2, 3], group="Gruppe A"),
        *round_robin([4, 5, 6], first=10, order=2, group="Gruppe B"),
        played(20, 1, 4, (1, 0), order=3, group="Nachholspieltag"),
    ]
    _, _, fixtures = read(raw)
    assert [i.kind for i in fixtures.findings] == ["match_without_group"]
    assert {r.games for r in table_of(raw).items} == {2}


def test_a_row_under_another_id_is_the_team_of_its_name_and_deducted_points_stay_off() -> None:
    renamed = [{**TABLE[0], "points": 4}, {**TABLE[1], "teamInfoId": 99}, TABLE[2]]
    matches = [
        {
            **raw,
            **{
                n: {**raw[n], "teamName": f"FC Nummer {raw[n]['teamId']}"}
                for n in ("team1", "team2")
            },
        }
        for raw in LEAGUE
    ]
    found = table_of(matches, renamed)
    assert [(r.team, r.points, r.computed) for r in found.items] == [
        ("1", 4, False),
        ("2", 3, False),
        ("3", 0, False),
    ]
    assert reasons(found) == ["team_under_another_id", "table_differs_from_matches"]
    assert found.findings[0].subject == "FC Nummer 2"


def test_a_row_of_a_team_that_nobody_knows_by_name_costs_the_table() -> None:
    found = table_of(
        LEAGUE, [TABLE[0], {**TABLE[1], "teamInfoId": 99, "teamName": "Zebra"}, TABLE[2]]
    )
    assert reasons(found) == ["provider_table_rejected"]
