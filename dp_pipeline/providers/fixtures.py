"""What matches of every provider have in common: which are none, their order, their venue. Pure."""

from collections.abc import Collection

from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Finding

NO_KICKOFF = ("no_kickoff", "The time of its kick-off is missing or impossible.")


def not_a_match(
    subject: str, sides: tuple[int, int], places: Collection[str], *, has_result: bool
) -> Finding | None:
    """Why this is no match that can be stored; None when it is one.

    Args:
        subject: the match in a person's words.
        sides: ids of the teams.
        places: names of sides that are places in the draw.
        has_result: whether there is a result.
    """
    if sides[0] == sides[1] and not places:
        detail = "A team cannot play itself."
        return Finding("team_against_itself", subject, detail, left_out=True)
    if not places:
        return None
    detail = f"{' and '.join(places)} is a place in the draw, not a team; the match waits for it."
    # Before the draw nothing is lost by waiting; a result of nobody is something that is lost.
    return Finding("placeholder_team", subject, detail, left_out=has_result)


def by_kickoff(match: Match) -> tuple[bool, float, int]:
    """Orders matches by kick-off, those without one last."""
    at = match.kickoff_at
    return (at is None, at.timestamp() if at else 0.0, int(match.external_id))


def venue_of(stadium: str | None, city: str | None) -> str | None:
    """Stadium and city as one text."""
    return ", ".join(part for part in (stadium, city) if part) or None
