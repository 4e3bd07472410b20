"""Split seasons and what was decided off the pitch, on small seasons with rules by hand."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from dp_pipeline.football.decisions import team_called
from dp_pipeline.football.models import Match, Standing
from dp_pipeline.football.rules import (
    Award,
    Carry,
    CompetitionRules,
    Deduction,
    OrderEntry,
    Placing,
    SplitEntry,
    SplitGroup,
)
from dp_pipeline.football.splits import carried
from dp_pipeline.football.table import compute_standings, compute_tables
from dp_pipeline_tests.football.seasons import game

ABOUT: dict[str, Any] = {"competitions": ("xx.1",), "seasons": "all", "source": "a page"}
ORDER = OrderEntry.model_validate({**ABOUT, "order": "goal difference, goals"})
NAMES = {team: f"{team.upper()} City" for team in "abcdef"}


def regular(*, winner_takes: int = 1) -> list[Match]:
    """Everybody against everybody; who is earlier in the alphabet wins."""
    return [
        game(*pair, (winner_takes, 0) if pair[0] < pair[1] else (0, 1), number=n)
        for n, pair in enumerate(permutations("abcdef", 2))
    ]


def in_stage(stage: str, *results: tuple[str, str, int, int]) -> list[Match]:
    return [
        Match(
            external_id=f"{stage}-{n}",
            round_slug=f"{stage}-{n}",
            home=home,
            away=away,
            status="ended",
            stage=stage,
            home_score=scored,
            away_score=conceded,
        )
        for n, (home, away, scored, conceded) in enumerate(results)
    ]


TOP = in_stage("Top", ("b", "a", 1, 0), ("b", "c", 1, 0), ("a", "c", 0, 0))
BOTTOM = in_stage("Bottom", ("f", "d", 1, 0), ("f", "e", 1, 0), ("d", "e", 0, 0))


def split(points: Carry, *, order: str = "rounding, goal difference") -> CompetitionRules:
    groups = tuple(SplitGroup(first=first, last=first + 2, points=points) for first in (1, 4))
    entry = SplitEntry.model_validate({**ABOUT, "groups": groups, "order": order})
    return CompetitionRules(ORDER, entry)


def points_of(rows: tuple[Standing, ...], stage: str | None) -> list[tuple[int, str, int, int]]:
    return [(r.position, r.team, r.games, r.points) for r in rows if r.stage == stage]


def test_points_are_carried_into_the_groups_and_no_group_crosses_another() -> None:
    rows = compute_standings([*regular(), *TOP, *BOTTOM], rules=split("carried"))
    assert points_of(rows, None)[:2] == [(1, "a", 10, 30), (2, "b", 10, 24)]
    assert points_of(rows, "Top") == [(1, "a", 2, 31), (2, "b", 2, 30), (3, "c", 2, 19)]
    assert points_of(rows, "Final table") == [
        *((1, "a", 12, 31), (2, "b", 12, 30), (3, "c", 12, 19)),
        *((4, "d", 12, 13), (5, "e", 12, 7), (6, "f", 12, 6)),
    ]
    assert [row.stage for row in rows if row.whole_season] == ["Final table"] * 6


def test_points_may_count_half_or_not_at_all() -> None:
    halved = compute_standings([*regular(), *TOP, *BOTTOM], rules=split("halved, rounded down"))
    assert points_of(halved, "Final table")[:3] == [
        (1, "b", 12, 18),
        (2, "a", 12, 16),
        (3, "c", 12, 10),
    ]
    note = next(row.note for row in halved if row.stage == "Top" and row.team == "b")
    assert note == "The 24 points of the regular phase count 12: halved, rounded down."
    afresh = compute_standings([*regular(), *TOP, *BOTTOM], rules=split("afresh"))
    assert points_of(afresh, "Final table")[:2] == [(1, "b", 12, 6), (2, "a", 12, 1)]


@pytest.mark.parametrize(
    ("points", "how", "worth", "taken"),
    [
        (55, "halved, rounded up", 28, -0.5),
        (55, "halved, rounded down", 27, 0.5),
        (54, "halved, rounded up", 27, 0),
        (-3, "halved, rounded up", -1, -0.5),
    ],
)
def test_half_points_are_rounded_as_the_rule_says_and_what_that_took_is_kept(
    points: int, how: Carry, worth: int, taken: float
) -> None:
    found = carried(points, how)
    assert (found.points, found.rounding) == (worth, taken)


def test_teams_without_a_group_keep_the_place_of_the_regular_phase() -> None:
    rows = compute_standings([*regular(), *TOP], rules=split("carried"))
    final = {row.team: row for row in rows if row.stage == "Final table"}
    assert [final[team].position for team in "def"] == [4, 5, 6]
    assert final["d"].note is not None
    assert "the groups after it have no table with this team" in final["d"].note


def test_a_split_that_no_rule_speaks_of_has_no_table_over_the_season_and_says_so() -> None:
    found = compute_tables([*regular(), *TOP])
    assert {row.stage for row in found.rows} == {None, "Top"}
    assert not any(row.whole_season for row in found.rows)
    (sentence,) = found.unapplied
    assert sentence.startswith("How Top follow the regular phase is not known")


def test_two_halves_of_a_season_are_no_split() -> None:
    opening = in_stage("Apertura", ("a", "b", 1, 0), ("c", "a", 0, 0), ("b", "c", 0, 0))
    closing = in_stage("Clausura", ("b", "a", 1, 0), ("c", "b", 0, 0), ("a", "c", 0, 0))
    found = compute_tables([*opening, *closing], rules=split("carried"))
    assert {row.stage for row in found.rows} == {"Apertura", "Clausura"}
    assert found.unapplied == ()


def deduction(**fields: object) -> Deduction:
    return Deduction.model_validate({**ABOUT, "team": "A City", "reason": "late wages", **fields})


def test_a_deduction_counts_from_its_day_on_and_is_told_in_the_row() -> None:
    rules = CompetitionRules(ORDER, deductions=(deduction(points=-4, on=date(2024, 8, 23)),))
    first, *_ = rows = compute_standings(regular(), rules=rules, names=NAMES)
    assert (first.team, first.points) == ("a", 26)
    assert first.note == "4 points deducted on 2024-08-23: late wages [a page]."
    assert rows[1].note is None
    later = CompetitionRules(ORDER, deductions=(deduction(points=-4, on=date(2024, 9, 1)),))
    waiting = [*regular(), game("a", "b", day=30, round_slug="9")]
    assert compute_standings(waiting, rules=later, names=NAMES)[0].points == 30
    assert compute_standings(regular(), rules=later, names=NAMES)[0].points == 26


def test_a_deduction_counts_before_or_after_the_points_are_halved() -> None:
    before = split("halved, rounded down")
    after = deduction(points=-4, after_halving=True)
    played = [*regular(), *TOP, *BOTTOM]
    for rules, points in (
        (CompetitionRules(before.order, before.split, deductions=(deduction(points=-4),)), 14),
        (CompetitionRules(before.order, before.split, deductions=(after,)), 12),
    ):
        rows = compute_standings(played, rules=rules, names=NAMES)
        assert [p for _, team, _, p in points_of(rows, "Final table") if team == "a"] == [points]


def test_a_team_may_be_last_with_or_without_its_results() -> None:
    expelled = CompetitionRules(ORDER, deductions=(deduction(last=True),))
    rows = compute_standings(regular(), rules=expelled, names=NAMES)
    assert (rows[-1].team, rows[-1].points, rows[-1].games) == ("a", 0, 10)
    assert [row.points for row in rows][:5] == [24, 18, 12, 6, 0]
    struck = CompetitionRules(ORDER, deductions=(deduction(results="struck out"),))
    rows = compute_standings(regular(), rules=struck, names=NAMES)
    assert (rows[-1].team, rows[-1].games) == ("a", 0)
    assert {row.games for row in rows[:5]} == {8}


def test_a_match_counts_for_the_team_that_was_given_it() -> None:
    award = Award.model_validate(
        {**ABOUT, "home": "A City", "away": "B City", "winner": "away", "reason": "riot"}
    )
    goalless = [game("a", "b", (0, 0), status="awarded")]
    rows = compute_standings(goalless, rules=CompetitionRules(awards=(award,)), names=NAMES)
    assert [(row.team, row.points, row.goals_for) for row in rows] == [("b", 3, 0), ("a", 0, 0)]


def test_an_extra_match_places_two_level_teams_and_until_it_is_known_they_share() -> None:
    rule = OrderEntry.model_validate(
        {**ABOUT, "order": "head-to-head points, lots", "play_off_between": (1,)}
    )
    played = [
        game("a", "b", (1, 0)),
        game("b", "a", (0, 0)),
        game("b", "c", (2, 0)),
        game("c", "b", (0, 0)),
    ]
    played += [
        game("a", "c", (0, 0)),
        game("c", "a", (0, 0)),
        game("b", "d", (0, 0)),
        game("d", "b", (0, 0)),
    ]
    played += [
        game("a", "d", (0, 0)),
        game("d", "a", (0, 0)),
        game("c", "d", (0, 0)),
        game("d", "c", (0, 0)),
    ]
    shared = compute_standings(played, rules=CompetitionRules(rule), names=NAMES)
    assert [(row.position, row.team) for row in shared][:3] == [(1, "a"), (2, "b"), (3, "d")]
    level = [match for match in played if {match.home, match.away} != {"a", "d"}]
    level += [game("a", "d", (0, 1)), game("d", "a", (0, 0))]
    rows = compute_standings(level, rules=CompetitionRules(rule), names=NAMES)
    assert [(row.position, row.team) for row in rows][:2] == [(1, "d"), (2, "a")]


def test_rules_are_of_teams_that_play_whatever_others_are_called() -> None:
    rules = CompetitionRules(ORDER, deductions=(deduction(points=-1, team="Alpha"),))
    names = {**NAMES, "a": "Alpha City"}
    tables = compute_tables(regular(), rules=rules, names={**names, "a-town": "Alpha Town"})
    assert tables.unapplied == ()
    assert tables == compute_tables(regular(), rules=rules, names=names)


def test_a_decision_on_a_team_that_is_not_there_is_named() -> None:
    rules = CompetitionRules(
        ORDER,
        deductions=(deduction(points=-1, team="Zebra"),),
        placings=(
            Placing.model_validate(
                {**ABOUT, "team": "A City", "before": "Q City", "reason": "lot"}
            ),
        ),
    )
    unapplied = compute_tables(regular(), rules=rules, names=NAMES).unapplied
    assert [sentence.split(":")[0] for sentence in unapplied] == [
        "No team is called Zebra",
        "A City or Q City is not there.",
    ]


def test_teams_are_found_by_the_words_of_their_names() -> None:
    names = {"1": "Independiente", "2": "Independiente Rivadavia", "3": "Nîmes Olympique"}
    names |= {"4": "D.C. United", "5": "New York RB", "6": "Vélez", "7": "Real Madrid CF"}
    assert team_called("Independiente", names) == "1"
    assert team_called("Nimes", names) == "3"
    assert team_called("DC United", names) == "4"
    assert team_called("New York Red Bulls | New York RB", names) == "5"
    assert team_called("Barcelona", names) is None
    assert team_called("City", {"1": "Bristol City", "2": "Hull City"}) is None
