"""`dp retry`: what failed is tried again in this process."""

import sys
from datetime import UTC, datetime
from itertools import groupby

import click
from rich.console import Console

from dp_pipeline.cli.group import (
    INTERRUPTED,
    console,
    instance_in_use,
    main,
    plain_errors,
    settings_with_notices,
)
from dp_pipeline.cli.running import print_outcome, run_here
from dp_pipeline.cli.terminal import plain
from dp_pipeline.ledger.failing import failing, since_of
from dp_pipeline.resources import open_database


@main.command()
@click.option(
    "--since",
    default="",
    metavar="TIME",
    help="Only what failed since then: 6h or 2d ago, or a time in UTC such as 2026-11-23T04:00.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def retry(since: str, *, dry_run: bool) -> None:
    """Try again what failed.

    Exactly the domains of tournaments whose last execution in the ledger failed are read again,
    each after what it depends on. Exits with 0 only if every execution completed. The job
    retry_failed does the same in Dagster.
    """
    try:
        at = since_of(since, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None
    with plain_errors():
        database = open_database(settings_with_notices())
        wanted = database.run_here(lambda connection: failing(connection, at))
        if not wanted:
            click.echo("Nothing has failed that has not succeeded since.")
            return
        from dp_pipeline.assets.retry_job import OP, RETRY_JOB

        with (
            instance_in_use() as instance,
            Console(stderr=True).status(f"Reading {len(wanted)} tournaments …") as status,
        ):
            run = run_here(
                instance,
                RETRY_JOB,
                OP,
                {"since": "" if at is None else at.isoformat(), "dry_run": dry_run},
                done=lambda made: status.update(
                    plain(f"{made.partition}: {made.asset_key.path[-1]} done …")
                ),
            )
        rows = sorted(run.executions(database), key=lambda row: row["tournament_key"])
    screen = console()
    for key, executions in groupby(rows, key=lambda row: row["tournament_key"]):
        print_outcome(screen, key, list(executions), run.error, dry_run=dry_run)
    if not rows:
        screen.print(plain(run.error or "The run left no execution.", "red"), soft_wrap=True)
    if run.interrupted:
        screen.print("Stopped before all was done.", style="red")
        sys.exit(INTERRUPTED)
    sys.exit(0 if run.success and all(row["status"] == "completed" for row in rows) else 1)
