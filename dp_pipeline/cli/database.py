"""`dp db`: the database in use."""

import signal
import threading

import click

from dp_pipeline.cli.group import main, plain_errors
from dp_pipeline.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from dp_pipeline.resources import database_url, embedded, open_database
from dp_pipeline.settings import Settings


@main.group()
def db() -> None:
    """The database in use."""


@db.command()
@click.option(
    "--read-only", is_flag=True, help="The embedded server's URL for who only reads, with password."
)
def url(*, read_only: bool) -> None:
    """Print the database URL, starting the embedded server if needed."""
    with plain_errors():
        settings = Settings.load()
        open_database(settings)
        click.echo(_embedded(settings).reader_url() if read_only else database_url(settings))


@db.command()
def serve() -> None:
    """Keep the embedded server up until ctrl-C, without Dagster."""
    with plain_errors():
        settings = Settings.load()
        server = _embedded(settings)
        open_database(settings)
        click.echo(f"The database is at {server.url()}")
    try:
        click.echo(f"For who only reads it is at {server.reader_url()}")
    except EmbeddedPostgresError as error:  # its port is taken, and the socket goes on
        click.echo(error.message, err=True)
    click.echo("Ctrl-C lets go of it; it stops a minute after its last use.")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # Again and again: a signal that another thread takes does not wake this one.
    while not stopped.wait(0.5):
        pass
    click.echo("Stopped.")


def _embedded(settings: Settings) -> EmbeddedPostgres:
    if settings.database_url is not None:
        message = (
            "DP_DATABASE_URL names a server of your own; only the embedded one is kept up by us and"
            " has a role that reads and nothing else."
        )
        raise click.ClickException(message)
    return embedded(settings.home)
