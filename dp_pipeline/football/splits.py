"""Seasons whose teams play on in groups: what they take with them, and the table over all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dp_pipeline.football.models import Match
from dp_pipeline.football.rules import Carry, SplitEntry, SplitGroup
from dp_pipeline.football.tie_breaks import Number

Where = tuple[str | None, str | None]
"""Stage and group of a table."""


@dataclass(frozen=True, slots=True)
class GroupStage:
    """A group after the regular phase, and which places it is about."""

    where: Where
    teams: frozenset[str]
    group: SplitGroup


@dataclass(frozen=True, slots=True)
class Carried:
    """What a team takes into its group.

    Args:
        points: of the regular phase, as they count now.
        rounding: what halving took away beyond the half; negative where it gave something.
        note: for people.
    """

    points: int
    rounding: Number = 0
    note: str = ""


def regular_phase(places: Mapping[Where, Sequence[Match]]) -> Where | None:
    """The table that others are played after, of some of its teams; None where there is none.

    Belgium's second play-off of 2017 had teams of the second division too: a table of its own.
    """
    teams = {where: teams_of(matches) for where, matches in places.items()}
    largest = max(teams, key=lambda where: len(teams[where]))
    return largest if any(others < teams[largest] for others in teams.values()) else None


def teams_of(matches: Sequence[Match]) -> frozenset[str]:
    """Who plays in them."""
    return frozenset([match.home for match in matches]).union([match.away for match in matches])


def group_stages(
    entry: SplitEntry, places: Mapping[Where, Sequence[Match]], order: Sequence[str]
) -> tuple[list[GroupStage], list[str]]:
    """Which table is about which places; and a sentence for each that is about none.

    The members decide, not the name of the stage: one team may differ, for a deduction that is not
    known may have put another one into the group.

    Args:
        entry: the rule.
        places: matches by table.
        order: the teams of the regular phase, the first one first.
    """
    stages, lost = [], []
    for where in places:
        teams = teams_of(places[where])
        if not teams < set(order):
            continue
        fitting = [
            group
            for group in entry.groups
            if group.last - group.first + 1 == len(teams)
            and len(teams - set(order[group.first - 1 : group.last])) <= 1
        ]
        if len(fitting) == 1:
            stages.append(GroupStage(where, teams, fitting[0]))
        else:
            name = ", ".join(part for part in where if part)
            lost.append(f"The {len(teams)} teams of {name} are no group that the rule speaks of.")
    return stages, lost


def carried(points: int, how: Carry) -> Carried:
    """What points of the regular phase come to in a group."""
    half = Fraction(points, 2)
    match how:
        case "carried":
            return Carried(points)
        case "afresh":
            return Carried(0, note="Points of the regular phase do not count in this group.")
        case "halved, rounded up":
            worth = -(-points // 2)
        case "halved, rounded down":
            worth = points // 2
    way = f"The {points} points of the regular phase count {worth}: {how}."
    return Carried(worth, half - worth, way)
