"""A key as people type and paste it becomes the one spelling there is, or a sentence."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.key import MalformedKeyError, TournamentKey, tidied
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.registry import checked_key

KEY = "openligadb:bl1:2024"
TYPED = {
    "blanks around it": f"  {KEY}\t\n",
    "blanks around the colons": "openligadb : bl1 :2024",
    "capitals": "OpenLigaDB:BL1:2024",
    "blanks without a break": f"\u00a0{KEY}\u3000",
    "a byte order mark": f"\ufeff{KEY}",
    "a blank without width": "openligadb:bl1\u200b:2024",
    "a soft hyphen": "open\u00adligadb:bl1:2024",
    "marks of direction": f"\u202a{KEY}\u202c",
    "full-width letters": "ｏpenligadb：bl１：２０２４",  # noqa: RUF001
    "another colon": "openligadb\u2236bl1\ua7892024",
    "a blank that is a letter": f"\u3164{KEY}",
    "a variation selector": f"{KEY}\ufe0f",
    "a control character": f"{KEY}\x00",
}
REFUSED = {
    "blanks inside": ("openligadb:bl 1:2024", "may hold only lower-case letters"),
    "a letter of another alphabet": (
        "openligadb:b\u04cf1:2024",
        "It has '\u04cf', CYRILLIC SMALL LETTER PALOCHKA.",
    ),
    "a slash": ("openfootball:en.1:2024/25", "may hold only"),
    "nothing that is seen": ("\u200b \ufeff", "is empty"),
    "no end": ("x" * 100_000, "100000 characters; 100 is the most"),
}


@pytest.mark.parametrize("what", TYPED)
def test_what_cannot_be_seen_or_meant_in_a_key_is_tidied(what: str) -> None:
    assert str(checked_key(tidied(TYPED[what]))) == KEY


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_tidied_is_refused_in_a_sentence(what: str) -> None:
    text, sentence = REFUSED[what]
    with pytest.raises(InvalidTournamentKeyError) as caught:
        checked_key(tidied(text))
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


def test_dashes_are_those_of_a_season() -> None:
    assert tidied("openfootball:EN.1:2024\u201325") == "openfootball:en.1:2024-25"


@pytest.mark.parametrize("text", [f" {KEY}", "OPENLIGADB:bl1:2024", "openligadb:bl1\u200b:2024"])
def test_a_partition_is_not_tidied_and_its_failure_says_how_it_is_written(text: str) -> None:
    with pytest.raises(InvalidTournamentKeyError, match=f"Write it {KEY}"):
        checked_key(text)


def test_the_address_of_a_page_keeps_its_capitals_and_loses_what_is_around_it() -> None:
    address = "HTTPS://www.SofaScore.com/tournament/Premier-League/17#id:61627"
    assert tidied(f"\ufeff {address}\n") == address


@given(st.text(max_size=120))
def test_whatever_is_typed_is_a_key_or_a_sentence_and_tidying_twice_changes_nothing(
    text: str,
) -> None:
    tidy = tidied(text)
    assert tidied(tidy) == tidy
    with contextlib.suppress(MalformedKeyError):
        assert str(TournamentKey.parse(tidy)) == tidy
