"""`dp metrics`: the figures for Prometheus, and whether the installation works, over HTTP."""

import contextlib
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

import click

from dp_pipeline.cli.group import instance_in_use, main, plain_errors
from dp_pipeline.cli.listening import listener, listens_at
from dp_pipeline.competitions import file
from dp_pipeline.competitions.file import CompetitionsError
from dp_pipeline.database.seasons import no_longer_followed
from dp_pipeline.instance.opening import database_as_it_is
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg
    import sqlalchemy as sa

    from dp_pipeline.instance.metrics.figure import Observed

PORT = 3001


@main.group()
def metrics() -> None:
    """Figures for Prometheus, and whether the installation works."""


@metrics.command()
def show() -> None:
    """Print the figures once, as Prometheus reads them."""
    from prometheus_client import CollectorRegistry, generate_latest

    from dp_pipeline.instance.metrics.exposition import Exposition

    registry = CollectorRegistry()
    with plain_errors():
        registry.register(Exposition(_observed()))
        click.echo(generate_latest(registry).decode(), nl=False)


@metrics.command()
@listens_at(PORT)
def serve(host: str, port: int) -> None:
    """Serve /healthz and /metrics until interrupted.

    /healthz answers with 200 while database, daemon and delivery work, and else with 503. Nobody is
    asked for a password: let only those reach it who may know how the pipeline is.
    """
    import uvicorn

    from dp_pipeline.instance.address import address_of
    from dp_pipeline.instance.metrics.server import app

    with plain_errors():
        application = app(_observed())
    listening = listener(host, port)
    root = address_of(*listening.getsockname()[:2])
    click.echo(f"Health at {root}/healthz, figures for Prometheus at {root}/metrics")
    config = uvicorn.Config(
        application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listening])


def _observed() -> "Observed":
    """What the environment says is to be observed; opened when it is first read."""
    from dp_pipeline.instance.metrics.figure import Observed

    settings = Settings.load()

    def stopped(connection: "sa.Connection") -> Collection[tuple[str, str]]:
        try:
            followed = file.load(settings.competitions_file).followed
        except CompetitionsError:  # the sensor watch_competitions says what is wrong with it
            return ()
        return no_longer_followed(connection, followed)

    command = click.get_current_context()

    # An instance is made once: that takes as long as a scrape. One that fails is made again.
    @cache
    def dagster() -> "dg.DagsterInstance":
        return command.with_resource(instance_in_use())

    return Observed(settings, lambda: database_as_it_is(settings), dagster, stopped)
