"""Texts as parts of an address."""

from dp_pipeline.football.club_names import folded_words


def slug_of(text: str) -> str:
    """Lower-case words joined by "-", accents folded: "1° Semestre" is "1-semestre"."""
    return "-".join(folded_words(text))
