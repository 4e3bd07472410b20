"""A season of a competition from its announcement to its end: rounds, fixtures, tables."""

from dataclasses import dataclass
from functools import lru_cache

from dp_pipeline.sandbox.world import stages
from dp_pipeline.sandbox.world.build import Builder, PlayedTable
from dp_pipeline.sandbox.world.calendar import season_announced
from dp_pipeline.sandbox.world.formats import Format, format_of
from dp_pipeline.sandbox.world.matches import ScriptedMatch, ScriptedRound
from dp_pipeline.sandbox.world.promotion import entrants
from dp_pipeline.sandbox.world.tables import PLAIN, TableOrder
from dp_pipeline.sandbox.world.worlds import World

# A season of 380 matches takes about half a megabyte.
_CACHED = 24


@dataclass(frozen=True, slots=True)
class SimulatedSeason:
    """Everything that happens in a season.

    Args:
        rounds: in the provider's order, each with the moment from which it is listed.
    """

    number: int
    index: int
    format: Format
    fixtures: tuple[ScriptedMatch, ...]
    rounds: tuple[tuple[ScriptedRound, int], ...]
    tables: tuple[PlayedTable, ...]


@lru_cache(maxsize=_CACHED)
def season_of(world: World, number: int, index: int) -> SimulatedSeason:
    """A season, played to its end. The last few that were requested stay in memory."""
    form = format_of(number)
    teams = entrants(world, number, index)
    builder = Builder(world, number, index)
    tables: list[PlayedTable] = []
    known = season_announced(index)
    survivors: list[int] = []
    fresh = iter(teams)
    for cup_round in form.qualifying:
        needed = 2 * cup_round.ties - len(survivors)
        playing = survivors + [next(fresh) for _ in range(needed)]
        survivors, _, known = builder.knockout(cup_round, playing, stages.QUALIFICATION, known)
    if form.listing == "none":
        builder.friendlies(teams, known)
    if form.groups:
        needed = form.groups * form.group_size - len(survivors)
        playing = survivors + [next(fresh) for _ in range(needed)]
        tables += _tables(form, playing, known)
        survivors = builder.tables(tables, form.days)
    if form.conferences:
        tables += [
            PlayedTable(stage, tuple(survivors[place::2]), known, within=stages.MAIN)
            for place, stage in enumerate(stages.CONFERENCES)
        ]
    if form.groups and (form.split_days or form.knockout):
        known = builder.settled()
    if form.split_days:
        halves = _halves(builder, tables[0], known)
        builder.tables(halves, form.split_days, meetings=1)
        tables += halves
    if form.knockout:
        _knockout(builder, survivors or teams[: 2 * form.knockout[0].ties], known)
    return SimulatedSeason(
        number, index, form, tuple(builder.fixtures), _rounds(builder), tuple(tables)
    )


def _tables(form: Format, teams: list[int], known: int) -> list[PlayedTable]:
    if form.groups == 1:
        order = TableOrder(form.meetings) if form.head_to_head else PLAIN
        return [PlayedTable(stages.MAIN, tuple(teams), known, order)]
    return [
        # The survivors of qualifying come first: dealing them out spreads them over the groups.
        PlayedTable(stage, tuple(teams[stage - 1 :: form.groups]), known)
        for stage in stages.GROUPS[: form.groups]
    ]


def _halves(builder: Builder, regular: PlayedTable, known: int) -> list[PlayedTable]:
    """The upper and the lower half of a table, which play on, with what they take along."""
    form, rows = builder.format, builder.final(regular)
    half = len(rows) // 2
    meetings = form.meetings + 1 if form.head_to_head else 0
    halves = []
    for stage, how, part in zip(
        (stages.CHAMPIONSHIP_ROUND, stages.RELEGATION_ROUND),
        form.carried,
        (rows[:half], rows[half:]),
        strict=True,
    ):
        order = PLAIN
        if how != "none":
            carried = {r.team: r.points if how == "all" else -(-r.points // 2) for r in part}
            order = TableOrder(meetings, builder.results(regular.stage), carried)
        halves.append(PlayedTable(stage, tuple(row.team for row in part), known, order))
    return halves


def _knockout(builder: Builder, teams: list[int], known: int) -> None:
    form = builder.format
    stage = stages.KNOCKOUT if form.groups else stages.MAIN
    playing, losers = teams, []
    for cup_round in form.knockout:
        if cup_round is form.knockout[-1] and form.third_place:
            builder.third_place(losers, stage, known)
        playing, losers, known = builder.knockout(cup_round, playing, stage, known)


def _rounds(builder: Builder) -> tuple[tuple[ScriptedRound, int], ...]:
    """All from the start, or knockout rounds only once they are drawn."""
    from_start = season_announced(builder.index)
    return tuple(
        (round_, known if round_.knockout and builder.format.listing == "drawn" else from_start)
        for round_, known in builder.rounds.items()
    )
