"""Real HTTP servers on loopback for tests: any ASGI app in a thread, and a Slack webhook receiver.

What a particular provider answers belongs to that provider's tests.
"""

import asyncio
import contextlib
import json
import re
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@contextlib.contextmanager
def serve(app: Any, *, port: int = 0, host: str = "127.0.0.1") -> Generator[str]:
    """Serve an ASGI app until the block ends; yield its base URL, without a trailing slash.

    A port of 0 takes a free one; a given port lets a server that went down come back at its old
    address. Requests still running when the block ends are cancelled after a second.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    listener = socket.create_server((host, port), backlog=256)
    address = listener.getsockname()
    thread = threading.Thread(
        target=server.run, args=([listener],), name="test server", daemon=True
    )
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                message = "the test server ended while starting"
                raise RuntimeError(message)
            time.sleep(0.005)
        yield f"http://{address[0]}:{address[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        listener.close()
        assert not thread.is_alive(), "the test server did not stop"


def free_port() -> int:
    """A port of 127.0.0.1 for a process that is about to be started.

    Not one that the system gives away by itself: the servers of another test would take it first.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def closed_url() -> str:
    """A base URL at which nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a webhook; the default is what Slack says to an accepted message."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


OK = Answer()


class SlackReceiver:
    """An incoming webhook that keeps what it gets and answers as told.

    Args:
        answers: what to answer, in order; afterwards every message is accepted.

    `received` holds every payload that arrived, `accepted` those that were answered with 200.
    """

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers)
        self.received: list[dict[str, Any]] = []
        self.accepted: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._post, methods=["POST"])])

    async def _post(self, request: Request) -> Response:
        payload = json.loads(await request.body())
        answer = self.answers.popleft() if self.answers else OK
        self.received.append(payload)
        self.paths.append(request.url.path)
        if answer.delay_seconds:
            await asyncio.sleep(answer.delay_seconds)
        if answer.status == OK.status:
            self.accepted.append(payload)
        return Response(
            answer.body,
            status_code=answer.status,
            headers=dict(answer.headers),
            media_type="text/plain",
        )

    @contextlib.contextmanager
    def listening(self, *, port: int = 0) -> Generator[str]:
        """Serve this receiver; yield the webhook's URL, with a path that stands for its secret."""
        with serve(self.app, port=port) as base_url:
            yield f"{base_url}/services/T000/B000/secret-token"


def operations_of(digest: Mapping[str, Any]) -> dict[str, int]:
    """How many executions a digest counts, by what became of them."""
    _, counts, *_ = digest["attachments"][0]["blocks"]
    text = counts["fields"][1]["text"]
    return {what: int(number) for number, what in re.findall(r"(\d+) ([a-z ]+)", text)}
