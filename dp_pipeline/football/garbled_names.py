"""Clubs whose names lost bytes made of two others, and their matches. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import takewhile

from dp_pipeline.football.models import Match

_LETTERS_FOR_EACH_REPLACED = 8


def garbled_matches(
    gone: Iterable[Match], given: Collection[Match], names: Mapping[str, str]
) -> dict[str, str]:
    """Vanished matches that are a listed one under a garbled name, each with the listed one's id.

    Lost bytes join the beginning of one entry and the end of another: of "FK Mlad(á Boleslav" and
    "FK Mladá )Boleslav" they made "FK MladBoleslav" in a round of the one, with opponent and result
    of the other; of two away teams, at the home of the one, with the result of the other. Of the
    52,290 matches of 163 real seasons none is one, whichever vanishes.

    Args:
        gone: stored matches that are not given any more.
        given: the matches of a payload.
        names: of clubs, by external id.
    """
    clubs = {side for match in given for side in (match.home, match.away)}
    listed = [names[club] for club in clubs if club in names]
    guests: defaultdict[str, list[str]] = defaultdict(list)
    for match in given:
        guests[match.home].append(names.get(match.away, ""))

    def is_one(match: Match, other: Match) -> bool:
        if match.home not in clubs:
            club, end, begun = match.home, other.home, listed
            same = match.away == other.away
        else:
            club, end, begun = match.away, other.away, guests[match.home]
            same = match.away not in clubs
        return same and _is_garbled(names.get(club, ""), begun, names.get(end, ""))

    return {
        match.external_id: other.external_id
        for match in gone
        if match.home_score is not None
        for other in given
        if (match.home_score, match.away_score) == (other.home_score, other.away_score)
        and is_one(match, other)
    }


def _is_garbled(name: str, listed: Iterable[str], end: str) -> bool:
    """Whether a name is the beginning of a listed one and then the end of another, or that end.

    A letter or two between them may be another one: "AE L?rissa (GRE)".
    """
    beginning = max((_same_letters(name, other) for other in listed), default=0)
    replaced = len(name) // _LETTERS_FOR_EACH_REPLACED
    return 0 < len(name) <= beginning + replaced + _same_letters(name[::-1], end[::-1])


def _same_letters(one: str, other: str) -> int:
    """How many letters two names begin with in common."""
    return len([*takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))])
