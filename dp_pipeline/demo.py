"""What `make run` shows a newcomer: Dagster with a simulated football world beside it.

The world runs in this process, Dagster in a child. Two of its tournaments are registered, and the
sensor `refresh_simulated` keeps them up to date while the world plays on.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

SEED = 1
TOURNAMENTS = 12
SHOWN = (1, 3)
"""A league, and groups with a knockout."""
SPEED = 720
"""A minute here is half a day there, and a season takes ten hours."""
STATE = "sandbox.json"
_STARTED_WITHIN = 15.0
_REMEMBERED_EVERY = 20.0


@contextmanager
def simulated_world(home: Path, show: Callable[[tuple[str, ...]], None]) -> Generator[str]:
    """Serve the world; its address. `show` is given the keys to show, anew in each season.

    Its clock stands still while nobody runs it and never goes back: what has been read from it
    stays true.
    """
    import uvicorn

    from dp_pipeline.sandbox.clock import Clock, read_moment
    from dp_pipeline.sandbox.faults import Faults
    from dp_pipeline.sandbox.index import tournament_key
    from dp_pipeline.sandbox.server import Simulation, app
    from dp_pipeline.sandbox.world.worlds import World

    played, port = _remembered(home)
    # What was played after the last note was not noted: a little ahead is right, behind never is.
    began = time.time() - (played + 2 * _REMEMBERED_EVERY if played else 0)
    simulation = Simulation(
        World(SEED, TOURNAMENTS), Clock(read_moment("37%", began), began, SPEED), Faults(SEED, [])
    )
    listener = _listen(port)
    port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    stopped = threading.Event()

    def play() -> None:
        shown: tuple[str, ...] = ()
        while True:
            _remember(home, time.time() - began, port)
            newest = tuple(tournament_key(number, simulation.now) for number in SHOWN)
            if newest != shown:
                show(newest)
                shown = newest
            if stopped.wait(_REMEMBERED_EVERY):
                return

    config = uvicorn.Config(
        app(simulation),
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    clock = threading.Thread(target=play, name="sandbox clock", daemon=True)
    clock.start()
    deadline = time.monotonic() + _STARTED_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield address
    finally:
        stopped.set()
        clock.join(timeout=5)
        server.should_exit = True
        thread.join(timeout=5)


def run_dagster(host: str, port: int, environment: dict[str, str]) -> int:
    """Run `dg dev` until it ends or we are told to; its exit code."""
    program = str(Path(sys.executable).with_name("dg"))
    child = subprocess.Popen(  # noqa: S603 - our own program
        [program, "dev", "--host", host, "--port", str(port)],
        env={**os.environ, **environment},
    )
    # ctrl-C reaches the whole group: Dagster stops in its own way, and we wait for it. A SIGTERM is
    # for this process alone and handed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGINT))
    return child.wait()


def _remembered(home: Path) -> tuple[float, int]:
    """For how many seconds the world has run so far, and on which port."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((home / STATE).read_text())
        return float(found["played"]), int(found["port"])
    return 0.0, 0


def _remember(home: Path, played: float, port: int) -> None:
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"{STATE}.new"
    fresh.write_text(json.dumps({"played": played, "port": port}))
    fresh.replace(home / STATE)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=256)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=256)
