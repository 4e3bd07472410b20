"""A server of images on loopback, which answers conditional requests and counts what it sends."""

import hashlib
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def png(width: int = 2, height: int = 3, shade: int = 0) -> bytes:
    """A whole PNG; another `shade` is another content."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes([shade]) * width for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


# As it is written once it is cleaned.
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    b'viewBox="0 0 9 9">'
    b'<circle cx="4" cy="4" r="3" fill="#004d9e"/></svg>'
)


@dataclass
class ImageServer:
    """Images by path.

    Attributes:
        images: path to body.
        answers: path to what is answered instead.
        content_type: of every image, right or wrong.
        seen: how often each path was asked for.
        sent: bytes of bodies per path.
        not_modified: how often 304 was the answer.
    """

    images: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Callable[[Request], Response]] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    seen: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    not_modified: int = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.seen[path] += 1
        if path in self.answers:
            return self.answers[path](request)
        body = self.images.get(path)
        if body is None:
            return Response("nothing here", status_code=404)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            self.not_modified += 1
            return Response(status_code=304, headers={"ETag": etag})
        self.sent[path] += len(body)
        return Response(body, media_type=self.content_type, headers={"ETag": etag})
