"""`dp retry`: what failed is tried again in this process."""

import sys
from datetime import datetime
from itertools import groupby

import click

from dp_pipeline.cli.group import (
    INTERRUPTED,
    SINCE,
    console,
    instance_in_use,
    main,
    plain_errors,
    settings_with_notices,
)
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.running import print_outcome, run_here
from dp_pipeline.cli.terminal import plain
from dp_pipeline.ledger.failing import failing
from dp_pipeline.resources import open_database


@main.command()
@SINCE
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def retry(since: datetime | None, *, dry_run: bool) -> None:
    """Try again what failed.

    Exactly the domains of tournaments whose last execution in the ledger failed are read again,
    each after what it depends on. Exits with 0 only if every execution completed. The job
    retry_failed does the same in Dagster.
    """
    with plain_errors():
        database = open_database(settings_with_notices())
        wanted = database.run_here(lambda connection: failing(connection, since))
        if not wanted:
            click.echo("Nothing has failed that has not succeeded since.")
            return
        from dp_pipeline.assets.retry_job import OP, RETRY_JOB

        with (
            instance_in_use() as instance,
            working(f"Reading {len(wanted)} tournaments …") as doing,
        ):
            run = run_here(
                instance,
                RETRY_JOB,
                OP,
                {"since": "" if since is None else since.isoformat(), "dry_run": dry_run},
                done=lambda made: doing(f"{made.partition}: {made.asset_key.path[-1]} done …"),
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
