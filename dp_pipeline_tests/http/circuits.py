"""A provider that fails as told, runs that meet it, and what is stored of its circuit."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.health import ServiceHealth, read_health
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.servers import serve

LIMITS = Limits(backoff=Backoff(0.01, 0.02))
AT_ONCE = LIMITS.connections


@dataclass
class Service:
    """Answers with a status that a test may change; holds the first requests until all are here."""

    status: int = 403
    together: int = 0
    seconds: float = 0.0
    paths: list[str] = field(default_factory=list)
    retry_after: str | None = None
    refused: frozenset[str] = frozenset()
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        if len(self.paths) >= self.together:
            self.complete.set()
        await self.complete.wait()
        await asyncio.sleep(self.seconds)
        status = 403 if request.url.path in self.refused else self.status
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return JSONResponse([], status, headers)


@contextmanager
def listening(service: Service) -> Generator[str]:
    with serve(service.app()) as url:
        yield url


async def kinds_of(
    requests: Requests, paths: list[str], *, best_effort: bool = False
) -> list[str | None]:
    """What each request ended in, all made at once."""
    found: dict[str, str | None] = {}

    async def one(path: str) -> None:
        try:
            await requests.json(path, lambda payload: payload, best_effort=best_effort)
            found[path] = None
        except ProviderError as error:
            found[path] = error.kind

    async with anyio.create_task_group() as group:
        for path in paths:
            group.start_soon(one, path)
    return [found[path] for path in paths]


def using(
    database: Database,
    base_url: str,
    work: Callable[[Requests], Awaitable[Any]],
    *,
    limits: Limits = LIMITS,
    wait_seconds: float = 30.0,
) -> Any:
    """A run of its own, as far as the provider is concerned."""

    async def run() -> Any:
        async with HttpClient(
            "p",
            base_url,
            rate_limit=NoRateLimit(),
            seconds_apart=0,
            breaker=CircuitBreaker(database, wait_seconds=wait_seconds),
            limits=limits,
        ) as client:
            return await work(client.requests())

    return anyio.run(run)


def ask(database: Database, base_url: str, *paths: str, **options: Any) -> list[str | None]:
    return using(database, base_url, lambda r: kinds_of(r, list(paths)), **options)


def row(database: Database) -> Any:
    with database.transaction() as connection:
        return connection.execute(sa.text("SELECT * FROM provider_health")).one()


def change(database: Database, what: str) -> None:
    """Let time have passed."""
    with database.transaction() as connection:
        connection.execute(sa.text(f"UPDATE provider_health SET {what}"))  # noqa: S608


def is_due(database: Database) -> None:
    change(database, "open_until = now(), probe_until = NULL")


def health_of(database: Database, root: str) -> ServiceHealth:
    with database.transaction() as connection:
        (found,) = read_health(connection, {"p": root})
    return found
