"""A TCP proxy before a Postgres, which loses connections in the ways that networks do."""

import contextlib
import socket
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from sqlalchemy.engine import make_url

_BYTES = 65_536


@dataclass
class Proxy:
    """Attributes.

    url: of the same database through the proxy.
    limits: each of the next connections is cut when so many packets of the client have come.
    accepted: how many connections there were.
    away: the server cannot be reached.
    """

    server: str
    url: str = ""
    limits: Iterator[int] = field(default_factory=lambda: iter(()))
    accepted: int = 0
    away: bool = False
    _pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)

    def cut(self) -> None:
        """Close every connection on both sides."""
        for pair in self._pairs:
            for end in pair:
                _shut(end)
        self._pairs.clear()

    def abandon(self) -> None:
        """Close every connection towards the client; the server does not hear of it."""
        for client, _ in self._pairs:
            _shut(client)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.away:
                _shut(client)
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            self._pairs.append((client, server))
            limit = next(self.limits, None)
            threading.Thread(target=self._up, args=(client, server, limit), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, limit: int | None) -> None:
        packets = 0
        with contextlib.suppress(OSError):
            while data := client.recv(_BYTES):
                packets += 1
                if packets == limit:
                    _shut(server)
                    _shut(client)
                    return
                server.sendall(data)
            # A client that says goodbye; one that was cut off has said nothing.
            if (client, server) in self._pairs and client.fileno() >= 0:
                _shut(server)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(_BYTES):
                client.sendall(data)
        _shut(client)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextlib.contextmanager
def proxied(url: str) -> Generator[Proxy]:
    """A proxy before the server of a URL, which names a Unix socket."""
    parsed = make_url(url)
    folder, port = parsed.query["host"], parsed.query.get("port", parsed.port or 5432)
    listener = socket.create_server(("127.0.0.1", 0))
    address = parsed.set(host="127.0.0.1", port=listener.getsockname()[1], query={})
    made = Proxy(f"{folder}/.s.PGSQL.{port}", address.render_as_string(hide_password=False))
    thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        made.cut()
