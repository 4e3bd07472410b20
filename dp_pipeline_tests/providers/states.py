"""What follows for a tournament from what a provider tells of it, as if all of it were stored."""

from typing import Protocol

from dp_pipeline.football.models import Match, Round, Standing, TournamentState
from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.fetched import Fetched


class Told(Protocol):
    """What a provider tells of a tournament."""

    @property
    def rounds(self) -> Fetched[Round]: ...
    @property
    def matches(self) -> Fetched[Match]: ...
    @property
    def standings(self) -> Fetched[Standing]: ...


def state(told: Told) -> TournamentState:
    return state_of(told.rounds.items, told.matches.items, told.standings.items)
