"""A team's spelling and the identity behind it. openfootball has no team ids, only names.

The identity is made of the words that stay the same however a club is written: without legal
forms (FC, AFC, CF), founding years and accents, and with the country. "Millwall" and "Millwall FC"
in one file are equal, and "Real Madrid CF (ESP)" in a Champions League file to "Real Madrid" in a
Spanish one.
"""

import re
import unicodedata
from dataclasses import dataclass

_COUNTRY = re.compile(r"(.*\S)\s*\(([A-Z]{3})\)\Z")
# clubs that play in the league next door, and are counted to it in its own files
_PLAYS_IN = {"MCO": "FRA", "LIE": "SUI"}
_LEGAL_FORMS = frozenset(
    """
    1 ac ad afc as bc bk bsc bv ca calcio cd cf cfc cp cr ec ev fc fco ff fk fr fsv gnk hsc jk kaa
    kf krc ks ksv kv kvc losc msv nfc nk ogc ok osc pfc rc rcd rsc sad sc scp sco sd se sg sk sl
    spvgg ss ssc ssv sv tsg tsv tus uc ud us vfb vfl vfr vv
    """.split()  # noqa: SIM905 - readable as a block, not as 80 quoted lines
)
# Words that name no club when alone, or cities in which several clubs write only themselves and
# their legal form: Vitória SC (Guimarães) and Vitória FC (Setúbal) met in one league, SC Bastia and
# CA Bastia played in the two French leagues of 2013-14, TSV 1860 and FC Bayern are both of München.
_NOT_ENOUGH = frozenset(
    """
    athletic atletico austria bastia berlin borussia city club concordia dinamo dynamo eintracht
    fortuna germania independiente leipzig lokomotiv moskva munchen praha racing rapid real rovers
    spartak sporting torpedo town union united viktoria vitoria wien
    """.split()  # noqa: SIM905
)
_SAME_WORD = {"bor": "borussia", "utd": "united"}
_DROPPED_WORDS = frozenset({"and"})
_FOUNDED = re.compile(r"\d{2}\Z|(?:18|19|20)\d{2}\Z")
_SHORTEST = 3  # letters: "B 1903" keeps its number, "AZ" has nothing to drop
_FOLDED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_NOBODY = re.compile(
    r"""
      n\.?\s?n\.? | t\.?b\.?[acd]\.? | to\ be\ (?:determined|announced|confirmed|decided)
    | [?\-\u2013\u2014.]+ | bye | freilos
    | (?:winner|loser|runner-?up|sieger|verlierer|gewinner|vainqueur|ganador|vincente)\b.*
    | [wl]\ ?\d{1,3} | [wl]\ ?(?:qf|sf)\ ?\d | (?:qf|sf)\ ?\d
    | [1-4][a-l](?:/[a-l1-4]{1,2})* | [a-l][1-4]
    | (?:1st|2nd|3rd|4th|first|second|third|fourth|best\ third)\ (?:placed?\ )?(?:of\ )?group\b.*
    | group\ [a-l]\ (?:winners?|runners?-?up|\d).*
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, order=True)
class Spelling:
    """A team as one place of a file writes it.

    `name` is for people, without the country; `country` a FIFA code; `full` all its words and
    `core` those that identify it, both folded and joined by "-".
    """

    name: str
    country: str | None
    full: str
    core: str


def spelling_of(text: str, country: str | None) -> Spelling | None:
    """Read a team's text, None when it has no word. `country` holds where it has no "(ESP)"."""
    suffixed = _COUNTRY.match(text)
    name = suffixed[1] if suffixed else text
    if suffixed:
        country = _PLAYS_IN.get(suffixed[2], suffixed[2])
    words = _words(name)
    if not words:
        return None
    return Spelling(name, country, "-".join(words), "-".join(_core(words)))


def is_placeholder(text: str) -> bool:
    """Whether the text stands for a team not known yet: "N.N.", "Winner QF1", "W49", "1A"."""
    return bool(_NOBODY.fullmatch(text.casefold()))


def slug_of(text: str) -> str:
    """Lower-case words joined by "-", accents folded: "1° Semestre" is "1-semestre"."""
    return "-".join(_folded(text))


def _words(name: str) -> list[str]:
    words = [_SAME_WORD.get(word, word) for word in _folded(name)]
    return [word for word in words if word not in _DROPPED_WORDS] or words


def _folded(text: str) -> list[str]:
    # folded twice: a styled letter such as U+1D54A decomposes to a capital
    text = _without_accents(_without_accents(text).casefold()).translate(_FOLDED)
    text = re.sub(r"(?<=\d)\.", " ", text)
    return re.findall(r"[^\W_]+", re.sub(r"[.'\u2019`]", "", text))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _core(words: list[str]) -> list[str]:
    """The first that names a club: without legal forms and numbers, with numbers, with forms."""
    no_forms = [word for word in words if word not in _LEGAL_FORMS]
    no_numbers = [word for word in words if not _FOUNDED.match(word)]
    neither = [word for word in no_forms if not _FOUNDED.match(word)]
    return next(filter(_names_a_club, (neither, no_forms, no_numbers)), words)


def _names_a_club(words: list[str]) -> bool:
    alone_too_little = len(words) == 1 and words[0] in _NOT_ENOUGH
    return len("".join(words)) >= _SHORTEST and not alone_too_little
