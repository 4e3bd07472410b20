"""The command `dp`. Thin: each command calls what an asset or a sensor calls."""

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import click
from rich.console import Console

from dp_pipeline.competitions import CompetitionsError, load
from dp_pipeline.database.confirmed import is_confirmed
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseConfigurationError, DatabaseError
from dp_pipeline.ledger.listing import executions_of_run, newest_executions
from dp_pipeline.notifications.terminal import (
    causes,
    executions_table,
    health_table,
    outcome_table,
    plain,
    plan_tables,
    printable,
    seasons_table,
)
from dp_pipeline.providers.errors import (
    InvalidTournamentKeyError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.key import is_address, tidied
from dp_pipeline.providers.registry import BY_NAME, PROVIDERS, checked_key, roots, sites_of_pages
from dp_pipeline.resources import database_url, embedded, open_database, open_providers
from dp_pipeline.sandbox.command import sandbox
from dp_pipeline.settings import Settings, SettingsError, make_home, project_directory

if TYPE_CHECKING:
    import dagster as dg

FAILED = 1
NOT_THERE = TournamentNotFoundError.__name__
INTERRUPTED = 130
_NO_PLACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES})


class _Commands(click.Group):
    """Commands that ctrl-C ends with a word, without "Aborted!"."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dp-pipeline")
def main() -> None:
    """Keep football tournaments up to date in Postgres."""
    from dotenv import load_dotenv

    # What is really set comes first, here as in Dagster's processes (instance/environment.py).
    load_dotenv(project_directory() / ".env")


main.add_command(sandbox)


_INGEST = f"""Register tournaments and materialize all their domains.

