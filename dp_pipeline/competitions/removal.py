"""Tournaments are taken away: those that do not exist by a sensor, others by a person.

Dagster lets anybody add any text as a partition, and a failed one turns all assets red for ever.
Materializing it fails with a sentence; what is done about the partition afterwards is decided here.
What a person removes is noted (database/removed.py), so that no sensor brings it back.
"""

from collections.abc import Iterator, Sequence

import anyio
import anyio.to_thread
import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.assets.exports import EXPORTS
from dp_pipeline.assets.season_charts import CHARTS
from dp_pipeline.database import confirmed, removed
from dp_pipeline.database.database import Database
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.instance.dagster_internals import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dp_pipeline.jobs import GOING_ON, Partitions, partitions_of, planned_work
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.ledger.ledger import Ledger, storable, tournament_id_of
from dp_pipeline.ledger.report_view.view import SHORT_ID
from dp_pipeline.pages.words import listed
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.providers.errors import NOT_THERE
from dp_pipeline.publish.withdrawing import withdraw
from dp_pipeline.storage import ObjectStore

MOST_REMOVED = 200
"""In one tick; Dagster takes some 5 ms for each."""

LEASE_SECONDS = 10.0
"""Who waits at a terminal is told rather than kept waiting."""
_OF_A_TOURNAMENT = (*REGISTERED, CHARTS, EXPORTS)
"""The assets whose partitions are tournaments."""
WAIT_SECONDS, _LOOKED_EVERY = 40.0, 0.5
"""How long runs may take to end that were asked for before: of a tournament that is polled one or
another went on at 22 of 24 times. With the lease it is less than `BACK_AFTER` (discovery.py)."""
_OPEN = [each for each in BulkActionStatus if each not in BULK_ACTION_TERMINAL_STATUSES]


def remove_unknown(instance: dg.DagsterInstance, store: Database) -> list[str]:
    """Take away the partitions whose materialization said that there is no such tournament.

    Not while a run or backfill that is to materialize one goes on: Dagster fails a backfill of
    which a partition is gone. Never what is stored, or was listed by its provider. The executions
    stay in the ledger, with a note.

    Returns:
        The keys, as they were added.
    """
    with store.transaction() as connection:
        refused = confirmed.unconfirmed(connection, confirmed.refused(connection, NOT_THERE))
        errors = confirmed.last_errors(connection, refused) if refused else {}
    names = {name for name, error in errors.items() if error in NOT_THERE}
    if not names:
        return []
    partitions = Partitions(instance)
    missing = [key for key in partitions.keys if storable(key) in names]
    gone = left_alone(instance, partitions, missing)[:MOST_REMOVED]
    for key in gone:
        # First the note, without which the key would be taken from whoever adds it again. Should
        # nothing else come of this, the partition counts as new, is read, and is missing.
        with store.transaction() as connection:
            confirmed.note_removal(connection, storable(key))
        instance.delete_dynamic_partition(str(TOURNAMENTS.name), key)
    if gone:
        _forget_status(instance)
    return gone


class NotRemovableError(Exception):
    """A tournament cannot be removed now. The text is a sentence with the reason."""


async def remove_tournament(  # noqa: PLR0913 - whose, what, and by whom
    instance: dg.DagsterInstance,
    store: Database,
    ledger: Ledger,
    objects: ObjectStore,
    key: str,
    *,
    by: str,
    keep_data: bool,
) -> None:
    """Remove a tournament: its partition, what reads it by itself, what is stored and published.

    Its executions, their reports and the archive stay. It is done under the lease of the
    tournament, and no run or backfill may be about to work on it. Once it is noted, automation
    leaves it alone, so that runs come to an end, and what is cut short is made good by doing it
    again.

    Args:
        instance: has the partition.
        store: has what is stored.
        ledger: at work; gives the lease.
        objects: have its page, charts and exported files.
        key: as the partition is called.
        by: name of the person.
        keep_data: nothing that is stored or published is deleted.

    Raises:
        NotRemovableError: a run or backfill is to work on it; nothing was changed.
        TournamentBusyError: another process works on it; nothing was changed.
        ObjectStoreError: what is published could not be deleted; what is stored is still there.
    """
    name = storable(key)
    await store.run(lambda connection: removed.note(connection, name, by))
    try:
        await _wait_until_idle(instance, key, WAIT_SECONDS)
        async with ledger.lease(tournament_id_of(key), seconds=LEASE_SECONDS) as lease:
            await lease.acquire()
            await _wait_until_idle(instance, key, 0)  # a person may have asked for one meanwhile

            def decide(connection: sa.Connection) -> None:
                # Anew, for what a person had read while this waited has undone the first note.
                removed.note(connection, name, by)
                removed.withdraw_approval(connection, name)

            await store.run(decide)
            if not keep_data:
                _note_in_dagster(instance, key)
            instance.delete_dynamic_partition(str(TOURNAMENTS.name), key)
            _forget_status(instance)
            await store.run(lambda connection: removed.end_automation(connection, name))
            if not keep_data:
                # Before the rows: while they are there, doing it again is not refused as unknown.
                await anyio.to_thread.run_sync(withdraw, name, objects)
                await store.run(lambda connection: removed.delete_rows(connection, name))
    except (NotRemovableError, TournamentBusyError):
        await store.run(lambda connection: removed.forget(connection, [name]))
        raise


