"""What charts and page say in words alike."""

import unicodedata
from dataclasses import dataclass

_LAST_TEEN = 13
_FIRST_TEEN = 11
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True, slots=True)
class About:
    """What a chart is called, and what it shows in sentences, for who does not see it.

    `slug` is its name in addresses and ids.
    """

    slug: str
    title: str
    description: str


def round_in_words(label: str) -> str:
    """A round as people say it: SofaScore and the simulated world call a matchday 22."""
    return f"Matchday {label}" if label.isdecimal() else label


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    teen = _FIRST_TEEN <= number % 100 <= _LAST_TEEN
    return f"{number}{'th' if teen else _SUFFIXES.get(number % 10, 'th')}"


def width(text: str) -> float:
    """How wide a text is, in ems, about: Chinese and Japanese characters are twice as wide."""
    return sum(_width(character) for character in text)


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(character) in "WF" else 0.62


def shortened(text: str, ems: float) -> str:
    """The text, cut so that it is at most so wide, with an ellipsis where it was cut."""
    if width(text) <= ems:
        return text
    kept = text
    while kept and width(kept) + 1 > ems:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
