"""Colours by their use. A page replaces each by a variable, another colour on dark paper."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour on light and on dark paper; no two inks share the one on light paper."""

    light: str
    dark: str


INKS: Mapping[str, Ink] = {
    "paper": Ink("#ffffff", "#14171c"),
    "ink": Ink("#1b1c1e", "#eceef1"),
    "soft": Ink("#57595e", "#b3b8c0"),
    "line": Ink("#85888e", "#7d838d"),
    "rule": Ink("#dcdee2", "#343941"),
    "first": Ink("#0a58a8", "#79b8ff"),
    "second": Ink("#a83a08", "#ff9f6b"),
    "third": Ink("#1c7035", "#76d092"),
    "fourth": Ink("#75369f", "#d0a2f4"),
    "won": Ink("#d3e5f8", "#173a5e"),
    "drawn": Ink("#ebecef", "#30353d"),
    "lost": Ink("#f8dfd1", "#57301a"),
}
HIGHLIGHTS = ("first", "second", "third", "fourth")
"""Of lines, the best first. What tells them apart without colour is in `lines`."""


def light(use: str) -> str:
    """The colour of a use on light paper."""
    return INKS[use].light


def variables(*, dark: bool) -> str:
    """The colours as declarations of CSS."""
    return "".join(f"--{use}:{ink.dark if dark else ink.light};" for use, ink in INKS.items())


def in_page(svg: str) -> str:
    """A picture whose colours follow the page around it."""
    for use, ink in INKS.items():
        svg = svg.replace(ink.light, f"var(--{use})")
    return svg


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG computes it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))

    def linear(value: float) -> float:
        low = 0.04045
        return value / 12.92 if value <= low else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
