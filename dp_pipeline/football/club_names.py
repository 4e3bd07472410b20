"""Club names: the words by which a spelling identifies a club, and which names of a season are one.

The words are those that stay the same however a club is written: without legal forms (FC, AFC,
CF), founding years and accents. A spelling is no identity all the same: within a season "Bolton" is
"Bolton Wanderers" when it is part of no other name, the two never meet and never play in the same
round, and the fixture list is more complete with them as one. Other seasons are told by aliases.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

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
# A club's second team, youth or women beside the club itself: Real Madrid B is not Real Madrid,
# nor Sevilla Atlético Sevilla.
_WOMEN = frozenset(
    """
    femenina femenino feminin feminine feminines feminino femminile frauen ladies w women womens
    """.split()  # noqa: SIM905
)
_YOUTH = frozenset("jr junior juniors u15 u16 u17 u18 u19 u20 u21 u23 youth young".split())  # noqa: SIM905
_SECOND = frozenset(
    """
    2 3 ii iii b c am amateur amateure amateurs atletic atletico castilla futuro gen jong next
    promesas reserve reserves sub violets
    """.split()  # noqa: SIM905
)
_OTHER_TEAM = _WOMEN | _YOUTH | _SECOND
_SAME_WORD = {"bor": "borussia", "utd": "united"}
_DROPPED_WORDS = frozenset({"and"})
_FOUNDED = re.compile(r"\d{2}\Z|(?:18|19|20)\d{2}\Z")
_SHORTEST = 3  # letters: "B 1903" keeps its number, "AZ" has nothing to drop
_FOLDED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)

_MOST_HAVE = 0.75
_OF_MOST_GAMES = 0.7
"""In a league three quarters of the clubs have seven tenths of the most games; of a cup's 64 first
entrants half have one game and two have six: there a name that is short is no hint."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True, order=True)
class Spelling:
    """A team as one place writes it.

    `name` is for people, without the country; `country` a FIFA code; `full` all its words and
    `core` those that identify it, both folded and joined by "-".
    """

    name: str
    country: str | None
    full: str
    core: str

    def key(self, scope: str | None = None) -> str:
        """The core with the country, "arsenal-eng"; `scope` stands where there is no country."""
        ending = (self.country or scope or "").lower()
        return f"{self.core}-{ending}" if ending else self.core


@lru_cache(maxsize=5_000)  # a file names each of its teams twice a round
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


def folded_words(text: str) -> list[str]:
    """The words of a text in lower case, accents folded."""
    # folded twice: a styled letter such as U+1D54A decomposes to a capital
    text = _without_accents(_without_accents(text).casefold()).translate(_FOLDED)
    text = re.sub(r"(?<=\d)\.", " ", text)
    return re.findall(r"[^\W_]+", re.sub(r"[.'\u2019`]", "", text))


def is_part(one: Spelling, other: Spelling) -> bool:
    """Whether the one may be short for the other: its words are, in order, words of the other.

    "Bolton" for "Bolton Wanderers", "Man Utd" for "Manchester United", "QPR" for "Queens Park
    Rangers", "Celtic FC" for "Celtic FC (SCO)". Never for a second team.
    """
    if one.country not in (None, other.country) or _second_team(one) != _second_team(other):
        return False
    cores, fulls = (one.core, other.core), (one.full, other.full)
    return any(_abbreviates(a.split("-"), b.split("-")) for a, b in (cores, fulls))


@dataclass(frozen=True, slots=True)
class Meeting(Generic[K]):
    """A fixture as far as it tells names apart: its round, its day, and the two that meet."""

    home: K
    away: K
    round: str | None = None
    day: str | None = None


def squad_of(names: Iterable[str], labels: Iterable[str]) -> str:
    """Which team of its club one is: "men", "women", "u19", "women u19", "second".

    Args:
        names: of the team, wherever it plays.
        labels: of the competition; "2" says nothing there.
    """
    named = [folded_words(name) for name in names]
    words = {word for each in [*named, *map(folded_words, labels)] for word in each}
    second = any(len(each) > 1 and each[-1] in _SECOND for each in named)
    women = ["women"] if words & _WOMEN else []
    squad = [*women, *sorted(words & _YOUTH), *(["second"] if second else [])]
    return " ".join(squad) or "men"


def meet_or_coincide(one: K, other: K, meetings: Iterable[Meeting[K]]) -> bool:
    """Whether a season shows two names to be two clubs.

    They meet, or in one round (one day, where there are no rounds) both play, against others; the
    same pairing twice is one fixture listed twice.
    """
    against: dict[K, defaultdict[str, set[K]]] = {one: defaultdict(set), other: defaultdict(set)}
    for meeting in meetings:
        if {meeting.home, meeting.away} == {one, other}:
            return True
        place = meeting.round or meeting.day
        if place is None:
            continue
        for club, opponent in ((meeting.home, meeting.away), (meeting.away, meeting.home)):
            if club in against:
                against[club][place].add(opponent)
    shared = against[one].keys() & against[other].keys()
    return any(against[one][place] != against[other][place] for place in shared)


