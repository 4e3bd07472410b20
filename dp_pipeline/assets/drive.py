"""The work of a run as Dagster hears of it: each execution at once, failures together at the end.

The multi-assets and the job `refresh_tournaments` share this; it is the same whoever asks.
"""

import queue
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import dagster as dg
from anyio.from_thread import start_blocking_portal
from pydantic import Field

from dp_pipeline.assets.checks import evaluation
from dp_pipeline.assets.events import AssetEvent, log_together
from dp_pipeline.assets.metadata import (
    failure_in_words,
    failure_metadata,
    materialization_description,
    materialization_metadata,
    observation_metadata,
)
from dp_pipeline.assets.run_names import run_named
from dp_pipeline.assets.runner import RunContext
from dp_pipeline.database.database import Database
from dp_pipeline.database.removed import removed_keys
from dp_pipeline.domains.data_checks import CheckResult
from dp_pipeline.domains.known_exceptions import KnownException, KnownExceptionsError, load
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import INTERRUPTED
from dp_pipeline.ledger.log_fields import logged_as
from dp_pipeline.ledger.run_tags import TERMINAL_TAG, run_group_of
from dp_pipeline.ledger.vocabulary import SETTLED, SUSPICIOUS, Scope, how_to_settle
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import LedgerResource, ProvidersResource
from dp_pipeline.settings import Settings
from dp_pipeline.storage import Storing

Context = dg.AssetExecutionContext | dg.OpExecutionContext
Checked = tuple[str, Sequence[CheckResult]]
"""A tournament's key, and what checks of its data came to."""

MOST_NAMED_FAILURES = 10
TOGETHER_SECONDS = 1.0
"""How long an end waits for others, to be told in one write: as each came, telling 40 tournaments
of which nothing was new took Dagster 39 ms of CPU each, and the checks of a first read 127. Each
write costs a row of each asset, so that few of many events cost less than many of few."""
DATA_VERSION_TAG = "dagster/data_version"
"""By which Dagster knows whether a materialization brought anything new."""


class WorkConfig(dg.Config):
    """How the work of a run is done."""

    dry_run: bool = Field(
        default=False,
        description=(
            "Only say what would be created, updated, left out or refused: nothing is written but "
            "the ledger and its report."
        ),
    )

    @property
    def scope(self) -> Scope:
        """What executions of the run read."""
        return "dry_run" if self.dry_run else "whole"


def leaves_nothing(run: dg.DagsterRun) -> bool:
    """Whether nothing is missing when a run ends early.

    It only says what it would write, or is of a payload that was refused, which stays refused.
    """
    steps: Any = run.run_config.get("ops") if isinstance(run.run_config, dict) else None
    steps = steps.values() if isinstance(steps, dict) else ()
    configs = [step.get("config") for step in steps if isinstance(step, dict)]
    return any(
        each.get("dry_run") is True or each.get("accept") or each.get("refuse")
        for each in configs
        if isinstance(each, dict)
    )


def open_gallery(
    store: Database, providers: ProvidersResource, ledger: LedgerResource, *, dry_run: bool
) -> Gallery:
    """Where images come from and go to; a dry run stores none."""
    return Gallery(providers.open_images(store), Storing(ledger.objects()), stores=not dry_run)


def not_removed(context: Context, store: Database, keys: Sequence[str]) -> list[str]:
    """Of the tournaments to be read those that no person has removed meanwhile.

    Who waits for the run at a terminal has named them, and wants back what was removed.
    """
    if TERMINAL_TAG in context.run.tags:
        return list(keys)
    removed = store.run_here(removed_keys)
    for key in removed & set(keys):
        context.log.info(f"{key} was removed, and is left out; dp ingest reads it.")  # noqa: G004
    return [key for key in keys if key not in removed]


def drive(  # noqa: PLR0913 - the resources of a run, and what to do with them
    context: Context,
    store: Database,
    providers: ProvidersResource,
    ledger: LedgerResource,
    work: Callable[[RunContext], Awaitable[None]],
    *,
    keys: Sequence[str],
    scope: Scope = "whole",
    run_group: str | None = None,
) -> None:
    """Do the work in an event loop of its own; Dagster hears of each execution as it ends.

    A materialization is logged a moment after it is recorded, with others: a run that is killed
    keeps what it had done.

    Args:
        context: of the asset or op.
        store: where the work writes.
        providers: where it reads.
        ledger: where it is recorded.
        work: calls `RunContext.ended` for each execution; its executions may be of several domains.
        keys: the tournaments it is about, by which the run is named; none if it finds them itself.
        scope: how much of each domain is read.
        run_group: as which they are announced, where the run began without the tag of it.

    Raises:
        dagster.Failure: executions failed; it names them.
    """
    run = _run(context, ledger, scope, run_group)
    failed: list[Execution] = []
    # A key among the executions: its tournament was confirmed and gets its partition.
    ended: queue.SimpleQueue[Heard] = queue.SimpleQueue()
    with run_named(context, store, keys), ledger.open(store).working(run.id) as book:
        run_context = RunContext(
            providers.open(store),
            store,
            book,
            run,
            ended=ended.put,
            confirmed=ended.put,
            checked=lambda key, results: ended.put((key, results)),
            exceptions=_exceptions(context),
            selected=_selected(context),
        )
        try:
            # Signals reach this thread alone: an interruption ends the wait below, the portal then
            # cancels the work, and the work closes its rows before the interruption goes on.
            with start_blocking_portal() as portal:
                future = portal.start_task_soon(work, run_context)
                future.add_done_callback(lambda _: ended.put(None))
                while not future.done() or not ended.empty():
                    _listen(context, ended, failed)
                future.result()
        finally:
            _tell(context, _waiting(ended), failed)
    if failed:
        metadata = {"failed_executions": len(failed)}
        raise dg.Failure(describe(failed, len(keys)), metadata, allow_retries=False)


