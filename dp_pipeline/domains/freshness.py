"""Whether a tournament is read as often as its calendar demands: nightly in season. Pure.

In season is a day with a match in the week before or after it: not the summer, not the middle of
the winter break, and no day once the season is completed.
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from dp_pipeline.domains.checked_data import CheckedData, Wrong

NEAR = timedelta(days=7)
"""How far from a match a day is in season."""
LATE = timedelta(days=2)
"""One night may be left out, as when a provider rests."""
LONG_LATE = timedelta(days=7)
READ_NIGHTLY = ("active", "upcoming")
"""The status of tournaments that are read each night."""


def in_season_since(days: Collection[date], today: date) -> date | None:
    """Since when it has been in season without a break; None if today it is not."""
    near = [day for day in days if abs(day - today) <= NEAR]
    if not near:
        return None
    since = min(near) - NEAR
    for day in sorted(days, reverse=True):
        if day - NEAR < since <= day + NEAR + timedelta(days=1):
            since = day - NEAR
    return since


def not_read(data: CheckedData) -> Iterator[Wrong]:
    """That it was not read, though its calendar demands it."""
    last, tournament = data.last_read, data.snapshot.tournament
    if last is None or tournament is None or tournament["status"] not in READ_NIGHTLY:
        return
    days = {
        match.kickoff_at.date() if match.kickoff_at else match.kickoff_date
        for match in data.snapshot.matches
    }
    today = data.now.date()
    since = in_season_since([day for day in days if day is not None], today)
    if since is None:
        return
    # As long as it has been in season: nobody has to read it in a break.
    late = today - since
    said = "No whole read of its matches that ended well is known"
    if last.at is not None:
        late = min(late, last.present - last.at)
        said = f"Its matches were last read whole and well on {last.at:%Y-%m-%d %H:%M} UTC"
    if late >= LATE:
        severity = "ERROR" if late >= LONG_LATE else "WARN"
        yield Wrong(f"{said}; in season they are to be read each night.", severity)
