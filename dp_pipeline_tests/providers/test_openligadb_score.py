"""The score of a match out of result types and running goals."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dp_pipeline.providers.openligadb.payload import parse_matches
from dp_pipeline.providers.openligadb.score import SettledScore, score_of
from dp_pipeline.providers.score import Pair, is_possible_shoot_out
from dp_pipeline_tests.providers.openligadb_payloads import GoalEntry, goals, match, results


def decide(
    *entries: GoalEntry,
    knockout: bool = True,
    two_legged: bool = False,
    finished: bool = True,
    **types: Pair,
) -> SettledScore:
    raw = match(1, 1, 2, matchIsFinished=finished, matchResults=results(**types))
    raw["goals"] = goals(*entries)
    (payload,) = parse_matches([raw]).items
    return score_of(payload, knockout=knockout, two_legged=two_legged)


def reasons(score: SettledScore) -> list[str]:
    return [finding.kind for finding in score.findings]


# The patterns of DFB-Pokal 2025/26, with other teams' goals.
EARLY_PENALTY = [(1, 0, 2), (1, 1, 66), (1, 2, 86, "P"), (2, 2, 90)]
KICKS_5_4 = [
    (3, 2, None, "P"),
    (3, 3, None, "P"),
    (4, 3, None, "P"),
    (4, 4, None, "P"),
    (5, 4, None, "P"),
    (5, 5, None, "P"),
    (6, 5, None, "P"),
    (6, 6, None, "P"),
    (7, 6, None, "P"),
]


def test_a_league_match_is_its_type_2_result_whatever_names_and_order_say() -> None:
    score = decide((1, 0, 10), (1, 1, 50), knockout=False, t1=(1, 0), t2=(1, 1))
    assert (score.final, score.after_90, score.half_time) == ((1, 1), (1, 1), (1, 0))
    assert score.shoot_out is None
    assert score.findings == ()


@pytest.mark.parametrize("entries", [[], [(1, 0, 10)], [(1, 0, None), (1, 1, None), (2, 1, 3)]])
def test_goals_missing_or_without_minutes_take_nothing_from_a_league_result(entries: Any) -> None:
    score = decide(*entries, knockout=False, t2=(2, 1))
    assert (score.final, score.after_90, score.findings) == ((2, 1), (2, 1), ())


def test_a_league_result_that_goals_contradict_is_none_and_left_out() -> None:
    score = decide((0, 1, 10), (0, 2, 50), knockout=False, t2=(1, 1))
    assert (score.final, score.after_90, score.given) == (None, None, (1, 1))
    assert [(f.kind, f.left_out) for f in score.findings] == [("contradicting_score", True)]


@pytest.mark.parametrize("knockout", [False, True])
def test_half_time_decides_between_result_and_goals(knockout: bool) -> None:
    goals = [(0, 1, 32), (0, 2, 38), (0, 3, 74), (0, 4, 84), (1, 4, 92)]
    score = decide(*goals, knockout=knockout, t1=(0, 2), t2=(0, 0))
    assert (score.final, score.half_time, score.given) == ((1, 4), (0, 2), (0, 0))
    assert "result_from_goals" in reasons(score)
    score = decide((1, 0, 10), (2, 0, 60), knockout=knockout, t1=(0, 1), t2=(1, 1))
    assert (score.final, score.half_time) == ((1, 1), (0, 1))
    assert "goals_differ_from_result" in reasons(score)


def test_a_result_of_no_goals_with_goals_before_half_time_is_none() -> None:
    score = decide(knockout=False, t1=(1, 0), t2=(0, 0))
    assert (score.final, score.half_time) == (None, None)
    assert any(finding.left_out for finding in score.findings)


def test_goals_up_to_minute_90_confirm_a_second_legs_result_before_extra_time() -> None:
    goals = [(1, 0, 37), (2, 0, 70), (3, 0, 82), (3, 1, 107), (3, 2, 119)]
    score = decide(*goals, two_legged=True, t1=(1, 0), t2=(3, 0), t4=(3, 2))
    assert (score.final, score.after_90) == ((3, 2), (3, 0))
    late = decide(
        (1, 0, 30), (2, 0, 61), (3, 0, 92), (4, 0, 121), two_legged=True, t2=(2, 0), t4=(4, 0)
    )
    assert (late.final, late.after_90) == ((4, 0), (2, 0))


def test_a_half_time_score_above_the_final_one_is_left_null() -> None:
    score = decide(knockout=False, t1=(2, 0), t2=(1, 1))
    assert (score.final, score.half_time) == ((1, 1), None)
    assert reasons(score) == ["contradicting_half_time"]


def test_type_2_after_the_shoot_out_with_a_type_3_gives_the_level_score() -> None:
    score = decide(*EARLY_PENALTY, *KICKS_5_4, t1=(1, 0), t2=(7, 6), t3=(2, 2), t5=(7, 6))
    assert (score.final, score.shoot_out, score.after_90) == ((2, 2), (5, 4), (2, 2))
    assert score.findings == ()


def test_type_2_after_the_shoot_out_without_type_3_is_settled_by_the_goals() -> None:
    kicks = [(0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (3, 4), (3, 5)]
    entries = [(home, away, None, "P") for home, away in kicks]
    score = decide(*entries, t1=(0, 0), t2=(3, 5), t5=(3, 5))
    assert (score.final, score.shoot_out, score.after_90) == ((0, 0), (3, 5), (0, 0))


def test_type_2_after_extra_time_keeps_the_90_minutes_apart() -> None:
    kicks = [(1, 2), (2, 2), (3, 2), (3, 3), (3, 4), (3, 5)]
    entries = [(1, 0, 107), (1, 1, 118), *[(h, a, 120, "P") for h, a in kicks]]
    score = decide(*entries, t1=(0, 0), t2=(1, 1), t5=(3, 5))
    assert (score.final, score.shoot_out, score.after_90) == ((1, 1), (2, 4), (0, 0))


def test_kicks_with_a_count_for_a_minute_and_unordered_goals_are_understood() -> None:
    kicks = [(1, 2, 1), (2, 2, 2), (2, 3, 3), (3, 3, 4), (3, 4, 4), (4, 4, 6), (4, 5, 5)]
    entries = [*[(h, a, m, "P") for h, a, m in [*kicks, (5, 5, 5), (5, 6, 129)]]]
    score = decide(*entries, (1, 1, 104), (0, 1, 96), t2=(5, 6), t3=(1, 1), t5=(5, 6))
    assert (score.final, score.shoot_out) == ((1, 1), (4, 5))
    assert score.after_90 == (0, 0)


def test_a_type_4_result_is_after_extra_time_like_type_3() -> None:
    score = decide(t1=(1, 0), t2=(1, 1), t4=(3, 2))
    assert (score.final, score.after_90) == ((3, 2), None)
    assert reasons(score) == ["no_certain_90_minute_score"]


def test_stoppage_time_is_told_from_extra_time_when_only_one_reading_is_level() -> None:
    score = decide((1, 0, 53), (1, 1, 92), (1, 2, 100), t1=(0, 0), t2=(1, 2), t3=(1, 2))
    assert (score.final, score.after_90) == ((1, 2), (1, 1))
    both = decide((1, 0, 92), (1, 1, 95), (1, 2, 100), t2=(1, 2), t3=(1, 2))
    assert (both.final, both.after_90) == ((1, 2), None)


def test_a_second_leg_may_go_to_extra_time_without_being_level() -> None:
    entries = [(1, 0, 53), (1, 1, 92), (1, 2, 110)]
    score = decide(*entries, two_legged=True, t2=(1, 2), t3=(1, 2))
    assert (score.final, score.after_90) == ((1, 2), None)


def test_a_type_2_that_is_neither_90_minutes_nor_the_end_leaves_the_90_minutes_open() -> None:
    entries = [(0, 1, 60), (1, 1, 90), (2, 1, 96), (2, 2, 106), (2, 3, 122), (2, 4, 124)]
    score = decide(*entries, t1=(0, 0), t2=(2, 2), t3=(2, 4))
    assert (score.final, score.after_90) == ((2, 4), None)
    assert reasons(score) == ["no_certain_90_minute_score"]


def test_a_cup_match_decided_in_90_minutes_has_them() -> None:
    assert decide((1, 0, 10), (1, 1, 20), (1, 2, 88), t2=(1, 2)).after_90 == (1, 2)
    assert decide((1, 0, 10), (2, 0, 94), t2=(2, 0)).after_90 == (2, 0)


@pytest.mark.parametrize(
    "entries", [[(1, 0, 93)], [(1, 0, 106)], [(1, 0, None)], [], [(1, 0, 10), (3, 0, 20)]]
)
def test_a_cup_match_that_may_have_had_extra_time_has_a_finding(entries: Any) -> None:
    score = decide(*entries, t2=(1, 0) if len(entries) < 2 else (3, 0))
    assert score.final is not None
    assert score.after_90 is None
    assert reasons(score) == ["no_certain_90_minute_score"]


def test_a_goalless_cup_match_was_goalless_after_90_minutes() -> None:
    assert decide(t2=(0, 0)).after_90 == (0, 0)


def test_a_shoot_out_that_is_only_in_the_goals_is_derived() -> None:
    kicks = [(1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5)]
    entries = [(0, 1, 30), (1, 1, 60), *[(h, a, None, "Elfmeterschießen") for h, a in kicks]]
    score = decide(*entries, t1=(0, 1), t2=(1, 1))
    assert (score.final, score.shoot_out) == ((1, 1), (3, 4))
    at_end = decide(*entries, t1=(0, 1), t2=(4, 5))
    assert (at_end.final, at_end.shoot_out) == ((1, 1), (3, 4))


def test_a_late_penalty_in_play_is_not_taken_for_a_shoot_out() -> None:
    score = decide((1, 0, 30), (1, 1, 60), (2, 1, 89, "P"), t2=(2, 1))
    assert (score.final, score.shoot_out, score.after_90) == ((2, 1), None, (2, 1))


def test_an_extra_time_result_below_a_confirmed_final_one_is_not_used() -> None:
    score = decide((1, 0, 30), (2, 0, 60), t1=(1, 0), t2=(2, 0), t4=(0, 0))
    assert score.final == (2, 0)
    assert "contradicting_score" in reasons(score)
    unconfirmed = decide(t2=(2, 0), t4=(0, 0))
    assert unconfirmed.final is None
    assert reasons(unconfirmed) == ["contradicting_score"]


def test_an_extra_time_result_that_the_goals_do_not_bear_out_is_uncertain() -> None:
    entries = [(1, 0, 18), (1, 1, 45), (2, 1, 55), (2, 2, 90)]
    score = decide(*entries, t1=(1, 1), t2=(2, 2), t4=(2, 3))
    assert score.final is None
    assert reasons(score) == ["contradicting_score"]


def test_a_season_round_has_no_extra_time() -> None:
    score = decide((1, 0, 30), knockout=False, t2=(1, 0), t4=(0, 0))
    assert (score.final, score.after_90) == ((1, 0), (1, 0))
    assert reasons(score) == ["contradicting_score"]


def test_a_half_time_score_that_the_goals_of_the_result_never_came_to_is_none() -> None:
    score = decide((0, 1, 10), (1, 1, 60), t1=(1, 0), t2=(1, 1), knockout=False)
    assert (score.final, score.half_time) == ((1, 1), None)
    assert [(f.kind, f.left_out) for f in score.findings] == [("contradicting_half_time", False)]
    part = decide((0, 1, 10), t1=(1, 0), t2=(1, 1), knockout=False)
    assert part.half_time == (1, 0), "a list that is not complete shows nothing"


def test_goals_that_contradict_a_cup_result_leave_it_open() -> None:
    score = decide((0, 1, 10), (0, 2, 50), t2=(1, 1))
    assert score.final is None
    assert score.has_final
    assert reasons(score) == ["contradicting_score"]


def test_goals_after_a_level_type_2_are_those_of_extra_time() -> None:
    score = decide((1, 0, 10), (1, 1, 60), (2, 1, 111), t2=(1, 1))
    assert (score.final, score.after_90) == ((2, 1), None)
    assert reasons(score)[0] == "extra_time_from_goals"


def test_a_shoot_out_that_cannot_be_is_left_null() -> None:
    score = decide(t2=(1, 1), t5=(4, 4))
    assert (score.final, score.shoot_out) == ((1, 1), None)
    assert "impossible_shootout" in reasons(score)
    low = decide(t2=(0, 0), t5=(5, 1))
    assert (low.final, low.shoot_out) == ((0, 0), None)


def test_a_shoot_out_that_may_be_read_in_two_ways_is_left_null() -> None:
    score = decide(t2=(1, 1), t5=(4, 3))
    assert (score.final, score.shoot_out) == ((1, 1), None)
    assert "uncertain_shootout" in reasons(score)
    one_way = decide(t2=(2, 2), t5=(3, 1))
    assert (one_way.final, one_way.shoot_out) == ((2, 2), (3, 1))


def test_a_shoot_out_without_a_level_score_before_it_is_left_null() -> None:
    score = decide(t2=(6, 5), t5=(6, 5))
    assert (score.final, score.shoot_out, score.has_final) == (None, None, True)
    assert reasons(score) == ["contradicting_score"]


def test_two_final_results_are_settled_by_the_goals_or_not_at_all() -> None:
    raw = match(1, 1, 2, matchIsFinished=True, matchResults=results(t2=(1, 0)) + results(t2=(2, 0)))
    (payload,) = parse_matches([raw]).items
    score = score_of(payload, knockout=False)
    assert (score.final, score.has_final) == (None, True)
    assert [(f.kind, f.left_out) for f in score.findings] == [("contradicting_score", True)]
    raw["goals"] = goals((1, 0, 3), (2, 0, 4))
    (payload,) = parse_matches([raw]).items
    assert score_of(payload, knockout=False).final == (2, 0)
    by_half_time = decide(t1=(2, 0), t2=(2, 0), knockout=False)
    raw |= {"goals": [], "matchResults": [*raw["matchResults"], *results(t1=(2, 0))]}
    (payload,) = parse_matches([raw]).items
    score = score_of(payload, knockout=False)
    assert (score.final, score.half_time) == (by_half_time.final, (2, 0))
    assert not any(finding.left_out for finding in score.findings)


def test_a_result_without_a_type_is_final_when_it_is_the_only_one() -> None:
    score = decide(knockout=False, t0=(0, 2))
    assert (score.final, score.has_final) == ((0, 2), True)
    assert reasons(score) == ["result_without_type"]
    assert decide(knockout=False, t0=(0, 2), t2=(1, 1)).final == (1, 1)


def test_a_finished_match_with_only_an_extra_time_result_ends_with_it() -> None:
    score = decide(t1=(1, 0), t3=(3, 2))
    assert (score.final, score.has_final) == ((3, 2), True)


def test_a_match_under_way_has_the_running_score_of_its_goals() -> None:
    score = decide((1, 0, 10), (1, 1, 20), finished=False, knockout=False, t1=(1, 1))
    assert (score.final, score.half_time, score.after_90) == ((1, 1), (1, 1), None)
    assert not score.has_final


def test_an_entry_that_does_not_raise_the_score_is_passed_over() -> None:
    score = decide((0, 0, None), (1, 0, 64), (1, 0, 64), (2, 0, 67), t2=(2, 0))
    assert (score.final, score.after_90) == ((2, 0), (2, 0))


@pytest.mark.parametrize("pair", [(3, 0), (4, 1), (4, 2), (5, 3), (5, 4), (1, 0), (6, 5), (10, 9)])
def test_shoot_outs_that_happen_are_possible(pair: Pair) -> None:
    assert is_possible_shoot_out(pair)
    assert is_possible_shoot_out(pair[::-1])


@pytest.mark.parametrize("pair", [(0, 0), (4, 4), (4, 0), (5, 0), (5, 1), (5, 2), (6, 4), (7, 0)])
def test_shoot_outs_that_cannot_end_so_are_impossible(pair: Pair) -> None:
    assert not is_possible_shoot_out(pair)
    assert not is_possible_shoot_out(pair[::-1])


PAIRS = st.tuples(st.integers(0, 9), st.integers(0, 9))
MINUTES = st.none() | st.integers(0, 130)
KINDS = st.sampled_from([(), ("P",), ("Elfmeterschießen",)])


@st.composite
def running_scores(draw: st.DrawFn) -> list[Any]:
    """Goals that go up by one, in order of time or not; with a hole at times."""
    entries, home, away = [], 0, 0
    for for_home, minute, kind in draw(st.lists(st.tuples(st.booleans(), MINUTES, KINDS))):
        home, away = home + for_home, away + (not for_home)
        entries.append((home, away, minute, *kind))
    if draw(st.booleans()):
        minutes = sorted(entry[2] or 0 for entry in entries)
        entries = [(e[0], e[1], m, *e[3:]) for e, m in zip(entries, minutes, strict=True)]
    return draw(st.permutations(entries)) if draw(st.booleans()) else entries[draw(HOLES) :]


HOLES = st.sampled_from([0, 0, 0, 1])


@st.composite
def tellings(draw: st.DrawFn) -> tuple[dict[str, Pair], list[Any]]:
    """Results and goals that have to do with each other more often than chance would have it."""
    entries = draw(running_scores())
    pairs = st.sampled_from([(0, 0), *((e[0], e[1]) for e in entries)]) | PAIRS
    types = draw(st.dictionaries(st.sampled_from(["t0", "t1", "t2", "t3", "t4", "t5"]), pairs))
    return types, entries


@example(
    # What nothing settles was null, and a shoot-out was left of it.
    told=(
        {"t0": (0, 0), "t1": (0, 1), "t2": (0, 0), "t3": (0, 0), "t4": (0, 0), "t5": (0, 1)},
        [(0, 1, None)],
    ),
    knockout=False,
    finished=True,
    two_legged=False,
)
@given(tellings(), st.booleans(), st.booleans(), st.booleans())
def test_no_score_breaks_the_laws_of_the_game(
    told: tuple[dict[str, Pair], list[Any]], knockout: bool, finished: bool, two_legged: bool
) -> None:
    types, entries = told
    raw = match(1, 1, 2, matchIsFinished=finished, matchResults=results(**types))
    (payload,) = parse_matches([{**raw, "goals": goals(*entries)}]).items
    score = score_of(payload, knockout=knockout, two_legged=two_legged)
    for earlier in (score.half_time, score.after_90):
        if earlier and score.final:
            assert earlier[0] <= score.final[0]
            assert earlier[1] <= score.final[1]
    if score.half_time and score.after_90:
        assert score.half_time[0] <= score.after_90[0]
        assert score.half_time[1] <= score.after_90[1]
    if score.shoot_out:
        assert score.final
        assert score.final[0] == score.final[1]
        assert is_possible_shoot_out(score.shoot_out)
    if finished and score.has_final and score.final is None:
        assert score.findings
    if not knockout and "t2" in types and not types.keys() & {"t3", "t4", "t5"}:
        contradicted = {finding.kind for finding in score.findings} & {
            "contradicting_score",
            "result_from_goals",
        }
        assert score.final == types["t2"] or (finished and contradicted)
