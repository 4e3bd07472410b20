"""A match, and what is known of it, in a person's words. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from dp_pipeline.football.models import Match

TEAMS = "teams"
"""What its two teams are called among what differs of a match."""


def pair_of(match: Match, names: Mapping[str, str]) -> str:
    """Its teams, by their names."""
    return _pair((match.home, match.away), names)


def subject_of(match: Match, names: Mapping[str, str]) -> str:
    """A match in a person's words, with teams by their names."""
    pair = pair_of(match, names)
    return f"{pair}, round {match.round_slug}" if match.round_slug else pair


def said(what: str, value: object, names: Mapping[str, str] | None = None) -> str:
    """A value of a match.

    Args:
        what: it is, by its name for people.
        value: one, or two of which one is of the home team.
        names: of teams by external id.
    """
    match value:
        case None | (None, None):
            return "unknown"
        case (str(home), str(away)) if what == TEAMS:
            return _pair((home, away), names or {})
        case (home, away):
            return f"{home}:{away}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _pair(teams: tuple[str, str], names: Mapping[str, str]) -> str:
    return " - ".join(names.get(team, team) for team in teams)
