"""Retention: what is too old by its policy, counted or removed, and the job that does it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.old_runs import Ours, old_runs, remove_runs
from dp_pipeline.database.database import RETRY_SECONDS, Database
from dp_pipeline.ledger.retention.needed import needed_runs
from dp_pipeline.ledger.retention.policy import Oldest, RetentionError, load
from dp_pipeline.ledger.retention.removal import Removal, remove, so_far, too_old
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStore

RETENTION_JOB = "apply_retention"


class RetentionConfig(dg.Config):
    """Whether anything is removed."""

    dry_run: bool = Field(default=False, description="Only say what would be removed.")


def too_old_by(
    oldest: Oldest, database: Database, instance: dg.DagsterInstance, ours: Ours
) -> Iterator[Removal]:
    """What `remove_by` would remove, part by part.

    Raises:
        DatabaseError: the database.
    """
    yield from database.run_here(lambda connection: list(too_old(connection, oldest)))
    yield Removal("runs", len(_runs(oldest, database, instance, ours)))


def remove_by(
    oldest: Oldest,
    database: Database,
    objects: ObjectStore,
    instance: dg.DagsterInstance,
    ours: Ours,
) -> Iterator[Removal]:
    """Remove what is too old, in batches; says after each how much of its part is removed so far.

    A part that fails stops no other one; its last word has the reason.
    """
    yield from remove(database, objects, oldest)

    def runs() -> Iterator[tuple[int, None]]:
        for _ in remove_runs(instance, _runs(oldest, database, instance, ours)):
            yield 1, None

    # The border to Dagster's storage, which raises whatever its driver does.
    yield from so_far("runs", runs(), (Exception,))


def _runs(
    oldest: Oldest, database: Database, instance: dg.DagsterInstance, ours: Ours
) -> list[str]:
    if oldest.runs is None:
        return []
    return old_runs(instance, ours, oldest.runs, database.run_here(needed_runs))


@dg.op(name="apply")
def apply(
    context: dg.OpExecutionContext,
    config: RetentionConfig,
    database: DatabaseResource,
    ledger: LedgerResource,
) -> None:
    """Remove what is too old by the policy; a part that fails stops no other one."""
    try:
        oldest = load(Settings.load().retention_file).oldest(datetime.now(UTC))
    except RetentionError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    store = database.open(seconds=RETRY_SECONDS)
    instance, ours = context.instance, Ours.of(context.repository_def)
    if config.dry_run:
        found = too_old_by(oldest, store, instance, ours)
    else:
        found = remove_by(oldest, store, ledger.objects(), instance, ours)
    last = {each.part: each for each in found}
    for each in last.values():
        context.log.info(each.sentence)
    if problems := [each.sentence for each in last.values() if each.problem is not None]:
        raise dg.Failure("\n".join(problems), allow_retries=False)


@dg.job(
    name=RETENTION_JOB,
    description=(
        "Removes what is older than the policy of retention says: reports, answers of providers, "
        "rows of ledger and history, and finished runs. `dp retention` shows it beforehand."
    ),
)
def apply_retention() -> None:
    """One step over all parts."""
    apply()
