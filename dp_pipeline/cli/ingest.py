"""`dp ingest`: tournaments, by key or page, materialized in this process."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Console

from dp_pipeline.cli.group import (
    INTERRUPTED,
    console,
    instance_in_use,
    main,
    plain_errors,
    refuse_bad,
    settings_with_notices,
)
from dp_pipeline.cli.running import print_outcome, run_here
from dp_pipeline.cli.terminal import plain
from dp_pipeline.database.confirmed import is_confirmed
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import is_address, tidied
from dp_pipeline.providers.errors import TournamentNotFoundError
from dp_pipeline.providers.registry import PROVIDERS, checked_key, sites_of_pages
from dp_pipeline.resources import open_database, open_providers
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

FAILED = 1
NOT_THERE = TournamentNotFoundError.__name__

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
        with instance_in_use() as instance:
            completed = [_ingest(instance, database, key, dry_run=dry_run) for key in wanted]
    sys.exit(0 if all(completed) else FAILED)


def _ingest(instance: "dg.DagsterInstance", database: Database, key: str, *, dry_run: bool) -> bool:
    """Ingest one tournament and print what came of it; whether all of it completed."""
    from dp_pipeline.definitions import INGEST_JOB
    from dp_pipeline.partitions import TOURNAMENTS

    screen = console()
    if not dry_run and database.run_here(lambda c: is_confirmed(c, checked_key(key))):
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [key])
    with Console(stderr=True).status(plain(f"{key}: reading …")) as status:
        run = run_here(
            instance,
            INGEST_JOB,
            "ingest",
            {"dry_run": dry_run},
            done=lambda made: status.update(plain(f"{key}: {made.asset_key.path[-1]} done …")),
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
        return False
    print_outcome(screen, key, rows, run.error, dry_run=dry_run)
    if not dry_run and not instance.has_dynamic_partition(str(TOURNAMENTS.name), key):
        screen.print(plain(f"{key} is not registered: nobody has confirmed that it exists.", "red"))
    if run.interrupted:
        # Who stops one of several tournaments means all of them.
        screen.print("Stopped before all was done.", style="red")
        sys.exit(INTERRUPTED)
    # A run that failed between two domains has only completed rows.
    return run.success and bool(rows) and all(row["status"] == "completed" for row in rows)


def _wanted(texts: Sequence[str], settings: Settings, database: Database) -> list[str]:
    """The requested keys, once each, pages read for the tournament they show."""
    if not any(map(is_address, texts)):
        return list(dict.fromkeys(texts))
    import anyio

    async def read() -> list[str]:
        async with open_providers(settings.base_urls, database) as providers:
            return [str(await providers.key_of(text)) for text in texts]

    return list(dict.fromkeys(anyio.run(read)))
