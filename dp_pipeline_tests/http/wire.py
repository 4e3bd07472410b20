"""A server on loopback that answers with exactly the bytes a test says, however broken.

For well-formed applications there is `dp_pipeline_tests.servers`.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Self

Reply = bytes | Callable[[socket.socket], None]


def http(
    status: int = 200,
    body: bytes = b"[]",
    headers: Mapping[str, str] | None = None,
    *,
    length: int | None = None,
) -> bytes:
    """An HTTP/1.1 response; `length` is a Content-Length other than the body's."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1") + body


def reset(connection: socket.socket) -> None:
    """Answer with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slow(*pieces: bytes, pause_seconds: float) -> Reply:
    """Send the pieces with a pause after each."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_seconds)

    return send


def endless(head: bytes, piece: bytes, pause_seconds: float = 0.0) -> Reply:
    """Send the piece until the client has had enough."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(pause_seconds)

    return send


@contextlib.contextmanager
def accepting(serve: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Generator[int]:
    """Serve connections until the block ends, each in a thread of its own; yield the port."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    listener = socket.create_server((host, 0), backlog=256)
    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)


@dataclass
class Wire:
    """Answers the n-th request with the n-th reply, and all further ones with the last."""

    replies: list[Reply]
    host: str = "127.0.0.1"
    heads: list[str] = field(default_factory=list)
    url: str = ""

    def __len__(self) -> int:
        return len(self.heads)

    @contextlib.contextmanager
    def listening(self) -> Generator[Self]:
        """Serve until the block ends, each connection for one request."""
        with accepting(self._serve, self.host) as port:
            self.url = f"http://{self.host}:{port}"
            yield self

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode("latin-1"))
            reply = self.replies[min(len(self.heads), len(self.replies)) - 1]
            if isinstance(reply, bytes):
                connection.sendall(reply)
            else:
                reply(connection)


@contextlib.contextmanager
def wire(*replies: Reply, host: str = "127.0.0.1") -> Generator[Wire]:
    """A Wire that listens at an address of loopback."""
    with Wire(list(replies), host).listening() as listening:
        yield listening
