"""A job that a command runs in its own process, and what came of it in the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from rich.console import Console

from dp_pipeline.cli.terminal import causes, outcome_table, plain, plan_tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.listing import executions_of_run
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How a Dagster run ended."""

    id: str
    success: bool
    interrupted: bool = False
    error: str | None = None

    def executions(self, database: Database) -> list[Row]:
        """What it left in the ledger."""
        return database.run_here(lambda connection: executions_of_run(connection, UUID(self.id)))


def run_here(  # noqa: PLR0913 - which job, of what, and who listens
    instance: "dg.DagsterInstance",
    job: str,
    op: str,
    config: Mapping[str, Any],
    *,
    done: Callable[["dg.AssetMaterialization"], None],
    tags: Mapping[str, str] | None = None,
) -> EndedRun:
    """Run a job in this process.

    Args:
        instance: which remembers the run.
        job: its name.
        op: its one step.
        config: of the step.
        done: hears of each materialization at once.
        tags: of the run, beside those that say that somebody waits for it here.
    """
    run_id = str(uuid4())

    def heard(event: "dg.EventLogEntry") -> None:
        if event.dagster_event and event.dagster_event.is_step_materialization:
            done(event.dagster_event.step_materialization_data.materialization)

    instance.add_event_listener(run_id, heard)
    from dagster import DagsterExecutionInterruptedError

    from dp_pipeline.definitions import defs
    from dp_pipeline.instance.launcher import in_process_run_tags
    from dp_pipeline.ledger.run_tags import TERMINAL_TAG

    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        # The daemon checks the process of every run; this one is its own.
        tags={**in_process_run_tags(), TERMINAL_TAG: "yes", **(tags or {})},
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {op: {"config": dict(config)}},
        },
    )
    if result.success:
        return EndedRun(run_id, success=True)
    data = [event.event_specific_data for event in result.all_events]
    errors = [error for each in data if (error := getattr(each, "error", None)) is not None]
    return EndedRun(
        run_id,
        success=False,
        interrupted=any(e.cls_name == DagsterExecutionInterruptedError.__name__ for e in errors),
        error=Settings.load().conceal(errors[-1].message) if errors else None,
    )


def print_outcome(
    screen: Console, key: str, rows: Sequence[Row], error: str | None, *, dry_run: bool
) -> None:
    """Print what one run did to one tournament, and why not."""
    screen.print(outcome_table(key, rows))
    for line in causes(rows) if rows else [error or "The run left no execution."]:
        screen.print(plain(line, "red"), soft_wrap=True)
    for table in plan_tables(rows) if dry_run else ():
        screen.print(table)
