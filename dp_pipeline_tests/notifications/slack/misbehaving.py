"""Webhooks that do not behave as Slack does, spoken on bare sockets: what a library would mend."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dp_pipeline_tests.http.wire import accepting

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Talk:
    """One connection of a client."""

    connection: socket.socket
    webhook: "Webhook"

    def take(self) -> dict[str, Any]:
        """Read the whole request, as Slack does with a message that it takes."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        while len(body) < length:
            body += self._more()
        message = json.loads(body)
        self.webhook.taken.append(message)
        return message

    def say(self, *parts: bytes) -> None:
        """Answer."""
        for part in parts:
            self.connection.sendall(part)

    def reset(self) -> None:
        """End the connection with a reset instead of an orderly close."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def drip(self, byte: bytes) -> None:
        """Send a byte every 50 ms until the webhook ends."""
        while not self.webhook.over.wait(0.05):
            self.say(byte)

    def _more(self) -> bytes:
        more = self.connection.recv(65_536)
        if not more:
            message = "the client has gone"
            raise ConnectionError(message)
        return more


Behaviour = Callable[[Talk], None]


@dataclass
class Webhook:
    """Listens while `open`; behaves as told until it is `well`.

    Attributes:
        behaviour: what is done with a connection.
        taken: every message that was read whole.
        confirmed: those that were answered with ok.
        turns: how many connections misbehave; None for all.
    """

    behaviour: Behaviour
    turns: int | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def open(self) -> Generator[str]:
        """Serve; yield the address."""
        with accepting(self._serve) as port:
            try:
                yield f"http://127.0.0.1:{port}/services/T0/B0/secret-token"
            finally:
                self.over.set()

    def get_well(self) -> None:
        """Behave as Slack does from now on."""
        self.turns = self.connections

    def _serve(self, connection: socket.socket) -> None:
        self.connections += 1
        well = self.turns is not None and self.connections > self.turns
        with connection, contextlib.suppress(OSError):
            (accept if well else self.behaviour)(Talk(connection, self))


def accept(talk: Talk) -> None:
    """What Slack does."""
    message = talk.take()
    talk.say(OK)
    talk.webhook.confirmed.append(message)


def answer(status: str, body: str = "", **headers: str) -> Behaviour:
    """Take the message and answer properly, though not as Slack does."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def behave(talk: Talk) -> None:
        talk.take()
        talk.say(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    return behave


def raw(*parts: bytes, then: Callable[[Talk], None] | None = None) -> Behaviour:
    """Take the message and send bytes."""

    def behave(talk: Talk) -> None:
        talk.take()
        talk.say(*parts)
        if then is not None:
            then(talk)

    return behave


def close_at_once(talk: Talk) -> None:
    """Close without having read anything, as a proxy does that has nobody behind it."""
    talk.connection.recv(1)
    talk.reset()


def flood(talk: Talk) -> None:
    """Answer without an end."""
    talk.take()
    talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not talk.webhook.over.is_set():
        talk.say(b"10000\r\n" + b"o" * 65_536 + b"\r\n")


def wait(talk: Talk) -> None:
    """Never answer."""
    talk.webhook.over.wait()


PORTAL = "<html><body>Please sign in</body></html>"

# Sent whole, and nothing that came back says whether it was taken.
DOUBTFUL: Mapping[str, Behaviour] = {
    "takes it and resets": raw(then=Talk.reset),
    "takes it and closes": raw(),
    "takes it and never answers": raw(then=wait),
    "half a status line": raw(b"HTTP/1.1 20"),
    "half a header": raw(b"HTTP/1.1 200 OK\r\nContent-Len"),
    "half of ok": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"),
    "ok, and reset before its end": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", then=Talk.reset
    ),
    "a header that drips": raw(b"HTTP/1.1 200 OK\r\nX-Slow: ", then=lambda talk: talk.drip(b"x")),
}

# Not taken: answered with something else than Slack's yes, or not sent whole.
ANSWERED: Mapping[str, Behaviour] = {
    "301": answer("301 Moved Permanently", Location="{target}"),
    "302": answer("302 Found", "ok", Location="{target}"),
    "303": answer("303 See Other", Location="{target}"),
    "307": answer("307 Temporary Redirect", Location="{target}"),
    "308": answer("308 Permanent Redirect", Location="{target}"),
    "304": answer("304 Not Modified"),
    "a login page": answer("200 OK", PORTAL, Content_Type="text/html"),
    "another word": answer("200 OK", "accepted"),
    "json": answer("200 OK", '{"ok": false, "error": "channel_not_found"}'),
    "nothing with 200": answer("200 OK"),
    "204": answer("204 No Content"),
    "201 ok": answer("201 Created", "ok"),
    "500": answer("500 Internal Server Error", "rollup_error"),
    "502 page": answer("502 Bad Gateway", PORTAL),
    "503": answer("503 Service Unavailable"),
    "503 cut short": raw(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 90\r\n\r\nso"),
    "400 page": answer("400 Bad Request", PORTAL),
    "403": answer("403 Forbidden", PORTAL),
    "403 of Slack": answer("403 Forbidden", "action_prohibited"),
    "404": answer("404 Not Found", "no_service"),
    "410": answer("410 Gone", "channel_is_archived"),
    "413": answer("413 Content Too Large", PORTAL),
    "too much": flood,
    "a drip": raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", then=lambda talk: talk.drip(b"o")
    ),
}
UNSENT: Mapping[str, Behaviour] = {
    "no HTTP": raw(b"\x00\x01 220 mail.example.org ESMTP\r\n\r\n"),
    "a TLS alert": raw(b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n"),
}
LIMITED: Mapping[str, Behaviour] = {
    "429": answer("429 Too Many Requests", "rate_limited"),
    "429 for a second": answer("429 Too Many Requests", "rate_limited", Retry_After="1"),
    "429 for ever": answer("429 Too Many Requests", "rate_limited", Retry_After="99999999"),
    "429 for nonsense": answer("429 Too Many Requests", "rate_limited", Retry_After="soon"),
}


def elsewhere(behaviour: Behaviour, target: str) -> Behaviour:
    """The same with the address of a redirect filled in."""

    def behave(talk: Talk) -> None:
        say = talk.say

        def fill(*parts: bytes) -> None:
            say(*(part.replace(b"{target}", target.encode()) for part in parts))

        talk.say = fill
        behaviour(talk)

    return behave


def keys_in(messages: list[dict[str, Any]], *keys: str) -> list[str]:
    """Which of the keys each message names."""
    texts = [json.dumps(message) for message in messages]
    return [key for text in texts for key in keys if key in text]
