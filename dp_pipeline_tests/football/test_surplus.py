"""Matches that a complete fixture list has no place for."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Match
from dp_pipeline.football.surplus import only_in, surplus_matches
from dp_pipeline_tests.football.seasons import game

CLUBS = ("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda")


def season(rounds: int = 2) -> list[Match]:
    """Round robins of six clubs."""
    count, matches = len(CLUBS), []
    for day in range(rounds * (count - 1)):
        ring = [CLUBS[0], *(CLUBS[1 + (day + i) % (count - 1)] for i in range(count - 1))]
        for i in range(count // 2):
            pair = (ring[i], ring[-1 - i])
            home, away = pair if day // (count - 1) % 2 == 0 else pair[::-1]
            matches.append(game(home, away, (1, 0), day=day, round_slug=str(day + 1)))
    return matches


def wrong(match: Match, **sides: str) -> Match:
    """The match under another id, with another team."""
    return replace(match, external_id="new", **sides)


def test_a_pair_that_another_round_has_is_surplus_and_so_is_a_team_nobody_knows() -> None:
    stored = season()
    other = next(c for c in CLUBS if c not in (stored[0].home, stored[0].away))
    for team in (other, "2031-02-30"):
        fetched = [wrong(stored[0], away=team), *stored[1:]]
        assert surplus_matches(stored, fetched) == {"new"}
        teams = only_in(frozenset({"new"}), stored, fetched)
        assert teams == ({team} if team == "2031-02-30" else set())


def test_a_list_that_is_not_complete_takes_every_match() -> None:
    stored = season()[:-1]
    assert surplus_matches(stored, [wrong(stored[0], away="2031-02-30")]) == frozenset()


def test_a_list_stays_complete_while_a_few_matches_stand_in_a_wrong_round_or_in_none() -> None:
    stored = season()
    stored[4] = replace(stored[4], round_slug=None)
    stored[7] = replace(stored[7], round_slug="9")
    assert surplus_matches(stored, [wrong(stored[0], away="2031-02-30")]) == {"new"}


def test_a_team_nobody_knows_is_surplus_against_one_that_has_no_match_in_the_round() -> None:
    idle = [replace(m, round_slug="9" if m.round_slug == "10" else m.round_slug) for m in season()]
    late = [replace(match, round_slug="10") for match in idle[-3:-1]]
    stored = [*idle[:-3], *late, replace(idle[-1], round_slug=None)]
    new = wrong(stored[-1], away="len", round_slug="10")
    assert surplus_matches(stored, [*stored, new]) == {"new"}


def test_a_new_round_of_a_split_season_and_a_replay_are_not_surplus() -> None:
    stored = season()
    split = [game(CLUBS[0], CLUBS[1], round_slug="11"), game(CLUBS[2], CLUBS[3], round_slug="11")]
    replay = replace(stored[0], external_id="replay", home=stored[0].away, away=stored[0].home)
    assert surplus_matches(stored, [*stored, *split, replay]) == frozenset()
    moved = wrong(stored[0], away="Gotha")
    assert surplus_matches(stored, [moved], replacing={"new"}) == frozenset()


@given(st.integers(1, 4), st.sampled_from(CLUBS), st.sampled_from(CLUBS), st.integers(1, 10))
def test_no_round_of_a_complete_list_takes_another_pair(
    rounds: int, home: str, away: str, day: int
) -> None:
    stored = season(rounds)
    new = replace(game(home, away, round_slug=str(day)), external_id="new")
    in_round = [m for m in stored if m.round_slug == str(day)]
    same = any({m.home, m.away} == {home, away} for m in in_round)
    expected = bool(in_round) and not same
    assert surplus_matches(stored, [*stored, new]) == ({"new"} if expected else frozenset())
