"""`dp ingest`: tournaments, by key or page, materialized in this process."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dp_pipeline.cli.group import (
    console,
    instance_in_use,
    main,
    plain_errors,
    refuse_bad,
    settings_with_notices,
)
from dp_pipeline.cli.running import EndedRun, leave, nobody_confirmed, print_outcome, run_here
from dp_pipeline.cli.terminal import plain
from dp_pipeline.database.confirmed import unconfirmed
from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import tournament_keys
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import is_address, tidied
from dp_pipeline.instance.opening import open_database, open_providers
from dp_pipeline.ledger.archived_runs import archived_runs
from dp_pipeline.providers.errors import NOT_THERE, NetworkError
from dp_pipeline.providers.registry import PROVIDERS, checked_key, sites_of_pages
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

UNREACHED = NetworkError.__name__

_INGEST = f"""Register tournaments and read everything of them but logos.

A KEY is provider:competition:season, for example {PROVIDERS[0].examples[0]} or
{PROVIDERS[1].examples[0]}, or the address of a tournament's page at {sites_of_pages()}. A
tournament is registered once its provider has confirmed that there is one; from then on a running
Dagster keeps it current, and brings its logos with the next weekly refresh. Exits with 0 only if
every execution completed. A dry run registers nothing, and writes only the ledger and its reports:
these say what would be created, updated with old and new values, left out or refused.
"""


@main.command(help=_INGEST)
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def ingest(keys: tuple[str, ...], *, dry_run: bool) -> None:
    """Register tournaments and read everything of them but logos."""
    from dp_pipeline.partitions import TOURNAMENTS

    texts = [tidied(key) for key in keys]
    refuse_bad(texts)
    screen = console()
    with plain_errors():
        settings = settings_with_notices()
        database = open_database(settings)
        wanted = _wanted(texts, settings, database)
        with instance_in_use() as instance:
            if not dry_run:
                _register_confirmed(instance, database, wanted)
            run = _read(instance, wanted, dry_run=dry_run)
            executions = run.executions(database)
            for key in wanted:
                rows = executions.get(key, ())
                missing = next((row for row in rows if row["error_class"] in NOT_THERE), None)
                if missing is not None:
                    said = f"{key} is not registered: {missing['error_text']}"
                    screen.print(plain(said, "red"), soft_wrap=True)
                    continue
                print_outcome(screen, key, rows, dry_run=dry_run)
                if not dry_run and not instance.has_dynamic_partition(str(TOURNAMENTS.name), key):
                    screen.print(plain(nobody_confirmed(key), "red"), soft_wrap=True)
        unreached = [
            key
            for key, rows in executions.items()
            if any(row["error_class"] == UNREACHED for row in rows)
        ]
        if unreached:
            click.echo(without_network(database, unreached), err=True)
    leave(screen, run, [executions.get(key, ()) for key in wanted])


def _register_confirmed(
    instance: "dg.DagsterInstance", database: Database, keys: Sequence[str]
) -> None:
    """Add the partitions of tournaments that are known to exist, whatever becomes of the run."""
    from dp_pipeline.partitions import TOURNAMENTS

    unknown = set(database.run_here(lambda connection: unconfirmed(connection, keys)))
    confirmed = [key for key in keys if key not in unknown]
    if confirmed:
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), confirmed)


def _read(instance: "dg.DagsterInstance", keys: Sequence[str], *, dry_run: bool) -> EndedRun:
    """Read one tournament as a run of its partition, several at once as one refresh."""
    from dp_pipeline.assets.materialize import INGEST_JOB
    from dp_pipeline.assets.refresh_job import OP, REFRESH_JOB

    wanted, config = dict.fromkeys(keys, NAMES), {"dry_run": dry_run}
    if len(keys) > 1:
        return run_here(instance, REFRESH_JOB, OP, {**config, "keys": list(keys)}, wanted=wanted)
    # The partition is only a tag, for Dagster lets no run have one that it does not know: the run
    # adds it once the provider has the tournament.
    tags = {"dagster/partition": keys[0]}
    return run_here(instance, INGEST_JOB.name, "ingest", config, wanted=wanted, tags=tags)


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
