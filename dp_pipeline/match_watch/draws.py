"""Whether a tournament waits for a draw or for fixtures. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from dp_pipeline.football.models import Match, MatchStatus, Mode, Round, TournamentStatus
from dp_pipeline.providers.polling import waiting_for_draw

OPEN: frozenset[MatchStatus] = frozenset({"scheduled", "live", "interrupted", "unknown"})
_GOING_ON = frozenset({"active", "upcoming"})


def _groups_alone(mode: Mode, matches: Sequence[Match]) -> bool:
    """Whether several groups were played and no knockout round is known."""
    groups = {match.group_name for match in matches if match.group_name}
    return mode == "regular-season-only" and len(groups) > 1


def awaits_draw(
    status: TournamentStatus, mode: Mode, rounds: Sequence[Round], matches: Sequence[Match]
) -> bool:
    """Whether matches are to come that nobody knows yet, and could be known now.

    That is so when a round is over and the next one has no match, and when a cup that is not over
    has nothing left to be played: its next round may not even be listed. Groups that are played
    look like a league that is over, until the knockout rounds behind them are listed.
    """
    if status not in _GOING_ON and not (status == "completed" and _groups_alone(mode, matches)):
        return False
    still_open = {match.round_slug for match in matches if match.status in OPEN}
    if not still_open:
        return bool(matches) and (
            mode != "regular-season-only"
            or _groups_alone(mode, matches)
            or bool(waiting_for_draw(rounds, matches))
        )
    with_matches = {match.round_slug for match in matches}
    before = dict(zip((r.slug for r in rounds[1:]), rounds, strict=False))
    return any(
        round_.slug not in with_matches and before[round_.slug].slug not in still_open
        for round_ in waiting_for_draw(rounds, matches)
    )


def last_kickoff(matches: Sequence[Match]) -> datetime | None:
    """When the last of the matches kicks off, as far as days are known."""
    kickoffs = [match.kickoff_at for match in matches if match.kickoff_at]
    kickoffs += [
        datetime.combine(match.kickoff_date, time(), UTC)
        for match in matches
        if match.kickoff_date and not match.kickoff_at
    ]
    return max(kickoffs, default=None)
