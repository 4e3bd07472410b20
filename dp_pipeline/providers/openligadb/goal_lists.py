"""OpenLigaDB's lists of goals as ours: order, side and what cannot be ordered.

A list comes in any order; the running score orders it and says whose goal each is. Of 2,207 goals
recorded none has a side of its own. An entry of 0:0 is no goal. Kicks of a shoot-out are entries,
too: where the match ended is known from its score.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from dp_pipeline.football.models import FINAL_STATUSES, Goal, Match, Round
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.goal_lists import LAST_MINUTE, fetched_goals, in_bounds
from dp_pipeline.providers.openligadb.goals import chain_of, kicks_from_goals, running_score
from dp_pipeline.providers.openligadb.payload import GoalPayload, MatchPayload
from dp_pipeline.providers.openligadb.score import SHOOT_OUT
from dp_pipeline.providers.openligadb.teams import last_touched
from dp_pipeline.providers.score import Pair, is_reachable, text_of

# "+7" beside minute 90 is the added time; seen in 11 of 1,740 goals of two seasons.
_ADDED = re.compile(r"\+\s*(\d{1,2})")
_PERIODS_END = frozenset({45, 90, 105, 120})
# Beside a goal whose isOwnGoal is false: Hradecky for Belgium, Euro 2020.
_OWN_GOAL = re.compile(r"eigentor|own goal", re.IGNORECASE)


class _UnorderedError(Exception):
    """A list whose goals are in no sound order; the text is a sentence."""


def goals_of(
    payloads: Iterable[MatchPayload], matches: Sequence[Match], rounds: Iterable[Round]
) -> Fetched[Goal]:
    """The goals of the matches that payloads came to; of one match the last updated payload."""
    leagues = {round_.slug for round_ in rounds if round_.type == "season"}
    latest = {str(p.match_id): p for p in sorted(payloads, key=last_touched)}
    lists: dict[str, list[Goal]] = {}
    findings: list[Finding] = []
    for match in matches:
        payload = latest.get(match.external_id)
        if payload is None:
            continue
        try:
            entries, beyond = _without_bare(_in_play(payload, match), match)
            goals, odd = _walk(entries, match, no_extra_time=match.round_slug in leagues)
        except _UnorderedError as error:
            # while it is played, the next poll may well find it mended
            left_out = match.status in FINAL_STATUSES
            findings.append(Finding("goals_unordered", payload.subject, str(error), left_out))
            continue
        lists[match.external_id] = goals
        findings += [Finding(reason, payload.subject, text) for reason, text in (*odd, *beyond)]
    without = "OpenLigaDB has no goals of this tournament, only results."
    return fetched_goals(lists, matches, findings, without=without)


def _in_play(payload: MatchPayload, match: Match) -> list[GoalPayload]:
    """The entries that are goals and no kicks of a shoot-out, in order, if that is certain."""
    if payload.goals is None:
        message = "An entry of its list of goals cannot be read; the list is left out."
        raise _UnorderedError(message)
    goals = [goal for goal in payload.goals if running_score(goal) != (0, 0)]
    goals.sort(key=lambda goal: sum(running_score(goal)))
    ends = _before_kicks(payload, match)
    return goals if ends is None else [g for g in goals if sum(running_score(g)) <= sum(ends)]


def _before_kicks(payload: MatchPayload, match: Match) -> Pair | None:
    """The score before a shoot-out; None when there was none."""
    if match.home_penalties_score is not None and (final := _final(match)):
        return final
    if any(result.result_type_id == SHOOT_OUT for result in payload.match_results):
        message = "Which of its goals are kicks of the shoot-out is not certain; none is stored."
        raise _UnorderedError(message)
    kicks = None if match.status in FINAL_STATUSES else kicks_from_goals(chain_of(payload.goals))
    return kicks[0] if kicks else None


def _final(match: Match) -> Pair | None:
    if match.home_score is None or match.away_score is None:
        return None
    return match.home_score, match.away_score


def _without_bare(
    entries: Sequence[GoalPayload], match: Match
) -> tuple[list[GoalPayload], list[tuple[str, str]]]:
    """The entries without those that say nothing but a score which the match never came to.

    Frankfurt - Bayern of August 2022 ended 1:6, and an entry of 1:7 has neither minute nor scorer.
    """
    final = _final(match)
    if match.status not in FINAL_STATUSES or final is None:
        return [*entries], []
    bare = [
        goal
        for goal in entries
        if not is_reachable(running_score(goal), final)
        and goal.match_minute is None
        and not goal.goal_getter_name
    ]
    detail = "The match ended {}; {} has neither minute nor scorer and is not stored."
    odd = [
        ("goal_beyond_result", detail.format(text_of(final), text_of(running_score(goal))))
        for goal in bare
    ]
    return [goal for goal in entries if goal not in bare], odd


def _walk(
    entries: Sequence[GoalPayload], match: Match, *, no_extra_time: bool
) -> tuple[list[Goal], list[tuple[str, str]]]:
    """The goals by running score, each with its side, and what is odd."""
    goals: list[Goal] = []
    odd: list[tuple[str, str]] = []
    before = (0, 0)
    for _, same in groupby(entries, key=lambda goal: sum(running_score(goal))):
        given = list(same)
        now = running_score(given[0])
        if any(running_score(goal) != now for goal in given) or not is_reachable(before, now):
            last = next((running_score(g) for g in given if running_score(g) != now), before)
            message = (
                f"A goal for {text_of(now)} does not go with one for {text_of(last)}; its list of "
                "goals is left out."
            )
            raise _UnorderedError(message)
        home, away = now[0] > before[0], now[1] > before[1]
        if home and away:
            detail = (
                f"After {text_of(before)} comes {text_of(now)}; whose goal that is, is not certain."
            )
            odd.append(("goal_without_side", f"{detail} It is not stored."))
        else:
            goal, differing = _agreed([_goal(g, match, no_extra_time=no_extra_time) for g in given])
            side, ordinal = ("home", now[0]) if home else ("away", now[1])
            goals.append(replace(goal, side=side, ordinal=ordinal))
            if differing:
                detail = f"The goal for {text_of(now)} is given in {len(given)} ways; {differing}."
                odd.append(("goal_given_twice", detail))
        before = now
    return goals, odd


def _goal(goal: GoalPayload, match: Match, *, no_extra_time: bool) -> Goal:
    home, away = running_score(goal)
    minute, added = _minute(goal, no_extra_time=no_extra_time)
    own = bool(goal.comment and _OWN_GOAL.search(goal.comment))
    return Goal(
        match=match.external_id,
        side="home",
        ordinal=1,
        minute=minute,
        added_time=added,
        scorer=goal.goal_getter_name or None,
        penalty=goal.is_penalty,
        own_goal=True if own else goal.is_own_goal,
        home_score=home,
        away_score=away,
    )


def _minute(goal: GoalPayload, *, no_extra_time: bool) -> tuple[int | None, int | None]:
    """Minute and added time. isOvertime marks both added time and extra time: it says neither."""
    minute = in_bounds(goal.match_minute)
    added = _ADDED.fullmatch(goal.comment or "")
    if added and minute in _PERIODS_END:
        return minute, int(added[1])
    if minute is not None and minute > LAST_MINUTE and no_extra_time:
        return LAST_MINUTE, minute - LAST_MINUTE
    return minute, None


def _agreed(entries: Sequence[Goal]) -> tuple[Goal, str | None]:
    """One goal out of the entries for it: what they say alike; and what they do not."""
    first = entries[0]
    if len(set(entries)) == 1:
        return first, None
    names = ("minute", "added_time", "scorer", "penalty", "own_goal")
    values = {name: {getattr(goal, name) for goal in entries} - {None} for name in names}
    differing = [name.replace("_", " ") for name in names if len(values[name]) > 1]
    agreed = {name: next(iter(v)) if len(v) == 1 else None for name, v in values.items()}
    kept = f"their {' and '.join(differing)} is left empty" if differing else None
    return replace(first, **agreed), kept
