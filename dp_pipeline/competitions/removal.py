"""Partitions of tournaments that do not exist are taken away again.

Dagster lets anybody add any text as a partition, and a failed one turns all assets red for ever.
Materializing it fails with a sentence; what is done about the partition afterwards is decided here.
"""

from collections.abc import Sequence

import dagster as dg

from dp_pipeline.database import confirmed
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.instance.dagster_internals import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dp_pipeline.jobs import GOING_ON, Partitions, planned_work
from dp_pipeline.ledger.ledger import storable
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.providers.errors import NOT_THERE

MOST_REMOVED = 200
"""In one tick; Dagster takes some 5 ms for each."""

_OPEN = [each for each in BulkActionStatus if each not in BULK_ACTION_TERMINAL_STATUSES]


def remove_unknown(instance: dg.DagsterInstance, store: Database) -> list[str]:
    """Take away the partitions whose materialization said that there is no such tournament.

    Not while a run or backfill that is to materialize one goes on: Dagster fails a backfill of
    which a partition is gone. Never what is stored, or was listed by its provider. The executions
    stay in the ledger, with a note.

    Returns:
        The keys, as they were added.
    """
    partitions = Partitions(instance)
    by_name = {storable(key): key for key in partitions.keys}
    with store.transaction() as connection:
        unconfirmed = confirmed.unconfirmed(connection, by_name)
        errors = confirmed.last_errors(connection, unconfirmed) if unconfirmed else {}
    missing = [by_name[name] for name, error in errors.items() if error in NOT_THERE]
    removed = left_alone(instance, partitions, missing)[:MOST_REMOVED]
    for key in removed:
        # First the note, without which the key would be taken from whoever adds it again. Should
        # nothing else come of this, the partition counts as new, is read, and is missing.
        with store.transaction() as connection:
            confirmed.note_removal(connection, storable(key))
        instance.delete_dynamic_partition(str(TOURNAMENTS.name), key)
    if removed:
        # What Dagster keeps of an asset would count the partition as failed for ever.
        instance.wipe_asset_cached_status([dg.AssetKey(domain) for domain in REGISTERED])
    return removed


def left_alone(
    instance: dg.DagsterInstance, partitions: Partitions, keys: Sequence[str]
) -> list[str]:
    """Of some keys those that no run or backfill is to materialize."""
    if not keys:
        return []
    runs = instance.get_runs(dg.RunsFilter(statuses=list(GOING_ON)))
    wanted = {key for run in runs for key in planned_work(instance, run, partitions)}
    for backfill in instance.get_backfills(BulkActionsFilter(statuses=_OPEN)):
        targets = _targets(backfill)
        if targets is None:
            return []
        wanted |= targets
    return [key for key in keys if key not in wanted]


def _targets(backfill: PartitionBackfill) -> set[str] | None:
    """The partitions of a backfill; None while Dagster does not say."""
    if backfill.partition_names is not None:
        return set(backfill.partition_names)
    data = backfill.asset_backfill_data
    if data is None:
        return None
    each = data.target_subset.iterate_asset_partitions()
    return {at.partition_key for at in each if at.partition_key is not None}
