"""The parts of a competition, each a `tournament` of the provider's: groups, knockout stage.

A stage is a number that is the same in every season of a competition.
"""

MAIN = 0
QUALIFICATION = 40
KNOCKOUT = 50
CHAMPIONSHIP_ROUND = 60
RELEGATION_ROUND = 61
CONFERENCES = (70, 71)
_LETTERS = "ABCDEFGHIJKL"
GROUPS = range(1, 1 + len(_LETTERS))
_NAMES = {
    QUALIFICATION: "Qualification",
    KNOCKOUT: "Knockout stage",
    CHAMPIONSHIP_ROUND: "Championship Round",
    RELEGATION_ROUND: "Relegation Round",
    CONFERENCES[0]: "Eastern Conference",
    CONFERENCES[1]: "Western Conference",
}


def stage_name(stage: int) -> str | None:
    """What follows the competition's name; None for the main stage."""
    sign = group_sign(stage)
    return _NAMES.get(stage) if sign is None else f"Group {sign}"


def group_sign(stage: int) -> str | None:
    """The letter of a group; None for what is no group."""
    return _LETTERS[stage - 1] if stage in GROUPS else None
