"""Goals of a tournament out of lists per match, the same for every provider. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from dp_pipeline.football.models import Goal, Match
from dp_pipeline.providers.fetched import Absence, Fetched, Finding

FIRST_MINUTE, LAST_MINUTE = 1, 90
LATEST_MINUTE = 130
"""Of extra time with what is added to it; 129 is seen. What is later is a slip of the keyboard."""


def fetched_goals(
    lists: Mapping[str, Sequence[Goal]],
    matches: Sequence[Match],
    findings: Iterable[Finding],
    *,
    without: str,
) -> Fetched[Goal]:
    """The goals of all lists; `covers` names the matches whose list came and can be ordered.

    Args:
        lists: of goals, by external id of the match.
        matches: that the provider gave.
        findings: about the lists.
        without: why there is no goal at all although some were scored, a sentence.
    """
    goals = tuple(goal for match in matches for goal in lists.get(match.external_id, ()))
    covers = frozenset(lists)
    if goals:
        return Fetched(goals, tuple(findings), covers=covers)
    absent = None
    if any(match.home_score or match.away_score for match in matches):
        absent = Absence("not_applicable", without)
    elif not covers:
        absent = Absence("nothing_yet", "No goal has been scored yet.")
    # else there are lists without a goal: none was scored so far, or the only one was taken back
    return Fetched((), tuple(findings), absent, covers)


def in_bounds(minute: int | None) -> int | None:
    """The minute of a goal, if a match can have it."""
    return minute if minute is not None and FIRST_MINUTE <= minute <= LATEST_MINUTE else None
