"""`dp dev`: Dagster, with a simulated football world beside it."""

import json
import os
import socket
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from dotenv import dotenv_values

from dp_pipeline.cli.group import instance_in_use, main, plain_errors, settings_with_notices
from dp_pipeline.cli.listening import PORT
from dp_pipeline.database.known_keys import UnknownKeyError
from dp_pipeline.database.removed import removed_keys
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings
from dp_pipeline.settings.places import dagster_settings, project_directory

_PORT = 3000
_KILLED = "The one before was killed; waiting until what it had started has ended."


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the web pages.")
@click.option(
    "--port",
    type=PORT,
    help=f"Port of the web pages; without it {_PORT}, or a free one where that is busy.",
)
@click.option(
    "--sandbox/--no-sandbox",
    "with_sandbox",
    default=True,
    show_default=True,
    help="With the simulated world, or without.",
)
def dev(host: str, port: int | None, *, with_sandbox: bool) -> None:
    """Run Dagster, with a simulated football world beside it to look at.

    Two tournaments of that world are registered and kept up to date; real ones can be added as
    ever. Ctrl-C stops it, and runs that it cuts off begin anew at the next start.
    """
    from dp_pipeline.cli.brief_output import BriefOutput
    from dp_pipeline.cli.dagster_child import by_ctrl_c, noted_stop_requests, run_dagster
    from dp_pipeline.cli.served_objects import objects_served
    from dp_pipeline.instance.address import WORLD, address_of, announced, refuse_second
    from dp_pipeline.partitions import TOURNAMENTS
    from dp_pipeline.sandbox.demo import FIRST_PAGE, simulated_world

    refuse_other_home()
    stop_requests = noted_stop_requests()
    with plain_errors(), ExitStack() as running:
        settings = settings_with_notices()
        home, here = settings.home, Path.cwd()
        refuse_second(home, lambda: click.echo(_KILLED))
        port = free_port(host, port)
        address = address_of(host, port)
        click.echo(
            f"Starting Dagster at {address}{by_ctrl_c('; ctrl-C stops it')}. State is kept in"
            f" {home.relative_to(here) if home.is_relative_to(here) else home}."
        )
        database = open_database(settings)
        database.close()
        if stop_requests:
            sys.exit(0)
        settings.make_home()
        lock = running.enter_context(announced(home, address))
        running.enter_context(objects_served(settings, host))
        environment = _environment(settings, address)
        first = f"{address}/assets"

        def show(keys: tuple[str, ...]) -> None:
            removed = open_database(settings).run_here(removed_keys)
            shown = [key for key in keys if key not in removed]
            with instance_in_use() as instance:
                instance.add_dynamic_partitions(str(TOURNAMENTS.name), shown)

        if with_sandbox and "sandbox" not in settings.base_urls:
            page = partial(season_page, settings)
            world = running.enter_context(simulated_world(home, show, page))
            running.enter_context(announced(home, world, WORLD))
            environment["SANDBOX_BASE_URL"] = world
            first = f"{world}{FIRST_PAGE}"
            click.echo(f"A simulated football world runs beside it at {world}/")
        for_people = settings.log != "debug" and settings.log_format == "plain"
        code = run_dagster(
            host,
            port,
            environment,
            stop_requests,
            lock=lock,
            opened=lambda: click.echo(f"Open {first}"),
            brief=partial(BriefOutput, address) if for_people else None,
        )
    click.echo(f"Dagster ended by itself, with {code}." if code else "Stopped.")
    sys.exit(code)


def free_port(host: str, asked: int | None) -> int:
    """The port that somebody named, or one that is free where nobody did.

    Raises:
        click.ClickException: it cannot be had.
    """
    number = _PORT if asked is None else asked
    port = _bound(host, number)
    if port is None and asked is not None:
        message = (
            f"Port {asked} on {host} is busy; choose another with --port, or make run PORT=..."
        )
        raise click.ClickException(message)
    if port is None:
        port = _bound(host, 0)
        if port is None:
            message = f"Cannot listen on {host}."
            raise click.ClickException(message)
        click.echo(f"Port {number} is busy, so this runs on port {port}.", err=True)
    return port


def _bound(host: str, port: int) -> int | None:
    """The port at which one can listen, for 0 any; None: it is taken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            return tried.getsockname()[1]
    except OSError:
        return None


def _environment(settings: Settings, address: str) -> dict[str, str]:
    """What Dagster has beside this process' own environment."""
    return {
        # else it makes directories for its telemetry, which is off, in the checkout
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        # else it makes a directory for it where the command was typed
        "DAGSTER_HOME": os.environ.get("DAGSTER_HOME") or str(dagster_settings()),
        # from which a code location that is reloaded is given what has been added
        "DAGSTER_PROJECT_ENV_FILE_PATHS": json.dumps({"dp_pipeline": str(project_directory())}),
        # its webserver knows only the address that a name stands for
        "DP_ALLOWED_HOSTS": ",".join({*settings.allowed_hosts, urlsplit(address).hostname or ""}),
    }


def season_page(settings: Settings, key: str) -> str | None:
    """The page of a tournament as it is stored now; None until it has a table, which comes last."""
    from dp_pipeline.publish.publishing import made_of
    from dp_pipeline.publish.reading import read_season

    database = open_database(settings)
    try:
        with database.transaction() as connection:
            season = read_season(connection, key)
    except UnknownKeyError:
        return None
    finally:
        database.close()
    return made_of(season, settings.timezone)[1] if season.standings else None


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
