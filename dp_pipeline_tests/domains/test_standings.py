"""Tables that the stored matches come to, and the zones of their places."""

from dataclasses import replace

from dp_pipeline.database import tables
from dp_pipeline.database.rows import standing_row
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.standings import STANDINGS, only_recomputed, with_zones
from dp_pipeline.football.models import Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import KEY, NAMES, planned, stored_season


def test_a_computed_table_is_the_one_that_the_stored_matches_come_to() -> None:
    snapshot = stored_season()
    wrong = Fetched(
        tuple(
            Standing(team, place, 9, 9, 0, 0, 9, 0, 27, computed=True)
            for place, team in enumerate(NAMES, 1)
        ),
        team_names=NAMES,
    )
    plan = planned(STANDINGS, wrong, snapshot)
    assert snapshot.after(plan).standings == by_stored_matches(snapshot).rows


def test_a_computed_row_that_follows_from_nothing_any_more_is_superseded_and_can_come_back() -> (
    None
):
    snapshot = stored_season()
    rows = by_stored_matches(snapshot).rows
    computed = Fetched(rows, team_names=NAMES)
    elsewhere = [standing_row(KEY, replace(row, stage="old", note="x")) for row in rows]
    stored = {**snapshot.stored, "tournament_standing": {row["id"]: row for row in elsewhere}}
    before = replace(snapshot, stored=stored)
    plan = planned(STANDINGS, computed, before)
    assert plan.refusal is None
    assert before.after(plan).standings == rows
    left = [r for r in before.after(plan).rows(tables.tournament_standing).values() if r["stage"]]
    assert [row["superseded"] for row in left] == [True] * len(rows)
    again = before.after(plan)
    assert not planned(STANDINGS, computed, again).changes_anything


def test_a_computed_table_replaces_the_providers_only_when_it_counts_more_games() -> None:
    def row(games: int, *, computed: bool) -> Standing:
        return Standing("a", 1, games, games, 0, 0, 1, 0, 3 * games, computed=computed)

    theirs = [row(10, computed=False)]
    assert only_recomputed(theirs, [row(10, computed=True)])
    assert only_recomputed(theirs, [row(9, computed=True)])
    assert only_recomputed(theirs, 2 * [row(10, computed=True)]), "a team in two tables"
    assert not only_recomputed(theirs, [row(11, computed=True)])
    assert not only_recomputed(theirs, [row(10, computed=False)])
    ours = [row(10, computed=True)]
    assert not only_recomputed(ours, ours), "what is stored was computed too"


def test_places_of_the_whole_season_have_their_zones_and_shared_ones_only_where_all_are_in_it() -> (
    None
):
    def row(team: int, position: int, *, whole: bool = True) -> Standing:
        return Standing(str(team), position, 0, 0, 0, 0, 0, 0, 0, whole_season=whole)

    snapshot = stored_season()
    table = [row(place, place) for place in range(1, 19)]
    zones = [each.zone for each in with_zones(table, snapshot)]
    assert zones == ["champion", *[None] * 14, "play-off", "relegation", "relegation"]
    shared = [row(1, 1), row(2, 1), *table[2:16], row(17, 17), row(18, 17)]
    assert [each.zone for each in with_zones(shared, snapshot)][:2] == [None, None]
    assert [each.zone for each in with_zones(shared, snapshot)][16:] == ["relegation"] * 2
    assert all(each.zone is None for each in with_zones(table[:17], snapshot))
    stage = [row(place, place, whole=False) for place in range(1, 19)]
    assert with_zones(stage, snapshot) == stage
