"""Building a season, stage by stage: who meets whom, when, and who goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dp_pipeline.sandbox.world import pairings, stages
from dp_pipeline.sandbox.world.calendar import HOUR, day_of, next_morning
from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.course import Course
from dp_pipeline.sandbox.world.formats import THIRD_PLACE_DAY, CupRound, Format, format_of
from dp_pipeline.sandbox.world.identity import match_id
from dp_pipeline.sandbox.world.matches import NEVER_COUNTED, ScriptedMatch, ScriptedRound, Slot
from dp_pipeline.sandbox.world.play import strength
from dp_pipeline.sandbox.world.tables import PLAIN, CountedResult, Row, TableOrder, table
from dp_pipeline.sandbox.world.timeline import settled
from dp_pipeline.sandbox.world.worlds import World

_FRIENDLIES = 60
_FRIENDLY_DAYS = (5, 310)
_THIRD_PLACE = CupRound(50, "Match for 3rd place", "match-for-3rd-place", 1, (THIRD_PLACE_DAY,))


@dataclass(frozen=True, slots=True)
class PlayedTable:
    """A table that is played for.

    Args:
        stage: whose table it is.
        teams: of the table.
        announced: from when on it is listed.
        order: what decides it beside its results.
        within: the stage that the matches of a conference are of; None for what has its own.
    """

    stage: int
    teams: tuple[int, ...]
    announced: int
    order: TableOrder = PLAIN
    within: int | None = None

    @property
    def played_in(self) -> int:
        """The stage of the matches that count."""
        return self.stage if self.within is None else self.within


@dataclass(slots=True)
class Builder:
    """Collects fixtures and rounds of a season, in the provider's order."""

    world: World
    number: int
    index: int
    fixtures: list[ScriptedMatch] = field(default_factory=list)
    rounds: dict[ScriptedRound, int] = field(default_factory=dict)
    """Each round with the moment its matches become known."""
    _next: int = 0
    _strengths: dict[int, int] = field(default_factory=dict)

    @property
    def format(self) -> Format:
        """Of the competition."""
        return format_of(self.number)

    def tables(
        self, tables: Sequence[PlayedTable], days: tuple[int, int], meetings: int | None = None
    ) -> list[int]:
        """Play everybody against everybody in every table; give who goes on, best places first.

        With one table that is everybody, in final order.
        """
        drawn = [self._matchdays(each, meetings or self.format.meetings) for each in tables]
        starts = pairings.matchday_starts(
            day_of(self.index, days[0]),
            day_of(self.index, days[1]),
            len(drawn[0]),
            weekly=self.format.weekly,
        )
        before = sum(not round_.knockout for round_ in self.rounds)
        for day, start in enumerate(starts):
            round_ = ScriptedRound(before + day + 1)
            self.rounds[round_] = tables[0].announced
            pairs = [
                (each, pair)
                for each, its_days in zip(tables, drawn, strict=True)
                for pair in its_days[day]
            ]
            for place, (each, (home, away)) in enumerate(pairs):
                kickoff = self._kickoff(start, place, last_day=day == len(starts) - 1)
                slot = Slot(each.stage, round_, home, away, kickoff, each.announced)
                self._play(slot)
        orders = [[row.team for row in self.final(each)] for each in tables]
        if len(orders) == 1:
            return orders[0]
        return [order[place] for place in range(self.format.qualifiers) for order in orders]

    def final(self, each: PlayedTable) -> tuple[Row, ...]:
        """The rows of a table once everything is played and corrected."""
        return table(each.teams, self.results(each.played_in), order=each.order)

    def results(self, stage: int) -> tuple[CountedResult, ...]:
        """What counts of the matches of a stage in the end."""
        return tuple(
            CountedResult(f.home, f.away, f.play.count(home=True), f.play.count(home=False))
            for f in self.fixtures
            if f.stage == stage and f.fate not in NEVER_COUNTED
        )

    def knockout(
        self, cup_round: CupRound, teams: Sequence[int], stage: int, known: int
    ) -> tuple[list[int], list[int], int]:
        """Draw and play a knockout round; give winners, losers, and when both are published."""
        chance = Chance(self.world.seed, "draw", self.number, self.index, len(self.rounds))
        order = chance.shuffled(teams)
        return self._ties(cup_round, list(zip(order[::2], order[1::2], strict=True)), stage, known)

    def third_place(self, losers: Sequence[int], stage: int, known: int) -> None:
        """The match of those who lost the semi-finals."""
        home, away = losers
        self._ties(_THIRD_PLACE, [(home, away)], stage, known)

    def friendlies(self, teams: Sequence[int], known: int) -> None:
        """Matches outside any round."""
        chance = Chance(self.world.seed, "friendlies", self.number, self.index)
        for _ in range(_FRIENDLIES):
            home = chance.pick(teams)
            away = chance.pick([team for team in teams if team != home])
            day = day_of(self.index, chance.between(*_FRIENDLY_DAYS))
            kickoff = day + chance.between(10, 19) * HOUR
            self._play(Slot(stages.MAIN, None, home, away, kickoff, known))

    def settled(self) -> int:
        """The morning after the last word about the matches so far."""
        return next_morning(max(settled(fixture) for fixture in self.fixtures))

    def _ties(
        self, cup_round: CupRound, ties: Sequence[pairings.Pair], stage: int, known: int
    ) -> tuple[list[int], list[int], int]:
        round_ = ScriptedRound(
            cup_round.number, cup_round.name, cup_round.slug, cup_round.prefix, cup_round.cup_type
        )
        self.rounds[round_] = known
        last: list[ScriptedMatch] = []
        for leg, day in enumerate(cup_round.days):
            played = []
            for place, pair in enumerate(ties):
                home, away = pair if leg == 0 else pair[::-1]
                kickoff = pairings.knockout_kickoff(day_of(self.index, day), place, len(ties))
                first = last[place] if leg else None
                slot = Slot(stage, round_, home, away, kickoff, known, cup_round.legs, first)
                played += self._play(slot)
            last = played
        published = next_morning(max(settled(fixture) for fixture in last))
        return [f.tie_winner() for f in last], [f.tie_loser() for f in last], published

    def _play(self, slot: Slot) -> list[ScriptedMatch]:
        """The match, and its replay if it needs one."""
        course = Course(self.world.seed, self.format)
        strengths = self._strength(slot.home), self._strength(slot.away)
        identifier = match_id(self.number, self.index, self._next)
        self._next += 1
        fixture = course.run(identifier, slot, strengths)
        replay = course.replay(fixture, strengths)
        both = [fixture] if replay is None else [fixture, replay]
        self.fixtures += both
        return both

    def _matchdays(self, each: PlayedTable, meetings: int) -> list[list[pairings.Pair]]:
        drawn = Chance(self.world.seed, "fixtures", self.number, self.index, each.stage)
        return pairings.round_robin(drawn.shuffled(each.teams), meetings)

    def _kickoff(self, start: int, place: int, *, last_day: bool) -> int:
        if self.format.weekly:
            return pairings.weekend_kickoff(start, place, last_day=last_day)
        if self.format.compact:
            return pairings.tournament_kickoff(start, place)
        return pairings.midweek_kickoff(start, place)

    def _strength(self, team: int) -> int:
        if team not in self._strengths:
            self._strengths[team] = strength(self.world.seed, team, self.index)
        return self._strengths[team]
