"""`dp retry`: what failed is tried again in this process."""

from datetime import datetime

import click

from dp_pipeline.cli.group import (
    SINCE,
    console,
    instance_in_use,
    main,
    plain_errors,
    settings_with_notices,
)
from dp_pipeline.cli.running import leave, nobody_confirmed, print_outcome, run_here
from dp_pipeline.cli.terminal import plain
from dp_pipeline.database.confirmed import unconfirmed
from dp_pipeline.instance.opening import open_database
from dp_pipeline.ledger.failing import failing


@main.command()
@SINCE
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def retry(since: datetime | None, *, dry_run: bool) -> None:
    """Try again what failed.

    Exactly the domains of tournaments whose last execution in the ledger failed are read again,
    each after what it depends on; not what a person refused for good, nor what its provider says is
    no tournament. Exits with 0 only if every execution completed. The job retry_failed does the
    same in Dagster.
    """
    with plain_errors():
        database = open_database(settings_with_notices())
        wanted = database.run_here(lambda connection: failing(connection, since))
        if not wanted:
            click.echo("Nothing has failed that has not succeeded since.")
            return
        from dp_pipeline.assets.retry_job import OP, RETRY_JOB

        config = {"since": "" if since is None else since.isoformat(), "dry_run": dry_run}
        with instance_in_use() as instance:
            run = run_here(instance, RETRY_JOB, OP, config, wanted=wanted)
        executions = run.executions(database)
        unknown = database.run_here(lambda c: unconfirmed(c, list(executions)))
    screen = console()
    for key in sorted(executions):
        print_outcome(screen, key, executions[key], dry_run=dry_run)
        if key in unknown:
            screen.print(plain(nobody_confirmed(key), "red"), soft_wrap=True)
    leave(screen, run, executions.values())
