"""`dp ingest`: tournaments, by key or page, materialized in this process."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

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
from dp_pipeline.cli.terminal import causes, outcome_table, plain, plan_tables
from dp_pipeline.database.confirmed import is_confirmed
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import is_address, tidied
from dp_pipeline.ledger.listing import executions_of_run
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
    from dp_pipeline.partitions import TOURNAMENTS

    screen = console()
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
        screen.print(
            plain(f"{key} is not registered: {missing['error_text']}", "red"), soft_wrap=True
        )
        return False
    screen.print(outcome_table(key, rows))
    for line in causes(rows) if rows else [run.error or "The run left no execution."]:
        screen.print(plain(line, "red"), soft_wrap=True)
    for table in plan_tables(rows) if dry_run else ():
        screen.print(table)
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
    from dp_pipeline.ledger.run_tags import TERMINAL_TAG

    result = defs.resolve_job_def(INGEST_JOB).execute_in_process(
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        # The daemon checks the process of every run; this one is its own. The partition is only
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
    data = [event.event_specific_data for event in result.all_events]
    errors = [error for each in data if (error := getattr(each, "error", None)) is not None]
    return _Ended(
        run_id,
        success=False,
        interrupted=any(e.cls_name == DagsterExecutionInterruptedError.__name__ for e in errors),
        error=Settings.load().conceal(errors[-1].message) if errors else None,
    )
