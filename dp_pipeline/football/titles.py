"""What people call competitions, and whether a name has the words that somebody looks for."""

import unicodedata
from collections.abc import Sequence

from dp_pipeline.football.rules import code_of, load


def titles(provider: str) -> dict[str, str]:
    """What people call the competitions of a provider, and where they are, by its own names."""
    found = {}
    for each in load().competition:
        own = (each.code,) if code_of(provider, each.code) == each.code else ()
        found |= dict.fromkeys(each.names.get(provider, own), each.title)
    return {name: title for name, title in found.items() if title}


def searched(text: str) -> str:
    """A text as it is looked through: in small letters, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


def has_words(text: str, words: Sequence[str]) -> bool:
    """Whether a text has all of some words, which are `searched` already."""
    there = searched(text)
    return all(word in there for word in words)
