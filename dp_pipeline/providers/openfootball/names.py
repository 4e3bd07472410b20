"""Texts that stand for a team not known yet, and texts as parts of an address."""

import re

from dp_pipeline.football.club_names import folded_words

_NOBODY = re.compile(
    r"""
      n\.?\s?n\.? | t\.?b\.?[acd]\.? | to\ be\ (?:determined|announced|confirmed|decided)
    | [?\-\u2013\u2014.]+ | bye | freilos
    | (?:winner|loser|runner-?up|sieger|verlierer|gewinner|vainqueur|ganador|vincente)\b.*
    | .*\b(?:path|play-?offs?)\ [a-z0-9]\ (?:winners?|losers?)
    | [wl]\ ?\d{1,3} | [wl]\ ?(?:qf|sf)\ ?\d | (?:qf|sf)\ ?\d
    | [1-4][a-l](?:/[a-l1-4]{1,2})* | [a-l][1-4]
    | (?:1st|2nd|3rd|4th|first|second|third|fourth|best\ third)\ (?:placed?\ )?(?:of\ )?group\b.*
    | group\ [a-l]\ (?:winners?|runners?-?up|\d).*
    """,
    re.VERBOSE,
)


def is_placeholder(text: str) -> bool:
    """Whether the text stands for a team not known yet: "N.N.", "W49", "1A", "IC Path 1 winner"."""
    return bool(_NOBODY.fullmatch(text.casefold()))


def slug_of(text: str) -> str:
    """Lower-case words joined by "-", accents folded: "1° Semestre" is "1-semestre"."""
    return "-".join(folded_words(text))
