"""`dp remove`: a tournament is taken away, and not brought back by itself."""

import getpass
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from dp_pipeline.cli.group import console, instance_in_use, main, plain_errors
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.terminal import plain, printable
from dp_pipeline.database.database import Database
from dp_pipeline.database.known_keys import UnknownKeyError, stored_key
from dp_pipeline.database.removed import stored_rows
from dp_pipeline.football.key import tidied
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.ledger.failing import failing
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStoreError

if TYPE_CHECKING:
    import dagster as dg

_CUT_SHORT = 1


@main.command()
@click.argument("key", metavar="KEY")
@click.option("--keep-data", is_flag=True, help="Delete nothing that is stored or published.")
@click.option("--yes", is_flag=True, help="Without the question.")
def remove(key: str, *, keep_data: bool, yes: bool) -> None:
    """Remove a tournament: partition, polls, refreshes, what is stored, page and files.

    Shows what goes, and asks. Its executions, their reports and the archive stay. Nothing brings it
    back by itself, also where its competition is followed; `dp ingest KEY` does. Waits for runs
    and backfills that are queued or at work for it, and is refused if they do not end within 40 s.
    KEY may be any text that was added as a partition, also one that is no tournament.
    """
    from dp_pipeline.competitions.removal import NotRemovableError, remove_tournament
    from dp_pipeline.ledger.ledger import Ledger

    with plain_errors(), instance_in_use() as instance:
        settings = Settings.load()
        database = open_database(settings)
        wanted = _known(instance, database, key)
        console().print(plain(_goes(database, wanted, keep_data=keep_data)), soft_wrap=True)
        if not yes and not click.confirm("Remove it?"):
            click.echo("Nothing was removed.")
            sys.exit(_CUT_SHORT)
        by = os.environ.get("USER") or getpass.getuser()
        try:
            objects = object_store(settings)
            with Ledger(database, objects).working() as ledger:
                work = partial(
                    remove_tournament,
                    instance,
                    database,
                    ledger,
                    objects,
                    wanted,
                    by=by,
                    keep_data=keep_data,
                )
                with working(f"{wanted}: waiting for runs that work on it, then removing it …"):
                    anyio.run(work)
        except (NotRemovableError, TournamentBusyError, ObjectStoreError) as error:
            raise click.ClickException(printable(str(error))) from error
    click.echo(printable(f"{wanted} is removed; `dp ingest {wanted}` brings it back."))


def _known(instance: "dg.DagsterInstance", database: Database, text: str) -> str:
    """The key that is stored, a partition (any text) or waits to be tried again."""
    from dp_pipeline.partitions import TOURNAMENTS

    failed = database.run_here(failing)
    for each in dict.fromkeys((tidied(text), text)):
        if each in failed or instance.has_dynamic_partition(str(TOURNAMENTS.name), each):
            return each
    try:
        return str(database.run_here(lambda connection: stored_key(connection, text)))
    except UnknownKeyError as error:
        # it may be offered to be read, which is not what is wanted here
        raise click.ClickException(printable(str(error).partition(" `dp ingest")[0])) from error


def _goes(database: Database, key: str, *, keep_data: bool) -> str:
    """What would go, in sentences."""
    stored = database.run_here(lambda connection: stored_rows(connection, key))
    name = f"{stored.label} ({key})" if stored.label else key
    counted = ", ".join(f"{count:,} {what}" for what, count in stored.rows.items())
    goes = [f"{name}: its partition goes, and it is not polled or read again by itself."]
    if stored.label is None:
        goes.append("Nothing is stored of it, and nothing is tried again.")
    elif keep_data:
        goes.append("What is stored of it, its page and its files stay as they are.")
    else:
        goes.append(f"What is stored of it is deleted: {counted or 'its row'}.")
        goes.append("So are its page, charts and exported files in the object store.")
    return " ".join([*goes, "Its executions, their reports and the archive stay."])
