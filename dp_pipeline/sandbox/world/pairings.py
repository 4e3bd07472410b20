"""Who plays whom, and on which day: round robins and draws."""

from collections.abc import Sequence

from dp_pipeline.sandbox.world.calendar import DAY, HOUR, MINUTE, saturday_from, tuesday_from

Pair = tuple[int, int]
_HALF_HOUR = 30 * MINUTE
# From Saturday midnight: Friday evening, Saturday, Sunday.
_WEEKEND = (
    15 * HOUR + _HALF_HOUR,
    -6 * HOUR + _HALF_HOUR,
    DAY + 13 * HOUR + _HALF_HOUR,
    17 * HOUR + _HALF_HOUR,
    DAY + 15 * HOUR + _HALF_HOUR,
)
_SATURDAY_AFTERNOON = 13 * HOUR + _HALF_HOUR
_EVENINGS = (18 * HOUR + 45 * MINUTE, 20 * HOUR)
_FINAL = 19 * HOUR
_DAYTIME = (13 * HOUR, 16 * HOUR, 19 * HOUR)
_COMPACT_DAYS = 4


def round_robin(teams: Sequence[int], meetings: int) -> list[list[Pair]]:
    """Matchdays in which everybody meets everybody so many times, home and away in turn.

    The circle method: the first team stays, the others go round. `teams` is even in number.
    """
    count = len(teams)
    days: list[list[Pair]] = []
    order = list(teams)
    for day in range(count - 1):
        pairs = [(order[i], order[count - 1 - i]) for i in range(count // 2)]
        # The one that stays would be at home all the time.
        if day % 2:
            pairs[0] = pairs[0][::-1]
        days.append(pairs)
        order = [order[0], order[-1], *order[1:-1]]
    return [
        [pair if meeting % 2 == 0 else pair[::-1] for pair in pairs]
        for meeting in range(meetings)
        for pairs in days
    ]


def matchday_starts(first: int, last: int, count: int, *, weekly: bool) -> list[int]:
    """Midnight of the days so many matchdays begin on, evenly spread from first to last moment."""
    steps = max(count - 1, 1)
    even = [first + (last - first) // DAY * i // steps * DAY for i in range(count)]
    if weekly:
        return [saturday_from(moment) for moment in even]
    return [moment // DAY * DAY for moment in even]


def weekend_kickoff(start: int, index: int, *, last_day: bool) -> int:
    """Of a league match; on the last matchday all at once."""
    slot = _WEEKEND[index] if index < len(_WEEKEND) and not last_day else _SATURDAY_AFTERNOON
    return start + slot


def midweek_kickoff(start: int, index: int) -> int:
    """Of a group match of clubs: Tuesday and Wednesday evening."""
    return tuesday_from(start) + index % 2 * DAY + _EVENINGS[index // 2 % 2]


def tournament_kickoff(start: int, index: int) -> int:
    """Of a group match of a tournament played within weeks: four days, three times a day."""
    return start + index % _COMPACT_DAYS * DAY + _DAYTIME[index // _COMPACT_DAYS % len(_DAYTIME)]


def knockout_kickoff(start: int, index: int, ties: int) -> int:
    """Of a knockout match: two evenings; a final on its own day."""
    if ties == 1:
        return start + _FINAL
    return start + index % 2 * DAY + _EVENINGS[index // 2 % 2]