def _run(context: Context, ledger: LedgerResource, scope: Scope, run_group: str | None) -> Run:
    return Run(
        id=UUID(context.run.run_id),
        attempt=context.retry_number + 1,
        url=ledger.run_url(context.run.run_id),
        run_group=run_group or run_group_of(context.run.tags),
        scope=scope,
        at_terminal=TERMINAL_TAG in context.run.tags,
    )


def _exceptions(context: Context) -> tuple[KnownException, ...]:
    """The failing checks that are known; with a file that is wrong none is, and data is read."""
    try:
        return load(Settings.load().known_exceptions_file)
    except KnownExceptionsError as error:
        context.log.warning(f"No failing check counts as known: {error}")  # noqa: G004
        return ()


def _selected(context: Context) -> frozenset[str]:
    """The checks that this run is to make: one that Dagster does not hear of looks skipped."""
    if not isinstance(context, dg.AssetExecutionContext):
        return frozenset()
    return frozenset(key.name for key in context.selected_asset_check_keys)


Heard = Execution | str | Checked | None
"""What the work says: an execution ended, a tournament is there, was checked; None: all is done."""


def _listen(context: Context, ended: "queue.SimpleQueue[Heard]", failed: list[Execution]) -> None:
    """Wait for what the work says next, and tell it with what comes in a moment."""
    heard = [ended.get()]
    try:
        until = time.monotonic() + TOGETHER_SECONDS
        with suppress(queue.Empty):
            while None not in heard:
                heard.append(ended.get(timeout=max(0.0, until - time.monotonic())))
        _tell(context, heard, failed)
    except BaseException:  # an interruption: it is told at the end
        for each in heard:
            ended.put(each)
        raise


def _waiting(ended: "queue.SimpleQueue[Heard]") -> list[Heard]:
    """What has come meanwhile."""
    waiting = []
    with suppress(queue.Empty):
        while True:
            waiting.append(ended.get_nowait())
    return waiting


def _tell(context: Context, heard: Sequence[Heard], failed: list[Execution]) -> None:
    """Let Dagster hear of it, of many assets in one write."""
    # Known by now to exist; one that was typed in the pages is there already.
    if confirmed := [each for each in heard if isinstance(each, str)]:
        context.instance.add_dynamic_partitions(str(TOURNAMENTS.name), confirmed)
    events: list[AssetEvent] = []
    for each in heard:
        if isinstance(each, Execution):
            with logged_as(each):
                events += _of_execution(context, each, failed)
        elif isinstance(each, tuple):
            key, results = each
            events += [evaluation(key, result) for result in results]
    log_together(context, events)


def _of_execution(
    context: Context, execution: Execution, failed: list[Execution]
) -> Iterator[AssetEvent]:
    """What Dagster is to hear of an execution; its log and `failed` are told at once."""
    subject = f"{execution.domain} of {execution.key}"
    if execution.failure is not None:
        # Dagster's own words of a partition that failed name the run and no reason.
        yield dg.AssetObservation(
            execution.domain,
            description=failure_in_words(execution),
            metadata=failure_metadata(execution),
            partition=execution.key,
        )
    if execution.failure is not None and SETTLED in execution.noted:
        context.log.warning(f"{subject}: {execution.failure.message}")  # noqa: G004
        return
    if execution.failure is not None and execution.causes:
        failed.append(execution)
        # One error for one cause: a key that is no tournament logged six.
        context.log.info(f"{subject}: {execution.failure.message}")  # noqa: G004
        return
    if execution.failure is not None:
        failed.append(execution)
        if execution.failure.error_class == INTERRUPTED:
            context.log.warning(f"{subject}: {execution.failure.message}")  # noqa: G004
            return
        context.log.error(f"{subject} failed: {execution.failure.message}")  # noqa: G004 - no lazy form in Dagster
        return
    if execution.scope != "whole" and execution.outcome == "unchanged":
        # A poll a minute: the page of the asset shows what is news, the ledger has all of them.
        context.log.info(f"{subject}: nothing new")  # noqa: G004
        return
    about: dict[str, Any] = {
        "asset_key": execution.domain,
        "partition": execution.key,
        "description": materialization_description(execution),
    }
    if execution.run.is_dry:
        # What was only planned makes no partition of an asset materialized.
        yield dg.AssetObservation(**about, metadata=observation_metadata(execution))
        return
    version = execution.data_version
    yield dg.AssetMaterialization(
        **about,
        metadata=materialization_metadata(execution),
        tags={} if version is None else {DATA_VERSION_TAG: version},
    )


def describe(failed: Sequence[Execution], tournaments: int) -> str:
    """The failures in a few sentences: which tournament, which domain, why."""
    keys = sorted({execution.key for execution in failed})
    head = f"{len(keys)} of {tournaments} tournaments failed." if tournaments > 1 else ""
    causes = [
        f"{execution.key}, {execution.domain}: {failure_in_words(execution)}"
        + (
            f"\n{how_to_settle(execution.id, execution.noted)}"
            if execution.outcome == SUSPICIOUS
            else ""
        )
        for execution in failed
        if execution.failure is not None and execution.outcome != "blocked_dependency"
    ] or [f"{e.key}, {e.domain}: {e.failure.message}" for e in failed if e.failure is not None]
    lines = causes[:MOST_NAMED_FAILURES]
    if len(causes) > len(lines):
        lines.append(f"and {len(causes) - len(lines)} more; `dp executions` lists all.")
    return "\n".join(filter(None, [head, *lines]))
