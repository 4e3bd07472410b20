"""The world's clock: stands still, or runs at any speed from any moment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from dp_pipeline.sandbox.world import calendar

_WHOLE = 100


class ClockError(ValueError):
    """A moment or speed that cannot be read; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Clock:
    """World time = start + (real time - began) * speed, all in Unix seconds; speed 0 stands still.

    Given the same `began`, a clock that is started again goes on where it would have been.
    """

    start: int
    began: float
    speed: float

    def at(self, real: float) -> int:
        """The world's time at a real time."""
        return self.start + int((real - self.began) * self.speed)

    def set(self, moment: int, real: float) -> "Clock":
        """The same clock put to another moment."""
        return Clock(moment, real, self.speed)

    def run(self, speed: float, real: float) -> "Clock":
        """The same clock at another speed from now on."""
        return Clock(self.at(real), real, checked_speed(speed))


def read_moment(text: str, real: float) -> int:
    """A moment of the world.

    Args:
        text: "37%" of the season 2026/27, "2026-12-05T15:30:00Z", or "now" for the real time.
        real: the real time.

    Raises:
        ClockError: it is none of these.
    """
    text = text.strip()
    if text == "now":
        return int(real)
    try:
        if text.endswith("%"):
            percent = Fraction(text[:-1].strip())
            if 0 <= percent <= _WHOLE:
                return calendar.percent_of_season(percent)
        else:
            moment = datetime.fromisoformat(text)
            aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
            return int(aware.timestamp())
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise _unreadable(text) from error
    raise _unreadable(text)


def checked_speed(speed: float) -> float:
    """A speed the clock can run at: never back, and no more than a year in a second.

    Raises:
        ClockError: it is another.
    """
    fastest = 365 * calendar.DAY
    if not 0 <= speed <= fastest:
        message = f"The clock's speed is a number from 0 (stands still) to {fastest}, not {speed}."
        raise ClockError(message)
    return speed


def _unreadable(text: str) -> ClockError:
    shown = text[:40]
    return ClockError(
        f"{shown!r} is no moment; write a part of the season such as 37%, "
        "a time such as 2026-12-05T15:30:00Z, or now."
    )
