"""openfootball's lists of goals as ours: one list per side, in any order, where a file has them.

Of 279 season files of leagues none has lists; those of world cups and European championships do.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from dp_pipeline.football.models import Goal, Match, Side
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.goal_lists import fetched_goals, in_bounds
from dp_pipeline.providers.openfootball.fixtures import Fixture
from dp_pipeline.providers.openfootball.payload import GoalEntry, RawMatch
from dp_pipeline.providers.openfootball.results import ListedGoals

HALF_TIME = 45
_MINUTE = re.compile(r"(\d{1,3})'?(?:\s*\+\s*(\d{1,2})'?)?")

Minute = tuple[int | None, int | None]
"""Minute and added time."""
Lists = tuple[tuple[GoalEntry, ...], tuple[GoalEntry, ...]]


def goals_of(
    made_of: Mapping[str, Sequence[Fixture]], matches: Sequence[Match], *, file: str
) -> Fetched[Goal]:
    """The goals of the given matches.

    Args:
        made_of: the entries that each match was made of, by its external id.
        matches: in order.
        file: season and competition as in the path.
    """
    lists: dict[str, list[Goal]] = {}
    findings: list[Finding] = []
    for match in matches:
        fixtures = made_of[match.external_id]
        lists_of_match = [
            (fixture.raw.goals1 or (), fixture.raw.goals2 or ())
            for fixture in fixtures
            if fixture.raw.goals1 is not None or fixture.raw.goals2 is not None
        ]
        if not lists_of_match:
            if (match.home_score, match.away_score) == (0, 0):
                lists[match.external_id] = []  # there is nothing to list
            continue
        if any(one != lists_of_match[0] for one in lists_of_match):
            subject = min(fixture.subject for fixture in fixtures)
            detail = f"The file has its goals in {len(lists_of_match)} ways; none is stored."
            findings.append(Finding("goals_unordered", subject, detail, left_out=True))
            continue
        lists[match.external_id] = _ordered(lists_of_match[0], match)
    without = f"openfootball's file {file}.json has results and no lists of goals."
    return fetched_goals(lists, matches, findings, without=without)


def goals_listed(raw: RawMatch) -> ListedGoals | None:
    """What the lists of goals of an entry come to; None where there are none."""
    if raw.goals1 is None and raw.goals2 is None:
        return None
    sides = raw.goals1 or (), raw.goals2 or ()
    minutes = [[_minute(goal)[0] for goal in side] for side in sides]
    if any(minute is None for side in minutes for minute in side):
        return ListedGoals((len(sides[0]), len(sides[1])))
    early = [sum(minute <= HALF_TIME for minute in side if minute) for side in minutes]
    return ListedGoals((len(sides[0]), len(sides[1])), (early[0], early[1]))


def _ordered(lists: Lists, match: Match) -> list[Goal]:
    """The goals of both sides, the score after each where that is certain."""
    sides: tuple[tuple[Side, tuple[GoalEntry, ...]], ...]
    sides = ("home", lists[0]), ("away", lists[1])
    timed = [
        (side, ordinal, entry, minute)
        for side, entries in sides
        for ordinal, (entry, minute) in enumerate(_by_minute(entries), start=1)
    ]
    complete = (len(lists[0]), len(lists[1])) == (match.home_score, match.away_score)
    certain = complete and all(minute[0] is not None for *_, minute in timed)
    after = _scores([(side, minute) for side, _, _, minute in timed]) if certain else {}
    return [
        Goal(
            match=match.external_id,
            side=side,
            ordinal=ordinal,
            minute=minute[0],
            added_time=minute[1],
            scorer=entry.name,
            penalty=entry.penalty,
            own_goal=entry.owngoal,
            home_score=score[0],
            away_score=score[1],
        )
        for side, ordinal, entry, minute in timed
        for score in (after.get((side, ordinal), (None, None)),)
    ]


def _by_minute(entries: Sequence[GoalEntry]) -> list[tuple[GoalEntry, Minute]]:
    """In order of minutes, as some lists go by scorer; as listed where a minute is missing."""
    timed = [(entry, _minute(entry)) for entry in entries]
    if any(minute is None for _, (minute, _) in timed):
        return timed
    return sorted(timed, key=lambda one: _moment(one[1]))


def _minute(entry: GoalEntry) -> Minute:
    parsed = _MINUTE.fullmatch(str(entry.minute).strip()) if entry.minute is not None else None
    minute = in_bounds(int(parsed[1])) if parsed else None
    if parsed is None or minute is None:
        return None, None
    return minute, int(parsed[2]) if parsed[2] else in_bounds(entry.offset)


def _scores(goals: Sequence[tuple[str, Minute]]) -> dict[tuple[str, int], tuple[int, int]]:
    """The score after each goal, by side and ordinal; not of both sides' goals of one moment."""
    scores: dict[tuple[str, int], tuple[int, int]] = {}
    count = Counter({"home": 0, "away": 0})
    ordered = sorted(goals, key=lambda goal: _moment(goal[1]))
    for _, same in groupby(ordered, key=lambda goal: _moment(goal[1])):
        sides = [side for side, _ in same]
        for side in sides:
            count[side] += 1
            if len(set(sides)) == 1:
                scores[side, count[side]] = count["home"], count["away"]
    return scores


def _moment(minute: Minute) -> tuple[int, int]:
    return minute[0] or 0, minute[1] or 0
