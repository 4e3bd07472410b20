"""Whether what a provider says of a tournament can be football. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median_low

from dp_pipeline.football.listed_days import THROUGHOUT, Span, is_another_season
from dp_pipeline.football.models import COUNTED, Match, MatchStatus

LONG_BEFORE = timedelta(hours=1)
"""A match that is brought forward by less is played all the same."""
LONG_PAST = timedelta(days=7)
"""A match that was played so long ago has been entered."""
MOST_GOALS = 12
"""Of all decided matches the one in the middle: football comes to 2 or 3, handball to 55."""
MOST_USUAL_GOALS = 4
FEWEST_TO_TELL, FEWEST_SETS_TO_TELL = 5, 10
_FEWEST_SETS = 3
"""Of the loser, as in volleyball 3:0, 3:1 and 3:2: no football comes to these alone."""
FEWEST_DAYS_TO_TELL = 20
"""Of a handful of matches, as of a supercup or a season that begins, the days may all be odd."""
PLAYED_STATUSES: frozenset[MatchStatus] = frozenset({"ended", "live"})
_LISTED: frozenset[MatchStatus] = frozenset({"ended", "awarded", "scheduled", "live"})
_SCORES = [
    f"{side}_{part}"
    for side in ("home", "away")
    for part in ("score", "score_90", "score_ht", "penalties_score")
]
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
    """Matches that are another one again: the same pair and day under another round, or another id.

    Of these the one counts that is stored, or whose round is played around that day. Two results
    that differ are two matches; those to come are one where neither team has a third match that
    day, as on a day that only stands for others.

    Args:
        matches: of a tournament.
        stored: external ids of those that are stored.

    Returns:
        By the external id of one that does not count, the one that does.
    """
    listed = [m for m in matches if m.day and m.round_slug and m.status in _LISTED]
    same: defaultdict[Hashable, list[Match]] = defaultdict(list)
    days: defaultdict[str | None, list[date]] = defaultdict(list)
    playing: Counter[Hashable] = Counter()
    for match in listed:
        day = match.day
        days[match.round_slug] += [day] if day else []
        playing.update(((match.home, day), (match.away, day)))
        same[match.stage, match.home, match.away, day].append(match)
    again: dict[str, Match] = {}
    for versions in same.values():
        results = {(m.home_score, m.away_score) for m in versions if m.status in COUNTED}
        one = len(versions) > 1 and len(results) <= 1
        sides = [(side, m.day) for m in versions for side in (m.home, m.away)]
        alone = all(playing[side] == len(versions) for side in sides)
        if one and (alone or all(match.status in COUNTED for match in versions)):
            ordered = sorted(versions, key=lambda m: _off_round(m, days))
            first, *others = sorted(ordered, key=lambda m: m.external_id not in stored)
            again |= {other.external_id: first for other in others}
    return again


def left_behind(matches: Iterable[Match], now: datetime) -> dict[str, Match]:
    """Matches to come whose day is long past, and that were played under another id of the round.

    Args:
        matches: of a tournament.
        now: the present.

    Returns:
        By the external id of one that does not count, the one that does.
    """
    matches = tuple(matches)
    played = {
        (match.stage, match.round_slug, match.home, match.away): match
        for match in matches
        if match.round_slug and match.status in COUNTED
    }
    past = (now - LONG_PAST).date()
    return {
        match.external_id: other
        for match in matches
        if match.status == "scheduled" and (match.day or past) < past
        if (other := played.get((match.stage, match.round_slug, match.home, match.away)))
    }


def _off_round(match: Match, days: Mapping[str | None, list[date]]) -> tuple[int, str]:
    """How many days a match is off its round."""
    middle = median_low(days[match.round_slug])
    return abs(((match.day or middle) - middle).days), match.external_id


def without_goals(matches: Iterable[Match]) -> frozenset[str]:
    """External ids of the matches of rounds in which, of five or more, nobody scored at all.

    A result of 0:0 is what forms begin with; of 5,333 real rounds none ended like that. Where
    nobody scored in other rounds either, nothing shows it.
    """
    matches = tuple(matches)
    if not any(match.home_score or match.away_score for match in matches):
        return frozenset()
    rounds: defaultdict[Hashable, list[Match]] = defaultdict(list)
    for match in matches:
        if match.round_slug and match.status == "ended" and match.home_penalties_score is None:
            rounds[match.stage, match.round_slug].append(match)
    return frozenset(
        match.external_id
        for listed in rounds.values()
        if len(listed) >= FEWEST_TO_TELL
        and all((match.home_score, match.away_score) == (0, 0) for match in listed)
        for match in listed
    )


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
    return replace(without_score(match), status="scheduled")


def without_score(match: Match) -> Match:
    """The match with no part of its score."""
    return replace(match, **dict.fromkeys(_SCORES))


def with_result_of(match: Match, other: Match) -> Match:
    """The match with what another entry of it has come to, where its own has no result."""
    if match.status in COUNTED or other.status not in COUNTED:
        return match
    scores = {name: getattr(other, name) for name in _SCORES}
    return replace(match, status=other.status, **scores)


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
    if won := _sets_of_winner(matches):
        return f"In all of its matches the winner has {won} goals: these are sets of another sport."
    days = [(match, day) for match in matches if (day := match.day) is not None]
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


def _sets_of_winner(matches: Iterable[Match]) -> int | None:
    """How many sets win a match, where all that are decided end like that: volleyball, tennis."""
    pairs = [
        (match.home_score, match.away_score)
        for match in matches
        if match.home_score is not None and match.away_score is not None
    ]
    won, lost = {max(pair) for pair in pairs}, {min(pair) for pair in pairs}
    enough = len(pairs) >= FEWEST_SETS_TO_TELL and len(won) == 1
    return won.pop() if enough and len(lost - won) >= _FEWEST_SETS else None
