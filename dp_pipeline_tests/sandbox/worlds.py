"""Worlds for tests: standing still at a moment, served, and read through the provider."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction

import anyio

from dp_pipeline.football.models import Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.registry import Providers
from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sandbox.faults import Fault, Faults
from dp_pipeline.sandbox.server import Simulation, app
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.calendar import HOME_SEASON, percent_of_season
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.servers import serve

SMALL = World(1, 12)


def percent(of: float) -> int:
    """The moment at which so much of the season 2026/27 has passed."""
    return percent_of_season(Fraction(of))


def key_of(number: int, season: int = HOME_SEASON) -> str:
    """The key of a season, as the provider `sandbox` knows it."""
    return f"sandbox:{identity.competition_id(number)}:{identity.season_id(number, season)}"


def standing_still(world: World, at: int, *faults: Fault) -> Simulation:
    """A world whose clock does not run."""
    return Simulation(world, Clock(at, 0, 0), Faults(world.seed, faults))


@contextlib.contextmanager
def served(simulation: Simulation) -> Generator[str]:
    """The world's address."""
    with serve(app(simulation)) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Read:
    """A season as the provider tells it."""

    tournament: Fetched[Tournament]
    teams: Fetched[Team]
    rounds: Fetched[Round]
    matches: Fetched[Match]
    standings: Fetched[Standing]


def read(url: str, key: str) -> Read:
    """A season through the provider, over HTTP."""

    async def reading() -> Read:
        async with Providers({"sandbox": url}, NoRateLimit()) as providers:
            source = await providers.source(key)
            await source.prefetch(["tournaments", "teams", "rounds", "matches", "standings"])
            return Read(
                await source.tournament(),
                await source.teams(),
                await source.rounds(),
                await source.matches(),
                await source.standings(),
            )

    return anyio.run(reading)
