"""How far a season has come: current round, status and mode, from its rounds and matches alone.

No clock: a season is over when its matches say so, not when a date has passed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from dp_pipeline.football.models import (
    BEGUN_STATUSES,
    FINAL_STATUSES,
    Match,
    Mode,
    Round,
    Standing,
    TournamentState,
    TournamentStatus,
)
from dp_pipeline.football.results import fixture, moment

# A match with one of these is no longer waited for once another match of the same teams in the
# same round takes its place: the replay of a postponed match has an id of its own.
REPLACEABLE = frozenset({"postponed", "interrupted", "abandoned", "cancelled", "unknown"})
_OVERDUE = timedelta(days=4)
# "Finale", "Finals, Final"; not "Halbfinale", "Semi-final" or "Quarter Final"
_FINAL = re.compile(r"(?:^|, )(?:final|finale|endspiel)$")


def state_of(
    rounds: Sequence[Round],
    matches: Sequence[Match],
    standings: Iterable[Standing] = (),
    *,
    final_expected: bool = False,
) -> TournamentState:
    """What follows for a tournament from its rounds, matches and tables.

    `final_expected`: the competition is known to end with a final.
    """
    knockout = {round_.slug for round_ in rounds if round_.type == "knockout"}
    places = {(m.stage, m.group_name) for m in matches if m.round_slug not in knockout}
    tables = {(row.stage, row.group_name) for row in standings}
    mode = tournament_mode(rounds)
    # Matches of no round, or a table, are a season too.
    if mode == "knockout-only" and (tables or any(m.round_slug is None for m in matches)):
        mode = "regular-season-and-knockout"
    several = len(places) > 1 or len(tables) > 1
    return TournamentState(
        mode,
        "multi-group" if several else "unique-group",
        tournament_status(without_replaced(matches), rounds, final_expected=final_expected),
        current_round(rounds, matches),
    )


def current_round(rounds: Iterable[Round], matches: Iterable[Match]) -> str | None:
    """The slug of the round being played or next to be played; None without matches.

    It is the round of the earliest match by kick-off that is neither final nor postponed: a match
    moved to a later day does not hold the season back, and neither does one whose result is still
    missing days after others were played (openfootball's 2025-26 Championship has such matches of
    round 25 when round 32 is over). A match that is made up when its round and later ones are over
    does not pull the season back to that round. Unfinished matches without a date follow the order
    of rounds, and only in a round that has not begun. When nothing is left to play it is the last
    round that has matches.
    """
    rounds, matches = list(rounds), list(matches)
    order = {round_.slug: round_.order for round_ in rounds}
    placed = [(m, m.round_slug) for m in matches if m.round_slug in order]
    begun = {slug for match, slug in placed if match.status in BEGUN_STATUSES}
    waiting = [
        (match, slug)
        for match, slug in placed
        if match.status not in FINAL_STATUSES and match.status != "postponed"
    ]
    reached = max((moment(m)[0] for m, _ in placed if m.status in BEGUN_STATUSES), default=date.min)
    left_behind = reached - _OVERDUE if reached > date.min + _OVERDUE else date.min
    over = _rounds_over(rounds, matches, left_behind)
    dated = [
        (moment(m), order[slug], slug)
        for m, slug in waiting
        if slug and slug not in over and _is_dated(m) and moment(m)[0] >= left_behind
    ]
    undated = [
        (order[slug], slug)
        for m, slug in waiting
        if slug and not _is_dated(m) and slug not in begun
    ]
    if dated:
        _, position, slug = min(dated)
        earlier = [place for place in undated if place[0] < position]
        return min(earlier)[1] if earlier else slug
    if undated:
        return min(undated)[1]
    played = [(order[slug], slug) for _, slug in placed if slug]
    return max(played)[1] if played else None


def _rounds_over(rounds: Iterable[Round], matches: Iterable[Match], before: date) -> frozenset[str]:
    """The rounds that were played before a day but for some matches, as later ones were, too."""
    of_round: defaultdict[str | None, list[Match]] = defaultdict(list)
    for match in matches:
        of_round[match.round_slug].append(match)
    over: set[str] = set()
    begun_later: set[tuple[str | None, str]] = set()
    for round_ in sorted(rounds, key=lambda r: -r.order):
        listed = of_round[round_.slug]
        begun = [match for match in listed if match.status in BEGUN_STATUSES]
        if not listed or 2 * len(begun) < len(listed):
            continue
        days = sorted(moment(match)[0] for match in begun)
        if (round_.stage, round_.type) in begun_later and days[len(days) // 2] < before:
            over.add(round_.slug)
        begun_later.add((round_.stage, round_.type))
    return frozenset(over)


def tournament_status(
    matches: Iterable[Match], rounds: Iterable[Round], *, final_expected: bool = False
) -> TournamentStatus:
    """Upcoming until a match begins, completed when nothing can follow, else active.

    Completed needs every match final, no round that still waits for its matches and, where there
    is a knockout stage, that it came to its final: the last knockout round is named so or holds
    one pairing. A provider may list the next round only after the draw, so the quarter-finals
    being played does not end a cup; neither does the league phase, where a final is known to be
    played (`final_expected`) and no knockout round is listed yet. All matches cancelled is a
    cancelled tournament.
    """
    listed, ordered = list(matches), sorted(rounds, key=lambda r: r.order)
    if listed and all(match.status == "cancelled" for match in listed):
        return "cancelled"
    if not any(match.status in BEGUN_STATUSES for match in listed):
        return "upcoming"
    with_matches = {match.round_slug for match in listed}
    done = all(match.status in FINAL_STATUSES for match in listed) and all(
        round_.slug in with_matches for round_ in ordered
    )
    over = done and _came_to_its_final(ordered, listed, final_expected=final_expected)
    return "completed" if over else "active"


def without_replaced(matches: Sequence[Match]) -> tuple[Match, ...]:
    """The matches without those that another one of the same fixture has taken the place of."""
    settled = {fixture(m) for m in matches if m.status not in REPLACEABLE}
    return tuple(m for m in matches if m.status not in REPLACEABLE or fixture(m) not in settled)


def tournament_mode(rounds: Iterable[Round]) -> Mode:
    """The mode by the types of rounds seen so far; a regular season when there is none yet."""
    types = {round_.type for round_ in rounds}
    if types == {"season", "knockout"}:
        return "regular-season-and-knockout"
    return "knockout-only" if types == {"knockout"} else "regular-season-only"


def _came_to_its_final(
    ordered: Sequence[Round], matches: Sequence[Match], *, final_expected: bool
) -> bool:
    knockout = [round_ for round_ in ordered if round_.type == "knockout"]
    if not knockout:
        return not final_expected
    last = knockout[-1]
    if _FINAL.search(last.label.strip().casefold()):
        return True
    ties = _ties([m for m in matches if m.round_slug == last.slug])
    return len(ties) == 1 or _holds_its_final(ties)


def _ties(matches: Iterable[Match]) -> list[list[Match]]:
    """The matches of each pairing, pairings in the order of their first day."""
    ties: defaultdict[frozenset[str], list[Match]] = defaultdict(list)
    for match in sorted(matches, key=lambda m: (*moment(m), m.external_id)):
        ties[frozenset((match.home, match.away))].append(match)
    return list(ties.values())


def _holds_its_final(ties: Sequence[Sequence[Match]]) -> bool:
    """Whether a round with several pairings holds a whole bracket, the final among them.

    England's second division of 2022-23 has its play-offs in one round: two ties, and a final of
    those who won them. Without it the season was active for ever.
    """
    teams = {team for tie in ties for team in (tie[0].home, tie[0].away)}
    *before, final = ties
    finalists = {final[0].home, final[0].away}
    lost = {team for tie in before if (team := _loser(tie)) is not None}
    met = {team for tie in before for team in (tie[0].home, tie[0].away)}
    return finalists <= met - lost and len(teams) <= len(ties) + 1


def _loser(tie: Sequence[Match]) -> str | None:
    """Who lost a tie by goals or a shoot-out; None when that is not certain."""
    home, away = tie[0].home, tie[0].away
    lead = 0
    for match in tie:
        goals = (match.home_score or 0) - (match.away_score or 0)
        kicks = (match.home_penalties_score or 0) - (match.away_penalties_score or 0)
        lead += (goals or kicks) if match.home == home else -(goals or kicks)
    return None if lead == 0 else away if lead > 0 else home


def _is_dated(match: Match) -> bool:
    return match.kickoff_at is not None or match.kickoff_date is not None
