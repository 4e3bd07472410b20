"""`dp ingest`: tournaments, by key or page, materialized in this process."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import click

from dp_pipeline.cli.group import (
    INTERRUPTED,
    console,
    instance_in_use,
    main,
    plain_errors,
    refuse_bad,
    settings_with_notices,
)
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.running import print_outcome, run_here
from dp_pipeline.cli.terminal import Row, plain
from dp_pipeline.database.confirmed import is_confirmed
from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import tournament_keys
from dp_pipeline.football.key import is_address, tidied
from dp_pipeline.ledger.archived_runs import archived_runs
from dp_pipeline.providers.errors import NetworkError, TournamentNotFoundError
from dp_pipeline.providers.registry import PROVIDERS, checked_key, sites_of_pages
from dp_pipeline.resources import open_database, open_providers
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

FAILED = 1
NOT_THERE, UNREACHED = TournamentNotFoundError.__name__, NetworkError.__name__

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
    refuse_bad(texts)
    with plain_errors():
        settings = settings_with_notices()
        database = open_database(settings)
        wanted = _wanted(texts, settings, database)
        unreached: list[str] = []
        with instance_in_use() as instance:
            completed = []
            for done, key in enumerate(wanted):
                show = partial(working, f"{key}: reading …", done=done, total=len(wanted))
                rows, well = _ingest(instance, database, key, show, dry_run=dry_run)
                completed.append(well)
                unreached += [key] * any(row["error_class"] == UNREACHED for row in rows)
        if unreached:
            click.echo(without_network(database, unreached), err=True)
    sys.exit(0 if all(completed) else FAILED)


def _ingest(
    instance: "dg.DagsterInstance",
    database: Database,
    key: str,
    show: Callable[[], AbstractContextManager[Callable[[str], None]]],
    *,
    dry_run: bool,
) -> tuple[Sequence[Row], bool]:
    """Ingest one tournament and print what came of it; its executions, and whether all completed.

    `show` shows what is being done.
    """
    from dp_pipeline.definitions import INGEST_JOB
    from dp_pipeline.partitions import TOURNAMENTS

    screen = console()
    if not dry_run and database.run_here(lambda c: is_confirmed(c, checked_key(key))):
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [key])
    with show() as doing:
        run = run_here(
            instance,
            INGEST_JOB,
            "ingest",
            {"dry_run": dry_run},
            done=lambda made: doing(f"{key}: {made.asset_key.path[-1]} done …"),
            # The partition is only a tag, for Dagster lets no run have one that it does not know:
            # the run adds it once the provider has the tournament.
            tags={"dagster/partition": key},
        )
    rows = run.executions(database)
    missing = next((row for row in rows if row["error_class"] == NOT_THERE), None)
    if missing is not None:
        screen.print(
            plain(f"{key} is not registered: {missing['error_text']}", "red"), soft_wrap=True
        )
        return rows, False
    print_outcome(screen, key, rows, run.error, dry_run=dry_run)
    if not dry_run and not instance.has_dynamic_partition(str(TOURNAMENTS.name), key):
        screen.print(plain(f"{key} is not registered: nobody has confirmed that it exists.", "red"))
    if run.interrupted:
        # Who stops one of several tournaments means all of them.
        screen.print("Stopped before all was done.", style="red")
        sys.exit(INTERRUPTED)
    # A run that failed between two domains has only completed rows.
    return rows, run.success and bool(rows) and all(row["status"] == "completed" for row in rows)


def without_network(database: Database, keys: Sequence[str]) -> str:
    """What can be done where a provider cannot be reached, in sentences."""
    world = next(each for each in PROVIDERS if each.simulated)
    if all(key.startswith(f"{world.name}:") for key in keys):
        return "The simulated world is not there: `make run` or `dp sandbox serve` starts it."
    said = (
        "Without a network there is the simulated world: `make run`, or `dp sandbox serve` and, in "
        f"another terminal, `dp ingest {world.examples[0]}`."
    )
    with database.transaction() as connection:
        stored = set(tournament_keys(connection))
        archived = [k for k in keys if k in stored and archived_runs(connection, checked_key(k))]
    if archived:
        said += (
            f" What was answered earlier is in the archive: `dp replay {archived[0]}` reads it "
            "again, and says what it would change."
        )
    return said


def _wanted(texts: Sequence[str], settings: Settings, database: Database) -> list[str]:
    """The requested keys, once each, pages read for the tournament they show."""
    if not any(map(is_address, texts)):
        return list(dict.fromkeys(texts))
    import anyio

    async def read() -> list[str]:
        async with open_providers(settings.base_urls, database) as providers:
            return [str(await providers.key_of(text)) for text in texts]

    return list(dict.fromkeys(anyio.run(read)))
