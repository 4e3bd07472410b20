"""Assets that follow the data of a tournament: when they are made again, and one at a time."""

from collections.abc import Callable, Sequence

import dagster as dg

from dp_pipeline.assets.drive import MOST_NAMED_FAILURES
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.database.known_keys import UnknownKeyError
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.storage import ObjectStoreError

_CHANGED = dg.AutomationCondition.newly_missing() | dg.AutomationCondition.any_deps_match(
    dg.AutomationCondition.data_version_changed()
)
WHEN_DATA_CHANGES = (
    # Not `since_last_handled`: what changed while a run was under way would count as handled by it.
    _CHANGED.since(
        (dg.AutomationCondition.newly_requested() & ~_CHANGED)
        | dg.AutomationCondition.initial_evaluation()
    )
    & ~dg.AutomationCondition.any_deps_match(dg.AutomationCondition.missing()).allow(
        dg.AssetSelection.assets("matches")
    )
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("when stored data changed")
"""Of an asset that shows what is stored of a tournament. The data version of a domain stays the
same when a read brought nothing new; only matches must be there, as not every season has goals."""

_EXPECTED = (DatabaseError, ProviderError, UnknownKeyError, ObjectStoreError)


def keys_of(context: dg.AssetExecutionContext) -> list[str]:
    """The tournaments that a run is to work on."""
    # Dagster refuses to list the one key of a run that it does not know, with a sentence about
    # ranges: that of `dp ingest` is added by the run itself.
    return [context.partition_key] if context.has_partition_key else list(context.partition_keys)


def published(
    context: dg.AssetExecutionContext,
    keys: Sequence[str],
    publish: Callable[[str], dg.AssetMaterialization],
) -> None:
    """Publish each tournament; Dagster hears of each at once, of failures at the end.

    Raises:
        dagster.Failure: some could not be published; it names them.
    """
    failed = []
    for key in keys:
        try:
            context.log_event(publish(key))
        except _EXPECTED as error:
            failed.append(str(error) if key in str(error) else f"{key}: {error}")
            context.log.error(failed[-1])  # noqa: TRY400 - sentences, without a trace
    if failed:
        head = [f"{len(failed)} of {len(keys)} tournaments failed."] if len(keys) > 1 else []
        more = len(failed) - MOST_NAMED_FAILURES
        tail = [f"and {more} more; the log of the run has all."] if more > 0 else []
        message = "\n".join([*head, *failed[:MOST_NAMED_FAILURES], *tail])
        raise dg.Failure(message, {"failed_tournaments": len(failed)}, allow_retries=False)
