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


@given(st.integers(0, 15), st.integers(1, 12))
def test_a_name_of_the_beginning_of_one_and_the_end_of_another_is_the_other_s(
    beginning: int, end: int
) -> None:
    name = NAMES[ROUND.home][:beginning] + NAMES[ENTRY.home][-end:]
    found = garbled_matches([GARBLED], LISTED, {**NAMES, "garbled": name})
    assert found == {"garbled": ENTRY.external_id}


def test_a_club_of_its_own_and_one_with_a_result_of_its_own_are_none() -> None:
    for name in ("SC Kriens", "FC Thun", "FC St. Gallen II", ""):
        assert garbled_matches([GARBLED], LISTED, {**NAMES, "garbled": name}) == {}
    names = {**NAMES, "garbled": "len"}
    assert garbled_matches([GARBLED], LISTED, names) == {"garbled": ENTRY.external_id}
    for fact in ({"home_score": 3}, {"away": "zlin"}, {"home_score": None, "away_score": None}):
        assert garbled_matches([replace(GARBLED, **fact)], LISTED, names) == {}
    again = game("garbled", "zlin", (1, 0))
    assert garbled_matches([GARBLED], [*LISTED, again], names) == {}, "its club plays another match"
