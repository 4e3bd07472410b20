"""The way all data takes: what a source says is fetched, judged, planned, applied, recorded.

No Dagster here. What a domain does is read in its own module; what is the same for all of them
stands here once: order, isolation, one lease per tournament.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from uuid import UUID

import anyio
import sqlalchemy as sa

from dp_pipeline.assets import logos
from dp_pipeline.assets.check_results import checked
from dp_pipeline.assets.materialization import Materialization
from dp_pipeline.database.confirmed import standing_of
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.database.removed import forget
from dp_pipeline.domains.data_checks import CheckResult
from dp_pipeline.domains.findings import keep_findings
from dp_pipeline.domains.known_exceptions import KnownException
from dp_pipeline.domains.registry import BY_NAME, LOGOS, REGISTERED, TABLES, in_order
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.domains.stored_names import StoredNames
from dp_pipeline.http.archive import entries_of
from dp_pipeline.http.errors import NotArchivedError
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.ledger.acceptance import refused_execution
from dp_pipeline.ledger.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.leases import Lease
from dp_pipeline.ledger.ledger import Ledger, note_archive_error, storable, tournament_id_of
from dp_pipeline.ledger.vocabulary import REFUSED_BEFORE, SETTLED
from dp_pipeline.providers.contract import Source, StoredTeams
from dp_pipeline.providers.errors import TournamentNotFoundError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.registry import BY_NAME as PROVIDERS_BY_NAME
from dp_pipeline.providers.registry import Providers, checked_key

_log = logging.getLogger(__name__)

"""What the summary of an execution says besides its counts."""

# Waiting for providers costs nothing, but each tournament at work holds a parsed season in memory
# and at times a database connection: the pool has ten.
TOURNAMENTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the work needs: where to read, where to write, where to record, whom to tell.

    `confirmed` hears of a key of which nothing was stored before, once its provider has it, and
    `checked` of a tournament's key and what of the checks of its data changed, or is `selected`.
    """

    providers: Providers
    database: Database
    ledger: Ledger
    run: Run
    ended: Callable[[Execution], None]
    confirmed: Callable[[str], None] = lambda _: None
    checked: Callable[[str, Sequence[CheckResult]], None] = lambda *_: None
    exceptions: Collection[KnownException] = ()
    selected: Collection[str] = ()
    names: StoredNames = field(default_factory=StoredNames)


async def ingest_tournaments(
    keys: Sequence[str], domains: Collection[str], context: RunContext
) -> None:
    """Ingest the domains of several tournaments concurrently; none stops another."""
    async with context.providers:
        await each(keys, lambda key: ingest_tournament(key, domains, context))


async def collect_logos(keys: Sequence[str], gallery: Gallery, context: RunContext) -> None:
    """Collect the images of several tournaments concurrently; none stops another."""
    work = partial(logos.ingest, gallery, context.database)
    async with gallery:
        await each(keys, lambda key: attempt("logos", key, context, work))


async def ingest_with_logos(
    wanted: Mapping[str, Collection[str]], gallery: Gallery, context: RunContext
) -> None:
    """Ingest what providers say, then the images, which are shown on rows of it.

    Args:
        wanted: the domains of each tournament, `logos` among them where images are wanted.
        gallery: where images come from and go to; not opened where none is wanted.
        context: of the run.
    """
    said = {key: [d for d in domains if d != LOGOS.name] for key, domains in wanted.items()}
    async with context.providers:
        await each(
            [key for key, domains in said.items() if domains],
            lambda key: ingest_tournament(key, said[key], context),
        )
    with_images = [key for key, domains in wanted.items() if LOGOS.name in domains]
    if with_images:
        await collect_logos(with_images, gallery, context)


