"""`dp db`: the database in use."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import click

from dp_pipeline.cli.group import main, plain_errors
from dp_pipeline.database import migrations
from dp_pipeline.database.database import versions_in_words
from dp_pipeline.embedded_postgres import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    client_program,
)
from dp_pipeline.instance.opening import database_as_it_is, database_url, embedded, open_database
from dp_pipeline.settings import Settings


@main.group()
def db() -> None:
    """The database in use."""


@db.command()
@click.option(
    "--read-only", is_flag=True, help="The embedded server's URL for who only reads, with password."
)
@click.option(
    "--jdbc", is_flag=True, help="That URL as DBeaver, Metabase and other Java programs take it."
)
def url(*, read_only: bool, jdbc: bool) -> None:
    """Print the database URL, starting the embedded server if needed."""
    with plain_errors():
        settings = Settings.load()
        open_database(settings)
        if not (read_only or jdbc):
            click.echo(database_url(settings))
            return
        reader = _embedded(settings).reader_url()
        click.echo(_for_java(reader) if jdbc else reader)


@db.command(context_settings={"ignore_unknown_options": True})
@click.option("--write", is_flag=True, help="As the owner of the embedded database.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL ARGUMENTS]...")
def shell(arguments: tuple[str, ...], *, write: bool) -> None:
    """Open psql on the database, as who may only read.

    Arguments go to psql: dp db shell -c "select * from league_table". The embedded server is
    started if needed, and its own psql is taken where the machine has none. Of a server that
    DP_DATABASE_URL names, the user is the one in that URL.
    """
    with plain_errors():
        settings = Settings.load()
        open_database(settings)
        if write or settings.database_url is not None:
            place = database_url(settings)
        else:
            place = embedded(settings.home).reader_url()
        program = shutil.which("psql") or client_program("psql")
    if program is None:
        message = (
            "There is no psql: install it (Debian: postgresql-client), or open the URL of `dp db "
            "url` in another program."
        )
        raise click.ClickException(message)
    click.get_current_context().exit(_psql(str(program), place, arguments))


@db.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object: both versions, and how many lie between.",
)
def version(*, as_json: bool) -> None:
    """Say of which versions the tables and this code are.

    Exits with 1 where they differ.
    """
    with plain_errors():
        found = database_as_it_is(Settings.load()).version()
    if as_json:
        behind = migrations.missing(found)
        click.echo(json.dumps({"tables": found, "code": migrations.HEAD, "behind": behind}))
    else:
        click.echo(versions_in_words(found))
    click.get_current_context().exit(0 if found == migrations.HEAD else 1)


@db.command()
def migrate() -> None:
    """Bring the tables to the version of this code.

    All of it happens, or nothing; commands at the same time wait for each other. Take a backup
    first: there is no other way back to older code.
    """
    with plain_errors():
        database = database_as_it_is(Settings.load())
        before = database.version()
        database.ensure_current()
    if before == migrations.HEAD:
        click.echo(versions_in_words(before))
    else:
        was = "" if before is None else f"; they were of {before}"
        click.echo(f"The tables are of version {migrations.HEAD} now{was}.")


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


def _psql(program: str, url: str, arguments: Sequence[str]) -> int:
    """Run psql on a database until its user leaves it; its exit code."""
    place, environment = client_connection(url, "dp db shell")
    command = [program, *arguments, "--dbname", place]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends a statement, not the shell
    try:
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - psql
    finally:
        signal.signal(signal.SIGINT, before)


def client_connection(url: str, name: str) -> tuple[str, dict[str, str]]:
    """Where a program of Postgres connects to, without a password, and its environment, with one.

    Everybody sees the arguments of a process.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given: dict[str, Any] = {**conninfo_to_dict(url), "application_name": name}
    password = given.pop("password", None)
    hidden = {} if password is None else {"PGPASSWORD": str(password)}
    return make_conninfo(**given), {**os.environ, **hidden}


def _for_java(url: str) -> str:
    """A URL of Postgres as a JDBC driver takes it."""
    parts = urlsplit(url)
    who = urlencode({"user": parts.username or "", "password": parts.password or ""})
    return f"jdbc:postgresql://{parts.hostname}:{parts.port}{parts.path}?{who}"
