"""The job that makes the checks of stored data which time alone may have changed, without a read.

A tournament that nobody reads any more is checked by nothing else.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.check_results import checked
from dp_pipeline.assets.drive import drive
from dp_pipeline.assets.runner import RunContext, each
from dp_pipeline.competitions import file
from dp_pipeline.database.database import RETRY_SECONDS
from dp_pipeline.database.removed import removed_keys
from dp_pipeline.database.seasons import no_longer_followed
from dp_pipeline.domains.data_checks import CheckResult
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.domains.timed_checks import changed_by_time, stored_providers
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource
from dp_pipeline.settings import Settings

CHECK_JOB = "check_stored_data"
LEASE_SECONDS = 5.0
"""A run that has the tournament for longer makes the checks itself when it ends."""


@dg.op(name="check")
def check(
    context: dg.OpExecutionContext,
    database: DatabaseResource,
    providers: ProvidersResource,
    ledger: LedgerResource,
) -> None:
    """Make the checks of the tournaments that may be late, overdue, or known no more."""
    store = database.open(seconds=RETRY_SECONDS)
    followed = file.load(Settings.load().competitions_file).followed
    stopped = store.run_here(lambda connection: no_longer_followed(connection, followed))

    async def work(run_context: RunContext) -> None:
        keys = await check_what_time_changed(run_context, stopped)
        context.log.info(f"Checked again without a read: {', '.join(keys) or 'nothing'}")  # noqa: G004

    drive(context, store, providers, ledger, work, keys=())


async def check_what_time_changed(
    context: RunContext, stopped: Collection[tuple[str, str]] = ()
) -> list[str]:
    """Check the tournaments of which time alone may have changed a result; their keys.

    Args:
        context: of the run.
        stopped: provider and competition of those that are not followed any more.
    """
    async with context.providers:
        present: dict[str, datetime] = {}
        for name in await context.database.run(stored_providers):
            # A simulated world that does not run has no time, and nothing of it gets late.
            with suppress(ProviderError):
                present[name] = (await context.providers.clock(name))()
        now = datetime.now(UTC)
        removed = await context.database.run(removed_keys)
        keys = await context.database.run(
            lambda c: changed_by_time(c, present, context.exceptions, now)
        )

        async def one(text: str) -> None:
            key = TournamentKey.parse(text)
            is_read = (key.provider, key.competition) not in stopped and text not in removed
            await _check(key, present[key.provider], context, is_read=is_read)

        await each(keys, one)
    return keys


async def _check(key: TournamentKey, now: datetime, context: RunContext, *, is_read: bool) -> None:
    def make(connection: sa.Connection) -> list[CheckResult]:
        snapshot = read_snapshot(connection, key, TABLES)
        return checked(connection, snapshot, now, context.exceptions, is_read=is_read)

    try:
        async with context.ledger.lease(key.tournament_id, seconds=LEASE_SECONDS) as lease:
            await lease.acquire()
            results = await context.database.run(make)
    except TournamentBusyError:
        return
    context.checked(str(key), results)


@dg.job(
    name=CHECK_JOB,
    description=(
        "Makes the checks of stored data again that time alone may have changed: seasons that "
        "were not read as their calendar demands, matches past their day, known failures whose day "
        "is over. Reads no provider."
    ),
)
def check_stored_data() -> None:
    """One step over all of them."""
    check()
