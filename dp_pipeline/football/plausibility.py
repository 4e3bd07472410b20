"""Whether what a provider says of a tournament can be football. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median_low

from dp_pipeline.football.listed_days import THROUGHOUT, Span, is_another_season
from dp_pipeline.football.models import Match, MatchStatus

LONG_BEFORE = timedelta(hours=1)
"""A match that is brought forward by less is played all the same."""
MOST_GOALS = 12
"""Of all decided matches the one in the middle: football comes to 2 or 3, handball to 55."""
MOST_USUAL_GOALS = 4
FEWEST_TO_TELL = 5
FEWEST_DAYS_TO_TELL = 20
"""Of a handful of matches, as of a supercup or a season that begins, the days may all be odd."""
PLAYED_STATUSES: frozenset[MatchStatus] = frozenset({"ended", "live"})
_DECIDED: frozenset[MatchStatus] = frozenset({"ended", "awarded"})
_OTHER_SPORT = re.compile(
    r"\b(?:\w*hand-?ball\w*|hbl|\w*basket-?ball\w*|bbl|nba|\w*volley-?ball\w*|\w*eis-?hockey\w*"
    r"|ice[ -]hockey|nhl|del2?(?= \d)|\w*hockey|american[ -]football|aussie[ -]rules|nfl|gfl|tennis"
    r"|atp|wta|darts?|rugby|baseball|mlb|cricket|futsal|mini-?football|beach[ -]soccer|e-?sports?"
    r"|formel ?1|formula ?1)\b",
    re.IGNORECASE,
)
_FOOTBALL = re.compile(r"football|soccer|fu(?:ss|\u00df)ball|f\u00fatbol|futebol", re.IGNORECASE)


def other_sport_of(text: str) -> str | None:
    """The other word that a name speaks of ("Handball Bundesliga"); None where it names none."""
    word = _OTHER_SPORT.search(text)
    return word[0] if word else None


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
        if match.kickoff_date and match.round_slug and match.status in _DECIDED
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
            kept = [match for match in versions if match.external_id in stored]
            first = min(kept or versions, key=lambda match: _off_round(match, days))
            others = [one for one in versions if one is not first and one not in kept]
            again |= {one.external_id: first for one in others}
    return again


def _off_round(match: Match, days: Mapping[str | None, list[date]]) -> tuple[int, str]:
    """How many days a match is off its round."""
    middle = median_low(days[match.round_slug])
    return abs(((match.kickoff_date or middle) - middle).days), match.external_id


def has_not_begun(match: Match, now: datetime) -> bool:
    """Whether a match that is given as played is long before its kick-off.

    One may be awarded before its day: of a club that has withdrawn, the rest of the season is.
    """
    return (
        match.status in PLAYED_STATUSES
        and match.kickoff_at is not None
        and match.kickoff_at - now > LONG_BEFORE
    )


def as_scheduled(match: Match) -> Match:
    """The match without what nobody can know before it begins."""
    parts = ("score", "score_90", "score_ht", "penalties_score")
    scores = {f"{side}_{part}": None for side in ("home", "away") for part in parts}
    return replace(match, status="scheduled", **scores)


def middle_goals(matches: Iterable[Match]) -> int:
    """Of the decided matches, how many goals the one in the middle has; 0 where too few tell."""
    goals = [
        match.home_score + match.away_score
        for match in matches
        if match.home_score is not None and match.away_score is not None
    ]
    return median_low(goals) if len(goals) >= FEWEST_TO_TELL else 0


def why_not_believed(matches: Sequence[Match], span: Span | None) -> str | None:
    """Why nothing of a first read can be stored, a sentence; None when it can.

    Args:
        matches: all that came.
        span: the days that the season can have; None where that is not known.
    """
    if (goals := middle_goals(matches)) > MOST_GOALS:
        return f"Half of its matches have {goals} goals or more: that is no football."
    days = [(match, day) for match in matches if (day := _day(match)) is not None]
    if len(days) < FEWEST_DAYS_TO_TELL:
        return None
    outside = [day for _, day in days if span is not None and day not in span]
    if span is not None and is_another_season([day for _, day in days], span):
        return (
            f"Of its {len(days)} days {len(outside)} are outside the season, from {min(outside)} "
            f"to {max(outside)}."
        )
    playing = Counter((side, day) for match, day in days for side in (match.home, match.away))
    twice = [m for m, day in days if max(playing[m.home, day], playing[m.away, day]) > 1]
    if len(twice) >= THROUGHOUT * len(days):
        return f"In {len(twice)} of its {len(days)} matches a team plays twice on one day."
    return None


def _day(match: Match) -> date | None:
    at = match.kickoff_at
    return match.kickoff_date or (at.date() if at else None)
