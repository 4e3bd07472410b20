"""What a person decides in Dagster of a payload that was refused, as `dp accept` and `dp refuse`.

Belongs here: the fields of a run's configuration, and what follows from them.
"""

from collections.abc import Collection
from dataclasses import replace

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.drive import WorkConfig, drive
from dp_pipeline.assets.replay import Replaying
from dp_pipeline.assets.runner import RunContext
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.acceptance import (
    UndecidableError,
    archived_run,
    refuse,
    refused_execution,
)
from dp_pipeline.ledger.listing import ExecutionNotFoundError, IdBeginning, execution_named
from dp_pipeline.resources import LedgerResource, ProvidersResource
from dp_pipeline.storage import Storing


class IngestConfig(WorkConfig):
    """How a run reads, or what it does with a payload that was refused."""

    accept: str = Field(
        default="",
        description=(
            "The id of an execution that refused a payload, or how it begins, to take it in all "
            "the same: it is read from the archive, and nothing from the provider. With dry_run it "
            "is only shown."
        ),
    )
    refuse: str = Field(
        default="",
        description=(
            "The id of an execution that refused a payload, or how it begins, to keep it out for "
            "good: nothing is read, and nobody is told of the same payload again."
        ),
    )
    reason: str = Field(default="", description="Why; with accept or refuse. The ledger keeps it.")
    by: str = Field(
        default="", description="Who decides; with accept or refuse. The ledger keeps it."
    )

    @property
    def decides(self) -> bool:
        """Whether it is about a payload that was refused."""
        return bool(self.accept.strip() or self.refuse.strip())


def settle(  # noqa: PLR0913 - the resources of a run, and what to do with them
    context: dg.AssetExecutionContext,
    config: IngestConfig,
    store: Database,
    providers: ProvidersResource,
    ledger: LedgerResource,
    *,
    keys: Collection[str],
) -> None:
    """Take in what was refused, or keep it out for good.

    Raises:
        dagster.Failure: it cannot be decided so, or failed; the text says why.
    """
    try:
        ids = _execution(config)
        by, reason = config.by.strip() or "somebody in Dagster", config.reason.strip()
        id_ = store.run_here(lambda c: execution_named(c, ids))["id"]
        if config.refuse.strip():
            refused = store.run_here(lambda c: refuse(c, id_, of=keys, by=by, reason=reason))
            context.log.info(f"It stays out of {refused.tournament_key}: {refused.error}")  # noqa: G004
            return
        refused = store.run_here(lambda c: refused_execution(c, id_, of=keys))
        archived = store.run_here(lambda c: archived_run(c, refused))
    except (UndecidableError, ExecutionNotFoundError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    key = TournamentKey.parse(refused.tournament_key)
    accepted = {"execution": str(id_), "by": by, "reason": reason}

    async def work(run_context: RunContext) -> None:
        objects = Storing(ledger.objects())
        replaying = Replaying(store, objects, run_context.ledger, providers.urls())
        run = replace(run_context.run, accepted=accepted)
        await replaying.replay_in(replace(run_context, run=run), key, archived, NAMES)

    drive(context, store, providers, ledger, work, keys=[str(key)], scope=config.scope)


def _execution(config: IngestConfig) -> IdBeginning:
    accept, refused = config.accept.strip(), config.refuse.strip()
    if accept and refused:
        message = "accept and refuse exclude each other: give the execution to one of them."
        raise UndecidableError(message)
    if refused and config.dry_run:
        message = "dry_run goes with accept alone: what is kept out changes nothing to show."
        raise UndecidableError(message)
    if not config.reason.strip():
        message = "Say why in the field reason; the ledger keeps it."
        raise UndecidableError(message)
    try:
        return IdBeginning.parse(accept or refused, "execution")
    except ValueError as error:
        raise UndecidableError(str(error)) from error
