"""The simulated world on HTTP: the provider's paths, a page to start from, and what steers it.

The API answers below / and below /api/v1, as at the provider; so does /clock, which tells the time
there. Steering is for this machine only:

- GET /admin/clock; POST it {"set": "37%"}, {"advance": 3600} (seconds) or {"speed": 60}
- GET /admin/faults; POST it {"faults": ["challenge */rounds 10%"]}; DELETE it
"""

import ipaddress
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from dp_pipeline.sandbox.api.answers import answer, public_page
from dp_pipeline.sandbox.api.reply import Reply
from dp_pipeline.sandbox.clock import Clock, ClockError, read_moment
from dp_pipeline.sandbox.faults import FaultError, Faults, read_fault, spoiled
from dp_pipeline.sandbox.index import index_page
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.worlds import World

if TYPE_CHECKING:
    import uvicorn

_API = "/api/v1"
_MODIFIED = "Sun, 01 Aug 2021 00:00:00 GMT"
_OK, _NOT_MODIFIED = 200, 304
_LARGEST_ORDER = 100_000
_MOST_DIGITS = 6
_LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}


@dataclass(slots=True)
class Simulation:
    """A world with its clock and its faults, as they are now."""

    world: World
    clock: Clock
    faults: Faults
    real: Callable[[], float] = time.time
    looked_at: float | None = None
    """When somebody first asked what time it is here."""
    is_read: bool = False
    """Whether anything of the provider's was requested."""

    @property
    def now(self) -> int:
        """The world's time."""
        return self.clock.at(self.real())


class OrderError(ValueError):
    """An order to the clock or the faults that cannot be carried out; the text is a sentence."""


def app(simulation: Simulation, more: Sequence[Route] = ()) -> Starlette:
    """The ASGI application; `more` goes before the provider's paths."""
    site = _Site(simulation)
    return Starlette(
        routes=[
            *more,
            Route("/", site.index),
            Route("/clock", site.clock),
            Route(f"{_API}/clock", site.clock),
            Route("/admin/clock", site.admin, methods=["GET", "POST"]),
            Route("/admin/faults", site.admin, methods=["GET", "POST", "DELETE"]),
            Route("/football/tournament/{rest:path}", site.page),
            Route("/tournament/football/{rest:path}", site.page),
            Route("/{language}/football/tournament/{rest:path}", site.page),
            Route("/{rest:path}", site.api),
        ]
    )


def http_server(simulation: Simulation, more: Sequence[Route] = ()) -> "uvicorn.Server":
    """What serves the application; `run` is given the listening sockets."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app(simulation, more),
            # A truncated answer is an error to the server, and here it is requested.
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )


class _Site:
    """What answers the requests."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def api(self, request: Request) -> Response:
        """The provider's interface, with the faults in force."""
        self._simulation.is_read = True
        path = request.url.path.removesuffix("/")
        path = path.removeprefix(_API) if path.startswith(f"{_API}/") else path
        met = self._simulation.faults.met_by(path)
        for fault in met:
            if fault.kind == "latency":
                await anyio.sleep(float(fault.value))
            elif fault.kind == "timeout":
                return _Silence()
        answered = answer(self._simulation.world, path, self._simulation.now)
        reply, extra = spoiled(answered, met)
        if any(fault.kind == "truncated" for fault in met):
            return _Truncated(reply.body, reply.status, media_type=reply.content_type)
        return _response(request, reply, extra)

    async def clock(self, request: Request) -> Response:
        """What time it is there and how fast it passes; whoever reads the world may read it."""
        del request
        if self._simulation.looked_at is None:
            self._simulation.looked_at = self._simulation.real()
        return JSONResponse(_clock_of(self._simulation, "GET", {}))

    async def page(self, request: Request) -> Response:
        """A competition's page for people."""
        competition = request.url.path.rstrip("/").rpartition("/")[2]
        reply = public_page(self._simulation.world, competition, self._simulation.now)
        return _response(request, reply, {})

    async def index(self, request: Request) -> Response:
        """The list of competitions."""
        page = request.query_params.get("page", "1")
        number = int(page) if page.isdecimal() and len(page) < _MOST_DIGITS else 1
        root = str(request.base_url).rstrip("/")
        reply = index_page(self._simulation.world, root, self._simulation.now, number)
        return _response(request, reply, {})

    async def admin(self, request: Request) -> Response:
        """Clock and faults."""
        if not _is_local(request):
            return JSONResponse({"error": "This is for the machine itself only."}, 403)
        change = _clock_of if request.url.path.endswith("clock") else _faults_of
        try:
            order = await _order(request)
            return JSONResponse(change(self._simulation, request.method, order))
        except (OrderError, ClockError, FaultError) as error:
            return JSONResponse({"error": str(error)}, 400)


