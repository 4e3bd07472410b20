"""`dp accept` and `dp refuse`: a person decides on a payload that was refused."""

import getpass
import os
import sys
from functools import partial
from uuid import UUID

import anyio
import click

from dp_pipeline.cli.group import EXECUTION, console, main, plain_errors
from dp_pipeline.cli.running import print_outcome
from dp_pipeline.cli.terminal import printable
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.ledger.acceptance import (
    RefusedExecution,
    UndecidableError,
    archived_run,
    refused_execution,
)
from dp_pipeline.ledger.acceptance import refuse as refuse_for_good
from dp_pipeline.ledger.listing import IdBeginning, execution_named, executions_of_run
from dp_pipeline.pages.words import in_zone
from dp_pipeline.settings import Settings


@main.command()
@click.argument("execution", type=EXECUTION)
@click.option("--reason", required=True, help="Why it is right after all; the ledger keeps it.")
@click.option("--yes", is_flag=True, help="Without the question, once the plan was shown.")
def accept(execution: IdBeginning, reason: str, *, yes: bool) -> None:
    """Take in a payload that EXECUTION refused, unless something newer was stored.

    It is taken in once: planned again on what is stored now, and what would change is shown before
    it is written. The ledger says who did it and why. The field `accept` of a run in Dagster does
    the same.
    """
    from dp_pipeline.assets.replay import Replaying
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline.storage import Storing

    with plain_errors():
        settings = Settings.load()
        database, objects = open_database(settings), object_store(settings)
        try:
            id_ = database.run_here(lambda c: execution_named(c, execution))["id"]
            refused = database.run_here(lambda c: refused_execution(c, id_))
            run = database.run_here(lambda c: archived_run(c, refused))
        except UndecidableError as error:
            raise click.ClickException(printable(str(error))) from error
        _say(refused)
        key = TournamentKey.parse(refused.tournament_key)
        accepted = {"execution": str(id_), "by": _user(), "reason": reason}

        def replayed(ledger: Ledger, *, apply: bool) -> bool:
            replaying = Replaying(database, Storing(objects), ledger, settings.base_urls)
            work = partial(replaying.replay, key, run, NAMES, apply=apply, accepted=accepted)
            return _printed(database, str(key), anyio.run(work), dry_run=not apply)

        book = Ledger(database, objects, conceal=settings.conceal, zone=settings.timezone)
        with book.working() as ledger:
            if not replayed(ledger, apply=False):
                sys.exit(1)
            if not yes and not click.confirm("Write that?"):
                click.echo("Nothing was written.")
                sys.exit(1)
            sys.exit(0 if replayed(ledger, apply=True) else 1)


@main.command()
@click.argument("execution", type=EXECUTION)
@click.option("--reason", required=True, help="Why it is wrong; the ledger keeps it.")
def refuse(execution: IdBeginning, reason: str) -> None:
    """Keep out for good a payload that EXECUTION refused.

    EXECUTION is an id or how it begins, as `dp executions` and messages show it.
    The ledger says who did it and why. The same payload that differs in the same way fails no run
    and is announced no more, until it or its difference changes. The field `refuse` of a run in
    Dagster does the same.
    """
    with plain_errors():
        database = open_database(Settings.load())
        id_ = database.run_here(lambda c: execution_named(c, execution))["id"]
        settle = partial(refuse_for_good, id_=id_, by=_user(), reason=reason)
        try:
            refused = database.run_here(settle)
        except UndecidableError as error:
            raise click.ClickException(printable(str(error))) from error
        _say(refused)
        click.echo(printable(f"It stays out of {refused.tournament_key} for good."))


def _say(refused: RefusedExecution) -> None:
    said = f"Refused at {refused.started_at:%Y-%m-%d %H:%M} UTC: {refused.error}"
    click.echo(printable(in_zone(said, Settings.load().timezone)))


def _user() -> str:
    return os.environ.get("USER") or getpass.getuser()


def _printed(database: Database, key: str, run_id: UUID, *, dry_run: bool) -> bool:
    """Print what came of a run; whether anything of it could be done."""
    rows = database.run_here(lambda c: executions_of_run(c, run_id))
    print_outcome(console(), key, rows, dry_run=dry_run)
    return bool(rows) and all(row["status"] != "failed" for row in rows)
