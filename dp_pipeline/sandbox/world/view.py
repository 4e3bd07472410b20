"""A season as the provider knows it at a moment: which matches and rounds it lists, its tables."""

from dataclasses import dataclass
from functools import cached_property

from dp_pipeline.sandbox.world.build import PlayedTable
from dp_pipeline.sandbox.world.identity import is_replay
from dp_pipeline.sandbox.world.matches import ScriptedMatch, ScriptedRound
from dp_pipeline.sandbox.world.season import SimulatedSeason
from dp_pipeline.sandbox.world.state import ABANDONED, CANCELLED, POSTPONED, MatchState, state_of
from dp_pipeline.sandbox.world.tables import CountedResult, Row, table

_NOT_WAITED_FOR = {POSTPONED, CANCELLED, ABANDONED}
FORM_LENGTH = 5


@dataclass(frozen=True)
class View:
    """A season at a moment, in Unix seconds."""

    season: SimulatedSeason
    at: int

    @cached_property
    def matches(self) -> tuple[tuple[ScriptedMatch, MatchState], ...]:
        """Every match that is listed, by kick-off as announced."""
        states = [(f, state_of(f, self.at)) for f in self.season.fixtures if f.announced <= self.at]
        return tuple(sorted(states, key=lambda pair: (pair[1].kickoff, pair[0].id)))

    def of_round(self, round_: ScriptedRound) -> tuple[tuple[ScriptedMatch, MatchState], ...]:
        """The matches of a round."""
        matches = [
            (fixture, state_of(fixture, self.at))
            for fixture in self.season.fixtures
            if fixture.round == round_ and fixture.announced <= self.at
        ]
        return tuple(sorted(matches, key=lambda pair: (pair[1].kickoff, pair[0].id)))

    def awaited(self, round_: ScriptedRound) -> tuple[ScriptedMatch, ...]:
        """The matches of a round that are listed although nobody knows yet who plays."""
        if not self.season.format.places:
            return ()
        return tuple(
            fixture
            for fixture in self.season.fixtures
            if fixture.round == round_ and fixture.announced > self.at and fixture.legs
        )

    @property
    def rounds(self) -> tuple[ScriptedRound, ...]:
        """The rounds that are listed."""
        return tuple(round_ for round_, known in self.season.rounds if known <= self.at)

    @property
    def current_round(self) -> ScriptedRound | None:
        """The round being played or next to be played, whatever is made up for; else the last."""
        for fixture, state in self.matches:
            waited_for = not state.finished and state.code not in _NOT_WAITED_FOR
            if waited_for and not is_replay(fixture.id):
                return fixture.round
        return self.rounds[-1] if self.rounds else None

    @property
    def tables(self) -> tuple[PlayedTable, ...]:
        """Every table that is listed."""
        begun = any(state.home is not None for _, state in self.matches)
        if self.season.format.late_table and not begun:
            return ()
        return tuple(each for each in self.season.tables if each.announced <= self.at)

    def rows(self, each: PlayedTable, *, home: bool = True, away: bool = True) -> tuple[Row, ...]:
        """The rows of a table by the matches that have ended, only those at home or away if so."""
        results = [
            CountedResult(fixture.home, fixture.away, state.home.display, state.away.display)
            for fixture, state in self.matches
            if fixture.stage == each.played_in
            and state.finished
            and state.home is not None
            and state.away is not None
        ]
        return table(each.teams, results, home=home, away=away, order=each.order)

    def last_matches(self, team: int, stage: int) -> tuple[tuple[ScriptedMatch, MatchState], ...]:
        """The last five of a team in a stage that have ended, newest first."""
        ended = [
            (fixture, state)
            for fixture, state in reversed(self.matches)
            if state.finished and fixture.stage == stage and team in (fixture.home, fixture.away)
        ]
        return tuple(ended[:FORM_LENGTH])
