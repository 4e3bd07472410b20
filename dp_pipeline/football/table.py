"""What follows from matches and rounds alone: tables, form, current round, status and mode.

Pure functions of our models, shared by the providers. No clock: a season is over when its matches
say so, not when a date has passed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

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

WIN_POINTS, DRAW_POINTS = 3, 1
FORM_LENGTH = 5
_COUNTED = frozenset({"ended", "awarded"})
# A match with one of these is no longer waited for once another match of the same teams in the
# same round takes its place: the replay of a postponed match has an id of its own.
_REPLACEABLE = frozenset({"postponed", "interrupted", "unknown"})
_OVERDUE = timedelta(days=4)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# "Finale", "Finals, Final"; not "Halbfinale", "Semi-final" or "Quarter Final"
_FINAL = re.compile(r"(?:^|, )(?:final|finale|endspiel)$")

_TableKey = tuple[str | None, str | None]


@dataclass(slots=True)
class _Row:
    """The sums of one team while its matches are counted."""

    results: list[str] = field(default_factory=list)
    goals_for: int = 0
    goals_against: int = 0

    def add(self, scored: int, conceded: int) -> None:
        self.goals_for += scored
        self.goals_against += conceded
        self.results.append(_result(scored, conceded))

    @property
    def points(self) -> int:
        return WIN_POINTS * self.results.count("W") + DRAW_POINTS * self.results.count("D")


def compute_standings(
    matches: Iterable[Match], *, teams: Iterable[str] = ()
) -> tuple[Standing, ...]:
    """The tables these matches come to, one per (stage, group_name), each from position 1 on.

    The caller gives the matches of season rounds only. Counted are matches that ended or were
    awarded and have a full score; of several with the same home, away and round (a replay beside
    the original) only the latest. Every team of a match has a row, also before it has played; so
    has every team of `teams` when there is at most one table (of several, nobody knows which).

    Order: points, goal difference, goals for. What then decides differs between competitions
    (head-to-head, play-off, lots) and is not guessed: the team id, so that the order is stable.
    """
    tables: dict[_TableKey, dict[str, _Row]] = {}
    listed = list(matches)
    for match in listed:
        rows = tables.setdefault((match.stage, match.group_name), {})
        for team in (match.home, match.away):
            rows.setdefault(team, _Row())
    if len(tables) <= 1:
        rows = next(iter(tables.values())) if tables else tables.setdefault((None, None), {})
        for team in teams:
            rows.setdefault(team, _Row())
    for match, home, away in _counted(listed):
        rows = tables[match.stage, match.group_name]
        rows[match.home].add(home, away)
        rows[match.away].add(away, home)
    return tuple(
        standing
        for (stage, group), rows in sorted(tables.items(), key=_table_order)
        for standing in _ranked(rows, stage, group)
    )


def form_of(matches: Iterable[Match], team: str) -> tuple[str, ...]:
    """The last five results of a team in these matches, W, D or L, oldest first."""
    results = [
        _result(home, away) if match.home == team else _result(away, home)
        for match, home, away in _counted(matches)
        if team in (match.home, match.away)
    ]
    return tuple(results[-FORM_LENGTH:])


def state_of(
    rounds: Sequence[Round], matches: Sequence[Match], standings: Iterable[Standing] = ()
) -> TournamentState:
    """What follows for a tournament from its rounds, matches and tables."""
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
        tournament_status(without_replaced(matches), rounds),
        current_round(rounds, matches),
    )


def current_round(rounds: Iterable[Round], matches: Iterable[Match]) -> str | None:
    """The slug of the round being played or next to be played; None without matches.

    It is the round of the earliest match by kick-off that is neither final nor postponed: a match
    moved to a later day does not hold the season back, and neither does one whose result is still
    missing days after others were played (openfootball's 2025-26 Championship has such matches of
    round 25 when round 32 is over). Unfinished matches without a date follow the order of rounds,
    and only in a round that has not begun. When nothing is left to play it is the last round that
    has matches.
    """
    order = {round_.slug: round_.order for round_ in rounds}
    placed = [(m, m.round_slug) for m in matches if m.round_slug in order]
    begun = {slug for match, slug in placed if match.status in BEGUN_STATUSES}
    waiting = [
        (match, slug)
        for match, slug in placed
        if match.status not in FINAL_STATUSES and match.status != "postponed"
    ]
    reached = max(
        (_moment(m)[0] for m, _ in placed if m.status in BEGUN_STATUSES), default=date.min
    )
    left_behind = reached - _OVERDUE if reached > date.min + _OVERDUE else date.min
    dated = [
        (_moment(m), order[slug], slug)
        for m, slug in waiting
        if slug and _is_dated(m) and _moment(m)[0] >= left_behind
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


def tournament_status(matches: Iterable[Match], rounds: Iterable[Round]) -> TournamentStatus:
    """Upcoming until a match begins, completed when nothing can follow, else active.

    Completed needs every match final, no round that still waits for its matches and, where there
    is a knockout stage, that it came to its final: the last knockout round is named so or holds
    one pairing. A provider may list the next round only after the draw, so the quarter-finals
    being played does not end a cup. All matches cancelled is a cancelled tournament.
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
    return "completed" if done and _came_to_its_final(ordered, listed) else "active"


