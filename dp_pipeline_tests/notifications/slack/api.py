"""Slack's API on loopback, as a bot sees it: a channel with threads that keeps what it is given."""

import contextlib
import json
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dp_pipeline_tests.servers import serve

TOKEN = "xoxb-17-secret-token"
CHANNEL_ID = "C0123456789"


@dataclass
class InChannel:
    """A message as it stands; `below` names the one it replies to, `was` what it said before."""

    ts: str
    says: dict[str, Any]
    below: str | None = None
    loud: bool = False
    was: list[dict[str, Any]] = field(default_factory=list)

    @property
    def header(self) -> str:
        """The first line."""
        return self.says["attachments"][0]["blocks"][0]["text"]["text"]


@dataclass
class SlackApi:
    """Takes what a bot posts and edits; answers as told, in order, before it takes anything.

    Attributes:
        answers: Slack's error words, or whole responses; None takes the request.
        takes_first: whether a request that is answered otherwise was taken all the same.
        messages: all that stands in the channel, oldest first.
        requests: the method of each request.
    """

    answers: deque[str | Response | None] = field(default_factory=deque)
    takes_first: bool = False
    messages: list[InChannel] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def listening(self, *, port: int = 0) -> Generator[str]:
        """Serve; yield the root of the API."""
        app = Starlette(routes=[Route("/api/{method}", self._answer, methods=["POST", "GET"])])
        with serve(app, port=port) as base_url:
            yield f"{base_url}/api"

    def find(self, ts: str) -> InChannel | None:
        """A message by its name."""
        return next((each for each in self.messages if each.ts == ts), None)

    @property
    def first(self) -> list[InChannel]:
        """The messages that are no replies."""
        return [each for each in self.messages if each.below is None]

    def replies(self, to: InChannel) -> list[InChannel]:
        """What was replied to a message."""
        return [each for each in self.messages if each.below == to.ts]

    async def _answer(self, request: Request) -> Response:
        method = request.path_params["method"]
        self.requests.append(method)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no("invalid_auth")
        answer = self.answers.popleft() if self.answers else None
        if answer is not None and not self.takes_first:
            return _no(answer) if isinstance(answer, str) else answer
        taken = self._take(method, json.loads(await request.body()))
        if answer is not None:
            return _no(answer) if isinstance(answer, str) else answer
        return taken

    def _take(self, method: str, given: Mapping[str, Any]) -> Response:
        says = {name: given[name] for name in ("text", "attachments") if name in given}
        if method == "chat.update":
            message = self.find(given["ts"]) if given["channel"] == CHANNEL_ID else None
            if message is None:
                return _no("message_not_found")
            message.was.append(message.says)
            message.says = says
            return JSONResponse({"ok": True, "channel": CHANNEL_ID, "ts": message.ts})
        if given["channel"] not in {CHANNEL_ID, "#football"}:
            return _no("channel_not_found")
        below = given.get("thread_ts")
        if below is not None and self.find(below) is None:
            return _no("thread_not_found")
        message = InChannel(
            f"17{len(self.messages):08}.000100",
            says,
            below,
            bool(given.get("reply_broadcast")),
        )
        self.messages.append(message)
        return JSONResponse({"ok": True, "channel": CHANNEL_ID, "ts": message.ts, "message": says})


def _no(word: str) -> Response:
    headers = {"Retry-After": "30"} if word == "ratelimited" else {}
    status = 429 if word == "ratelimited" else 200
    return JSONResponse({"ok": False, "error": word}, status_code=status, headers=headers)
