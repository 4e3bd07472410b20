"""Whether a provider's table may replace the stored one: the rule of belief for standings. Pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from dp_pipeline.domains.judge import limit_of
from dp_pipeline.football.models import Standing

WIN_POINTS = (3, 2)
"""What a win counts, today and long ago."""

_Place = tuple[str | None, str | None]
_SUMS = ("games", "wins", "draws", "losses", "goals_for", "goals_against")


def judge_table(
    stored: Sequence[Standing], fetched: Sequence[Standing], by_matches: Sequence[Standing] = ()
) -> str | None:
    """Why a provider's table must not replace the stored one; None when it may.

    A table grows: games, wins, draws, losses and goals do not fall, and points rise by no more than
    three a game. Two rows or a twentieth may do otherwise, and every row that says what the stored
    matches come to. Where no table is stored yet, its goals are held against these.

    Args:
        stored: the rows that are stored.
        fetched: the rows of the payload.
        by_matches: the tables that the stored matches come to.
    """
    before = {_row_key(row): row for row in stored}
    after = {_row_key(row): row for row in fetched}
    played = sum(before[key].games for key in after.keys() & before.keys())
    lost = sum(max(0, before[k].games - after[k].games) for k in after.keys() & before.keys())
    if lost > limit_of(played):
        return (
            f"The provider's table has {lost} games fewer than the stored one, which counts "
            f"{played} for the same teams. Nothing was changed."
        )
    sums = _sums_of(by_matches, one_table=len({key[:2] for key in after}) == 1)
    worse = [row for key, row in after.items() if _is_worse(row, before.get(key), sums(row))]
    if len(worse) > limit_of(len(before) or len(after)):
        return (
            f"Of the {len(after)} rows of the provider's table {len(worse)} have points, goals or "
            "games that do not follow from what is stored. Nothing was changed."
        )
    mixed_up, were = _out_of_order(fetched), _out_of_order(stored)
    if mixed_up > were + limit_of(len(fetched)):
        return (
            f"In the provider's table {mixed_up} places do not follow the points; in the stored "
            f"one {were} do not. Nothing was changed."
        )
    return None


def with_sums_of_matches(
    standings: Sequence[Standing], by_matches: Sequence[Standing]
) -> list[tuple[Standing, Standing]]:
    """The rows of a provider's own tables, each with that to which the stored matches come.

    Not those of which the matches say nothing.
    """
    provided = [row for row in standings if not row.computed]
    sums = _sums_of(by_matches, one_table=len({_row_key(row)[:2] for row in provided}) == 1)
    return [(row, ours) for row in provided if (ours := sums(row)) is not None]


def fields_that_differ(row: Standing, ours: Standing) -> list[str]:
    """The sums and points of two rows that are not equal."""
    return [name for name in (*_SUMS, "points") if getattr(row, name) != getattr(ours, name)]


def _row_key(row: Standing) -> tuple[str | None, str | None, str]:
    return (row.stage, row.group_name, row.team)


def _sums_of(
    by_matches: Sequence[Standing], *, one_table: bool
) -> Callable[[Standing], Standing | None]:
    by_key = {_row_key(row): row for row in by_matches}
    single = one_table and len({key[:2] for key in by_key}) == 1
    by_team = {row.team: row for row in by_matches} if single else {}
    return lambda row: by_key.get(_row_key(row)) or by_team.get(row.team)


def _is_worse(new: Standing, old: Standing | None, sums: Standing | None) -> bool:
    follows = sums is not None and all(getattr(new, n) == getattr(sums, n) for n in _SUMS)
    if old is None:
        # Forfeits differ by a few goals; a half is no forfeit.
        return (
            sums is not None
            and not follows
            and sums.games == new.games
            and 2 * (new.goals_for + new.goals_against) < sums.goals_for + sums.goals_against
        )
    if not follows and any(getattr(new, name) < getattr(old, name) for name in _SUMS):
        return True
    if any(_deducted(new, won) in (0, _deducted(old, won)) for won in WIN_POINTS):
        return False
    # what was carried over or taken away has changed: so it may be while nothing else tells
    gained = new.points - old.points
    return follows or not 0 <= gained <= max(WIN_POINTS) * (new.games - old.games)


def _deducted(row: Standing, win_points: int) -> int:
    return win_points * row.wins + row.draws - row.points


def _out_of_order(rows: Iterable[Standing]) -> int:
    """How many rows have more points than the one above, or others on the same place."""
    tables: dict[_Place, list[Standing]] = {}
    for row in rows:
        tables.setdefault((row.stage, row.group_name), []).append(row)
    return sum(
        below.points > above.points
        or (below.position == above.position and below.points != above.points)
        for table in tables.values()
        for above, below in pairwise(sorted(table, key=lambda r: (r.position, -r.points)))
    )
