"""Which of the queued runs begins first: live, then manual, then sensors, then backfills."""

from enum import IntEnum

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
