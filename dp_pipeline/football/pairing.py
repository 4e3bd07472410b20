"""What a provider without ids gives of a stored tournament: clubs, rounds and matches found again.

A name that is gone and a new one with the same fixtures are one club, a round that is gone and a
new one with the same pairings one round. A match is the stored one of the same pairing: the leg by
round, else by day and score.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from dp_pipeline.football.models import Match

_LEAST_SAME = 3
"""Fixtures; in a cup a drawn club takes the place of one with one or two."""
_SAME_SHARE = 0.9
_LEAST_KNOWN = 0.5
"""Of the clubs; where more have other names at once, another tournament is given."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Fixtures:
    """What of a club's fixtures stays when it is renamed; of renamed opponents nothing does."""

    count: int
    by_day: frozenset[tuple[object, ...]]
    by_round: frozenset[tuple[object, ...]]
    results: frozenset[tuple[object, ...]]

    @classmethod
    def of(cls, club: str, matches: Iterable[Match], kept: Collection[str]) -> "_Fixtures":
        mine = [match for match in matches if club in (match.home, match.away)]
        placed = [(m.home == club, _opponent(m, club, kept), m) for m in mine]
        return cls(
            len(mine),
            frozenset((home, other, m.kickoff_date) for home, other, m in placed if m.kickoff_date),
            frozenset((home, other, m.round_slug) for home, other, m in placed if m.round_slug),
            frozenset(
                (home, other, m.home_score, m.away_score)
                for home, other, m in placed
                if m.home_score is not None
            ),
        )

    def same(self, other: "_Fixtures") -> int:
        """How many of the fixtures are those of the other."""
        return max(len(self.by_day & other.by_day), len(self.by_round & other.by_round))

    def is_that_of(self, other: "_Fixtures") -> bool:
        """Whether the fixtures are those of the other, but for a few that moved."""
        least = max(_LEAST_SAME, max(self.count, other.count) * _SAME_SHARE)
        return self.same(other) >= least


def renamed_clubs(
    stored: Sequence[Match], given: Sequence[Match], elsewhere: Collection[str]
) -> dict[str, str]:
    """The clubs that are stored under another name, each with that name.

    Args:
        stored: the matches of the tournament as they are stored.
        given: as they are given now.
        elsewhere: clubs that are stored of other tournaments: such a one may take the place of
            another before it has played; it is the other one only where results are the same too.
    """
    before, now = _clubs(stored), _clubs(given)
    kept = before & now
    if len(kept) < _LEAST_KNOWN * len(before):
        return {}
    gone = {club: _Fixtures.of(club, stored, kept) for club in before - now}
    new = {club: _Fixtures.of(club, given, kept) for club in now - before}

    def is_one(club: str, old: str) -> bool:
        same = new[club].is_that_of(gone[old])
        played = len(new[club].results & gone[old].results)
        return same and (club not in elsewhere or played >= _LEAST_SAME)

    return _one_to_one(new, gone, is_one)


def same_fixtures(matches: Sequence[Match]) -> dict[str, str]:
    """The clubs that have the fixtures of another one: it was renamed, and is stored twice."""
    clubs = sorted(_clubs(matches))
    fixtures = {club: _Fixtures.of(club, matches, clubs) for club in clubs}
    pairs = [
        (one, other)
        for at, one in enumerate(clubs)
        for other in clubs[at + 1 :]
        if fixtures[one].is_that_of(fixtures[other])
    ]
    return {other: one for one, other in pairs}


def renamed_rounds(
    stored: Sequence[Match], given: Sequence[Match], slugs: Collection[str]
) -> dict[str, str]:
    """The slugs of rounds that are stored under another one, each with that one.

    Args:
        stored: the matches of the tournament as they are stored.
        given: as they are given now, clubs under their stored names.
        slugs: of the rounds that are stored.
    """
    before, now = _pairings(stored), _pairings(given)
    gone = {slug: pairs for slug, pairs in before.items() if slug not in now}
    new = {slug: pairs for slug, pairs in now.items() if slug not in {*before, *slugs}}
    return _one_to_one(new, gone, lambda slug, old: new[slug] == gone[old])


