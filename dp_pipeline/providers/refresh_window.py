"""The hours of the night in which a provider's tournaments are read again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_HALF = 30
_HOURS = 4


@dataclass(frozen=True, slots=True)
class RefreshWindow:
    """The quiet hours of a provider, in UTC and within one day: a tick each half hour of four.

    Args:
        hour: of the first tick, at most 20.
        minute: of the first tick, less than 30.
    """

    hour: int
    minute: int

    def __post_init__(self) -> None:
        if not (0 <= self.hour <= 24 - _HOURS and 0 <= self.minute < _HALF):
            message = f"A refresh window begins in the first half of an hour from 0 to 20: {self}."
            raise ValueError(message)

    def cron(self, days: str) -> str:
        """All ticks, on some days of the week."""
        return f"{self.minute},{self.minute + _HALF} {self.hour}-{self._last} * * {days}"

    def next(self, at: datetime) -> datetime | None:
        """The tick of the same night that follows one; None after the last."""
        last = at.replace(hour=self._last, minute=self.minute + _HALF, second=0, microsecond=0)
        following = at + timedelta(minutes=_HALF)
        return following if following <= last else None

    @property
    def _last(self) -> int:
        return self.hour + _HOURS - 1