def short_names(
    spellings: Mapping[K, Iterable[Spelling]], meetings: Sequence[Meeting[K]]
) -> dict[K, K]:
    """Which names of one season are short for another one of it, each with that other one.

    Args:
        spellings: of the clubs as they are told apart so far.
        meetings: every fixture of the season between them.
    """
    joined: dict[K, K] = {}
    refused: set[K] = set()
    written = {club: tuple(each) for club, each in spellings.items()}
    while candidates := _candidates(written, refused):
        same = {
            club
            for club, long in candidates.items()
            if {each.full for each in written[club]} & {each.full for each in written[long]}
        }
        agreed = _agreeing(candidates, same, _renamed(meetings, joined))
        refused |= candidates.keys() - agreed.keys()
        for short, long in agreed.items():
            written[long] += written.pop(short)
        joined = {club: agreed.get(long, long) for club, long in joined.items()} | agreed
    return joined


def _candidates(written: Mapping[K, tuple[Spelling, ...]], refused: Collection[K]) -> dict[K, K]:
    """The names that are part of exactly one other, each with that one; it stays as it is."""
    longer = {
        club: [
            other
            for other, others in written.items()
            if other != club and any(is_part(a, b) for a in spellings for b in others)
        ]
        for club, spellings in written.items()
        if club not in refused
    }
    parts = {club: others[0] for club, others in longer.items() if len(others) == 1}
    # "A" for "A B" after "A B" for "A B C"
    return {club: long for club, long in parts.items() if long not in parts}


def _agreeing(
    candidates: Mapping[K, K], same: Collection[K], meetings: Sequence[Meeting[K]]
) -> dict[K, K]:
    """Those of the candidates to which the fixtures agree when they are joined at once.

    Args:
        candidates: names that may be short, each with the long one.
        same: those that lack the country alone, so that a cup's fixtures need not show it.
        meetings: every fixture.
    """
    agreed = dict(candidates)
    while True:
        wrong = {
            club
            for club, long in agreed.items()
            if meet_or_coincide(club, long, _renamed(meetings, {**agreed, club: club}))
        }
        if not wrong:  # else those show in the games of all others
            together = _renamed(meetings, agreed)
            hinted = {club: long for club, long in agreed.items() if club not in same}
            wrong = {club for club, long in hinted.items() if not _completes(long, together)}
        if not wrong:
            return agreed
        agreed = {club: long for club, long in agreed.items() if club not in wrong}


def _completes(club: K, meetings: Sequence[Meeting[K]]) -> bool:
    """Whether a club that two names were joined to fits into the fixture list of a league."""
    games = Counter(side for meeting in meetings for side in (meeting.home, meeting.away))
    most = max((count for each, count in games.items() if each != club), default=0)
    many = sum(count >= most * _OF_MOST_GAMES for count in games.values())
    pairings = Counter((meeting.home, meeting.away) for meeting in meetings)
    repeated = max((n for pair, n in pairings.items() if club not in pair), default=1)
    return (
        games[club] <= most
        and many >= len(games) * _MOST_HAVE
        and all(n <= repeated for pair, n in pairings.items() if club in pair)
    )


def _renamed(meetings: Sequence[Meeting[K]], names: Mapping[K, K]) -> list[Meeting[K]]:
    """The meetings under other names, those that are then the same fixture of one round once."""
    fixtures = dict.fromkeys(
        (names.get(m.home, m.home), names.get(m.away, m.away), m.round, None if m.round else m.day)
        for m in meetings
    )
    return [Meeting(*each) for each in fixtures]


def is_second_team(key: str) -> bool:
    """Whether the key of a name is that of a club's second, youth or women's team."""
    return bool(_OTHER_TEAM & frozenset(key.split("-")))


def _second_team(spelling: Spelling) -> frozenset[str]:
    return _OTHER_TEAM & frozenset(spelling.full.split("-"))


def _abbreviates(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each word of the one is, begins, or is the initials of words of the other."""
    if not one:
        return True
    word, rest = one[0], one[1:]
    for at, whole in enumerate(other):
        begins = whole == word or (len(word) >= _SHORTEST and whole.startswith(word))
        if begins and _abbreviates(rest, other[at + 1 :]):
            return True
        end = at + len(word)
        initials = "".join(each[0] for each in other[at:end])
        if len(word) > 1 and initials == word and _abbreviates(rest, other[end:]):
            return True
    return False


def _words(name: str) -> list[str]:
    words = [_SAME_WORD.get(word, word) for word in folded_words(name)]
    return [word for word in words if word not in _DROPPED_WORDS] or words


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
