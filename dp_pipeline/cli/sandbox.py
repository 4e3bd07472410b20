"""`dp sandbox`: the simulated world from the command line."""

import contextlib
import time

import click

from dp_pipeline.cli.group import main
from dp_pipeline.cli.listening import listener, listens_at
from dp_pipeline.sandbox.faults import KINDS

PORT = 8765
"""Where the provider `sandbox` finds the world unless an option says otherwise."""


@main.group()
def sandbox() -> None:
    """A simulated football world to run against without network."""


@sandbox.command()
@listens_at(PORT)
@click.option("--seed", default=1, show_default=True, help="Another seed is another world.")
@click.option("--tournaments", default=12, show_default=True, help="How many, up to 10000.")
@click.option("--clock", default="37%", show_default=True, help="Start: 37%, a time, or now.")
@click.option("--speed", default=60.0, show_default=True, help="World per real time; 0 stops it.")
@click.option(
    "--began",
    type=float,
    help="Real time (Unix seconds) at which --clock was; default is now. With the same value a "
    "restarted world goes on instead of beginning anew.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="KIND[=VALUE] [PATTERN [PERCENT]], such as 'latency=0.5 */rounds 20%'; repeatable. "
    f"KIND is one of {', '.join(KINDS)}.",
)
def serve(  # noqa: PLR0913, PLR0917 - one argument per option
    host: str,
    port: int,
    seed: int,
    tournaments: int,
    clock: str,
    speed: float,
    began: float | None,
    faults: tuple[str, ...],
) -> None:
    """Serve a world in SofaScore's API until interrupted."""
    from dp_pipeline.sandbox.clock import Clock, ClockError, checked_speed, read_moment
    from dp_pipeline.sandbox.faults import FaultError, Faults, read_fault
    from dp_pipeline.sandbox.index import tournament_key
    from dp_pipeline.sandbox.server import Simulation, http_server
    from dp_pipeline.sandbox.world import calendar
    from dp_pipeline.sandbox.world.worlds import World

    began = time.time() if began is None else began
    try:
        simulation = Simulation(
            World(seed, tournaments),
            Clock(read_moment(clock, began), began, checked_speed(speed)),
            Faults(seed, [read_fault(text) for text in faults]),
        )
    except (ClockError, FaultError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    listening = listener(host, port)
    name, number = listening.getsockname()[:2]
    root = f"http://{name}:{number}"
    now = simulation.now
    click.echo(f"Simulated football world {seed} with {tournaments} tournaments at {root}/")
    click.echo(f"It is {calendar.iso(now)} there; the clock runs {speed:g} times as fast as ours.")
    click.echo(f"SANDBOX_BASE_URL={root} dp ingest {tournament_key(1, now)}")
    with contextlib.suppress(KeyboardInterrupt):
        http_server(simulation).run([listening])