def without_replaced(matches: Sequence[Match]) -> tuple[Match, ...]:
    """The matches without those that another one of the same fixture has taken the place of."""
    settled = {_fixture(m) for m in matches if m.status not in _REPLACEABLE}
    return tuple(m for m in matches if m.status not in _REPLACEABLE or _fixture(m) not in settled)


def tournament_mode(rounds: Iterable[Round]) -> Mode:
    """The mode by the types of rounds seen so far; a regular season when there is none yet."""
    types = {round_.type for round_ in rounds}
    if types == {"season", "knockout"}:
        return "regular-season-and-knockout"
    return "knockout-only" if types == {"knockout"} else "regular-season-only"


def _came_to_its_final(ordered: Sequence[Round], matches: Iterable[Match]) -> bool:
    knockout = [round_ for round_ in ordered if round_.type == "knockout"]
    if not knockout:
        return True
    last = knockout[-1]
    if _FINAL.search(last.label.strip().casefold()):
        return True
    pairings = {frozenset((m.home, m.away)) for m in matches if m.round_slug == last.slug}
    return len(pairings) == 1


def _fixture(match: Match) -> tuple[str | None, ...]:
    return (match.stage, match.group_name, match.round_slug, match.home, match.away)


def _counted(matches: Iterable[Match]) -> list[tuple[Match, int, int]]:
    """The matches that count with their goals, oldest first, one per home, away and round."""
    counted: dict[tuple[str | None, ...], tuple[Match, int, int]] = {}
    for match in sorted(matches, key=lambda m: (*_moment(m), m.external_id)):
        home, away = match.home_score, match.away_score
        if match.status not in _COUNTED or home is None or away is None:
            continue
        if match.home == match.away:
            continue
        key = (match.stage, match.group_name, match.round_slug, match.home, match.away)
        counted.pop(key, None)  # a replay takes its own place in time
        counted[key] = (match, home, away)
    return list(counted.values())


def _ranked(rows: dict[str, _Row], stage: str | None, group: str | None) -> list[Standing]:
    def rank(team: str) -> tuple[int, int, int, str]:
        row = rows[team]
        return (-row.points, row.goals_against - row.goals_for, -row.goals_for, team)

    return [
        Standing(
            team=team,
            position=position,
            games=len(row.results),
            wins=row.results.count("W"),
            draws=row.results.count("D"),
            losses=row.results.count("L"),
            goals_for=row.goals_for,
            goals_against=row.goals_against,
            points=row.points,
            stage=stage,
            group_name=group,
            form=tuple(row.results[-FORM_LENGTH:]),
            computed=True,
        )
        for position, team in enumerate(sorted(rows, key=rank), start=1)
        for row in (rows[team],)
    ]


def _result(scored: int, conceded: int) -> str:
    if scored == conceded:
        return "D"
    return "W" if scored > conceded else "L"


def _is_dated(match: Match) -> bool:
    return match.kickoff_at is not None or match.kickoff_date is not None


def _moment(match: Match) -> tuple[date, datetime]:
    """When a match is, for sorting: the day, then the time; unknown before known."""
    at = match.kickoff_at
    day = match.kickoff_date or (at.date() if at else date.min)
    return (day, at or _LONG_AGO)


def _table_order(table: tuple[_TableKey, dict[str, _Row]]) -> tuple[str, str]:
    (stage, group), _ = table
    return (stage or "", group or "")
