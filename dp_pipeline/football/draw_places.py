"""Names that stand for a place in a draw and not for a team: "Sieger HF1", "3A/B/C", "TBD". Pure.

A new word of such names belongs here, once for all providers.
"""

import re
from functools import lru_cache

_NOBODY = re.compile(
    r"""
      n\.?\s?n\.?(?:\s?\d+)? | n\.?/?a\.? | t\.?b\.?[acd]\.?(?:\ ?\d+)?
    | to\ be\ (?:determined|decided|announced|confirmed)
    | [?\-\u2013\u2014.]+ | bye | spielfrei | freilos | unknown | unbekannt
    | (?:noch\ )?offen | platzhalter.*
    | (?:winner|loser|runner-?up|runners-?up|qualifier|sieger|verlierer|gewinner|vainqueur|ganador
      |vincente)\d*(?:[\ /:.\#-].*)?
    | [wl]\ ?\d{1,3} | (?:[qsavh]f|r\d{1,2}|m)\ ?\d{1,3} | [wl]\ ?[qsavh]f\ ?\d
    | \d\.?\ ?[a-p](?:/[a-p1-4]{1,2})* | [a-p][1-4](?:/[a-p]?[1-4])*
    | (?:team|mannschaft|verein|club|nation|pot|topf|seed|slot|group|gruppe)\ ?(?:[a-z]|\d{1,2})
    """,
    re.VERBOSE,
)
_EITHER_OF_SOME = re.compile(r"[A-Z]{3}(?: ?/ ?[A-Z]{3})+")  # of World Cup 2026: ARG/CPV

# Of a place every word is one of these, a letter or a number, and one at least is of the first.
_PLACES = frozenset(
    (
        *("winner", "winners", "loser", "losers", "runnerup", "runnersup", "qualifier", "best"),
        *("first", "second", "third", "fourth", "1st", "2nd", "3rd", "4th", "place", "placed"),
        *("group", "pot", "seed", "slot", "playoff", "playoffs", "path", "finalist"),
        *("sieger", "gewinner", "verlierer", "gruppe", "gr", "platz", "topf", "pfad"),
        *("erster", "zweiter", "dritter", "vierter", "beste", "bester", "platzierter"),
        *(f"gruppen{n}" for n in ("sieger", "erster", "zweiter", "dritter", "vierter", "ersten")),
        *("gruppenzweiten", "gruppendritten", "halbfinalist", "viertelfinalist"),
        *("achtelfinalist",),
    )
)
_BESIDE = frozenset(
    (
        *("of", "the", "from", "in", "team", "teams", "match", "game", "round", "leg", "tie"),
        *("semifinal", "semifinals", "quarterfinal", "quarterfinals", "final", "finals", "semi"),
        *("quarter", "stage", "league", "phase", "knockout", "tournament", "intercontinental"),
        *("uefa", "fifa", "caf", "afc", "concacaf", "conmebol", "ofc", "ic", "european"),
        *("der", "des", "die", "aus", "vom", "im", "mannschaft", "spiel", "partie", "runde"),
        *("finale", "finals", "halbfinale", "viertelfinale", "achtelfinale", "zwischenrunde"),
        *(
            "sechzehntelfinale",
            "hauptrunde",
            "vorrunde",
            "turnier",
            "tabellen",
            "gruppenphase",
            "ligaphase",
        ),
    )
)
_CODE = re.compile(r"[a-p]{1,6}|\d{1,3}|[a-p]\d|\d[a-p]|(?:[qsavh]f|[rmwlg])\d{0,3}")


@lru_cache(1_000)
def is_place_in_draw(name: str) -> bool:
    """Whether a name is that of a place, whose team is not known yet."""
    text = name.strip().casefold()
    if _NOBODY.fullmatch(text) or _EITHER_OF_SOME.fullmatch(name.strip()):
        return True
    text = re.sub(r"\b(play|runner|runners)[ -](offs?|up)\b", r"\1\2", text)
    words = re.findall(r"\w+", text)
    known = all(w in _PLACES or w in _BESIDE or _CODE.fullmatch(w) for w in words)
    return known and any(word in _PLACES for word in words)