async def ingest_tournament(key: str, domains: Collection[str], context: RunContext) -> None:
    """Ingest the domains of one tournament in order, each with its own row and fate."""
    chosen = in_order(domains)
    failed: dict[str, Execution] = {}
    read: dict[str, Sequence[Finding]] = {}
    source: Source | None = None
    materialization: Materialization | None = None
    missing, answered = False, anyio.Event()
    label: str | None = None
    async with (
        context.ledger.lease(tournament_id_of(key)) as lease,
        anyio.create_task_group() as ahead,
    ):

        async def work(execution: Execution) -> None:
            nonlocal source, materialization, missing
            if source is None:
                source = await context.providers.source(key)
            # Nothing is read before its lease: it would be older than what the run before has
            # stored meanwhile, and put it back.
            if materialization is None:
                await acquire(lease, context)
            else:
                await lease.acquire()
            try:
                if materialization is None:
                    began, snapshot = source.now, await recognise(source, context)
                    await confirm(source, context, execution)
                    materialization = Materialization(source, context.database, snapshot, began)
                    ahead.start_soon(_prefetch, source, chosen, answered)
                await _take_in(materialization, execution, answered)
            except TournamentNotFoundError:
                missing = True
                execution.announced = context.run.at_terminal
                raise
            finally:
                execution.requests.extend(source.requests.taken())
                execution.requests.extend(context.providers.requests_for_lists())

        for domain in chosen:
            announced = missing and context.run.at_terminal
            execution = await attempt(
                domain, key, context, work, label=label, failed=failed, announced=announced
            )
            if execution.failure is None and execution.refused is None:
                label, read[domain] = execution.label, execution.findings
            else:
                failed[domain] = execution
        if materialization is not None and not context.run.is_dry:
            await check(materialization, context, read)
        ahead.cancel_scope.cancel()


async def _take_in(
    materialization: Materialization, execution: Execution, answered: anyio.Event
) -> None:
    """Plan a domain and apply it; in a dry run, show it."""
    try:
        planned = await materialization.planned(BY_NAME[execution.domain], execution)
        if execution.run.is_dry:
            materialization.previewed(planned, execution)
        else:
            await materialization.applied(planned, execution)
    except SuspiciousPayloadError:
        # A person takes in what is refused with all that is answered beside it: a table that came
        # a moment later was not in the archive.
        await answered.wait()
        raise


async def _prefetch(source: Source, domains: Sequence[str], answered: anyio.Event) -> None:
    try:
        await source.prefetch(domains)
    finally:
        answered.set()


async def acquire(lease: Lease, context: RunContext) -> None:
    """Acquire the lease, and see that what a person takes in may still be taken in then.

    Raises:
        TournamentBusyError: another run works on the tournament.
        UndecidableError: a newer read was stored meanwhile, or it was taken in already.
    """
    await lease.acquire()
    accepted = context.run.accepted
    if accepted is not None:
        id_ = UUID(accepted["execution"])
        await context.database.run(lambda connection: refused_execution(connection, id_))


async def check(
    materialization: Materialization,
    context: RunContext,
    read: Mapping[str, Sequence[Finding]] = {},
) -> None:
    """Check what is stored of a tournament now, under its lease, and tell what changed.

    Args:
        materialization: by which it was read.
        context: of the run.
        read: what was found of the domains that were read whole and well.
    """
    snapshot = materialization.snapshot
    if snapshot is None or snapshot.tournament is None:
        return
    now = materialization.source.now

    def make(connection: sa.Connection) -> list[CheckResult]:
        keep_findings(connection, snapshot.key.tournament_id, read)
        return checked(connection, snapshot, now, context.exceptions, selected=context.selected)

    try:
        results = await context.database.run(make)
    # What was stored stays stored; the next read makes the checks again.
    except DatabaseError:
        return
    context.checked(str(snapshot.key), results)


async def recognise(source: Source, context: RunContext) -> Snapshot | None:
    """Tell the source what is stored, where its teams and matches are recognised by that.

    Returns:
        What is stored of the tournament; None where it was not read.
    """
    if not PROVIDERS_BY_NAME[source.key.provider].by_name:
        return None

    def read(connection: sa.Connection) -> tuple[Snapshot, StoredTeams]:
        snapshot = read_snapshot(connection, source.key, TABLES)
        return snapshot, context.names.of(connection, snapshot)

    snapshot, source.stored_teams = await context.database.run(read)
    return snapshot


