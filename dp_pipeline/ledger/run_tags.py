"""The tags of runs: which run group a run is part of, and which of the queued runs begins first.

The runs of one backfill, or of one scheduled refresh, are a run group: they are announced as one.
"""

from collections.abc import Mapping
from enum import IntEnum

TERMINAL_TAG = "dp/terminal"
"""On a run that somebody waits for at a terminal."""
RUN_GROUP_TAG = "dp/run_group"
"""The run tag by which a refresh names itself, such as `nightly:openligadb:2026-11-23`."""
BACKFILL_TAG = "dagster/backfill"
BACKFILL = "backfill:"
LONGEST_RUN_GROUP = 200


def run_group_of(tags: Mapping[str, str]) -> str | None:
    """The run group a run is part of by its tags; None for a run on its own."""
    named = tags.get(RUN_GROUP_TAG, tags.get("dp/unit"))  # as version 0.1 queued it
    if named is not None:
        return named.replace("\x00", "")[:LONGEST_RUN_GROUP] or None
    backfill = tags.get(BACKFILL_TAG)
    return f"{BACKFILL}{backfill}" if backfill else None


def backfill_of(run_group: str) -> str | None:
    """The id of Dagster's backfill; None when the run group is something else."""
    return run_group.removeprefix(BACKFILL) if run_group.startswith(BACKFILL) else None


def tags_of(run_group: str) -> dict[str, str]:
    """The run tags that the runs of a run group have in common."""
    backfill = backfill_of(run_group)
    return {RUN_GROUP_TAG: run_group} if backfill is None else {BACKFILL_TAG: backfill}


PRIORITY_TAG = "dagster/priority"
"""The run tag that Dagster's queue reads; a run without it counts as 0."""


class Priority(IntEnum):
    """The ranks of runs, the first one highest.

    What a person launches has no tag. Nor have the runs of a person's backfill when they are
    created: instance/coordinator.py gives them theirs. A night's refresh is a backfill by the
    clock; the daily reading of seasons is one run, as those of sensors are.
    """

    LIVE = 10
    MANUAL = 0
    SENSOR = -5
    BACKFILL = -10
