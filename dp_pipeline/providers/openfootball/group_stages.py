"""Groups that are played after groups: a stage of their own, also where their letters return. Pure.

World cups of 1974, 1978 and 1982 had a second group stage, and files name no stages.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from dp_pipeline.providers.openfootball.rounds import Placed, RoundName, in_stage

SECOND = "Second group stage"
_SMALLEST = 3


def told_apart(placed: Sequence[Placed]) -> tuple[RoundName, ...]:
    """The round of each match; one of a group that is played after groups in a stage of its own.

    These begin on the first day on which a team plays in another group than before. A wrong letter
    would look like that, too: so fewer teams play in them, each in one, and three or more in each.
    """
    grouped = [each for each in placed if each.name.group and not each.name.stage and each.day]
    begins = _second_begins(grouped)
    second = [each for each in grouped if begins and each.day and each.day >= begins]
    groups = _teams(second)
    teams = [team for group in groups.values() for team in group]
    everybody = {team for group in _teams(grouped).values() for team in group}
    if not len(teams) == len(set(teams)) < len(everybody) or any(
        len(group) < _SMALLEST for group in groups.values()
    ):
        second = []
    moved = {id(each) for each in second}
    return tuple(in_stage(e.name, SECOND) if id(e) in moved else e.name for e in placed)


def _second_begins(grouped: Sequence[Placed]) -> date | None:
    first: dict[str | None, str | None] = {}
    for each in sorted(grouped, key=lambda each: each.day or date.max):
        for team in (each.home, each.away):
            if first.setdefault(team, each.name.group) != each.name.group:
                return each.day
    return None


def _teams(placed: Sequence[Placed]) -> Mapping[str | None, set[str | None]]:
    groups: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for each in placed:
        groups[each.name.group] |= {each.home, each.away}
    return groups
