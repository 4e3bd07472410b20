"""What the list of goals of a match proves: running scores, shoot-out kicks, ninety minutes.

Kicks of a shoot-out are goals with `isPenalty` and a running score that goes on from the match;
their minute is null, 120 or a count (1, 2, ...). A penalty in play has `isPenalty` too.
"""

import re
from collections.abc import Sequence

from dp_pipeline.providers.openligadb.payload import GoalPayload
from dp_pipeline.providers.score import Pair, difference, is_possible_shoot_out

# A goal written as minute 91 to 100 may be stoppage time of the second half or extra time.
LAST_MINUTE, LATEST_STOPPAGE = 90, 100
EXTRA_TIME_ENDS = 120
_KICK = re.compile(r"elfmeterschie|shoot-?out|n\. ?e\.", re.IGNORECASE)


def chain_of(goals: Sequence[GoalPayload] | None) -> tuple[GoalPayload, ...] | None:
    """The goals in order of the running score; None unless each raises one side by one from 0:0.

    Lists come unordered, and some goal or other may never have been entered: such a list proves
    nothing. An empty list proves nothing either, except for a match without goals.
    """
    if goals is None:
        return None
    chain: list[GoalPayload] = []
    before = (0, 0)
    for goal in sorted(goals, key=_in_order):
        now = running_score(goal)
        if now == before:
            continue  # an entry that says nothing new: 0:0 at kick-off, a goal given twice
        if now not in ((before[0] + 1, before[1]), (before[0], before[1] + 1)):
            return None
        before = now
        chain.append(goal)
    return tuple(chain)


def _in_order(goal: GoalPayload) -> tuple[int, bool, int]:
    """By running score; of two entries for one score the one with the earlier minute first."""
    minute = goal.match_minute
    return sum(running_score(goal)), minute is None, minute or 0


def level_before_kicks(chain: Sequence[GoalPayload]) -> list[Pair]:
    """The level scores after which every goal is a penalty: one of them opened the shoot-out."""
    running = [(0, 0), *(running_score(goal) for goal in chain)]
    return [
        score
        for index, score in enumerate(running[:-1])
        if score[0] == score[1] and all(_is_kick(goal) for goal in chain[index:])
    ]


def _is_kick(goal: GoalPayload) -> bool:
    return bool(goal.is_penalty or (goal.comment and _KICK.search(goal.comment)))


def _is_surely_kick(goal: GoalPayload, minute_before: int) -> bool:
    """A penalty in play has a minute after the one before; a kick has none, 120 or a count."""
    if goal.comment and _KICK.search(goal.comment):
        return True
    minute = goal.match_minute
    return bool(goal.is_penalty) and (
        minute is None or minute >= EXTRA_TIME_ENDS or minute < minute_before
    )


def kicks_from_goals(chain: Sequence[GoalPayload] | None) -> tuple[Pair, Pair] | None:
    """The score before the shoot-out and the shoot-out alone, by the goals and nothing else."""
    if not chain:
        return None
    running = [(0, 0), *(running_score(goal) for goal in chain)]
    for level in level_before_kicks(chain):
        start = running.index(level)
        minutes = [g.match_minute for g in chain[:start] if g.match_minute is not None]
        kicks, before = chain[start:], max(minutes, default=0)
        alone = difference(running[-1], level)
        # fewer than two converted kicks may as well be a penalty in play
        if (
            alone
            and sum(alone) > 1
            and is_possible_shoot_out(alone)
            and all(_is_surely_kick(goal, before) for goal in kicks)
        ):
            return level, alone
    return None


def ended_in_90(goals: Sequence[GoalPayload]) -> bool:
    """Whether a decided match cannot have had extra time: not level when ninety minutes were up."""
    latest = goals[-1].match_minute or 0
    at_90 = [running_score(goal) for goal in goals if (goal.match_minute or 0) <= LAST_MINUTE]
    home, away = at_90[-1] if at_90 else (0, 0)
    return latest <= LAST_MINUTE or (home != away and latest <= LATEST_STOPPAGE)


def goals_in_play(
    chain: Sequence[GoalPayload] | None, final: Pair
) -> tuple[GoalPayload, ...] | None:
    """The goals up to the final score, when all are there with minutes that never go back."""
    if not chain:
        return None
    goals = tuple(goal for goal in chain if sum(running_score(goal)) <= sum(final))
    minutes = [goal.match_minute for goal in goals]
    complete = bool(goals) and running_score(goals[-1]) == final
    known = [minute for minute in minutes if minute is not None and minute > 0]
    in_order = len(known) == len(minutes) and known == sorted(known)
    return goals if complete and in_order else None


def level_at_90(goals: Sequence[GoalPayload]) -> Pair | None:
    """The one level score that can have stood after ninety minutes and stoppage time."""
    running = [(0, 0), *(running_score(goal) for goal in goals)]
    minutes = [0, *((goal.match_minute or 0) for goal in goals)]
    level = [
        score
        for index, score in enumerate(running)
        if score[0] == score[1]
        and minutes[index] <= LATEST_STOPPAGE
        and all(minute > LAST_MINUTE for minute in minutes[index + 1 :])
    ]
    return level[0] if len(level) == 1 else None


def running_score(goal: GoalPayload) -> Pair:
    """The score after this goal."""
    return (goal.score_team1, goal.score_team2)