A KEY is provider:competition:season, for example {PROVIDERS[0].examples[0]} or
{PROVIDERS[1].examples[0]}, or the address of a tournament's page at {sites_of_pages()}. A
tournament is registered once its provider has confirmed that there is one. Exits with 0 only if
every execution completed. A dry run registers and writes nothing but its report: it says what
would be created, updated with old and new values, left out or refused.
"""


@main.command(help=_INGEST)
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def ingest(keys: tuple[str, ...], *, dry_run: bool) -> None:
    """Register tournaments and materialize all their domains."""
    texts = [tidied(key) for key in keys]
    _refuse_bad(texts)
    with _plain_errors():
        settings = _settings()
        database = open_database(settings)
        wanted = _wanted(texts, settings, database)
        with _instance() as instance:
            completed = [_ingest(instance, database, key, dry_run=dry_run) for key in wanted]
    sys.exit(0 if all(completed) else FAILED)


def _ingest(instance: "dg.DagsterInstance", database: Database, key: str, *, dry_run: bool) -> bool:
    """Ingest one tournament and print what came of it; whether all of it completed."""
    from dp_pipeline.partitions import TOURNAMENTS

    console = _console()
    if not dry_run and database.run_here(lambda c: is_confirmed(c, checked_key(key))):
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [key])
    with Console(stderr=True).status(plain(f"{key}: reading …")) as status:
        run = _materialize(
            instance,
            key,
            lambda domain: status.update(plain(f"{key}: {domain} done …")),
            dry_run=dry_run,
        )
    rows = database.run_here(lambda connection: executions_of_run(connection, UUID(run.id)))
    missing = next((row for row in rows if row["error_class"] == NOT_THERE), None)
    if missing is not None:
        console.print(
            plain(f"{key} is not registered: {missing['error_text']}", "red"), soft_wrap=True
        )
        return False
    console.print(outcome_table(key, rows))
    for line in causes(rows) if rows else [run.error or "The run left no execution."]:
        console.print(plain(line, "red"), soft_wrap=True)
    for table in plan_tables(rows) if dry_run else ():
        console.print(table)
    if not dry_run and not instance.has_dynamic_partition(str(TOURNAMENTS.name), key):
        console.print(
            plain(f"{key} is not registered: nobody has confirmed that it exists.", "red")
        )
    if run.interrupted:
        # Who stops one of several tournaments means all of them.
        console.print("Stopped before all was done.", style="red")
        sys.exit(INTERRUPTED)
    # A run that failed between two domains has only completed rows.
    return run.success and bool(rows) and all(row["status"] == "completed" for row in rows)


@main.command()
@click.option("--tournament", metavar="KEY", help="Only this tournament.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="At most so many, newest first; one that was blocked comes after its cause.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def executions(tournament: str | None, limit: int, *, as_json: bool) -> None:
    """Print the ledger: every attempt, newest first."""
    with _plain_errors():
        with open_database(Settings.load()).transaction() as connection:
            key = None if tournament is None else tidied(tournament)
            rows = newest_executions(connection, tournament=key, limit=limit)
        if as_json:
            click.echo(json.dumps([dict(row) for row in rows], default=str, indent=2))
            return
        _console().print(executions_table(rows))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the web pages.")
@click.option("--port", default=3000, show_default=True, help="Port of the web pages.")
@click.option("--sandbox/--no-sandbox", "with_sandbox", default=True, show_default=True)
def dev(host: str, port: int, *, with_sandbox: bool) -> None:
    """Run Dagster, with a simulated football world beside it to look at.

    Two simulated tournaments are registered and kept up to date; real ones can be added as ever.
    """
    from dp_pipeline.address import address_of, announced
    from dp_pipeline.demo import simulated_world
    from dp_pipeline.dev import run_dagster
    from dp_pipeline.partitions import TOURNAMENTS

    with _plain_errors(), ExitStack() as running:
        settings = _settings()
        database = open_database(settings)
        database.close()
        make_home(settings.home)
        address = address_of(host, port)
        running.enter_context(announced(settings.home, address))
        home, here = settings.home, Path.cwd()
        click.echo(
            f"Dagster will be at {address}; ctrl-C stops it. State is kept in"
            f" {home.relative_to(here) if home.is_relative_to(here) else home}."
        )
        environment = {}

        def show(keys: tuple[str, ...]) -> None:
            with _instance() as instance:
                instance.add_dynamic_partitions(str(TOURNAMENTS.name), list(keys))

        if with_sandbox and "sandbox" not in settings.base_urls:
            world = running.enter_context(simulated_world(settings.home, show))
            click.echo(f"A simulated football world runs at {world}/ beside it.")
            environment["SANDBOX_BASE_URL"] = world
        code = run_dagster(host, port, environment)
    click.echo("Stopped.")
    sys.exit(code)


@main.command()
def seasons() -> None:
    """Print the seasons of the followed competitions, those to be approved first."""
    from dp_pipeline.database.seasons import Following, followed_seasons

    with _plain_errors():
        settings = Settings.load()
        followed = load(settings.competitions_file).followed
        with open_database(settings).transaction() as connection:
            rows = followed_seasons(
                connection,
                [Following(c.provider, c.competition, c.seasons_back) for c in followed],
            )
        if not followed:
            click.echo(
                "No competition is followed; DP_COMPETITIONS names the file that says which."
            )
        elif not rows:
            click.echo("No season of the followed competitions is listed yet.")
        else:
            _console().print(seasons_table(rows))


@main.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def approve(keys: tuple[str, ...]) -> None:
    """Approve listed seasons: they are ingested and kept current while they are followed."""
    from dp_pipeline.database import seasons as listed

    wanted = list(dict.fromkeys(map(tidied, keys)))
    _refuse_bad(wanted)
    with _plain_errors():
        with open_database(Settings.load()).transaction() as connection:
            approved = listed.approve(connection, wanted)
        for key in approved:
            click.echo(f"{key} is approved.")
        unknown = [key for key in wanted if key not in approved]
        if unknown:
            names = printable(", ".join(unknown))
            message = f"Not listed by any followed competition: {names}. `dp seasons` lists all."
            raise click.ClickException(message)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@click.option(
    "--reset",
    metavar="PROVIDER",
    type=click.Choice(list(BY_NAME)),
    help="Ask this provider again at once, as if it had never failed.",
)
def health(reset: str | None, *, as_json: bool) -> None:
    """Print whether providers answer, and which are resting until when."""
    from dp_pipeline.http import circuit_table
    from dp_pipeline.http.health import read_health

    with _plain_errors():
        settings = _settings()
        with open_database(settings).transaction() as connection:
            if reset is not None:
                circuit_table.reset(connection, reset)
            found = read_health(connection, roots(settings.base_urls), anywhere=True)
            rows = [each.facts() for each in found]
        if as_json:
            click.echo(json.dumps(rows, default=str, indent=2))
            return
        _console().print(health_table(rows))


@main.group()
def db() -> None:
    """The database in use."""


@db.command()
@click.option(
    "--read-only", is_flag=True, help="The embedded server's URL for who only reads, with password."
)
def url(*, read_only: bool) -> None:
    """Print the database URL, starting the embedded server if needed."""
    with _plain_errors():
        settings = Settings.load()
        open_database(settings)
        click.echo(_reader_url(settings) if read_only else database_url(settings))


@db.command()
def serve() -> None:
    """Keep the embedded server up until ctrl-C, without Dagster."""
    with _plain_errors():
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


def _settings() -> Settings:
    """The settings, for a command that has to do with providers; what is ignored is said."""
    settings = Settings.load()
    for notice in settings.notices:
        click.echo(notice, err=True)
    return settings


def _console() -> Console:
    # Into a file or pipe nothing is cut off at a terminal's 80 columns.
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False, markup=False, emoji=False)


def _refuse_bad(keys: Sequence[str]) -> None:
    problems = []
    for key in keys:
        if is_address(key):
            continue  # whether it is a tournament's page is found out when it is read
        try:
            checked_key(key)
        except InvalidTournamentKeyError as error:
            problems.append(str(error))
    if problems:
        raise click.UsageError("\n".join(problems))


def _wanted(texts: Sequence[str], settings: Settings, database: Database) -> list[str]:
    """The keys of what was asked for, once each, pages read for the tournament they show."""
    if not any(map(is_address, texts)):
        return list(dict.fromkeys(texts))
    import anyio

    async def read() -> list[str]:
        async with open_providers(settings.base_urls, database) as providers:
            return [str(await providers.key_of(text)) for text in texts]

    return list(dict.fromkeys(anyio.run(read)))


class _plain_errors:  # noqa: N801 - reads as a statement
    """Errors that are sentences already are shown as such, without a trace."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import psycopg
        from sqlalchemy.exc import OperationalError

        from dp_pipeline.embedded_postgres import EmbeddedPostgresError
        from dp_pipeline.instance.home import HomeBusyError

        if isinstance(
            error,
            SettingsError
            | CompetitionsError
            | DatabaseError
            | DatabaseConfigurationError
            | EmbeddedPostgresError
            | HomeBusyError
            | ProviderError,
        ):
            raise click.ClickException(printable(str(error))) from error
        if isinstance(error, OperationalError | psycopg.OperationalError):
            # our own database's errors are sentences already
            said = str(error.orig if isinstance(error, OperationalError) else error).split("\n")[0]
            message = f"Dagster's own storage cannot be used: {said.rstrip('.')}."
            raise click.ClickException(printable(message)) from error
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            message = f"{error.strerror}: {error.filename or 'where the state is kept'}."
            raise click.ClickException(printable(message)) from error


