"""When a match is, for people: in the zone that was chosen, and where it is played. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dp_pipeline.football.models import Match

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (*("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),)
NOT_KNOWN = "Day not known"


@dataclass(frozen=True, slots=True)
class KickoffWords:
    """A kick-off for people: its day, its time if that is known, and what else is to be said."""

    day: str
    time: str = ""
    also: str = ""


def day_in_words(day: date) -> str:
    """Sat 24 Aug 2024, whatever language the machine speaks."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_in_words(at: datetime) -> str:
    """Sat 24 Aug 2024, 15:30."""
    return f"{day_in_words(at)}, {at:%H:%M}"


def day_in_zone(match: Match, zone: ZoneInfo) -> date | None:
    """The day of a match in a zone; as the provider gives it where no moment is known."""
    return match.kickoff_at.astimezone(zone).date() if match.kickoff_at else match.kickoff_date


def kickoff_in_words(match: Match, zone: ZoneInfo, local: ZoneInfo | None) -> KickoffWords:
    """The kick-off in a zone, and where the match is played.

    Args:
        match: the match.
        zone: that people chose.
        local: of the competition's kick-offs; None where that is not known.
    """
    if match.kickoff_at is None:
        given = match.kickoff_local
        if given is not None:
            return KickoffWords(day_in_words(given), f"{given:%H:%M}", "local, zone unknown")
        return KickoffWords(day_in_words(match.kickoff_date) if match.kickoff_date else NOT_KNOWN)
    at = match.kickoff_at.astimezone(zone)
    there = match.kickoff_at.astimezone(local) if local else at
    also = ""
    if there.replace(tzinfo=None) != at.replace(tzinfo=None):
        day = "" if there.date() == at.date() else f"{_DAYS[there.weekday()]} "
        also = f"{day}{there:%H:%M} local"
    return KickoffWords(day_in_words(at), f"{at:%H:%M}", also)
