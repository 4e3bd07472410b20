"""The kinds of competition there are, and which number has which kind.

Twelve kinds make a block, as a country's football would; the world repeats blocks. Beside these
every world has a few competitions whose rules the pipeline has in football/data/sandbox.toml.
Numbers, names and slugs of rounds are those the provider uses for real competitions.
"""

from dataclasses import dataclass, replace
from typing import Literal

from dp_pipeline.sandbox.world.identity import MOST_COMPETITIONS

KINDS = 12
_LEAGUE_SIZES = (18, 20, 16)

CarriedPoints = Literal["none", "half", "all"]


@dataclass(frozen=True, slots=True)
class CupRound:
    """A knockout round. `days` are the days of the season its legs are played on."""

    number: int
    name: str
    slug: str
    ties: int
    days: tuple[int, ...]
    prefix: str | None = None
    cup_type: int | None = None

    @property
    def legs(self) -> int:
        """One or two."""
        return len(self.days)


@dataclass(frozen=True, slots=True)
class Format:
    """How a competition is played.

    Args:
        kind: in a word or two.
        label: what its name says after "Simulated".
        owner: position in the block of the competition whose teams play here.
        pool: how many teams that one owns.
        groups: tables played for; 1 is a league, 0 none.
        group_size: teams per table.
        meetings: how often two teams of a table meet.
        days: first and last day of these rounds, in days of the season.
        weekly: matchdays at weekends; else on the exact days and the one after.
        compact: played within weeks: nothing can be postponed for long.
        split_days: after the table, upper and lower half play once more among themselves.
        carried: which points of the table count on there, in the upper and in the lower half; half
            a point counts as one.
        conferences: the teams are of two, which have tables of their own beside the one over all.
        head_to_head: level teams are separated by their own matches once these are all played.
        away_goals: they count double where two legs are level.
        qualifying: rounds before the tables, the survivors of which enter them.
        qualifiers: teams of each table that enter the knockout.
        knockout: rounds after the tables, or all there is.
        third_place: the losers of the semi-finals meet too.
        extra_time: else a draw goes to a shoot-out at once.
        places: matches are listed before the draw, with places in the draw instead of teams.
        listing: all rounds from the start, knockout rounds as they are drawn, or no rounds at all.
        late_table: no table before the first match.
        calendar_year: named by one year.
        division: 0, or 1 and 2 for leagues that exchange `exchanged` teams after each season.
    """

    kind: str
    label: str
    owner: int
    pool: int
    groups: int = 0
    group_size: int = 0
    meetings: int = 2
    days: tuple[int, int] = (9, 285)
    weekly: bool = True
    compact: bool = False
    split_days: tuple[int, int] | None = None
    carried: tuple[CarriedPoints, CarriedPoints] = ("none", "none")
    conferences: bool = False
    head_to_head: bool = False
    away_goals: bool = False
    qualifying: tuple[CupRound, ...] = ()
    qualifiers: int = 0
    knockout: tuple[CupRound, ...] = ()
    third_place: bool = False
    extra_time: bool = True
    places: bool = False
    listing: Literal["all", "drawn", "none"] = "all"
    late_table: bool = False
    calendar_year: bool = False
    national: bool = False
    division: int = 0
    exchanged: int = 0

    @property
    def is_league(self) -> bool:
        """One table and no knockout."""
        return self.groups == 1 and not self.knockout


def _round_of_32(*days: int) -> CupRound:
    return CupRound(6, "Round of 32", "round-of-32", 16, days)


def _round_of_16(*days: int) -> CupRound:
    return CupRound(5, "Round of 16", "round-of-16", 8, days, cup_type=8)


def _quarterfinals(*days: int) -> CupRound:
    return CupRound(27, "Quarterfinals", "quarterfinals", 4, days, cup_type=4)


def _semifinals(*days: int) -> CupRound:
    return CupRound(28, "Semifinals", "semifinals", 2, days, cup_type=2)


def _final(day: int) -> CupRound:
    return CupRound(29, "Final", "final", 1, (day,), cup_type=1)


