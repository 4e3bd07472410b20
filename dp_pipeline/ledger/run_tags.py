"""The tags of runs: which run group a run is part of, and which of the queued runs begins first.

The runs of one backfill, or of one scheduled refresh, are a run group: they are announced as one.
"""

from collections.abc import Mapping
from enum import IntEnum

TERMINAL_TAG = "dp/terminal"
"""On a run that somebody waits for at a terminal."""
UNIT_TAG = "dp/unit"
"""The run tag by which a refresh names itself, such as `nightly:openligadb:2026-11-23`."""
BACKFILL_TAG = "dagster/backfill"
BACKFILL = "backfill:"
LONGEST_UNIT = 200


def unit_of(tags: Mapping[str, str]) -> str | None:
    """The unit a run is part of by its tags; None for a run on its own."""
    named = tags.get(UNIT_TAG)
    if named is not None:
        return named.replace("\x00", "")[:LONGEST_UNIT] or None
    backfill = tags.get(BACKFILL_TAG)
    return f"{BACKFILL}{backfill}" if backfill else None


def backfill_of(unit: str) -> str | None:
    """The id of Dagster's backfill; None when the unit is something else."""
    return unit.removeprefix(BACKFILL) if unit.startswith(BACKFILL) else None


def tags_of(unit: str) -> dict[str, str]:
    """The run tags by which the runs of a unit are found."""
    backfill = backfill_of(unit)
    return {UNIT_TAG: unit} if backfill is None else {BACKFILL_TAG: backfill}


PRIORITY_TAG = "dagster/priority"
"""The run tag that Dagster's queue reads; a run without it counts as 0."""


class Priority(IntEnum):
    """The ranks of runs, the first one highest.

    What a person launches has no tag. Nor have the runs of a person's backfill when they are
    created: instance/coordinator.py gives them theirs. A night's refresh is a backfill by the
    clock; the daily look for seasons is one run, as those of sensors are.
    """

    LIVE = 10
    MANUAL = 0
    SENSOR = -5
    BACKFILL = -10
