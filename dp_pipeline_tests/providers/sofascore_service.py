"""A loopback service that answers SofaScore's paths, and questions to it through the provider."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing, Team, Tournament
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.sofascore import SofaScore
from dp_pipeline.providers.sofascore.source import SofaScoreSource
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.sofascore_payloads import KEY
from dp_pipeline_tests.providers.sofascore_seasons import World
from dp_pipeline_tests.servers import serve

T = TypeVar("T")
ALL = ("tournaments", "teams", "rounds", "matches", "standings")
NOT_FOUND = {"error": {"code": 404, "message": "Not Found"}}
FORBIDDEN = {"error": {"code": 403, "reason": "Forbidden"}}
CHALLENGE = {"error": {"code": 403, "reason": "challenge"}}


@dataclass
class Service:
    """Answers paths with JSON, or as a Response says; other paths with SofaScore's 404."""

    answers: dict[str, Any]
    requested: Counter[str] = field(default_factory=Counter)
    default: Callable[[], Response] | None = None

    async def _get(self, request: Request) -> Response:
        path = request.url.path
        self.requested[path] += 1
        if self.default is not None and path not in self.answers:
            return self.default()
        answer = self.answers.get(path)
        if callable(answer):
            return answer()
        if answer is None:
            return JSONResponse(NOT_FOUND, 404)
        return JSONResponse(answer)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._get)])

    @contextlib.contextmanager
    def listening(self) -> Generator[str]:
        with serve(self.app()) as url:
            yield url


def status(code: int, body: Any = None, **headers: str) -> Callable[[], Response]:
    """An answer of another status."""
    return lambda: JSONResponse(body, code, headers=headers)


@dataclass(frozen=True)
class Everything:
    """What a source says to all its questions."""

    tournament: Fetched[Tournament]
    teams: Fetched[Team]
    rounds: Fetched[Round]
    matches: Fetched[Match]
    standings: Fetched[Standing]


async def everything(source: SofaScoreSource) -> Everything:
    await source.prefetch(ALL)
    return Everything(
        await source.tournament(),
        await source.teams(),
        await source.rounds(),
        await source.matches(),
        await source.standings(),
    )


@contextlib.asynccontextmanager
async def opened(url: str, *, attempts: int = 1) -> AsyncGenerator[Requests]:
    limits = Limits(attempts=attempts, backoff=Backoff(0.01, 10))
    client = HttpClient("sofascore", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=limits)
    async with client:
        yield client.requests()


def ask(
    service: Service | World,
    question: Callable[[SofaScoreSource], Awaitable[T]],
    key: TournamentKey = KEY,
    *,
    attempts: int = 1,
) -> T:
    """Put a question to a source over real HTTP."""

    async def run(url: str) -> T:
        async with opened(url, attempts=attempts) as requests:
            return await question(SofaScore().source(key, requests))

    served = Service(service.answers()) if isinstance(service, World) else service
    with served.listening() as url:
        return asyncio.run(run(url))