async def _wait_until_idle(instance: dg.DagsterInstance, key: str, seconds: float) -> None:
    deadline = anyio.current_time() + seconds
    while at_work := who_is_at_work(instance, key):
        if anyio.current_time() >= deadline:
            raise NotRemovableError(_busy(key, at_work))
        await anyio.sleep(_LOOKED_EVERY)


def _busy(key: str, at_work: Sequence[str]) -> str:
    are, it, them = ("are", "they have", "them") if len(at_work) > 1 else ("is", "it has", "it")
    who = listed(list(at_work))
    return (
        f"{who[0].upper()}{who[1:]} {are} queued or at work for {key}; nothing was removed. Wait "
        f"until {it} ended, or cancel {them} in Dagster."
    )


def _note_in_dagster(instance: dg.DagsterInstance, key: str) -> None:
    # Else the data version of a tournament that is read again is the one it had, and nothing makes
    # its page and its files again.
    gone = dg.AssetMaterialization(
        MATCHES.name,
        description="The tournament was removed.",
        partition=key,
        tags={DATA_VERSION_TAG: "removed"},
    )
    instance.report_runless_asset_event(gone)


def _forget_status(instance: dg.DagsterInstance) -> None:
    # What Dagster keeps of an asset would count the partition as failed for ever.
    instance.wipe_asset_cached_status([dg.AssetKey(asset) for asset in _OF_A_TOURNAMENT])


def left_alone(
    instance: dg.DagsterInstance, partitions: Partitions, keys: Sequence[str]
) -> list[str]:
    """Of some keys those that no run or backfill is to work on, be it to publish them."""
    if not keys:
        return []
    wanted: set[str] = set()
    for _, targets in _going_on(instance, partitions):
        if targets is None:
            return []
        wanted |= targets
    return [key for key in keys if key not in wanted]


def who_is_at_work(instance: dg.DagsterInstance, key: str) -> list[str]:
    """The runs and backfills that are to work on a key, in words."""
    going_on = _going_on(instance, Partitions(instance))
    return [who for who, targets in going_on if targets is None or key in targets]


def _going_on(
    instance: dg.DagsterInstance, partitions: Partitions
) -> Iterator[tuple[str, set[str] | None]]:
    """Each run and backfill that goes on, with its partitions; None while Dagster does not say."""
    for run in instance.get_runs(dg.RunsFilter(statuses=list(GOING_ON))):
        targets = {*planned_work(instance, run, partitions), *partitions_of(run, partitions)}
        yield f"run {run.run_id[:SHORT_ID]} of {run.job_name}", targets
    for backfill in instance.get_backfills(BulkActionsFilter(statuses=_OPEN)):
        yield f"backfill {backfill.backfill_id}", _targets(backfill)


def _targets(backfill: PartitionBackfill) -> set[str] | None:
    """The partitions of a backfill; None while Dagster does not say."""
    if backfill.partition_names is not None:
        return set(backfill.partition_names)
    data = backfill.asset_backfill_data
    if data is None:
        return None
    each = data.target_subset.iterate_asset_partitions()
    return {at.partition_key for at in each if at.partition_key is not None}
