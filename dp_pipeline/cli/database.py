"""`dp db`: the database in use."""

import signal

import click

from dp_pipeline.cli.group import main, plain_errors
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
        click.echo(_reader_url(settings) if read_only else database_url(settings))


@db.command()
def serve() -> None:
    """Keep the embedded server up until ctrl-C, without Dagster."""
    with plain_errors():
        settings = Settings.load()
        for_readers = _reader_url(settings)
        open_database(settings)
    click.echo(f"The database is at {database_url(settings)}")
    click.echo(f"and for who only reads at {for_readers}")
    click.echo("Ctrl-C lets go of it; it stops a minute after its last use.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while True:
        signal.pause()


def _reader_url(settings: Settings) -> str:
    if settings.database_url is not None:
        message = (
            "DP_DATABASE_URL names a server of your own, whose roles are yours; only the embedded"
            " server has one that reads and nothing else."
        )
        raise click.ClickException(message)
    return embedded(settings.home).reader_url()
