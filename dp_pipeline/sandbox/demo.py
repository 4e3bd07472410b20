"""What `make run` shows a newcomer: Dagster with a simulated football world beside it.

The world runs in this process, Dagster in a child (cli/dagster_child.py). Two of its tournaments
are registered; sensors fill them and keep them up to date while the world plays on, as they would
real ones.
"""

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.sandbox.serving import listen, serving

if TYPE_CHECKING:
    from starlette.routing import Route

    from dp_pipeline.sandbox.server import Simulation

SEED = 1
TOURNAMENTS = 1_200
SHOWN = (1, 3)
"""Places in a block of twelve competitions: a league, and groups with a knockout."""
SPEED = 5_760
"""A minute here is four days there, without the days on which nothing ends (quiet.py)."""
STATE = "sandbox.json"
FIRST_PAGE = "/season"
NOT_YET = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>The first season is being read</title></head>
<body style="font: 1.1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<main><h1>The first season is being read</h1>
<p>Within a minute the table and the charts of a simulated league stand here. This page looks again
by itself.</p></main></body></html>"""
_AGAIN = {"Refresh": "3"}
"""In seconds. Of the answer and not of the page, which a screen reader may read to its end."""
_LOOKED_EVERY = 5.0
_LONGEST_WAIT = 30.0
"""In seconds, from the first tick of a sensor. Half a minute between the start of the world and the
first poll is two days of it: a check said that 18 matches were overdue, and told Slack."""


@dataclass(frozen=True, slots=True)
class DemoState:
    """What outlives a stop.

    Args:
        played: how far the world's clock is, in seconds at its usual speed; None: not begun.
        port: where the world is.
        block: which competitions are shown.
    """

    played: float | None = None
    port: int = 0
    block: int = 0


@contextmanager
def simulated_world(
    home: Path,
    show: Callable[[tuple[str, ...]], None],
    season: Callable[[str], str | None] = lambda _: None,
) -> Generator[str]:
    """Serve the world; its address, below which `FIRST_PAGE` is the page to begin with.

    The world's clock stands still while nobody runs it or has read it yet, passes over days on
    which nothing ends, and never goes back: what has been read from it stays true. When its last
    season is over, other competitions of the world are shown from the beginning.

    Args:
        home: where what outlives a stop is noted.
        show: is given the keys to show, anew in each season.
        season: makes the page of a tournament's season; None: nothing of it is stored yet.
    """
    from dp_pipeline.sandbox.clock import Clock, read_moment
    from dp_pipeline.sandbox.faults import Faults
    from dp_pipeline.sandbox.index import tournament_key
    from dp_pipeline.sandbox.quiet import next_event, past_quiet
    from dp_pipeline.sandbox.server import Simulation, http_server
    from dp_pipeline.sandbox.world import calendar
    from dp_pipeline.sandbox.world.formats import KINDS
    from dp_pipeline.sandbox.world.worlds import World

    state = _remembered(home)
    block = state.block
    # What was played after the last note was not noted: a little ahead is right, behind never is.
    began = time.time() - (0 if state.played is None else state.played + 2 * _LOOKED_EVERY)
    start = read_moment("37%", began)
    simulation = Simulation(World(SEED, TOURNAMENTS), Clock(start, began, SPEED), Faults(SEED, []))
    listener = listen(state.port)
    port = listener.getsockname()[1]
    shown: tuple[str, ...] = ()
    stands_still = False

    def note() -> None:
        nonlocal block, shown, stands_still
        real, clock = time.time(), simulation.clock
        if clock.at(real) > calendar.season_end(calendar.SEASONS - 1):
            block = (block + 1) % (TOURNAMENTS // KINDS)
            clock = Clock(start, real, SPEED)
        if stands_still and _is_followed(simulation, real):
            stands_still, clock = False, clock.run(SPEED, real)
        numbers = [number + block * KINDS for number in SHOWN]
        if clock.speed == SPEED:  # else somebody steers it, over /admin/clock
            clock = past_quiet(clock, real, next_event(simulation.world, numbers, clock.at(real)))
        # The note comes first: what is killed in between goes on ahead of what has been read.
        _remember(home, DemoState((clock.at(real) - start) / SPEED, port, block))
        simulation.clock = clock
        newest = tuple(tournament_key(number, simulation.now) for number in numbers)
        if newest != shown:
            show(newest)
            shown = newest

    note()
    stands_still, simulation.clock = True, simulation.clock.run(0, time.time())
    server = http_server(simulation, [_first_page(lambda: season(shown[0]))])
    with _repeating(note), serving(server, listener) as address:
        yield address


def _is_followed(simulation: "Simulation", real: float) -> bool:
    """Whether polls have begun, or have nothing to read at the moment at which the world stands."""
    looked_at = simulation.looked_at
    return simulation.is_read or (looked_at is not None and real - looked_at > _LONGEST_WAIT)


def _first_page(season: Callable[[], str | None]) -> "Route":
    """What serves the page of the season that is shown, or the word that it is to come."""
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    def answer(_: object) -> HTMLResponse:
        page = season()
        return HTMLResponse(NOT_YET, headers=_AGAIN) if page is None else HTMLResponse(page)

    return Route(FIRST_PAGE, answer)


@contextmanager
def _repeating(work: Callable[[], None]) -> Generator[None]:
    """Do something now and again until the block ends."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.wait(_LOOKED_EVERY):
            work()

    thread = threading.Thread(target=repeat, name="sandbox clock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=5)


def _remembered(home: Path) -> DemoState:
    with suppress(OSError, ValueError, TypeError):
        return DemoState(**json.loads((home / STATE).read_text()))
    return DemoState()


def _remember(home: Path, state: DemoState) -> None:
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"{STATE}.new"
    fresh.write_text(json.dumps(asdict(state)))
    fresh.replace(home / STATE)