async def confirm(source: Source, context: RunContext, execution: Execution) -> None:
    """Make sure that there is such a tournament, if nothing is stored of it yet.

    Raises:
        TournamentNotFoundError: its provider does not have it.
        ProviderError: it did not say.
    """
    key = source.key
    known = await context.database.run(partial(standing_of, key=key), single=True)
    if not known.confirmed:
        try:
            with execution.step("scraping", "confirm_tournament"):
                await context.providers.confirm(source)
        except NotArchivedError:
            # What it would have requested was not: the tournament had been confirmed by then.
            return
        if not context.run.is_dry:
            context.confirmed(str(key))
    if known.removed and not context.run.is_dry:
        # A person has it read, for automation leaves removed tournaments out (drive.py).
        await context.database.run(partial(forget, keys=[str(key)]), single=True)


async def attempt(  # noqa: PLR0913 - the work, and what is known before it
    domain: str,
    key: str,
    context: RunContext,
    work: Callable[[Execution], Awaitable[None]],
    *,
    label: str | None = None,
    failed: Mapping[str, Execution] = MappingProxyType({}),
    announced: bool = False,
) -> Execution:
    """Do a piece of work within a ledger row of its own and tell how it ended; never raises.

    Args:
        domain: what it is of.
        key: of which tournament.
        context: of the run.
        work: fails by raising.
        label: the tournament's name, if it is known already.
        failed: the domains of this tournament that failed in this run.
        announced: whoever launched the run has read already what there is to say.
    """
    execution: Execution | None = None
    try:
        async with context.ledger.track(domain, key, context.run, label=label) as execution:
            execution.announced = announced
            with execution.step("initialization", "validate_input") as data:
                require(execution, failed)
                data["key"] = str(checked_key(key))
            await work(execution)
    # Recorded by track; the other domains and tournaments have fates of their own.
    except Exception as error:  # noqa: BLE001
        if execution is None or execution.completed_at is None:
            execution = _unrecorded(domain, key, context.run, error)
        elif execution.failure is None:
            execution.fail(error)  # the work was done, but its row could not be closed
    context.ended(execution)
    archive(execution, context)
    return execution


def archive(execution: Execution, context: RunContext) -> None:
    """Archive what was requested; what could not be is said in the ledger, and harms nothing."""
    store, entries = context.providers.archive, entries_of(execution.requests)
    if store is None or not entries or execution.run.is_dry:
        return

    async def keep() -> None:
        error = await store.keep(execution.id, entries)
        if error is not None:
            _log.warning("%s", error)
            with suppress(DatabaseError):
                await context.database.run(
                    lambda connection: note_archive_error(connection, execution.id, error)
                )

    store.soon(keep)


async def each(keys: Sequence[str], one: Callable[[str], Awaitable[object]]) -> None:
    """The work of each tournament, a few of them at once; `one` never raises."""
    limiter = anyio.CapacityLimiter(TOURNAMENTS_AT_ONCE)

    async def limited(key: str) -> None:
        async with limiter:
            await one(key)

    async with anyio.create_task_group() as group:
        for key in keys:
            group.start_soon(limited, key)


def require(execution: Execution, failed: Mapping[str, Execution]) -> None:
    """Raise BlockedDependencyError where a domain builds on one that failed, and note why it did.

    Args:
        execution: of the domain.
        failed: the domains of this tournament that failed in this run.
    """
    depends_on = REGISTERED[execution.domain].depends_on
    causes = {name: failed[name] for name in depends_on if name in failed}
    if causes:
        for fact in (REFUSED_BEFORE, SETTLED):
            # What waits for nothing but what was refused before needs nobody either.
            if all(fact in cause.noted for cause in causes.values()):
                execution.noted[fact] = next(iter(causes.values())).noted[fact]
        for name, cause in causes.items():
            because = cause.failure.message if cause.failure else cause.refused or ""
            execution.causes |= cause.causes or {name: because}
        # The first that failed, not those that were not begun because of it either.
        names = " and ".join(f"`{name}`" for name in in_order(execution.causes))
        message = f"Not begun, because {names} of this tournament failed in the same run."
        raise BlockedDependencyError(message)


def _unrecorded(domain: str, key: str, run: Run, error: Exception) -> Execution:
    """An execution whose row could not even be opened; the sensor adds it once it can."""
    execution = Execution(
        run=run, key=storable(key), tournament_id=tournament_id_of(key), domain=domain
    )
    execution.fail(error)
    execution.finish()
    return execution