def stored_ids(stored: Sequence[Match], given: Sequence[Match]) -> dict[str, str]:
    """The external ids of matches that are stored under another one, each with that one."""
    ids = {match.external_id for match in stored}
    came = {match.external_id for match in given}
    free: defaultdict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in stored:
        if match.external_id not in came:
            free[match.home, match.away].append(match)
    wanted: defaultdict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in given:
        if match.external_id not in ids and (match.home, match.away) in free:
            wanted[match.home, match.away].append(match)
    paired: dict[str, str] = {}
    for pair, legs in wanted.items():
        left = free[pair]
        for tell in (_round, _day_and_score, _stage):
            taken = _one_to_one(
                {leg.external_id: tell(leg) for leg in legs if leg.external_id not in paired},
                {m.external_id: tell(m) for m in left if m.external_id not in paired.values()},
            )
            paired |= taken
    return paired


def met_instead(
    gone: Sequence[Match], stored: Sequence[Match], given: Sequence[Match]
) -> dict[str, str]:
    """Vanished matches one of whose teams meets another opponent then, each with that match's id.

    A team meets one opponent on a day, and one in a round in which every team does: England met
    Belgium for the third place of 2018, or another team did, and not both.

    Args:
        gone: stored matches that are not given any more.
        stored: every stored match that counts.
        given: the matches of a payload; of stored ones only those count whose time stayed.
    """
    before = {match.external_id: set(_times(match)) for match in stored}
    opponents: defaultdict[tuple[str | None, str | None, str], set[str]] = defaultdict(set)
    for match in given:
        for side, other in ((match.home, match.away), (match.away, match.home)):
            opponents[match.stage, match.round_slug, side].add(other)
    mixed = {(stage, slug) for (stage, slug, _), each in opponents.items() if len(each) > 1}
    meets: defaultdict[Hashable, list[Match]] = defaultdict(list)
    for match in given:
        times = set(_times(match))
        for time in times & before.get(match.external_id, times) - mixed:
            for side in (match.home, match.away):
                meets[time, side].append(match)
    instead: dict[str, str] = {}
    for match in sorted(gone, key=lambda each: each.external_id):
        # the team at home first: two matches that exchanged their guests each keep their place
        for side, time in product((match.home, match.away), _times(match)):
            for other in meets[time, side]:
                free = other.external_id in before or other.external_id not in instead.values()
                if free and {match.home, match.away} != {other.home, other.away}:
                    instead.setdefault(match.external_id, other.external_id)
    return instead


def _times(match: Match) -> tuple[Hashable, ...]:
    """When a team can have met one opponent only: the day, and the round with its stage."""
    day = match.day
    round_ = (match.stage, match.round_slug) if match.round_slug else None
    return tuple(time for time in (day, round_) if time is not None)


def _round(match: Match) -> Hashable:
    return match.round_slug


def _day_and_score(match: Match) -> Hashable:
    return match.kickoff_date, match.home_score, match.away_score


def _stage(match: Match) -> Hashable:
    return match.stage


def _one_to_one(
    new: Mapping[str, K],
    old: Mapping[str, K],
    is_one: Callable[[str, str], bool] | None = None,
) -> dict[str, str]:
    """Those that are one with exactly one of the others, both ways; by default, that are equal."""
    pairs = [
        (one, other)
        for one in new
        for other in old
        if (new[one] == old[other] if is_one is None else is_one(one, other))
    ]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    return {one: other for one, other in pairs if ones.count(one) == 1 and others.count(other) == 1}


def _clubs(matches: Iterable[Match]) -> set[str]:
    return {side for match in matches for side in (match.home, match.away)}


def _opponent(match: Match, club: str, kept: Collection[str]) -> str | None:
    other = match.away if match.home == club else match.home
    return other if other in kept else None


def _pairings(matches: Iterable[Match]) -> dict[str, frozenset[tuple[str, str]]]:
    by_round: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for match in matches:
        if match.round_slug:
            by_round[match.round_slug].add((match.home, match.away))
    return {slug: frozenset(pairs) for slug, pairs in by_round.items()}
