"""When seasons are: fixed years, so that a moment means the same in every world.

All competitions share the window of a season, from 1 August to 30 June. Moments are Unix seconds.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from dp_pipeline.sandbox.world.identity import SEASONS

DAY = 86_400
HOUR = 3_600
MINUTE = 60
FIRST_YEAR = 2023
HOME_SEASON = 3
"""The season that a percentage speaks of: three lie before it, two follow."""
_ANNOUNCED_BEFORE = 28 * DAY  # after the end of the season before
_SATURDAY = 2  # days since 1 January 1970, a Thursday, modulo 7
_TUESDAY = 5


def season_start(season: int) -> int:
    """The first moment of a season's window."""
    return int(datetime(FIRST_YEAR + season, 8, 1, tzinfo=UTC).timestamp())


def season_end(season: int) -> int:
    """The last moment of a season's window: everything is played, replayed and corrected."""
    return int(datetime(FIRST_YEAR + season + 1, 6, 30, tzinfo=UTC).timestamp())


def season_announced(season: int) -> int:
    """When the provider begins to list a season, with the fixtures that are known by then."""
    return season_start(season) - _ANNOUNCED_BEFORE


def announced_seasons(at: int) -> range:
    """The indexes of the seasons listed at this moment; the first is always there."""
    return range(max(1, sum(season_announced(season) <= at for season in range(SEASONS))))


def season_year(season: int, *, calendar_year: bool) -> str:
    """As the provider writes it: "26/27", or "2027" for those played in one year."""
    year = FIRST_YEAR + season
    return str(year + 1) if calendar_year else f"{year % 100:02}/{(year + 1) % 100:02}"


def percent_of_season(percent: Fraction) -> int:
    """The moment at which so much of the window of `HOME_SEASON` has passed."""
    start = season_start(HOME_SEASON)
    return start + int((season_end(HOME_SEASON) - start) * percent / 100)


def day_of(season: int, offset: int) -> int:
    """Midnight UTC of the day so many days into the season."""
    return season_start(season) + offset * DAY


def saturday_from(moment: int) -> int:
    """Midnight UTC of the first Saturday from this day on."""
    return _weekday_from(moment, _SATURDAY)


def tuesday_from(moment: int) -> int:
    """Midnight UTC of the first Tuesday from this day on."""
    return _weekday_from(moment, _TUESDAY)


def next_morning(moment: int) -> int:
    """10:00 UTC of the following day, when draws are published."""
    return (moment // DAY + 1) * DAY + 10 * HOUR


def iso(moment: int) -> str:
    """For people: 2026-12-02T05:45:36Z."""
    written = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment)
    return written.isoformat().replace("+00:00", "Z")


def _weekday_from(moment: int, weekday: int) -> int:
    day = moment // DAY
    return (day + (weekday - day) % 7) * DAY
