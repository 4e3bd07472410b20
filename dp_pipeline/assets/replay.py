"""Replaying archived runs of a tournament: the way of all data, and the archive for a provider."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from dp_pipeline.assets.poll import poll_tournament
from dp_pipeline.assets.runner import RunContext, ingest_tournament
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.replay import ReplayTransport
from dp_pipeline.ledger.archived_runs import ArchivedRun
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Storing

_ONCE = Limits(attempts=1)


@dataclass(frozen=True, slots=True)
class Replaying:
    """What a replay needs.

    Args:
        database: what is planned against, and written to.
        objects: has the bodies.
        ledger: where it is recorded; it is working.
        base_urls: as they were when the answers were archived.
    """

    database: Database
    objects: Storing
    ledger: Ledger
    base_urls: Mapping[str, str]

    async def replay(
        self,
        key: TournamentKey,
        archived: ArchivedRun,
        domains: Collection[str],
        *,
        apply: bool,
        accepted: Mapping[str, str] | None = None,
    ) -> UUID:
        """Replay a run and give the id under which the ledger has the replay; never raises.

        Args:
            key: of the tournament.
            archived: the run.
            domains: to be planned; of a poll, those that it needs.
            apply: write; else it is a dry run.
            accepted: a person takes in what was refused: `execution`, `by` and `reason`.
        """
        run = Run(uuid4(), scope="whole" if apply else "dry_run", accepted=accepted)
        context = RunContext(
            self._providers(archived), self.database, self.ledger, run, lambda _: None
        )
        await self.replay_in(context, key, archived, domains)
        return run.id

    async def replay_in(
        self,
        context: RunContext,
        key: TournamentKey,
        archived: ArchivedRun,
        domains: Collection[str],
    ) -> None:
        """The same as a part of a run that goes on, dry if that is."""
        run = replace(context.run, replays=archived.started_at)
        if not run.is_dry:
            run = replace(run, scope=archived.scope)
        context = replace(context, providers=self._providers(archived), run=run)
        async with context.providers:
            if archived.scope == "part":
                await poll_tournament(str(key), context)
            else:
                await ingest_tournament(str(key), domains, context)

    def _providers(self, archived: ArchivedRun) -> Providers:
        transport = ReplayTransport(
            self.database, self.objects, archived.executions, archived.newest
        )
        return Providers(self.base_urls, limits=_ONCE, now=lambda: archived.now, replay=transport)
