"""Score and status of one match: what is certain, and what contradicts itself.

ft is after 90 minutes, et after extra time and contains ft, p is the shoot-out alone
(reference: the readme of openfootball/football.json and every one of its 92,900 matches seen).
"""

from dataclasses import dataclass

from dp_pipeline.football.models import MatchStatus
from dp_pipeline.providers.openfootball.payload import RawScore

Goals = tuple[int, int]

_STATUSES: dict[str, MatchStatus] = {
    "abandoned": "abandoned",
    "awarded": "awarded",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "ended": "ended",
    "finished": "ended",
    "full time": "ended",
    "full-time": "ended",
    "in play": "live",
    "in progress": "live",
    "interrupted": "interrupted",
    "live": "live",
    "not started": "scheduled",
    "played": "ended",
    "postponed": "postponed",
    "scheduled": "scheduled",
    "suspended": "interrupted",
    "walkover": "awarded",
}
CONTRADICTIONS = frozenset(
    {"contradicting_extra_time", "contradicting_half_time", "contradicting_score"}
)
"""Kinds of findings about a part that is left empty because its sources disagree."""
_NOT_PLAYED: frozenset[MatchStatus] = frozenset({"scheduled", "postponed", "cancelled"})


@dataclass(frozen=True, slots=True)
class ListedGoals:
    """What a list of goals comes to; at half-time None where a minute is missing."""

    final: Goals
    half_time: Goals | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Status and goals (home, away); a part that is not certain is None.

    `final` is with extra time and without a shoot-out, `given` the one that the file has where it
    is not the one taken. `findings` are (kind, sentence).
    """

    status: MatchStatus
    final: Goals | None = None
    after_90: Goals | None = None
    half_time: Goals | None = None
    penalties: Goals | None = None
    findings: tuple[tuple[str, str], ...] = ()
    given: Goals | None = None


def result_of(score: RawScore, status_text: str | None, goals: ListedGoals | None = None) -> Result:
    """What score and status say together. Without a status, a final score means ended.

    A status that says the match was not played beside a score, and an unknown status, are not
    resolved: the match is "unknown", or has no score, and a finding says so.

    Args:
        score: of the file.
        status_text: likewise.
        goals: what its list of goals comes to; None where there is none.
    """
    findings: list[tuple[str, str]] = []
    half_time, final, penalties = _checked(score, goals, findings)
    written = score.et or score.ft
    after_90 = score.ft if final == written or score.et else final
    # it was played, also where it is not certain how it ended
    played = written if "contradicting_score" in dict(findings) else final
    status = _status(score, status_text, played, findings)
    if status in _NOT_PLAYED and any((score.ht, score.ft, score.et, score.p)):
        findings.append(
            (
                "contradicting_status",
                f"The match is {status} and has a score; the score is not kept.",
            )
        )
        return Result(status, findings=tuple(findings))
    given = written if written != final else None
    return Result(status, final, after_90, half_time, penalties, tuple(findings), given)


def was_played(score: RawScore, status_text: str | None) -> bool:
    """Whether score or status say that a match was begun; an awarded one need not have been."""
    status = _STATUSES.get((status_text or "").casefold())
    has_score = any((score.ht, score.ft, score.et, score.p))
    return status in ("live", "ended") or (has_score and status is None)


def _checked(
    score: RawScore, goals: ListedGoals | None, findings: list[tuple[str, str]]
) -> tuple[Goals | None, Goals | None, Goals | None]:
    """Half-time, final score and shoot-out, each None when it contradicts another part."""
    half_time, penalties = score.ht, score.p
    final = score.et or score.ft
    if goals and final:
        final = _settled(final, goals, half_time, findings)
        half_time = _half_time(half_time, final, goals, findings)
    bound = (score.ft if score.et else final) or score.ft or score.et
    if half_time and bound and not _contains(bound, half_time):
        findings.append(
            (
                "contradicting_half_time",
                f"Half-time {_shown(half_time)} exceeds {_shown(bound)}; half-time is not kept.",
            )
        )
        half_time = None
        if final == (0, 0):
            final = None  # what such a score begins with; neither is certain
    if score.ft and score.et and not _contains(score.et, score.ft):
        findings.append(
            (
                "contradicting_extra_time",
                f"After extra time {_shown(score.et)}, before {_shown(score.ft)}: none is final.",
            )
        )
        final = None
    if penalties and penalties[0] == penalties[1]:
        findings.append(
            (
                "impossible_shootout",
                f"A shoot-out cannot end {_shown(penalties)}; it is not kept.",
            )
        )
        penalties = None
    return half_time, final, penalties


def _settled(
    final: Goals, goals: ListedGoals, half_time: Goals | None, findings: list[tuple[str, str]]
) -> Goals | None:
    """The result, compared with the list of goals; half-time decides where it goes with one alone.

    Fewer goals than the result are a list that is not complete, and no contradiction.
    """
    if _contains(final, goals.final):
        return final
    difference = f"The result is {_shown(final)}, its goals come to {_shown(goals.final)}"
    with_goals = half_time is not None and half_time == goals.half_time
    with_result = half_time is not None and _contains(final, half_time)
    if with_result and not with_goals and goals.half_time is not None:
        # Ukraine - England, Euro 2020: all four of England's stand under Ukraine.
        findings.append(
            ("goals_differ_from_result", f"{difference}; half-time goes with the result.")
        )
        return final
    if with_goals and not with_result:
        findings.append(("result_from_goals", f"{difference}; half-time goes with the goals."))
        return goals.final
    findings.append(("contradicting_score", f"{difference}; neither is kept."))
    return None


def _half_time(
    half_time: Goals | None,
    final: Goals | None,
    goals: ListedGoals,
    findings: list[tuple[str, str]],
) -> Goals | None:
    """Half-time, by the goals where these make the result and half-time is another.

    Japan - Spain, World Cup 2022: given as 0:0, and Morata scored in minute 11.
    """
    by_goals = goals.half_time if goals.final == final else None
    if half_time is None or by_goals is None or half_time == by_goals:
        return half_time
    stated = f"Half-time is given as {_shown(half_time)}"
    detail = f"{stated}; the goals, which make the result, come to {_shown(by_goals)} by then."
    findings.append(("half_time_from_goals", detail))
    return by_goals


def _status(
    score: RawScore,
    text: str | None,
    final: Goals | None,
    findings: list[tuple[str, str]],
) -> MatchStatus:
    if text is None:
        if final:
            return "ended"
        if any((score.ht, score.ft, score.et, score.p)):
            if not (score.ft and score.et):  # that contradiction has its own finding
                findings.append(
                    (
                        "incomplete_score",
                        "There is a score but none after 90 minutes, and no status.",
                    )
                )
            return "unknown"
        return "scheduled"
    status = _STATUSES.get(text.casefold())
    if status is None:
        findings.append(("unknown_status", f"The status {text!r} is not one we know."))
        return "unknown"
    if status == "ended" and not final:
        findings.append(
            ("ended_without_score", f"The status is {text!r} and there is no final score.")
        )
        return "unknown"
    if status == "awarded" and not final:
        findings.append(("awarded_without_score", "The match was awarded, its score is not given."))
    return status


def _contains(later: Goals, earlier: Goals) -> bool:
    return later[0] >= earlier[0] and later[1] >= earlier[1]


def _shown(goals: Goals) -> str:
    return f"{goals[0]}:{goals[1]}"
