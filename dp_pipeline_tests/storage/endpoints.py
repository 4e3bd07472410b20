"""Endpoints of an object store on loopback: one that is well, and what else may answer there."""

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import SecretStr

from dp_pipeline.settings import S3Settings
from dp_pipeline.storage import S3
from dp_pipeline_tests.http.wire import Reply, accepting, endless, http, reset, slow

BUCKET = "reports"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """Answers each request as told; with a `greeting` it says that at once and reads nothing.

    Attributes:
        objects: what a healthy one was given, by path.
        asked: every request.
        connections: those that are open.
        reached: set once a request has come.
    """

    answer: Callable[[Asked], Reply] | None = None
    greeting: Reply | None = None
    tls: ssl.SSLContext | None = None
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @contextlib.contextmanager
    def listening(self) -> Generator[Self]:
        """Serve until the block ends, each connection for one request."""
        try:
            with accepting(self._serve) as port:
                self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
                yield self
        finally:
            self.hang_up()

    def store(self, *, answer_seconds: float = 15.0, **more: Any) -> S3:
        """The bucket at this endpoint."""
        return bucket_at(self.url, answer_seconds=answer_seconds, **more)

    def hang_up(self) -> None:
        """End what still goes on: answers without end, and those that never come."""
        while self.connections:
            with contextlib.suppress(OSError):
                self.connections.pop().shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            if self.greeting is not None:
                _send(connection, self.greeting)
                return
            with connection:
                asked = _read(connection)
                self.asked.append(asked)
                self.reached.set()
                _send(connection, (self.answer or self._well)(asked))

    def _well(self, asked: Asked) -> Reply:
        if asked.method == "PUT":
            self.objects[asked.path] = asked.body
        elif asked.path not in self.objects:
            return http(404, b"")
        elif asked.method == "DELETE":
            del self.objects[asked.path]
            return http(204, b"")
        md5 = hashlib.md5(self.objects[asked.path], usedforsecurity=False).hexdigest()
        body = self.objects[asked.path] if asked.method == "GET" else b""
        return http(200, body, {"ETag": f'"{md5}"'})


def bucket_at(url: str, *, answer_seconds: float = 15.0, **more: Any) -> S3:
    """The bucket at an address."""
    public_url = more.pop("public_url", "https://cdn.example.org")
    settings = S3Settings.model_construct(  # unchecked: what the environment may not say, too
        bucket=more.pop("bucket", BUCKET),
        access_key="AKIDTESTS",
        secret_key=SecretStr("secret"),
        region="eu-central-1",
        endpoint_url=url,
        **more,
    )
    return S3(settings, public_url, answer_seconds=answer_seconds)


def _read(connection: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _more(connection)
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, body)


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise ConnectionResetError
    return piece


def _send(connection: socket.socket, reply: Reply) -> None:
    if isinstance(reply, bytes):
        connection.sendall(reply)
    else:
        reply(connection)


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side goes away."""
    while connection.recv(65_536):
        pass


def says(status: int, code: str = "", more: str = "") -> bytes:
    """An error as S3 words it."""
    if not code:
        return http(status, b"")
    return http(status, f"<Error><Code>{code}</Code><Message>no</Message>{more}</Error>".encode())


def redirect(status: int, location: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer that points elsewhere."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return http(status, body, {"Location": location, **more})


OK = b"HTTP/1.1 200 OK\r\n"
PAGE = b"<!doctype html><html><body>Please log in</body></html>"
MOVED = b"<Error><Code>PermanentRedirect</Code><Endpoint>elsewhere.example</Endpoint></Error>"

GREETINGS: dict[str, Reply] = {
    "closes at once": b"",
    "resets at once": reset,
    "never answers": hang,
    "speaks SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "speaks HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
}
ANSWERS: dict[str, Reply] = {
    "closes after the request": b"",
    "resets after the request": reset,
    "never answers the request": hang,
    "stops within the status": b"HTTP/1.",
    "stops within the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "stops within an error": http(500, b"<Error><Co", length=400),
    "says to continue and closes": b"HTTP/1.1 100 Continue\r\n",
    "answers bytes": bytes(range(256)) * 8,
    "answers zeros": bytes(4096),
    "has a status that is no number": b"HTTP/1.1 OK 200\r\n\r\n",
    "has headers without end": endless(OK, b"X-More: and more\r\n"),
    "has one header without end": endless(OK + b"X-More: ", b"a" * 4096),
    "has headers that are no text": OK + b"\xff\xfe: \x00\x01\r\n\r\n",
    "has no ETag": http(200, b""),
    "has no ETag and another length": http(200, b"", length=10_000),
    "answers a page": http(200, PAGE, {"Content-Type": "text/html"}),
    "answers a page with an ETag": http(200, PAGE, {"Content-Type": "text/html", "ETag": '"1"'}),
    "answers JSON": http(200, b'{"ok": true}', {"Content-Type": "application/json"}),
    "answers without end": endless(OK + b'ETag: "1"\r\n\r\n', b"x" * 65_536),
    "fails without end": endless(b"HTTP/1.1 500 No\r\n\r\n", b"<a>" * 20_000),
    "trickles its headers": slow(OK, *[b"X"] * 400, pause_seconds=0.05),
    "trickles its body": endless(OK + b"ETag: 1\r\n\r\n", b"x", pause_seconds=0.05),
    "has chunks of no size": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "redirects with 300": redirect(300, "http://127.0.0.1:9/"),
    "redirects with 301": redirect(301, "http://127.0.0.1:9/"),
    "redirects as S3 does": redirect(301, "http://127.0.0.1:9/", MOVED),
    "redirects to itself": redirect(302, "/"),
    "redirects nowhere": http(302, b""),
    "redirects with 307": redirect(307, "http://127.0.0.1:9/"),
    "redirects with 308": redirect(308, "https://127.0.0.1:9/"),
    "names another region": redirect(301, "/", MOVED, x_amz_bucket_region="us-west-2"),
    "names no region": redirect(307, "/", MOVED, x_amz_bucket_region="evil.example/?"),
    "refuses the region": says(400, "AuthorizationHeaderMalformed", "<Region>us-west-2</Region>"),
    "refuses with 400": says(400, "InvalidRequest"),
    "refuses with 400 and no word": says(400),
    "refuses with 401 and a page": http(401, PAGE, {"Content-Type": "text/html"}),
    "does not know the key": says(403, "InvalidAccessKeyId"),
    "refuses access": says(403, "AccessDenied"),
    "has no such bucket": says(404, "NoSuchBucket"),
    "refuses with 405": says(405, "MethodNotAllowed"),
    "refuses with 409": says(409, "OperationAborted"),
    "refuses with 411": says(411, "MissingContentLength"),
    "refuses with 412": says(412, "PreconditionFailed"),
    "refuses with 429": says(429, "TooManyRequests"),
    "fails with 500": says(500, "InternalError"),
    "fails with 501": says(501, "NotImplemented"),
    "fails with 502 and a page": http(502, PAGE, {"Content-Type": "text/html"}),
    "is to be asked more slowly": says(503, "SlowDown"),
    "fails in bytes": http(500, bytes(range(256))),
    "fails in deep XML": http(500, b"<a>" * 5_000),
    "fails with a code of no use": says(500, "A\x00\n<b>" + "x" * 9_000 + "</b>"),
    "fails with two codes": http(500, b"<Error><Code>A</Code><Code>B</Code></Error>"),
    "has a status nobody knows": http(999, b""),
}
DRIBBLES = {"trickles its headers"}
"""What no time-out of a connection ends: only the deadline does."""
