"""A web server of this machine's own, in a thread: the simulated world, and what lies beside it."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn

_STARTED_WITHIN = 15.0


def listen(port: int) -> socket.socket:
    """Listen at a port, or at any where that one is taken; 0 is any."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=256)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=256)


@contextmanager
def serving(server: "uvicorn.Server", listener: socket.socket) -> Generator[str]:
    """Serve until the block ends; the address."""
    thread = threading.Thread(target=server.run, args=([listener],), name="pages", daemon=True)
    thread.start()
    deadline = time.monotonic() + _STARTED_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # who reads the pages has ended by now; a browser's open connection is not waited for
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)
