"""OpenLigaDB on loopback: it answers with the JSON a test gives it, and counts requests."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.servers import serve

MATCHES, GROUPS, TABLES = (
    f"/{what}/bl1/2024" for what in ("getmatchdata", "getavailablegroups", "getbltable")
)


@dataclass
class Service:
    """Answers paths with JSON, or with a status where an int stands; other paths with 404.

    Text stands for a page where JSON belongs.
    """

    answers: dict[str, Any]
    requested: list[str] = field(default_factory=list)
    at_once: int = 0
    seconds: float = 0.05
    _running: int = 0

    async def _get(self, request: Request) -> Response:
        self.requested.append(request.url.path)
        self._running += 1
        self.at_once = max(self.at_once, self._running)
        await asyncio.sleep(self.seconds)
        self._running -= 1
        answer = self.answers.get(request.url.path, 404)
        if isinstance(answer, str):
            return HTMLResponse(answer)
        return Response(status_code=answer) if isinstance(answer, int) else JSONResponse(answer)

    @contextlib.contextmanager
    def listening(self) -> Generator[str]:
        with serve(Starlette(routes=[Route("/{path:path}", self._get)])) as url:
            yield url


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Requests]:
    limits = Limits(attempts=1)
    client = HttpClient("openligadb", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=limits)
    async with client:
        yield client.requests()


def groups(*names: str) -> list[dict[str, Any]]:
    return [
        {"groupName": name, "groupOrderID": order, "groupID": 5000 + order}
        for order, name in enumerate(names, start=1)
    ]


def of_season(payload: list[dict[str, Any]]) -> Service:
    """A service that has a season: whole, by round and match by match."""
    service = Service({MATCHES: payload, TABLES: []}, seconds=0)
    for match in payload:
        order = match["group"]["groupOrderID"]
        service.answers.setdefault(f"{MATCHES}/{order}", []).append(match)
        service.answers[f"/getmatchdata/{match['matchID']}"] = match
    listed = {(m["group"]["groupOrderID"], m["group"]["groupName"]): m["group"] for m in payload}
    service.answers[GROUPS] = [listed[key] for key in sorted(listed)]
    return service
