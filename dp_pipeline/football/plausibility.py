"""Whether what is told of a tournament can be football, and whether it is all of it. Pure."""

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median_low

from dp_pipeline.football.models import Match, MatchStatus

LONG_BEFORE = timedelta(hours=1)
"""A match that is brought forward by less is played all the same."""
DECIDED_STATUSES: frozenset[MatchStatus] = frozenset({"ended", "awarded"})
_OTHER_SPORT = re.compile(
    r"\b(?:\w*hand-?ball\w*|hbl|\w*basket-?ball\w*|bbl|nba|\w*volley-?ball\w*|\w*eis-?hockey\w*"
    r"|ice[ -]hockey|nhl|del2?(?= \d)|\w*hockey|american[ -]football|aussie[ -]rules|nfl|gfl|tennis"
    r"|atp|wta|darts?|rugby|baseball|mlb|cricket|futsal|mini-?football|beach[ -]soccer|e-?sports?"
    r"|formel ?1|formula ?1)\b",
    re.IGNORECASE,
)
_FOOTBALL = re.compile(r"football|soccer|fu(?:ss|\u00df)ball|f\u00fatbol|futebol", re.IGNORECASE)


def other_sport_of(text: str) -> str | None:
    """The other sport that a name speaks of ("Handball Bundesliga"); None where it names none."""
    found = _OTHER_SPORT.search(text)
    return found[0] if found else None


def is_football(sport: str) -> bool:
    """Whether a sport is football by the name that a provider gives it."""
    return bool(_FOOTBALL.search(sport)) and other_sport_of(sport) is None


def listed_twice(matches: Iterable[Match], stored: Collection[str] = ()) -> dict[str, Match]:
    """Matches that are another one again: the same pair, day and score under another round.

    Of these the one counts whose round is played around that day, or that is stored.

    Args:
        matches: of a tournament.
        stored: external ids of those that are stored.

    Returns:
        By the external id of one that does not count, the one that does.
    """
    listed = [
        match
        for match in matches
        if match.kickoff_date and match.round_slug and match.status in DECIDED_STATUSES
    ]
    same: defaultdict[Hashable, list[Match]] = defaultdict(list)
    days: defaultdict[str | None, list[date]] = defaultdict(list)
    for match in listed:
        assert match.kickoff_date is not None  # noqa: S101 - for the type checker
        days[match.round_slug].append(match.kickoff_date)
        score = (match.home_score, match.away_score)
        same[match.stage, match.home, match.away, match.kickoff_date, score].append(match)
    again: dict[str, Match] = {}
    for versions in same.values():
        if len({match.round_slug for match in versions}) > 1:
            known = [match for match in versions if match.external_id in stored]
            first = min(known or versions, key=lambda match: _off_round(match, days))
            others = [one for one in versions if one is not first and one not in known]
            again |= {one.external_id: first for one in others}
    return again


def _off_round(match: Match, days: Mapping[str | None, list[date]]) -> tuple[int, str]:
    """How many days a match is off its round."""
    middle = median_low(days[match.round_slug])
    return abs(((match.kickoff_date or middle) - middle).days), match.external_id


def has_not_begun(match: Match, now: datetime) -> bool:
    """Whether a match that is told to be played, or decided, is long before its kick-off."""
    begun = match.status in DECIDED_STATUSES or match.status == "live"
    return begun and match.kickoff_at is not None and match.kickoff_at - now > LONG_BEFORE


def as_scheduled(match: Match) -> Match:
    """The match without what cannot be told of it before it begins."""
    parts = ("score", "score_90", "score_ht", "penalties_score")
    scores = {f"{side}_{part}": None for side in ("home", "away") for part in parts}
    return replace(match, status="scheduled", **scores)
