"""Quantities, days and times in words, whatever language the machine speaks. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
_UNITS = ("bytes", "KiB", "MiB", "GiB")
_STEP, _FOUR_DIGITS = 1024, 1000
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# Characters that turn the direction of the text after them; unpaired, also of the text around.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_MOMENT = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}) UTC\b")
_UNSEEN = frozenset({"Cc", "Cs", "Cn"})


def duration(milliseconds: int) -> str:
    """Milliseconds as people say them: 850 ms, 3.2 s, 2 min 5 s, 1 h 3 min."""
    milliseconds = max(milliseconds, 0)
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if round(milliseconds / _SECOND, 1) < _MINUTE / _SECOND:
        return f"{milliseconds / _SECOND:.1f} s"
    if milliseconds < _HOUR - _SECOND // 2:
        minutes, seconds = divmod(round(milliseconds / _SECOND), 60)
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(round(milliseconds / _MINUTE), 60)
    return f"{hours:,} h {minutes} min"


def amount(size: float) -> str:
    """A number of bytes for people."""
    unit, *larger = _UNITS
    for next_ in larger:
        if size < _STEP:
            break
        size, unit = size / _STEP, next_
    return f"{size:.3g} {unit}" if size < _FOUR_DIGITS else f"{size:,.0f} {unit}"


def counted(number: int, one: str, more: str) -> str:
    """1 match, 306 matches."""
    return f"{number:,} {one if number == 1 else more}"


def with_more(rows: Iterable[str], wrong: int) -> list[str]:
    """What a check found wrong, and how much more of it there is: the first twenty are stored."""
    shown = list(rows)
    more = wrong - len(shown)
    return [*shown, f"and {more:,} more"] if shown and more > 0 else shown


def listed(parts: list[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Saturday 28 November 2026 at 14:05 (UTC)."""
    there = at.astimezone(zone)
    day = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there.year}"
    return f"{day} at {there:%H:%M} ({zone.key})"


def in_zone(text: str, zone: ZoneInfo) -> str:
    """A sentence whose moments, such as "2026-11-28 14:05 UTC", are those of a zone."""

    def there(found: re.Match[str]) -> str:
        try:
            at = datetime.fromisoformat(f"{found[1]}Z").astimezone(zone)
        except (ValueError, OverflowError):
            return found[0]
        return f"{at:%Y-%m-%d %H:%M} {zone.key}"

    return _MOMENT.sub(there, text)


def clean(text: str) -> str:
    """The text in its lines, without what nobody sees and what turns other text around."""
    text = text.replace("\t", " ")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        for character in text
        if character == "\n"
        or (unicodedata.category(character) not in _UNSEEN and character not in _TURNING)
    )


def one_line(text: str) -> str:
    """Text of others on one line, without what XML refuses and what turns text around."""
    # Twice, as what goes may have stood between blanks, and some line ends are control characters.
    return " ".join(clean(" ".join(text.split())).split())
