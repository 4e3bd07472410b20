"""In which time zone a country's kick-offs are, out of a data file that is checked when loaded."""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FILE = Path(__file__).parent / "data" / "time_zones.toml"


class TimeZonesError(Exception):
    """The data file cannot be used; the text is a sentence that names the entry."""


@dataclass(frozen=True, slots=True)
class CountryZone:
    """The zone of a country's kick-offs, for seasons that begin in some years.

    Args:
        country: FIFA code, or UEFA.
        name: as in the IANA database.
        source: where that is from.
        first: the first year of the seasons it holds for; None for all before, too.
        last: the last one; None where it still holds.
    """

    country: str
    name: str
    source: str
    first: int | None = None
    last: int | None = None

    def holds_in(self, year: int) -> bool:
        """Whether it holds for a season that begins in this year."""
        return (self.first or year) <= year <= (self.last or year)


def zone_of(country: str, year: int) -> ZoneInfo | None:
    """The zone of a country's kick-offs in a season that begins in this year; None: not known."""
    held = (ZoneInfo(one.name) for one in zones() if one.country == country and one.holds_in(year))
    return next(held, None)


@cache
def zones() -> tuple[CountryZone, ...]:
    """Every entry of the data file."""
    return checked_zones(tomllib.loads(_FILE.read_text(encoding="utf-8"))["time_zone"])


def checked_zones(entries: list[dict[str, Any]]) -> tuple[CountryZone, ...]:
    """The entries as values.

    Raises:
        TimeZonesError: one lacks a field, has no known zone, or two of a country overlap.
    """
    zones: list[CountryZone] = []
    for entry in entries:
        unknown = entry.keys() - {field.name for field in fields(CountryZone)}
        missing = {name for name in ("country", "name", "source") if not entry.get(name)}
        if unknown or missing:
            message = f"The time zone {entry} lacks {sorted(missing)} or has {sorted(unknown)}."
            raise TimeZonesError(message)
        zone = CountryZone(**entry)
        if not _is_known(zone.name):
            message = f"The time zone {zone.name} of {zone.country} is none of the IANA database."
            raise TimeZonesError(message)
        if zone.first is not None and zone.last is not None and zone.first > zone.last:
            message = f"The years of {zone.country} go from {zone.first} to {zone.last}."
            raise TimeZonesError(message)
        if any(one.country == zone.country and _overlap(one, zone) for one in zones):
            message = f"Two time zones of {zone.country} hold in the same year."
            raise TimeZonesError(message)
        zones.append(zone)
    return tuple(zones)


def _is_known(name: str) -> bool:
    # Not `available_timezones`: that looks into 600 files, for each of 36 entries 0.17 s in all.
    try:
        return ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _overlap(one: CountryZone, other: CountryZone) -> bool:
    latest_first = max(one.first or 0, other.first or 0)
    return all(latest_first <= zone.last for zone in (one, other) if zone.last is not None)
