"""Clubs whose names lost bytes made of two others."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.garbled_names import garbled_matches
from dp_pipeline_tests.football.seasons import game

NAMES = {
    "boleslav": "FK Mladá Boleslav",
    "gallen": "FC St. Gallen",
    "basel": "FC Basel 1893",
    "zlin": "FC Fastav Zlín",
}
ROUND = game("boleslav", "zlin", (3, 0), round_slug="europa-league-2")
ENTRY = game("gallen", "basel", (2, 2), round_slug="24")
LISTED = [ROUND, ENTRY]
GARBLED = replace(ENTRY, external_id="garbled", home="garbled", round_slug=ROUND.round_slug)
GUEST = replace(GARBLED, home=ROUND.home, away="garbled")


@given(st.integers(0, 15), st.integers(1, 12))
def test_a_name_of_the_beginning_of_one_and_the_end_of_another_is_the_other_s(
    beginning: int, end: int
) -> None:
    name = NAMES[ROUND.home][:beginning] + NAMES[ENTRY.home][-end:]
    found = garbled_matches([GARBLED], LISTED, {**NAMES, "garbled": name})
    assert found == {"garbled": ENTRY.external_id}


@given(st.integers(0, 13), st.integers(1, 12))
def test_so_is_a_guest_s_at_the_home_of_the_one_with_the_result_of_the_other(
    beginning: int, end: int
) -> None:
    name = NAMES[ROUND.away][:beginning] + NAMES[ENTRY.away][-end:]
    found = garbled_matches([GUEST], LISTED, {**NAMES, "garbled": name})
    assert found == {"garbled": ENTRY.external_id}


@given(st.integers(0, len(NAMES["gallen"]) - 1), st.characters())
def test_a_letter_that_became_another_one_makes_no_other_club(place: int, letter: str) -> None:
    name = NAMES["gallen"][:place] + letter + NAMES["gallen"][place + 1 :]
    found = garbled_matches([replace(ENTRY, home="garbled")], LISTED, {**NAMES, "garbled": name})
    assert found == {ENTRY.external_id: ENTRY.external_id}


def test_a_club_of_its_own_and_one_with_a_result_of_its_own_are_none() -> None:
    for name in ("SC Kriens", "FC Thun", "FC St. Gallen II", ""):
        assert garbled_matches([GARBLED], LISTED, {**NAMES, "garbled": name}) == {}
    names = {**NAMES, "garbled": "len"}
    assert garbled_matches([GARBLED], LISTED, names) == {"garbled": ENTRY.external_id}
    for fact in ({"home_score": 3}, {"away": "zlin"}, {"home_score": None, "away_score": None}):
        assert garbled_matches([replace(GARBLED, **fact)], LISTED, names) == {}
    again = game("garbled", "zlin", (1, 0))
    assert garbled_matches([GARBLED], [*LISTED, again], names) == {}, "its club plays another match"


def test_nor_is_a_guest_of_its_own_or_at_another_home() -> None:
    for name in ("SC Kriens", "FC Thun", "FC Basel 1893 II", ""):
        assert garbled_matches([GUEST], LISTED, {**NAMES, "garbled": name}) == {}
    names = {**NAMES, "garbled": "FC Fast1893"}
    assert garbled_matches([GUEST], LISTED, names) == {"garbled": ENTRY.external_id}
    for fact in ({"away_score": 0}, {"home": "gallen"}, {"home_score": None, "away_score": None}):
        assert garbled_matches([replace(GUEST, **fact)], LISTED, names) == {}
    again = game("zlin", "garbled", (1, 0))
    assert garbled_matches([GUEST], [*LISTED, again], names) == {}, "its club plays another match"
