"""How long to wait before something is tried again: the one rule of everything that tries again.

Pure, but for the chance that keeps many from coming back at the same moment.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

_MOST_DOUBLINGS = 30
"""2 ** 1024 is no float; no wait is that long."""


class _Attempted(Protocol):
    attempt_number: int


@dataclass(frozen=True, slots=True)
class Backoff:
    """Twice as long after each failure in a row, up to a longest wait. As it is, tenacity's `wait`.

    Args:
        first: seconds after the first failure.
        longest: the most.
        jitter: the share of a wait that chance may take away, from 0 to 1.
    """

    first: float
    longest: float
    jitter: float = 0.0

    def seconds(self, failures: int, chance: float = 0.0) -> float:
        """The wait after so many failures in a row.

        Args:
            failures: none needs no wait.
            chance: from 0, the whole wait, to 1, the shortest.
        """
        if failures < 1:
            return 0.0
        whole = self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)
        return min(whole, self.longest) * (1 - self.jitter * chance)

    def jittered(self, failures: int) -> float:
        """The wait after so many failures in a row, as chance has it."""
        return self.seconds(failures, random.random())  # noqa: S311 - no secret

    def __call__(self, state: _Attempted) -> float:
        """The wait after the attempt that tenacity tells of."""
        return self.jittered(state.attempt_number)

    def until(self, failures: sa.ColumnElement[int]) -> sa.ColumnElement[datetime]:
        """The end of the wait by the database's clock, in a statement; without jitter."""
        doublings = sa.func.least(failures - 1, _MOST_DOUBLINGS)
        seconds = sa.func.least(self.first * sa.func.power(2, doublings), self.longest)
        return sa.func.clock_timestamp() + seconds * sa.text("interval '1 second'")
