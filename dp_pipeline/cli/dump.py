"""`dp db dump` and `dp db restore`: a backup of the database in use, and its way into another one.

The programs of Postgres that come with the embedded server do it: those of the machine are often
older, and pg_dump refuses a newer server (18.4, by the 15.18 of Debian 12).
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import click
import sqlalchemy as sa

from dp_pipeline.cli.database import client_connection, db
from dp_pipeline.cli.group import plain_errors
from dp_pipeline.database import migrations, tables
from dp_pipeline.database.database import Database, versions_in_words
from dp_pipeline.embedded_postgres import client_program
from dp_pipeline.instance.opening import database_as_it_is, database_url
from dp_pipeline.pages.words import amount, counted
from dp_pipeline.settings import Settings

_NOBODYS = ("--no-owner", "--no-privileges")  # roles are those of the server it is restored to
# The one setting that pg_restore 18 makes and no server before 17 knows.
_NEWER = b"SET transaction_timeout = 0;\n"
_HEAD_LINES = 40
"""Within so many lines of a script the setting stands; a line of data may be the same later."""


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def dump(file: Path) -> None:
    """Write the whole database into FILE, which `dp db restore` reads.

    It may be done while runs are at work. Reports, images and archived answers are no part of it:
    they are in the bucket, or below DP_HOME in objects.
    """
    program = _program("pg_dump")
    with plain_errors():
        url = database_url(Settings.load())
    place, environment = client_connection(url, "dp db dump")
    file = file.absolute()
    # whole or not at all, and for its owner alone
    prefix, folder = f".{file.name}-", _folder(file)
    with plain_errors(), tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as unfinished:
        new = Path(unfinished, file.name)
        new.touch(0o600)
        command = [program, "--format=custom", *_NOBODYS, f"--file={new}", "--dbname", place]
        if subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603
            message = "Nothing was written."
            raise click.ClickException(message)
        size = new.stat().st_size
        new.replace(file)
    click.echo(f"{file} has the database now, {amount(size)}.")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill the database in use with what `dp db dump`, or pg_dump -Fc, wrote into FILE.

    Only a database in which nothing is stored is filled; all of it happens, or nothing. Let nothing
    else of dp_pipeline run meanwhile. Of a server that DP_DATABASE_URL names, the database has to
    be there.
    """
    reads, writes = _program("pg_restore"), _program("psql")
    with plain_errors():
        settings = Settings.load()
        database = database_as_it_is(settings)
        _refuse_filled(database)
        database.close()
        place, environment = client_connection(database_url(settings), "dp db restore")
    script = [reads, "--file=-", *_NOBODYS, str(file)]
    target = [writes, "--no-psqlrc", "--quiet", "--output", os.devnull, "--single-transaction"]
    target += ["--set", "ON_ERROR_STOP=1", "--dbname", place, "--file=-"]
    with (
        subprocess.Popen(script, stdout=subprocess.PIPE) as reading,  # noqa: S603
        subprocess.Popen(target, env=environment, stdin=subprocess.PIPE) as writing,  # noqa: S603
    ):
        _pass_on(reading, writing)
    if reading.returncode or writing.returncode:
        message = "Nothing was restored."
        raise click.ClickException(message)
    with plain_errors(), database.transaction() as connection:
        version = migrations.version(connection)
        seasons, attempts = (
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (tables.tournament, tables.data_provider_executions)
        )
    stored = counted(seasons, "tournament", "tournaments")
    click.echo(f"{stored} and {counted(attempts, 'execution', 'executions')} are stored now.")
    if version != migrations.HEAD:
        click.echo(versions_in_words(version))


def _pass_on(reading: subprocess.Popen[bytes], writing: subprocess.Popen[bytes]) -> None:
    """Give psql what pg_restore reads, in place of the tables that are there."""
    assert reading.stdout is not None  # noqa: S101 - a pipe, for the type checker
    assert writing.stdin is not None  # noqa: S101
    try:
        with writing.stdin as script:
            script.write(_without_tables().encode())
            for number, line in enumerate(reading.stdout):
                if number >= _HEAD_LINES or line != _NEWER:
                    script.write(line)
            if reading.wait():
                writing.kill()  # at the end of its input it would commit
    except BrokenPipeError:  # psql has said why
        reading.kill()


def _program(name: str) -> str:
    program = client_program(name) or shutil.which(name)
    if program is None:
        message = f"There is no {name}: install it (Debian: postgresql-client)."
        raise click.ClickException(message)
    return str(program)


def _folder(file: Path) -> Path:
    if not file.parent.is_dir():
        message = f"There is no directory {file.parent}."
        raise click.ClickException(message)
    return file.parent


def _refuse_filled(database: Database) -> None:
    """Raise click.ClickException where something is stored."""
    if database.version() is None:
        return
    ledger = tables.data_provider_executions
    with database.transaction() as connection:
        filled = connection.scalar(
            sa.select(
                sa.exists(sa.select(tables.tournament.c.id)) | sa.exists(sa.select(ledger.c.id))
            )
        )
    if filled:
        message = (
            "Something is stored in this database, and only an empty one is filled: name another by"
            " DP_DATABASE_URL or DP_HOME, or move DP_HOME/postgres away."
        )
        raise click.ClickException(message)


def _without_tables() -> str:
    """SQL that takes away our tables, in which nothing is stored, and the views of them."""
    names = [*tables.metadata.tables, migrations.VERSION_TABLE]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"SET client_min_messages = warning;\nDROP TABLE IF EXISTS {listed} CASCADE;\n"
