"""A job that a command runs in its own process, and what came of it in the ledger."""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID, uuid4

from rich.console import Console

from dp_pipeline.cli.group import INTERRUPTED
from dp_pipeline.cli.loading import loading
from dp_pipeline.cli.progress import Doing, working
from dp_pipeline.cli.terminal import causes, outcome_table, plain, plan_tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.listing import executions_of_run
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

Row = Mapping[str, Any]


def nobody_confirmed(key: str) -> str:
    """What becomes of a key whose provider has not answered yet, in a sentence."""
    return (
        f"{key} is not registered: nobody has confirmed that it exists. `dp retry` asks again, "
        f"`dp remove {key}` forgets it."
    )


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How a Dagster run ended."""

    id: str
    success: bool
    interrupted: bool = False
    error: str | None = None

    def executions(self, database: Database) -> dict[str, list[Row]]:
        """What it left in the ledger, by tournament."""
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        for row in database.run_here(lambda c: executions_of_run(c, UUID(self.id))):
            rows[row["tournament_key"]].append(row)
        return rows


def run_here(  # noqa: PLR0913 - which job, of what, and how it is named
    instance: "dg.DagsterInstance",
    job: str,
    op: str,
    config: Mapping[str, Any],
    *,
    wanted: Mapping[str, Collection[str]],
    tags: Mapping[str, str] | None = None,
) -> EndedRun:
    """Run a job in this process, and show on a terminal how far it is.

    Args:
        instance: which remembers the run.
        job: its name.
        op: its one step.
        config: of the step.
        wanted: the domains of each tournament that it is to read.
        tags: of the run, beside those that say that somebody waits for it here.
    """
    with loading():
        from dagster import DagsterExecutionInterruptedError

        from dp_pipeline.assets.reading import READING
        from dp_pipeline.instance.launcher import in_process_run_tags
        from dp_pipeline.ledger.run_tags import TERMINAL_TAG

    run_id = str(uuid4())
    subject = f"{len(wanted)} tournaments" if len(wanted) > 1 else next(iter(wanted))
    with working(f"{subject}: reading …", total=len(wanted)) as doing:
        instance.add_event_listener(run_id, _listener(wanted, doing))
        result = READING.resolve_job_def(job).execute_in_process(
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


def _listener(
    wanted: Mapping[str, Collection[str]], doing: Doing
) -> Callable[["dg.EventLogEntry"], None]:
    """Hears of each execution and says which it was, and how many tournaments are done.

    One that failed, or was a dry run, is an observation and no materialization.
    """
    from dagster import DagsterEventType

    ended: Counter[str | None] = Counter()

    def heard(entry: "dg.EventLogEntry") -> None:
        event = entry.dagster_event
        made: dg.AssetMaterialization | dg.AssetObservation
        if event is not None and event.is_step_materialization:
            made = event.step_materialization_data.materialization
        elif event is not None and event.event_type is DagsterEventType.ASSET_OBSERVATION:
            made = event.asset_observation_data.asset_observation
        else:
            return
        ended[made.partition] += 1
        done = sum(ended[key] >= len(domains) for key, domains in wanted.items())
        doing(f"{made.partition}: {made.asset_key.path[-1]} done …", done)

    return heard


def print_outcome(screen: Console, key: str, rows: Sequence[Row], *, dry_run: bool) -> None:
    """Print what one run did to one tournament, and why not."""
    if not rows:
        screen.print(plain(f"{key} was not begun.", "red"), soft_wrap=True)
        return
    screen.print(outcome_table(key, rows))
    for line in causes(rows):
        screen.print(plain(line, "red"), soft_wrap=True)
    for table in plan_tables(rows) if dry_run else ():
        screen.print(table)


def leave(screen: Console, run: EndedRun, outcomes: Collection[Sequence[Row]]) -> NoReturn:
    """Exit with 0 only if the run and all that it was to do completed.

    Args:
        screen: where it is said what no execution says.
        run: which has ended.
        outcomes: its executions of each tournament that was wanted.
    """
    if run.interrupted:
        screen.print("Stopped before all was done.", style="red")
        sys.exit(INTERRUPTED)
    if not outcomes or not all(outcomes):
        said = run.error or "The run left no execution."
        screen.print(plain(said, "red"), soft_wrap=True)
    # A run that failed between two domains has only completed rows.
    completed = all(rows and all(r["status"] == "completed" for r in rows) for rows in outcomes)
    sys.exit(0 if run.success and completed else 1)
