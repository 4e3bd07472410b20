"""What a provider's table may change of the stored one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from dp_pipeline.domains.judge_table import judge_table
from dp_pipeline.domains.standings import follow_stored
from dp_pipeline.football.models import Standing
from dp_pipeline.football.table import FINAL_TABLE

Change = Callable[[Standing], Standing]


def row(place: int, *, computed: bool = False, deducted: int = 0) -> Standing:
    wins = 36 - 2 * place
    return Standing(
        team=f"t{place}",
        position=place,
        games=36,
        wins=wins,
        draws=place,
        losses=place,
        goals_for=90 - place,
        goals_against=30 + place,
        points=3 * wins + place - deducted,
        computed=computed,
    )


TABLE = tuple(row(place) for place in range(1, 19))


def one_more_game(before: Standing) -> Standing:
    return replace(
        before,
        games=before.games + 1,
        wins=before.wins + 1,
        goals_for=before.goals_for + 2,
        points=before.points + 3,
    )


def judged(change: Change, most: int = 18, *, by_matches: Sequence[Standing] = ()) -> str | None:
    fetched = [change(r) if n < most else r for n, r in enumerate(TABLE)]
    return judge_table(TABLE, fetched, by_matches)


WORSE: dict[str, Change] = {
    "half of the points": lambda r: replace(r, points=r.points // 2),
    "no points": lambda r: replace(r, points=0),
    "twice the points": lambda r: replace(r, points=2 * r.points),
    "no goals": lambda r: replace(r, goals_for=0, goals_against=0),
    "goals of another kind": lambda r: replace(r, goals_for=r.goals_for - 1),
    "fewer wins": lambda r: replace(r, wins=r.wins - 1, losses=r.losses + 1),
    "other places": lambda r: replace(r, position=19 - r.position),
    "all in the first place": lambda r: replace(r, position=1),
    "fewer games": lambda r: replace(r, games=20, wins=20 - r.draws, losses=0),
}


@pytest.mark.parametrize("name", WORSE)
def test_a_table_does_not_get_worse_at_large(name: str) -> None:
    refusal = judged(WORSE[name])
    assert refusal
    assert refusal.endswith("Nothing was changed.")


@pytest.mark.parametrize("name", ["half of the points", "no goals", "fewer wins"])
def test_two_rows_may_be_corrected_and_three_may_not(name: str) -> None:
    assert judged(WORSE[name], 2) is None
    assert judged(WORSE[name], 3)


def test_a_table_grows_game_by_game() -> None:
    assert judged(one_more_game) is None
    assert judged(lambda r: r) is None
    assert judge_table((), TABLE) is None


def test_points_that_are_taken_away_or_given_back_from_one_club_are_believed() -> None:
    assert judged(lambda r: replace(r, points=r.points - 9), 1) is None
    stored = [row(place, deducted=9 * (place == 18)) for place in range(1, 19)]
    assert judge_table(stored, TABLE) is None
    assert judge_table(stored, [*map(one_more_game, stored)]) is None


def test_a_table_that_says_what_the_stored_matches_come_to_is_believed_whatever_was_before() -> (
    None
):
    annulled = [
        replace(
            r, games=r.games - 1, wins=r.wins - 1, goals_for=r.goals_for - 3, points=r.points - 3
        )
        for r in TABLE
    ]
    by_matches = [replace(r, computed=True) for r in annulled]
    assert judge_table(TABLE, [*annulled[:8], *TABLE[8:]], by_matches) is None
    assert judge_table(TABLE, [*annulled[:8], *TABLE[8:]])


def test_the_providers_table_may_count_two_points_a_win_where_the_computed_one_counts_three() -> (
    None
):
    computed = [replace(r, computed=True) for r in TABLE]
    old_days = [replace(r, points=2 * r.wins + r.draws) for r in TABLE]
    assert judge_table(computed, old_days) is None


def test_half_of_the_points_is_found_out_by_the_matches_though_they_are_more_than_before() -> None:
    stored = [replace(r, games=2, wins=1, draws=0, losses=1, points=3) for r in TABLE]
    stored = [replace(r, goals_for=3, goals_against=3) for r in stored]
    halved = [replace(r, points=r.points // 2) for r in TABLE]
    computed = [replace(r, computed=True) for r in TABLE]
    assert judge_table(stored, TABLE, computed) is None
    assert judge_table(stored, halved, computed)


def test_points_that_were_carried_over_halved_stay_carried_over() -> None:
    stored = [replace(r, points=r.points // 2) for r in TABLE]
    after = [one_more_game(r) for r in stored]
    computed = [replace(one_more_game(r), computed=True) for r in TABLE]
    assert judge_table(stored, after, computed) is None


def test_where_no_table_is_stored_its_goals_are_held_against_the_matches() -> None:
    computed = [replace(r, computed=True) for r in TABLE]
    assert judge_table((), TABLE, computed) is None
    without = [replace(r, goals_for=0, goals_against=0) for r in TABLE]
    assert judge_table((), without, computed)


def test_places_that_never_followed_the_points_need_not_follow_them_now() -> None:
    by_average = [replace(r, position=19 - r.position) for r in TABLE]
    assert judge_table(by_average, by_average) is None
    assert judge_table(TABLE, by_average)


def test_computed_tables_are_as_the_stored_matches_have_them() -> None:
    theirs = [replace(r, stage="first") for r in TABLE[:2]]
    computed = [replace(r, stage="second", computed=True) for r in TABLE[:2]]
    ours = [replace(one_more_game(r), stage="second", computed=True) for r in TABLE[:3]]
    other = [replace(r, stage="first", computed=True) for r in TABLE[:3]]
    assert follow_stored([*theirs, *computed], [*ours, *other]) == [*theirs, *ours]
    assert follow_stored(theirs, [*ours, *other]) == theirs
    named = [replace(r, stage=None) for r in ours]
    assert follow_stored(computed, named) == ours, "one table, whatever its stage is called"
    assert follow_stored(computed, []) == computed


def test_beside_a_providers_tables_of_stages_stands_the_final_one_that_follows_from_them() -> None:
    whole = [replace(r, computed=True) for r in TABLE]
    top = [replace(one_more_game(r), stage="top") for r in TABLE[:6]]
    final = [replace(r, stage=FINAL_TABLE, computed=True, whole_season=True) for r in TABLE]
    theirs = [*TABLE, *top]
    ours = [*whole, *[replace(r, computed=True) for r in top], *final]
    assert follow_stored(theirs, ours) == [*theirs, *final]
    other = [replace(TABLE[0], points=1), *TABLE[1:], *top]
    assert follow_stored(other, ours) == other, "theirs began otherwise than ours"