class _Silence(Response):
    """No answer, until the other side gives up or this server ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        while (await receive())["type"] != "http.disconnect":
            pass


class _Truncated(Response):
    """Half of the body that was announced, then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def _response(request: Request, reply: Reply, extra: Mapping[str, str]) -> Response:
    headers = {
        "Cache-Control": f"max-age={reply.max_age}, public, s-maxage={reply.max_age}",
        "ETag": reply.etag,
        **extra,
    }
    image = reply.content_type.startswith("image/")
    if image:
        headers["Last-Modified"] = _MODIFIED
    if reply.status == _OK and _has_it(request, reply.etag, image=image):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = reply.content_type
    return Response(reply.body, reply.status, headers)


def _has_it(request: Request, etag: str, *, image: bool) -> bool:
    """Whether the other side has this already. If-None-Match goes before (RFC 9110 13.1.3)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return any(each.strip().removeprefix("W/") in {etag, "*"} for each in known.split(","))
    return image and request.headers.get("if-modified-since") == _MODIFIED


def _clock_of(simulation: Simulation, method: str, order: Mapping[str, Any]) -> Any:
    if method == "POST":
        real, clock = simulation.real(), simulation.clock
        for name, value in order.items():
            match name, value:
                case "set", str():
                    clock = clock.set(read_moment(value, real), real)
                case "advance", int() if value >= 0:
                    clock = clock.set(clock.at(real) + value, real)
                case "speed", int() | float():
                    clock = clock.run(value, real)
                case _:
                    reason = 'Tell the clock {"set": "37%"}, {"advance": 3600} or {"speed": 60}.'
                    raise OrderError(reason)
        simulation.clock = clock
    now = simulation.now
    return {"now": calendar.iso(now), "timestamp": now, "speed": simulation.clock.speed}


def _faults_of(simulation: Simulation, method: str, order: Mapping[str, Any]) -> Any:
    if method == "DELETE":
        simulation.faults.replace(())
    elif method == "POST":
        written = order.get("faults")
        if not isinstance(written, list) or not all(isinstance(each, str) for each in written):
            reason = 'Tell the faults {"faults": ["challenge */rounds 10%"]}.'
            raise OrderError(reason)
        simulation.faults.replace([read_fault(each) for each in written])
    return {"faults": [fault.text for fault in simulation.faults.faults]}


async def _order(request: Request) -> Mapping[str, Any]:
    if request.method != "POST":
        return {}
    # A page in a browser cannot send this type to another site without a request of its own first.
    if "json" not in request.headers.get("content-type", ""):
        reason = "Send JSON, with Content-Type: application/json."
        raise OrderError(reason)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_ORDER:
            reason = f"An order has at most {_LARGEST_ORDER} bytes."
            raise OrderError(reason)
    try:
        order = from_json(body)
    except ValueError as error:
        reason = f"The order is no JSON ({error})."
        raise OrderError(reason) from error
    if not isinstance(order, dict):
        reason = "An order is a JSON object."
        raise OrderError(reason)
    return order


def _is_local(request: Request) -> bool:
    """From this machine, under one of its names: another name is a page's of somebody else."""
    host = request.headers.get("host", "").rsplit(":", 1)[0] if request.client else ""
    try:
        return (
            request.client is not None
            and ipaddress.ip_address(request.client.host).is_loopback
            and host in _LOCAL_NAMES
        )
    except ValueError:
        return False
