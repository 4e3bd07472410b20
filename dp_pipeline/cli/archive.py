"""`dp archive` and `dp replay`: what providers answered, its size, and its second reading."""

import sys
from datetime import UTC, datetime
from functools import partial

import anyio
import click

from dp_pipeline.cli.group import console, main, plain_errors, refuse_bad
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.running import print_outcome
from dp_pipeline.cli.terminal import minute, printable
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey, tidied
from dp_pipeline.http.archive_size import archive_size
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.ledger.listing import executions_of_run
from dp_pipeline.pages.words import amount
from dp_pipeline.settings import Settings

_FAILED = 1


@main.command()
def archive() -> None:
    """Show how large the archive of answers is.

    `dp retention --apply` makes it smaller, once some of it is older than the policy says.
    """
    with plain_errors():
        size = open_database(Settings.load()).run_here(archive_size)
    click.echo(
        f"{size.responses:,} answers, {size.payloads:,} bodies of {amount(size.bytes)}, "
        f"{amount(size.stored_bytes)} in the object store"
    )


@main.command()
@click.argument("key")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    metavar="TIME",
    help="By what had been answered at that time (UTC); without, by what was answered last.",
)
@click.option("--apply", is_flag=True, help="Write what is planned; without, it is a dry run.")
@click.option(
    "--every-run",
    is_flag=True,
    help="With --apply: all archived runs up to that time, polls too, in their order.",
)
def replay(key: str, at: datetime | None, *, apply: bool, every_run: bool) -> None:
    """Plan a tournament from what its provider answered earlier, without asking it.

    By default the last whole read is planned on what is stored now. A mended parser mends what was
    read wrongly; what contradicts settled facts is refused, as in any read. Exits with 0 only if
    every execution completed.
    """
    from dp_pipeline.assets.replay import Replaying
    from dp_pipeline.ledger.archived_runs import archived_runs
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline.storage import Storing

    if every_run and not apply:
        message = "--every-run needs --apply: each run is planned on what the one before wrote."
        raise click.UsageError(message)
    wanted = tidied(key)
    refuse_bad([wanted])
    parsed = TournamentKey.parse(wanted)
    moment = None if at is None else at.replace(tzinfo=UTC)
    completed = True
    with plain_errors():
        settings = Settings.load()
        database, objects = open_database(settings), object_store(settings)
        runs = database.run_here(lambda connection: archived_runs(connection, parsed, moment))
        if not every_run:
            runs = [run for run in runs if run.scope == "whole"][-1:]
        if not runs:
            message = f"The archive has no whole read of {wanted} of that time."
            raise click.ClickException(printable(message))
        book = Ledger(database, objects, conceal=settings.conceal, zone=settings.timezone)
        with book.working() as ledger:
            replaying = Replaying(database, Storing(objects), ledger, settings.base_urls)
            for done, run in enumerate(runs):
                domains = run.domains if every_run else NAMES
                of_run = f"{minute(run.started_at, settings.timezone)} {settings.timezone}"
                doing = f"{wanted}: as answered in the run of {of_run} …"
                with working(doing, done=done, total=len(runs)):
                    id_ = anyio.run(partial(replaying.replay, parsed, run, domains, apply=apply))
                rows = database.run_here(lambda c, id_=id_: executions_of_run(c, id_))
                click.echo(f"As answered in the run of {of_run}:")
                print_outcome(console(), wanted, rows, dry_run=not apply)
                completed &= bool(rows) and all(row["status"] == "completed" for row in rows)
    sys.exit(0 if completed else _FAILED)
