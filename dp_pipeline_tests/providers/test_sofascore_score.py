"""SofaScore's statuses and scores: what is certain, what contradicts itself."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dp_pipeline.providers.score import CertainScore
from dp_pipeline.providers.sofascore.payload import EventPayload, StatusPayload
from dp_pipeline.providers.sofascore.score import score_of
from dp_pipeline.providers.sofascore.status import status_of
from dp_pipeline_tests.providers.sofascore_payloads import (
    AET,
    AP,
    ENDED,
    NOT_STARTED,
    POSTPONED,
    SECOND_HALF,
    event,
    extra_time,
    full_time,
    shoot_out,
    sides,
)


def score(**fields: Any) -> CertainScore:
    return score_of(EventPayload.model_validate(event(1, 1, 2, **fields)))


def reasons(found: CertainScore) -> list[str]:
    return [finding.kind for finding in found.findings]


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (0, "notstarted", "scheduled"),
        (6, "inprogress", "live"),
        (7, "inprogress", "live"),
        (20, "inprogress", "live"),
        (31, "inprogress", "live"),
        (41, "inprogress", "live"),
        (42, "inprogress", "live"),
        (50, "inprogress", "live"),
        (60, "postponed", "postponed"),
        (70, "canceled", "cancelled"),
        (80, "interrupted", "interrupted"),
        (81, "suspended", "interrupted"),
        (90, "canceled", "abandoned"),
        (91, "finished", "awarded"),
        (92, "finished", "awarded"),
        (100, "finished", "ended"),
        (110, "finished", "ended"),
        (120, "finished", "ended"),
        (141, "willcontinue", "interrupted"),
    ],
)
def test_a_status_is_read_by_code_and_type(code: int, kind: str, expected: str) -> None:
    found = status_of(StatusPayload(code=code, type=kind))
    assert (found.status, found.raw, found.odd) == (expected, f"{code} {kind}", None)


def test_a_removed_match_is_cancelled_and_told() -> None:
    found = status_of(StatusPayload(code=93, type="finished"))
    assert found.status == "cancelled"
    assert found.odd is not None
    assert found.odd[0] == "removed_match"


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (999, "finished", "unknown"),  # a removed match is "finished" too
        (999, "canceled", "unknown"),
        (999, "somethingnew", "unknown"),
        (100, "inprogress", "unknown"),
        (0, "finished", "unknown"),
        (999, None, "unknown"),
        (None, "finished", "unknown"),
        (None, None, "unknown"),
        (45, "inprogress", "live"),
        (None, "postponed", "postponed"),
        (5, "notstarted", "scheduled"),
    ],
)
def test_an_unknown_status_is_kept_raw_and_told(
    code: int | None, kind: str | None, expected: str
) -> None:
    found = status_of(StatusPayload(code=code, type=kind))
    assert found.status == expected
    assert found.raw == (" ".join(str(p) for p in (code, kind) if p is not None) or None)
    assert found.odd is not None
    assert found.odd[0] == "unknown_status"


def test_ninety_minutes_half_time_and_result_of_a_plain_match() -> None:
    found = score(**full_time(3, 1, half=(1, 1)))
    assert found == CertainScore(final=(3, 1), after_90=(3, 1), half_time=(1, 1))


def test_extra_time_is_in_the_result_and_not_in_the_ninety_minutes() -> None:
    found = score(**extra_time((1, 1), (1, 0)))
    assert (found.final, found.after_90, found.shoot_out) == ((2, 1), (1, 1), None)


def test_a_shoot_out_is_never_in_the_result() -> None:
    found = score(**shoot_out((2, 2), (1, 1), (4, 2)))
    assert (found.final, found.after_90, found.shoot_out) == ((3, 3), (2, 2), (4, 2))


def test_a_shoot_out_without_extra_time_is_read_alike() -> None:
    scores = sides(
        current=(6, 5),
        display=(2, 2),
        period1=(0, 1),
        period2=(2, 1),
        normaltime=(2, 2),
        penalties=(4, 3),
    )
    found = score(status=AP, winnerCode=1, **scores)
    assert (found.final, found.shoot_out, found.half_time) == ((2, 2), (4, 3), (0, 1))


def test_current_is_never_the_result_after_a_shoot_out() -> None:
    found = score(status=AP, **sides(current=(6, 5), penalties=(4, 3)))
    assert (found.final, found.shoot_out) == (None, None)
    assert reasons(found) == ["finished_without_result"]


def test_current_stands_in_for_a_missing_display_elsewhere() -> None:
    assert score(status=ENDED, **sides(current=(2, 1))).final == (2, 1)


def test_a_second_leg_may_be_won_by_one_side_and_the_tie_by_the_other() -> None:
    level = full_time(1, 1)
    level["homeScore"]["aggregated"], level["awayScore"]["aggregated"] = 1, 2
    assert score(**level, aggregatedWinnerCode=2).final == (1, 1)
    kicks = shoot_out((2, 1), (0, 0), (3, 4), aggregated=(3, 3))
    assert score(**kicks).final == (2, 1)
    assert score(**{**kicks, "winnerCode": 1}, previousLegEventId=7).shoot_out == (3, 4)


def raised(fields: dict[str, Any], side: str, part: str) -> dict[str, Any]:
    return {**fields, side: {**fields[side], part: fields[side][part] + 1}}


SCORES = [
    full_time(3, 1, half=(1, 1)),
    extra_time((1, 1), (1, 0)),
    shoot_out((2, 2), (0, 0), (4, 2)),
]


@pytest.mark.parametrize("side", ["homeScore", "awayScore"])
@pytest.mark.parametrize("part", ["current", "display", "normaltime", "overtime", "penalties"])
@pytest.mark.parametrize("fields", SCORES)
def test_a_number_raised_by_one_is_outvoted(fields: dict[str, Any], side: str, part: str) -> None:
    if part not in fields[side]:
        return
    found, sound = score(**raised(fields, side, part)), score(**fields)
    assert replace(found, findings=(), shoot_out=None) == replace(sound, shoot_out=None)
    # of a shoot-out there are two numbers: where both are possible, none is taken
    assert found.shoot_out in (None, sound.shoot_out)
    lost = found.shoot_out != sound.shoot_out
    assert {*reasons(found)} == {"score_outvoted", *(["contradicting_score"] if lost else [])}
    assert any(finding.left_out for finding in found.findings) is lost


@pytest.mark.parametrize("side", ["homeScore", "awayScore"])
@pytest.mark.parametrize("part", ["period1", "period2"])
@pytest.mark.parametrize("fields", SCORES)
def test_a_half_raised_by_one_costs_the_half_time_score_at_most(
    fields: dict[str, Any], side: str, part: str
) -> None:
    found, sound = score(**raised(fields, side, part)), score(**fields)
    assert found.half_time in (None, sound.half_time)
    assert replace(found, findings=(), half_time=None) == replace(sound, half_time=None)
    assert found.half_time or "contradicting_score" in reasons(found)
    assert "score_outvoted" in reasons(found)


@pytest.mark.parametrize(
    ("numbers", "final"),
    [
        ({"display": (2, 1), "current": (2, 1), "normaltime": (1, 1)}, (2, 1)),
        ({"display": (1, 1), "current": (2, 1), "normaltime": (2, 1)}, (2, 1)),
        ({"display": (2, 1), "current": (3, 1)}, None),
        ({"display": (2, 1), "current": (2, 1), "period1": (1, 0), "period2": (0, 1)}, (2, 1)),
        ({"display": (2, 1), "normaltime": (3, 1), "current": (4, 1)}, None),
        # two against two, and the winner that is named is the same
        (
            {
                "display": (2, 1),
                "current": (2, 1),
                "normaltime": (3, 1),
                "period1": (1, 0),
                "period2": (2, 1),
            },
            None,
        ),
    ],
)
def test_of_three_numbers_two_that_agree_are_taken(
    numbers: dict[str, Any], final: tuple[int, int] | None
) -> None:
    found = score(status=ENDED, winnerCode=1, **sides(**numbers))
    assert found.final == final
    expected = "score_outvoted" if final else "contradicting_score"
    assert found.findings[0].kind == expected
    assert found.findings[0].left_out is (final is None)


def test_who_won_is_a_witness_where_two_numbers_differ() -> None:
    numbers = sides(display=(1, 1), current=(2, 1))
    assert score(status=ENDED, winnerCode=1, **numbers).final == (2, 1)
    assert score(status=ENDED, winnerCode=3, **numbers).final == (1, 1)
    assert score(status=ENDED, winnerCode=2, **numbers).final is None
    assert score(status=ENDED, **numbers).final is None


def test_a_half_time_score_above_the_result_is_none_and_the_result_stays() -> None:
    numbers = sides(display=(1, 0), current=(1, 0), normaltime=(1, 0), period1=(2, 0))
    found = score(status=ENDED, winnerCode=1, **numbers)
    assert (found.final, found.after_90, found.half_time) == ((1, 0), (1, 0), None)
    assert [(f.kind, f.left_out) for f in found.findings] == [("contradicting_score", True)]


@pytest.mark.parametrize(
    "fields",
    [
        full_time(3, 1),
        full_time(1, 1),
        extra_time((1, 1), (0, 2)),
        shoot_out((0, 0), (0, 0), (3, 0)),
    ],
)
def test_a_winner_that_does_not_fit_the_score_is_a_contradiction(fields: dict[str, Any]) -> None:
    wrong = {1, 2, 3} - {fields["winnerCode"]}
    for code in wrong:
        assert reasons(score(**{**fields, "winnerCode": code})) == ["contradicting_score"]
    assert score(**{**fields, "winnerCode": None}).final is not None


def test_a_shoot_out_that_ends_level_is_impossible() -> None:
    fields = {**shoot_out((1, 1), (0, 0), (4, 4)), "winnerCode": None}
    assert reasons(score(**fields)) == ["contradicting_score"]


def test_halves_of_extra_time_that_do_not_add_up_harm_nothing() -> None:
    fields = shoot_out((0, 0), (1, 1), (4, 2), extra1=(0, 1), extra2=(0, 0))
    found = score(**fields)
    assert (found.final, found.after_90, found.shoot_out) == ((1, 1), (0, 0), (4, 2))
    assert reasons(found) == ["score_outvoted"]


@pytest.mark.parametrize("status", [ENDED, AET, AP])
def test_finished_without_a_result_is_told(status: dict[str, Any]) -> None:
    assert reasons(score(status=status)) == ["finished_without_result"]


@pytest.mark.parametrize("status", [NOT_STARTED, POSTPONED, {"code": 70, "type": "canceled"}])
def test_a_match_that_was_not_played_has_no_score(status: dict[str, Any]) -> None:
    assert score(status=status, **sides(current=(0, 0), display=(0, 0))) == CertainScore()


def live(code: int, **parts: tuple[int, int]) -> CertainScore:
    return score(status={"code": code, "type": "inprogress"}, **sides(**parts))


def test_a_live_score_has_only_the_parts_that_are_over() -> None:
    first = live(6, current=(1, 0), display=(1, 0), period1=(1, 0))
    assert (first.final, first.half_time, first.after_90) == ((1, 0), None, None)
    pause = live(31, current=(1, 0), display=(1, 0), period1=(1, 0), normaltime=(1, 0))
    assert (pause.final, pause.half_time, pause.after_90) == ((1, 0), (1, 0), None)
    second = score(
        status=SECOND_HALF,
        **sides(current=(2, 0), display=(2, 0), period1=(1, 0), period2=(1, 0), normaltime=(2, 0)),
    )
    assert (second.final, second.half_time, second.after_90) == ((2, 0), (1, 0), None)
    extra = live(
        41, current=(2, 1), display=(2, 1), period1=(0, 0), normaltime=(1, 1), extra1=(1, 0)
    )
    assert (extra.final, extra.half_time, extra.after_90) == ((2, 1), (0, 0), (1, 1))


def test_an_interrupted_match_keeps_its_partial_score() -> None:
    status = {"code": 80, "type": "interrupted"}
    found = score(status=status, **sides(current=(1, 0), display=(1, 0), period1=(1, 0)))
    assert (found.final, found.half_time, found.after_90) == ((1, 0), None, None)


GOALS = st.integers(0, 9)
PAIRS = st.tuples(GOALS, GOALS)


@given(PAIRS, PAIRS)
def test_every_sound_score_over_ninety_minutes_arrives(half: Any, rest: Any) -> None:
    final = (half[0] + rest[0], half[1] + rest[1])
    assert score(**full_time(*final, half=half)) == CertainScore(final, final, half)


@given(PAIRS, PAIRS, PAIRS)
def test_every_sound_shoot_out_arrives(after_90: Any, extra: Any, kicks: Any) -> None:
    if kicks[0] == kicks[1]:
        kicks = (kicks[0] + 1, kicks[1])
    found = score(**shoot_out(after_90, extra, kicks))
    final = (after_90[0] + extra[0], after_90[1] + extra[1])
    assert (found.final, found.after_90, found.shoot_out) == (final, after_90, kicks)


@given(
    st.dictionaries(st.sampled_from(["current", "display", "period1", "period2", "normaltime",
        "extra1", "extra2", "overtime", "penalties"]), PAIRS),
    st.sampled_from([0, 6, 7, 31, 42, 60, 80, 90, 91, 100, 110, 120, 999]),
    st.sampled_from([None, 1, 2, 3]),
)  # fmt: skip
@example(parts={"normaltime": (1, 0), "current": (0, 0)}, code=42, winner=None)
def test_whatever_the_numbers_the_parts_that_are_given_fit_together(
    parts: dict[str, Any], code: int, winner: int | None
) -> None:
    kinds = {6: "inprogress", 7: "inprogress", 31: "inprogress", 42: "inprogress"}
    kinds |= {0: "notstarted", 60: "postponed", 80: "interrupted", 90: "canceled"}
    status = {"code": code, "type": kinds.get(code, "finished")}
    found = score(status=status, winnerCode=winner, **sides(**parts))
    for earlier in (found.half_time, found.after_90):
        if earlier is not None:
            assert found.final is not None
            assert earlier[0] <= found.final[0]
            assert earlier[1] <= found.final[1]
    assert found.shoot_out is None or code == 120
