"""SofaScore's tables: several of them, rankings, tables that cannot be right, the form."""

from collections import Counter
from typing import Any

import pytest

from dp_pipeline.football.models import Match, Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.sofascore.addresses import addresses
from dp_pipeline.providers.sofascore.parse import (
    parse_events,
    parse_form,
    parse_rounds,
    parse_tables,
)
from dp_pipeline.providers.sofascore.rounds import rounds_of
from dp_pipeline.providers.sofascore.season import SeasonEvents
from dp_pipeline.providers.sofascore.standings import form_of, tables_of
from dp_pipeline_tests.providers.sofascore_payloads import (
    KEY,
    event,
    full_time,
    group,
    row,
    table_of,
    tournament,
)
from dp_pipeline_tests.providers.sofascore_seasons import (
    World,
    all_events,
    conferences,
    cup,
    groups_and_cup,
    league,
    path_of,
)

AT = addresses("http://x", pages_at=None)


def season_of(world: World) -> SeasonEvents:
    listed = rounds_of(parse_rounds({"rounds": world.rounds}), KEY, AT.root)
    by_path = {
        path_of(info): one.slug for info, one in zip(world.rounds, listed.rounds, strict=True)
    }
    answers = [(by_path[path], parse_events(events)) for path, events in world.events.items()]
    return SeasonEvents(KEY, AT, listed, answers, {})


def standings(world: World, form: Any = None) -> Fetched[Standing]:
    tables = tables_of(parse_tables({"standings": world.tables or []}))
    events = parse_form({"tournamentTeamEvents": form}) if form is not None else {}
    return season_of(world).fetched_standings(tables, events)


def reasons(found: Fetched[Any]) -> list[str]:
    return [finding.kind for finding in found.findings]


def small(played: int = 4) -> World:
    return league(teams=4, played=played)


def test_a_table_is_taken_as_it_is_with_the_difference_computed() -> None:
    world = small()
    given = (world.tables or [])[0]["rows"]
    found = standings(world)
    assert [(r.team, r.position, r.points) for r in found.items] == [
        (str(r["team"]["id"]), r["position"], r["points"]) for r in given
    ]
    assert [r.goal_difference for r in found.items] == [
        r["scoresFor"] - r["scoresAgainst"] for r in given
    ]
    assert not any(r.computed for r in found.items)
    assert found.findings == ()


def test_points_taken_away_are_stored_and_told() -> None:
    world = small()
    (world.tables or [])[0]["rows"][0]["points"] -= 3
    found = standings(world)
    assert not any(r.computed for r in found.items)
    assert reasons(found) == ["table_differs_from_matches"]


def test_a_table_of_zeros_is_not_believed_once_matches_have_ended() -> None:
    world = small()
    world.tables = [table_of([event(1, n, n + 1) for n in (1000, 1002)])]
    found = standings(world)
    assert reasons(found) == ["provider_table_rejected"]
    assert all(r.computed for r in found.items)
    assert sum(r.games for r in found.items) == 16


def test_a_table_of_zeros_is_right_before_the_first_match() -> None:
    found = standings(league(teams=4, played=0))
    assert len(found.items) == 4
    assert not any(r.computed for r in found.items)
    assert found.findings == ()


@pytest.mark.parametrize(
    "fault",
    [
        {"wins": 40},
        {"matches": None},
        {"points": "x"},
        {"team": None},
        {"team": {"id": 1001, "name": "FC Number 1001"}},
        {"scoresFor": -1},
    ],
)
def test_a_table_with_a_row_that_cannot_be_right_is_computed_instead(fault: Any) -> None:
    world = small()
    rows = (world.tables or [])[0]["rows"]
    place = next(i for i, r in enumerate(rows) if r["team"]["id"] == 1000)
    rows[place].update(fault)
    found = standings(world)
    assert reasons(found) == ["provider_table_rejected"]
    assert len(found.items) == 4
    assert all(r.computed for r in found.items)


