"""What charts show, and that each shows something."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Match
from dp_pipeline.publish.brackets import MOST_TIES, Bracket, brackets_of
from dp_pipeline.publish.drawing.lines import spread
from dp_pipeline.publish.figures import (
    MOST_HIGHLIGHTED,
    GoalsChart,
    LineChart,
    ResultsGrid,
    charts_of,
)
from dp_pipeline.publish.races import matchdays_of, races_of, reached
from dp_pipeline_tests.football.seasons import game, matchday
from dp_pipeline_tests.publish.seasons import cup, season, tie

CLUBS = ["Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda"]


def test_a_league_has_places_points_goals_and_results() -> None:
    charts = charts_of(season(CLUBS))
    assert [chart.about.slug for chart in charts] == ["places", "points", "goals", "results"]
    places, points, goals, results = charts
    assert isinstance(places, LineChart)
    assert isinstance(points, LineChart)
    assert isinstance(goals, GoalsChart)
    assert isinstance(results, ResultsGrid)
    assert places.matchdays == tuple(map(str, range(1, 11)))
    assert sorted(line.values[-1] or 0 for line in places.lines) == [1, 2, 3, 4, 5, 6]
    assert [line.highlight for line in places.lines] == [0, 1, 2, 3, None, None]
    assert len([line for line in places.lines if line.highlight is not None]) == MOST_HIGHLIGHTED
    assert points.lines[0].values[-1] == max(line.values[-1] or 0 for line in points.lines)
    assert len(results.cells) == 30
    assert all(row != column for row, column in results.cells)
    assert sum(round_.matches for round_ in goals.rounds) == 30


def test_the_text_alternative_names_who_leads_and_who_is_last() -> None:
    places = charts_of(season(CLUBS))[0]
    assert isinstance(places, LineChart)
    assert f"{places.lines[0].label} stands first" in places.about.description
    assert f"{places.lines[-1].label} 6th" in places.about.description


def test_nothing_is_drawn_of_what_was_not_played() -> None:
    assert charts_of(season(CLUBS, played=0)) == []


def test_a_match_played_ahead_takes_nobody_to_its_matchday() -> None:
    rounds = [matchday(n) for n in range(1, 6)]
    matches: list[Match] = []
    for n in range(1, 6):
        matches += [
            game("1", "2", (1, 0) if n <= 2 or n == 5 else None, round_slug=str(n)),
            game("3", "4", (1, 0) if n <= 2 else None, round_slug=str(n)),
            game("5", "6", (1, 0) if n <= 3 else None, round_slug=str(n)),
        ]
    days = reached(matchdays_of(rounds, matches), matches)
    assert [day[0].slug for day in days] == ["1", "2", "3"]


def test_groups_after_a_split_go_side_by_side_and_two_championships_one_after_the_other() -> None:
    def stage(name: str, order: int, slug: str) -> object:
        return replace(matchday(order), slug=slug, stage=name)

    rounds = [matchday(1), stage("Top", 2, "t"), stage("Bottom", 3, "b"), stage("Again", 4, "a")]
    matches = [
        game("1", "2", (1, 0)),
        game("3", "4", (1, 0)),
        replace(game("1", "2", (1, 0), round_slug="t"), stage="Top"),
        replace(game("3", "4", (1, 0), round_slug="b"), stage="Bottom"),
        replace(game("1", "4", (1, 0), round_slug="a"), stage="Again"),
    ]
    days = matchdays_of(rounds, matches)  # ty: ignore[invalid-argument-type]
    assert [[round_.slug for round_ in day] for day in days] == [["1"], ["t", "b"], ["a"]]


def test_small_groups_have_no_race() -> None:
    assert races_of([]) == ()
    assert season(CLUBS[:4]).races == ()


def test_a_cup_is_a_bracket_from_its_last_sixteen_ties_on_with_third_place_beside_the_final() -> (
    None
):
    (bracket,) = brackets_of(cup(64))
    labels = [column.label for column in bracket.columns]
    assert labels == ["Round of 32", "Round of 16", "Round of 8", "Round of 4", "Final"]
    assert [len(column.boxes) for column in bracket.columns] == [MOST_TIES, 8, 4, 2, 2]
    final, third = bracket.columns[-1].boxes
    assert (final.label, third.label) == ("", "Match for third place")
    assert final.follows == (0, 1)
    assert third.row > final.row
    assert "Final: won by Club 0." in bracket.about.description


def test_who_went_on_is_seen_from_the_next_round_where_the_result_does_not_tell() -> None:
    told = cup(4)
    ties = [replace(told.ties[0], winner=None), *told.ties[1:]]
    (bracket,) = brackets_of(replace(told, ties=ties))
    assert bracket.columns[-1].boxes[0].follows == (0, 1)


def test_a_stage_that_all_winners_play_in_goes_on_with_the_one_before() -> None:
    def of(stage: str, order: int, home: str, away: str) -> object:
        return replace(tie(order, f"{stage}, Round {order}", home, away), stage=stage)

    goes_on = [
        of("Play-offs", 1, "a", "b"),
        of("Play-offs", 1, "c", "d"),
        of("Finals", 2, "a", "c"),
    ]
    assert len(brackets_of(season(CLUBS, ties=goes_on))) == 1
    opening = [
        of("Apertura", 1, "a", "b"),
        of("Apertura", 1, "c", "d"),
        of("Apertura", 2, "a", "c"),
    ]
    closing = [of("Clausura", 3, "a", "b"), of("Clausura", 3, "e", "f")]
    two = brackets_of(season(CLUBS, ties=[*opening, *closing]))
    assert [each.about.slug for each in two] == ["knockout-1", "knockout-2"]
    assert two[0].columns[0].label == "Round 1"


def test_many_teams_that_meet_few_others_have_their_matches_in_a_row() -> None:
    few = [game(f"{n}", f"{n + 9}", (2, 1), day=n, number=n) for n in range(9)]
    rounds = (matchday(1),)
    grid = charts_of(season(CLUBS, matches=few, rounds=rounds, races=(), standings=()))[1]
    assert isinstance(grid, ResultsGrid)
    assert not grid.upright
    assert grid.columns == ("match 1",)
    assert len(grid.cells) == 18


@given(st.lists(st.floats(0, 500), max_size=40), st.floats(1, 30))
def test_names_beside_lines_never_overlap_and_keep_their_order(
    places: list[float], apart: float
) -> None:
    moved = spread(places, apart, 0, 500)
    order = sorted(range(len(places)), key=lambda n: (places[n], n))
    ordered = [moved[n] for n in order]
    for before, after in pairwise(ordered):
        assert after - before >= apart - 1e-6
    if (len(places) - 1) * apart <= 500:
        assert all(-1e-6 <= place <= 500 + 1e-6 for place in moved)


def test_names_that_have_room_stay_where_their_lines_end() -> None:
    assert spread([10, 100, 50], 12, 0, 500) == [10, 100, 50]


def test_a_bracket_has_no_two_ties_at_one_place() -> None:
    for teams in (2, 4, 8, 16, 32):
        for bracket in brackets_of(cup(teams)):
            assert isinstance(bracket, Bracket)
            for column in bracket.columns:
                rows = [box.row for box in column.boxes]
                assert rows == sorted(rows)
                assert all(b - a >= 1 for a, b in pairwise(rows))
