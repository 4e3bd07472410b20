"""Ids: what a number means, so that any id is answered without a list of all.

They resemble the provider's and lie above those it has given out, so that a simulated team never
takes the place of a real one in a database that holds both.
"""

from dataclasses import dataclass

MOST_COMPETITIONS = 10_000
SEASONS = 6
REPLAY = 500
"""A replayed match has the number of the original plus this: a season has fewer matches."""

_COMPETITION = 900_000
_SEASON = 9_000_000
_TEAM = 7_000_000
_TEAMS_EACH = 100
_STAGE = 4_000_000
_STAGES_EACH = 100
_MATCH = 900_000_000
_MATCHES_PER_COMPETITION = 10_000
_MATCHES_PER_SEASON = 1_000
# The provider's season ids are not in the order of the seasons.
_SEASON_DIGITS = (3, 0, 7, 4, 1, 8)


@dataclass(frozen=True, slots=True)
class MatchPlace:
    """Where a match id belongs: competition number, season index, number in the season."""

    competition: int
    season: int
    number: int


def competition_id(number: int) -> int:
    """Of the competition with this number, counted from 1: a `uniqueTournament.id`."""
    return _COMPETITION + number


def competition_number(unique_tournament: int) -> int:
    """The reverse; meaningless for ids that are not a competition's."""
    return unique_tournament - _COMPETITION


def season_id(number: int, season: int) -> int:
    """Of a season, counted from 0, of a competition."""
    return _SEASON + number * 10 + _SEASON_DIGITS[season]


def season_index(number: int, identifier: int) -> int | None:
    """Which season of this competition the id names, or None."""
    digit = identifier - _SEASON - number * 10
    return _SEASON_DIGITS.index(digit) if digit in _SEASON_DIGITS else None


def team_id(owner: int, place: int) -> int:
    """Of a team: the competition it is at home in, and its place among that one's teams."""
    return _TEAM + owner * _TEAMS_EACH + place


def team_owner(identifier: int) -> tuple[int, int]:
    """The reverse."""
    return divmod(identifier - _TEAM, _TEAMS_EACH)


def stage_id(number: int, stage: int) -> int:
    """Of a part of a competition (a group, its knockout stage): a `tournament.id`."""
    return _STAGE + number * _STAGES_EACH + stage


def stage_place(identifier: int) -> tuple[int, int]:
    """The reverse: competition number and stage."""
    return divmod(identifier - _STAGE, _STAGES_EACH)


def match_id(number: int, season: int, match: int) -> int:
    """Of a match: an `event.id`."""
    return _MATCH + number * _MATCHES_PER_COMPETITION + season * _MATCHES_PER_SEASON + match


def match_place(identifier: int) -> MatchPlace:
    """The reverse."""
    competition, rest = divmod(identifier - _MATCH, _MATCHES_PER_COMPETITION)
    return MatchPlace(competition, *divmod(rest, _MATCHES_PER_SEASON))


def is_replay(identifier: int) -> bool:
    """Whether a match makes up for another one."""
    return match_place(identifier).number >= REPLAY
