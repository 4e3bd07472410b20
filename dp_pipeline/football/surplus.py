"""Matches that a complete fixture list has no place for. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from dp_pipeline.football.models import Match

FEWEST_TEAMS = 4
"""A list of fewer teams is complete with the first match or two."""

MOST_ROUNDS_RIGHT = 0.8
"""Of the rounds of all teams: in fewer, rounds are no days of matches."""

_Place = tuple[str | None, str | None]
_Opponents = dict[tuple[str | None, str], set[str]]


def surplus_matches(
    stored: Sequence[Match], fetched: Iterable[Match], replacing: Collection[str] = ()
) -> frozenset[str]:
    """External ids of new matches in rounds of a complete fixture list.

    Once every team meets every other one equally often and once in a round, a new pair in one of
    these rounds is a fixture with a wrong team, also where neither team is known to play then:
    stored, it would count beside the right one for ever. New rounds, as of a split season, and
    replays are none.

    Args:
        stored: every stored match that counts.
        fetched: the matches of a payload.
        replacing: external ids of new matches that take the place of stored ones.
    """
    lists: dict[_Place, list[Match]] = defaultdict(list)
    for match in stored:
        lists[_place(match)].append(match)
    known = {match.external_id for match in stored} | set(replacing)
    opponents: dict[_Place, _Opponents | None] = {
        place: _opponents(matches) for place, matches in lists.items()
    }

    def is_surplus(match: Match) -> bool:
        slug, played = match.round_slug, opponents.get(_place(match))
        if match.external_id in known or played is None or slug is None:
            return False
        met = set().union(*(played.get((slug, side), set()) for side in _sides(match)))
        return any(slug == listed for listed, _ in played) and met != {*_sides(match)}

    return frozenset(match.external_id for match in fetched if is_surplus(match))


def only_in(
    matches: Collection[str], stored: Sequence[Match], fetched: Sequence[Match]
) -> frozenset[str]:
    """External ids of the teams that play in these fetched matches and in no other one."""
    others = {s for m in (*stored, *fetched) if m.external_id not in matches for s in _sides(m)}
    return frozenset(s for m in fetched if m.external_id in matches for s in _sides(m)) - others


def _opponents(matches: Sequence[Match]) -> _Opponents | None:
    """By round and team whom it meets there; None where the list is not complete."""
    teams = {side for match in matches for side in _sides(match)}
    pairs = Counter(frozenset(_sides(match)) for match in matches)
    if (
        len(teams) < FEWEST_TEAMS
        or 2 * len(pairs) != len(teams) * (len(teams) - 1)
        or len(set(pairs.values())) != 1
    ):
        return None
    opponents: _Opponents = defaultdict(set)
    for match in matches:
        for side, other in (_sides(match), _sides(match)[::-1]):
            opponents[match.round_slug, side].add(other)
    once = sum(len(each) == 1 for (slug, _), each in opponents.items() if slug)
    # a few may stand in a wrong round for a while, or in none
    return dict(opponents) if once >= MOST_ROUNDS_RIGHT * len(opponents) else None


def _place(match: Match) -> _Place:
    return match.stage, match.group_name


def _sides(match: Match) -> tuple[str, str]:
    return match.home, match.away
