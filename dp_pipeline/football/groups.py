"""Groups of teams that the provider does not name, as who plays whom shows them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from dp_pipeline.football.models import Match

_SMALLEST = 3
"""Two teams that meet twice are a tie of two legs, not a group."""


def with_groups(matches: Iterable[Match]) -> tuple[Match, ...]:
    """The matches, with a group where a stage falls apart into groups that have none.

    The Copa Libertadores of 2025 has one stage of 32 teams at openfootball, in which everybody
    meets three opponents twice: eight groups. They are counted, as nothing tells their letters.
    """
    listed = tuple(matches)
    stages: defaultdict[str | None, list[Match]] = defaultdict(list)
    for match in listed:
        stages[match.stage].append(match)
    groups = {
        (stage, team): name
        for stage, of_stage in stages.items()
        if not any(match.group_name for match in of_stage)
        for team, name in groups_of(of_stage).items()
    }
    if not groups:
        return listed
    return tuple(
        replace(m, group_name=groups[m.stage, m.home]) if (m.stage, m.home) in groups else m
        for m in listed
    )


def groups_of(matches: Sequence[Match]) -> Mapping[str, str]:
    """The group of each team of a stage; empty where the matches do not show groups.

    They do where the teams fall into several sets, each of three or more and complete: all meet
    all as often, at least twice, and nobody else. A season whose fixtures are half published
    meets none of that.
    """
    pairs = [frozenset((match.home, match.away)) for match in matches if match.home != match.away]
    meetings = Counter(pairs)
    opponents: defaultdict[str, set[str]] = defaultdict(set)
    for home, away in map(sorted, meetings):
        opponents[home].add(away)
        opponents[away].add(home)
    sets = {frozenset({team, *others}) for team, others in opponents.items()}
    disjoint = sum(map(len, sets)) == len(opponents)
    often = {meetings[frozenset(pair)] for each in sets for pair in combinations(sorted(each), 2)}
    if (
        len(sets) < 2  # noqa: PLR2004
        or not disjoint
        or min(map(len, sets)) < _SMALLEST
        or len(often) != 1
        or min(often) < 2  # noqa: PLR2004
    ):
        return {}
    ordered = sorted(sets, key=min)
    return {team: f"Group {n}" for n, each in enumerate(ordered, start=1) for team in each}
