"""Matches that lost bytes may have made of two others."""

from dataclasses import replace

import pytest

from dp_pipeline.football.models import Match
from dp_pipeline.football.spliced import spliced_matches
from dp_pipeline_tests.football.seasons import game

FIRST = game("liverpool", "manchester-united", (0, 0), day=0, round_slug="17")
SECOND = game("everton", "wolverhampton", (1, 4), day=7, round_slug="18")
OTHER = game("burnley", "fulham", (2, 2), day=7, round_slug="18")
STORED = [FIRST, SECOND, OTHER]
TEAMS = {side for match in STORED for side in (match.home, match.away)}
KNOWN = {match.external_id for match in STORED}
ROUNDS = {"17", "18", "19"}
"""One of them without matches."""
SPLICED = replace(SECOND, external_id="new", round_slug="17", kickoff_date=FIRST.kickoff_date)


def found(*came: Match, lacking: tuple[Match, ...] = (FIRST, SECOND)) -> set[str]:
    given = [*(match for match in STORED if match not in lacking), *came]
    return {*spliced_matches(given, lacking, known=KNOWN, teams=TEAMS, rounds=ROUNDS)}


def test_a_new_home_team_on_the_day_of_one_with_opponent_and_result_of_another_is_spliced() -> None:
    assert found(replace(SPLICED, home="livererton")) == {"new"}
    for fact in ({"away": "fulham"}, {"away_score": 3}, {"kickoff_date": None}):
        assert found(replace(SPLICED, home="livererton", **fact)) == set()


def test_so_is_a_new_away_team_on_the_day_at_the_home_of_one_with_the_result_of_another() -> None:
    spliced = replace(SPLICED, home=FIRST.home, away="manchester-hampton")
    assert found(spliced) == {"new"}
    for fact in ({"home": "burnley"}, {"away_score": 3}, {"kickoff_date": None}):
        assert found(replace(spliced, **fact)) == set()


@pytest.mark.parametrize("day", [FIRST.kickoff_date, None])
def test_so_is_one_in_the_round_and_on_the_day_of_another(day: object) -> None:
    spliced = replace(SPLICED, kickoff_date=day)
    assert found(spliced) == {"new"}
    assert found(replace(spliced, round_slug="18")) == set(), "it is its own round"
    assert found(replace(spliced, kickoff_date=OTHER.kickoff_date)) == set()
    assert found(spliced, lacking=(SECOND,)) == set(), "the other one is there"


@pytest.mark.parametrize("match", [SECOND, replace(SECOND, external_id="new", kickoff_date=None)])
def test_so_is_one_that_was_there_in_a_round_that_was_not_and_not_one_that_was_not(
    match: Match,
) -> None:
    garbled = replace(match, round_slug="matchday-1717-04-15")
    assert found(garbled, lacking=(FIRST, SECOND)) == {garbled.external_id}
    assert found(replace(match, round_slug="19")) == set(), "the round is stored"
    first_there = game("arsenal", "chelsea", (1, 0), day=14, round_slug=garbled.round_slug or "")
    assert found(garbled, first_there) == set(), "the round has a match of its own"


def test_a_new_team_in_a_round_nobody_knew_is_spliced_where_all_there_are() -> None:
    in_new_round = replace(SPLICED, home=FIRST.home, away="ara", round_slug="second-17")
    moved = replace(OTHER, round_slug="second-17")
    assert found(in_new_round, moved) == {"new", moved.external_id}


def test_one_that_takes_the_place_of_a_stored_one_is_none() -> None:
    again = replace(SECOND, external_id="new", round_slug=FIRST.round_slug, kickoff_date=None)
    given = [OTHER, again]
    lacking = (FIRST, SECOND)
    known = KNOWN | {again.external_id}
    kept = spliced_matches(given, lacking, known=known, teams=TEAMS, rounds=ROUNDS)
    assert kept == frozenset()
