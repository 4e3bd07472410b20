"""`dp accept`: a person takes in a payload that was refused."""

import getpass
import os
import sys
from functools import partial
from uuid import UUID

import anyio
import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.running import print_outcome
from dp_pipeline.cli.terminal import printable
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.listing import executions_of_run
from dp_pipeline.resources import object_store, open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("execution", type=click.UUID)
@click.option("--reason", required=True, help="Why it is right after all; the ledger keeps it.")
@click.option("--yes", is_flag=True, help="Without the question, once the plan was shown.")
def accept(execution: UUID, reason: str, *, yes: bool) -> None:
    """Take in a payload that EXECUTION refused, once, and only if nothing newer was stored.

    It is planned again on what is stored now; what would change is shown before it is written. The
    ledger says who did it and why.
    """
    from dp_pipeline.assets.replay import Replaying
    from dp_pipeline.ledger.acceptance import NotAcceptableError, refused_execution
    from dp_pipeline.ledger.archived_runs import archived_runs
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline.storage import Storing

    with plain_errors():
        settings = Settings.load()
        database, objects = open_database(settings), object_store(settings)
        try:
            refused = database.run_here(lambda c: refused_execution(c, execution))
        except NotAcceptableError as error:
            raise click.ClickException(printable(str(error))) from error
        key = TournamentKey.parse(refused.tournament_key)
        runs = database.run_here(lambda c: archived_runs(c, key))
        run = next((run for run in runs if execution in run.executions), None)
        if run is None:
            message = "The archive has not what was refused; read the tournament again."
            raise click.ClickException(message)
        click.echo(
            printable(f"Refused at {refused.started_at:%Y-%m-%d %H:%M} UTC: {refused.error}")
        )
        by = os.environ.get("USER") or getpass.getuser()
        accepted = {"execution": str(execution), "by": by, "reason": reason}

        def replayed(ledger: Ledger, *, apply: bool) -> bool:
            replaying = Replaying(database, Storing(objects), ledger, settings.base_urls)
            work = partial(replaying.replay, key, run, NAMES, apply=apply, accepted=accepted)
            return _printed(database, str(key), anyio.run(work), dry_run=not apply)

        with Ledger(database, objects, conceal=settings.conceal).working() as ledger:
            if not replayed(ledger, apply=False):
                sys.exit(1)
            if not yes and not click.confirm("Write that?"):
                click.echo("Nothing was written.")
                sys.exit(1)
            try:
                database.run_here(lambda c: refused_execution(c, execution))
            except NotAcceptableError as error:
                raise click.ClickException(printable(str(error))) from error
            sys.exit(0 if replayed(ledger, apply=True) else 1)


def _printed(database: Database, key: str, run_id: UUID, *, dry_run: bool) -> bool:
    """Print what came of a run; whether anything of it could be done."""
    rows = database.run_here(lambda c: executions_of_run(c, run_id))
    print_outcome(console(), key, rows, None, dry_run=dry_run)
    return bool(rows) and all(row["status"] != "failed" for row in rows)