def test_without_a_table_it_is_computed_once_a_match_has_ended() -> None:
    world = small()
    world.tables = None
    found = standings(world)
    assert reasons(found) == ["table_computed"]
    assert [r.points for r in found.items] == [
        r["points"] for r in table_of(all_events(world))["rows"]
    ]


def test_without_a_table_there_is_none_yet_before_the_first_match() -> None:
    world = league(teams=4, played=0, tables=False)
    found = standings(world)
    assert found.absent is not None
    assert found.absent.kind == "nothing_yet"


def test_a_cup_has_no_table() -> None:
    found = standings(cup(4))
    assert found.absent is not None
    assert found.absent.kind == "not_applicable"


def test_every_group_has_its_table_and_a_ranking_across_them_is_left_out() -> None:
    world = groups_and_cup("ABC")
    thirds = table_of(all_events(world)[:3], tournament(), "Third-placed teams")
    world.tables = [*(world.tables or []), thirds]
    found = standings(world)
    assert Counter(r.group_name for r in found.items) == {f"Group {x}": 4 for x in "ABC"}
    assert reasons(found) == ["ranking_table"]
    assert not any(finding.left_out for finding in found.findings)


def test_tables_computed_for_groups_are_one_for_each() -> None:
    world = groups_and_cup("AB")
    given = {r["team"]["id"]: r["points"] for t in world.tables or [] for r in t["rows"]}
    world.tables = None
    found = standings(world)
    assert {int(r.team): r.points for r in found.items} == given
    assert Counter(r.group_name for r in found.items) == {"Group A": 4, "Group B": 4}


def test_only_the_group_whose_table_is_broken_is_computed() -> None:
    world = groups_and_cup("AB")
    (world.tables or [])[1]["rows"] = [row(n, 1) for n in range(5, 9)]
    found = standings(world)
    assert {r.group_name for r in found.items if r.computed} == {"Group B"}
    assert len(found.items) == 8


def test_a_group_is_found_by_the_name_of_its_table_alone() -> None:
    world = groups_and_cup("AB")
    for table in world.tables or []:
        table["tournament"] = tournament()
    assert {r.group_name for r in standings(world).items} == {"Group A", "Group B"}


def test_a_league_and_its_championship_round_are_two_tables() -> None:
    world = small()
    of = tournament("Test League, Championship Round", 55)
    world.tables = [*(world.tables or []), table_of([event(1, 1000, 1001)], of, "Championship")]
    found = standings(world)
    assert Counter((r.stage, r.group_name) for r in found.items) == {
        (None, None): 4,
        ("Championship Round", None): 2,
    }


def test_parallel_tables_of_one_tournament_are_told_apart_by_their_names() -> None:
    world = small()
    second = table_of([event(1, 1000, 1001)], tournament(number=2), "Eastern Conference")
    for tables in ([*(world.tables or []), second], [second, *(world.tables or [])]):
        world.tables = tables
        found = standings(world)
        assert Counter(r.stage for r in found.items) == {None: 4, "Eastern Conference": 2}


def test_points_that_all_teams_of_a_group_carry_are_no_difference_to_its_matches() -> None:
    world = small()
    (whole,) = world.tables or []
    for row_ in whole["rows"]:
        row_["points"] += 20
    assert reasons(standings(world)) == []
    whole["rows"][0]["points"] -= 20
    assert reasons(standings(world)) == ["table_differs_from_matches"]


@pytest.mark.parametrize("overall", [0, 1, 2, None])
@pytest.mark.parametrize("names", [("Eastern Conference", "Western Conference"), ("East", "West")])
def test_tables_of_conferences_keep_their_names_and_none_poses_as_the_overall_one(
    names: tuple[str, str], overall: int | None
) -> None:
    world = conferences(*names, overall=overall)
    found = standings(world)
    teams = {None: 0 if overall is None else 6, names[0]: 3, names[1]: 3}
    assert Counter(r.stage for r in found.items) == Counter(teams)
    assert {r.group_name for r in found.items} == {None}
    assert found.findings == ()