def _instance() -> "dg.DagsterInstance":
    """The instance that `make run` and `dagster dev` show."""
    import dagster as dg

    if os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.get()
    return dg.DagsterInstance.from_config(str(project_directory()))


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a Dagster run ended."""

    id: str
    success: bool
    interrupted: bool = False
    error: str | None = None


def _materialize(
    instance: "dg.DagsterInstance", key: str, done: Callable[[str], None], *, dry_run: bool
) -> _Ended:
    """Run all domains of one tournament in this process."""
    run_id = str(uuid4())

    def heard(event: "dg.EventLogEntry") -> None:
        if event.dagster_event and event.dagster_event.is_step_materialization:
            done(str(event.dagster_event.asset_key and event.dagster_event.asset_key.path[-1]))

    instance.add_event_listener(run_id, heard)
    from dagster import DagsterExecutionInterruptedError

    from dp_pipeline.definitions import INGEST_JOB, defs
    from dp_pipeline.instance.launcher import in_process_run_tags
    from dp_pipeline.ledger.run_groups import TERMINAL_TAG

    result = defs.resolve_job_def(INGEST_JOB).execute_in_process(
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        # The daemon looks for the process of every run; this one is its own. The partition is only
        # a tag, for Dagster lets no run have one that it does not know: the run adds it once the
        # provider has the tournament.
        tags={**in_process_run_tags(), "dagster/partition": key, TERMINAL_TAG: "yes"},
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {"ingest": {"config": {"dry_run": dry_run}}},
        },
    )
    if result.success:
        return _Ended(run_id, success=True)
    found = [getattr(event.event_specific_data, "error", None) for event in result.all_events]
    errors = [error for error in found if error is not None]
    return _Ended(
        run_id,
        success=False,
        interrupted=any(e.cls_name == DagsterExecutionInterruptedError.__name__ for e in errors),
        error=Settings.load().conceal(errors[-1].message) if errors else None,
    )


if __name__ == "__main__":
    main()