THIRD_PLACE_DAY = 129
_QUALIFYING = (
    CupRound(28, "Semifinal", "semifinal", 2, (4,), prefix="Preliminary"),
    CupRound(29, "Final", "final", 1, (8,), prefix="Preliminary"),
    CupRound(1, "Qualification round 1", "qualification-round-1", 4, (15, 22)),
)

_TWO_LEGGED = (
    _round_of_16(60, 74),
    _quarterfinals(118, 132),
    _semifinals(220, 234),
    _final(295),
)

_FORMATS = (
    Format("league", "League", 0, 44, 1, 18, division=1, exchanged=3),
    Format("league", "Second League", 0, 44, 1, 18, division=2, exchanged=3),
    Format(
        "groups and knockout",
        "Champions Cup",
        0,
        44,
        groups=8,
        group_size=4,
        days=(45, 135),
        weekly=False,
        qualifying=_QUALIFYING,
        qualifiers=2,
        knockout=(
            _round_of_16(195, 209),
            _quarterfinals(230, 237),
            _semifinals(258, 265),
            _final(301),
        ),
    ),
    Format(
        "cup",
        "Cup",
        0,
        44,
        knockout=(
            _round_of_32(20),
            _round_of_16(90),
            _quarterfinals(180),
            _semifinals(250),
            _final(300),
        ),
    ),
    Format("two-legged cup", "Two-Leg Cup", 0, 44, knockout=_TWO_LEGGED, listing="drawn"),
    Format(
        "groups and knockout",
        "Nations Tournament",
        5,
        40,
        groups=8,
        group_size=4,
        meetings=1,
        days=(100, 110),
        weekly=False,
        compact=True,
        qualifiers=2,
        knockout=(_round_of_16(115), _quarterfinals(120), _semifinals(125), _final(130)),
        third_place=True,
        places=True,
        calendar_year=True,
        national=True,
    ),
    Format(
        "league",
        "Summer League",
        6,
        10,
        1,
        10,
        days=(12, 240),
        late_table=True,
        calendar_year=True,
    ),
    Format("split league", "Split League", 7, 12, 1, 12, days=(9, 195), split_days=(247, 289)),
    Format(
        "cup",
        "Super Cup",
        0,
        44,
        knockout=(_quarterfinals(108), _semifinals(124), _final(150)),
        extra_time=False,
    ),
    Format("league", "League", 9, 28, 1, 12, division=1, exchanged=2),
    Format("league", "Second League", 9, 28, 1, 12, division=2, exchanged=2),
    Format("friendlies", "Friendly Games", 9, 28, listing="none"),
)

_RULED = (
    Format("conferences", "League of Two Conferences", 0, 12, 1, 12, conferences=True),
    Format(
        "split league",
        "League of Halved Points",
        1,
        12,
        1,
        12,
        days=(9, 195),
        split_days=(247, 289),
        carried=("half", "all"),
        head_to_head=True,
    ),
    Format("two-legged cup", "Away Goals Cup", 2, 16, knockout=_TWO_LEGGED, away_goals=True),
)
_RULED_FROM = -(-MOST_COMPETITIONS // KINDS) * KINDS + 1
RULED = range(_RULED_FROM, _RULED_FROM + len(_RULED))
"""The numbers of those that every world has: behind the last block that a world can have."""

# The large divisions have 18, 20 or 16 teams, by block.
_SIZED = tuple(
    tuple(
        replace(each, group_size=size) if each.division and each.owner == 0 else each
        for each in _FORMATS
    )
    for size in _LEAGUE_SIZES
)


def position(number: int) -> int:
    """The place of a competition in its block, from 0."""
    return (number - 1) % KINDS


def block(number: int) -> int:
    """The block a competition lies in, from 0."""
    return (number - 1) // KINDS


def format_of(number: int) -> Format:
    """The format of the competition with this number."""
    if number in RULED:
        return _RULED[position(number)]
    return _SIZED[block(number) % len(_LEAGUE_SIZES)][position(number)]


def owner_of(number: int) -> int:
    """The number of the competition whose teams play in this one."""
    return number - position(number) + format_of(number).owner


def sibling(number: int, division: int) -> int:
    """The number of the given division beside this competition, which is one of the two."""
    return owner_of(number) + division - 1