def test_conferences_that_are_stages_of_their_own_are_called_so_once() -> None:
    world = conferences("Eastern Conference", "Western Conference", overall=2)
    for number, table in enumerate((world.tables or [])[:2], start=2):
        table["tournament"] = tournament(f"Test League, {table['name']}", number)
    found = Counter(r.stage for r in standings(world).items)
    assert found == {None: 6, "Eastern Conference": 3, "Western Conference": 3}


def test_of_tables_with_all_teams_the_one_called_as_the_competition_is_the_overall_one() -> None:
    world = small()
    (whole,) = world.tables or []
    world.tables = [{**whole, "name": "Apertura"}, {**whole, "name": "Clausura"}, whole]
    assert {r.stage for r in standings(world).items} == {"Apertura", "Clausura", None}


def test_the_only_table_of_a_conference_is_not_the_overall_one_either() -> None:
    world = conferences("Eastern Conference", "Western Conference", overall=None)
    world.tables = (world.tables or [])[:1]
    assert {r.stage for r in standings(world).items} == {"Eastern Conference"}


def test_home_and_away_tables_are_not_taken_for_the_table() -> None:
    world = small()
    for kind in ("home", "away"):
        world.tables = [*(world.tables or []), {**table_of(all_events(world)), "type": kind}]
    assert len(standings(world).items) == 4


def test_places_in_the_draw_are_no_rows() -> None:
    world = league(teams=4, played=0)
    (world.tables or [])[0]["rows"][2]["team"]["name"] = "Winner SF1"
    found = standings(world)
    assert len(found.items) == 3
    assert reasons(found) == ["placeholder_team"]


def ended(number: int, home: int, away: int, winner: Any, at: int) -> dict[str, Any]:
    return event(number, home, away, winnerCode=winner, startTimestamp=at)


def test_the_form_is_the_last_five_results_oldest_first_each_event_once() -> None:
    given = [
        ended(7, 1, 2, 1, 700),
        ended(6, 2, 1, 1, 600),
        ended(5, 1, 3, 3, 500),
        ended(5, 1, 3, 3, 500),
        ended(8, 1, 4, None, 800),  # not played
        ended(4, 4, 1, 2, 400),
        ended(3, 1, 5, 2, 300),
        ended(2, 1, 6, 1, 200),
    ]
    events = parse_form({"tournamentTeamEvents": {"1": {"1": given}}})["1", "1"]
    assert form_of(events, "1") == ("L", "W", "D", "L", "W")
    assert form_of([], "1") == ()


def test_the_form_of_a_row_is_that_of_its_own_stage() -> None:
    world = small(played=1)
    world.tables = [table_of(all_events(world))]
    other = {"999": {"1000": [ended(n, 1000, 1, 2, n) for n in range(1, 6)]}}
    found = standings(world, other)
    assert {len(r.form) for r in found.items} == {1}


def test_a_form_cut_short_is_filled_from_the_matches() -> None:
    world = small(played=6)
    found = standings(world, {"1": {"1000": []}})
    assert {len(r.form) for r in found.items} == {5}


def test_a_replay_beside_the_original_counts_once() -> None:
    world = league(teams=4, played=6)
    original = world.events["events/round/1"][0]
    replay = {**original, "id": 99, "startTimestamp": original["startTimestamp"] + 86_400}
    original.update(event(original["id"], 1000, 1001, status={"code": 60, "type": "postponed"}))
    original["homeTeam"], original["awayTeam"] = replay["homeTeam"], replay["awayTeam"]
    world.events["events/round/1"].append(replay)
    world.tables = None
    season = season_of(world)
    matches: tuple[Match, ...] = season.fixtures.matches
    assert Counter(m.status for m in matches) == {"ended": 12, "postponed": 1}
    assert {r.games for r in standings(world).items} == {6}


def test_a_group_letter_is_part_of_the_place() -> None:
    played = [event(1, 1, 2, tournament=group("A"), **full_time(1, 0))]
    world = World([{"round": 1}], {"events/round/1": played}, [table_of(played, group("A"))])
    assert {r.group_name for r in standings(world).items} == {"Group A"}
