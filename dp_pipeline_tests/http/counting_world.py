"""A server that counts what is requested of it, and how much of it at a time."""

import time

import anyio
from starlette.applications import Starlette
from starlette.requests import Request as Received
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class World:
    """An application that counts: requests per path, and how many are served at a time."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self.delay_seconds = delay_seconds
        self.paths: list[str] = []
        self.starts: list[float] = []
        self.at_a_time = self.most_at_a_time = 0
        self.cookies: list[str | None] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Received) -> Response:
        self.paths.append(request.url.path)
        self.starts.append(time.monotonic())
        self.cookies.append(request.headers.get("cookie"))
        self.at_a_time += 1
        self.most_at_a_time = max(self.at_a_time, self.most_at_a_time)
        await anyio.sleep(self.delay_seconds)
        self.at_a_time -= 1
        if "page" in request.url.path:
            return PlainTextResponse("<p>Grüße</p>", headers={"Content-Type": "text/html"})
        status = 404 if "missing" in request.url.path else 200
        answer = JSONResponse([request.url.path], status_code=status)
        answer.set_cookie("session", "1")
        return answer
