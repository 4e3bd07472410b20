"""`dp dev`: Dagster, with a simulated football world beside it."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import click
from dotenv import dotenv_values

from dp_pipeline.cli.group import instance_in_use, main, plain_errors, settings_with_notices
from dp_pipeline.resources import open_database


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the web pages.")
@click.option("--port", default=3000, show_default=True, help="Port of the web pages.")
@click.option("--sandbox/--no-sandbox", "with_sandbox", default=True, show_default=True)
def dev(host: str, port: int, *, with_sandbox: bool) -> None:
    """Run Dagster, with a simulated football world beside it to look at.

    Two simulated tournaments are registered and kept up to date; real ones can be added as ever.
    """
    from dp_pipeline.cli.dagster_child import noted_stop_requests, run_dagster
    from dp_pipeline.instance.address import address_of, announced
    from dp_pipeline.partitions import TOURNAMENTS
    from dp_pipeline.sandbox.demo import simulated_world

    refuse_other_home()
    stop_requests = noted_stop_requests()
    with plain_errors(), ExitStack() as running:
        settings = settings_with_notices()
        database = open_database(settings)
        database.close()
        if stop_requests:
            sys.exit(0)
        settings.make_home()
        address = address_of(host, port)
        running.enter_context(announced(settings.home, address))
        home, here = settings.home, Path.cwd()
        click.echo(
            f"Dagster will be at {address}; ctrl-C stops it. State is kept in"
            f" {home.relative_to(here) if home.is_relative_to(here) else home}."
        )
        environment = {}

        def show(keys: tuple[str, ...]) -> None:
            with instance_in_use() as instance:
                instance.add_dynamic_partitions(str(TOURNAMENTS.name), list(keys))

        if with_sandbox and "sandbox" not in settings.base_urls:
            world = running.enter_context(simulated_world(settings.home, show))
            click.echo(f"A simulated football world runs at {world}/ beside it.")
            environment["SANDBOX_BASE_URL"] = world
        code = run_dagster(host, port, environment, stop_requests)
    click.echo("Stopped.")
    sys.exit(code)


def refuse_other_home() -> None:
    """Raise click.ClickException for a DAGSTER_HOME in `.env` that is not the environment's.

    `dg dev` puts `.env` over the environment before it makes the instance: none of our classes is
    there yet to put the real one back (instance/environment.py).
    """
    named = dotenv_values(Path(".env")).get("DAGSTER_HOME")
    if named is not None and named != os.environ.get("DAGSTER_HOME"):
        message = (
            ".env sets DAGSTER_HOME, which Dagster would put in place of the environment's; "
            "take it out of .env."
        )
        raise click.ClickException(message)
