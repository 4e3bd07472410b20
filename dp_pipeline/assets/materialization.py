"""One domain of one tournament from its source to the database: fetch, judge, plan, apply."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.assets.corrections import note_corrections, past_of
from dp_pipeline.database import rows
from dp_pipeline.database.database import Database, tournament_lock
from dp_pipeline.database.store import RowId, Stored
from dp_pipeline.domains.apply import apply
from dp_pipeline.domains.coverage import coverage_of
from dp_pipeline.domains.data_version import data_version
from dp_pipeline.domains.domain import Changes, Domain
from dp_pipeline.domains.judge import Past, Verdict, contradiction_findings
from dp_pipeline.domains.key_figures import key_figures
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.plan import Plan, not_stored, refused
from dp_pipeline.domains.registry import DOMAINS, TABLES
from dp_pipeline.domains.reread import accepted, judged
from dp_pipeline.domains.snapshot import Snapshot, look_for, read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.ledger.acceptance import note_refusal
from dp_pipeline.ledger.errors import (
    BlockedDependencyError,
    ExecutionError,
    SuspiciousPayloadError,
)
from dp_pipeline.ledger.execution import Execution
from dp_pipeline.ledger.ledger import note_news
from dp_pipeline.providers.contract import Everything, Source
from dp_pipeline.providers.fetched import Absence, Fetched
from dp_pipeline.providers.fitting import fitting


class _Named(TypedDict):
    teams: set[UUID]
    matches: set[UUID]


_REFUSALS: dict[str, type[ExecutionError]] = {
    "blocked_dependency": BlockedDependencyError,
    "suspicious_payload": SuspiciousPayloadError,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """What was fetched of a domain and is to be written of it."""

    domain: Domain[Any]
    fetched: Fetched[Any]
    matches: Fetched[Match]
    verdict: Verdict
    plan: Plan

    @property
    def is_doubtful(self) -> bool:
        """Whether the payload contradicts what is stored, or lacks too much of it."""
        return self.plan.refusal is not None and self.plan.refusal.kind == "suspicious_payload"

    @property
    def difference(self) -> str:
        """The same for the same payload that differs in the same way from what is stored."""
        told = self.fetched if self.verdict.refusal is None else self.matches
        said = (self.plan.refusal, self.plan.findings, sorted(map(repr, told.items)))
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether the payload has nothing that a person could take in."""
        return self.matches.is_nothing


class Materialization:
    """The domains of one tournament in one run, one after the other.

    What is stored is read once, under the tournament's lease, and moves on with every commit.

    Args:
        source: of the selection.
        database: where to write.
        snapshot: what is stored, where that has been read already.
        began: the present at the provider before its first request; None: now.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        snapshot: Snapshot | None = None,
        began: datetime | None = None,
    ) -> None:
        self.source = source
        self.snapshot = snapshot
        self._database = database
        self._new: set[tuple[str, RowId]] = set()
        self._began = began or source.now
        self._judged_last: tuple[Snapshot, tuple[Any, ...], Verdict] | None = None

    async def of(self, domain: Domain[Any], execution: Execution) -> None:
        """All of it for one domain; raises as `planned` and `applied` do."""
        await self.applied(await self.planned(domain, execution), execution)

    async def planned(self, domain: Domain[Any], execution: Execution) -> Planned:
        """Fetch, judge and plan.

        Raises:
            ProviderError: it could not be fetched, or nothing of it can be stored.
        """
        execution.selection, execution.now = _selection(self.source), self.source.now
        with execution.step("scraping", f"fetch_{domain.operation}"):
            fetched = fitting(await domain.fetch(self.source))
        if fetched.is_nothing and not (domain.may_end and execution.run.accepted is not None):
            nothing = await self._nothing(domain, fetched)
            return Planned(domain, fetched, Fetched(), Verdict(), nothing)
        matches = fetched if domain is MATCHES else await self.source.matches()
        snapshot = await self._read(fetched, matches)
        verdict = self._judged(matches, snapshot, Past(), execution)
        plan = _plan(domain, fetched, matches, verdict, snapshot)
        corrects = verdict.contradictions or plan.plan.corrected
        if corrects and verdict.refusal is None:
            past = await self._database.run(lambda c: past_of(c, execution))
            verdict = self._judged(matches, snapshot, past, execution)
            plan = _plan(domain, fetched, matches, verdict, snapshot)
        return plan

    async def would_change(self, domain: Domain[Any]) -> bool:
        """Whether what came with the matches would change anything of another domain.

        Doubtful data would not: the next whole read refuses it, in an execution of its own.
        """
        fetched = fitting(await domain.fetch(self.source))
        if fetched.is_nothing:
            return False
        matches = await self.source.matches()
        snapshot = await self._read(fetched, matches)
        now = self.source.now
        verdict = judged(snapshot, matches, Past(), read_at=now, now=now)
        return _plan(domain, fetched, matches, verdict, snapshot).plan.changes_anything

    async def applied(self, planned: Planned, execution: Execution) -> None:
        """Write what was planned, and what follows from it, unless it is refused.

        Raises:
            SuspiciousPayloadError, BlockedDependencyError: it must not or cannot be written.
        """
        execution.received(planned.fetched)
        if planned.plan.absent is not None:
            execution.nothing(planned.plan.absent)
            _note_stored(planned.domain, self.stored, execution)
            return
        with execution.step("database", f"upsert_{planned.domain.operation}") as data:
            if planned.is_doubtful:
                await self._database.run(lambda c: _note_refusal(c, planned, execution))
            raise_if_refused(planned.plan, execution)
            if planned.plan.changes_anything or planned.domain.follow_up is not None:
                changes = await self._database.run(lambda c: self._write(c, planned, execution))
            else:
                changes = Changes(planned.plan, planned.plan.stored, self.stored, self.stored)
            data.update({one.table: one.counts() for one in changes.stored if one.counted})
        self.snapshot = changes.after
        record(changes.plan, changes.stored, execution)
        execution.note_changes(changes.after.named(changes.plan))
        execution.rows = planned.domain.rows(changes.after)
        _note_stored(planned.domain, changes.after, execution)

    def previewed(self, planned: Planned, execution: Execution) -> None:
        """Say what was planned, and go on as if it had been written."""
        execution.received(planned.fetched)
        record(planned.plan, planned.plan.stored, execution)
        if self.snapshot is not None:
            self.snapshot = self.snapshot.after(planned.plan)
            # A row that is new in this dry run is created with what later domains derive.
            self._new |= {(one.table, id_) for one in planned.plan.stored for id_ in one.created}
            execution.note_changes(self.snapshot.named(planned.plan, self._new))
            execution.rows = planned.domain.rows(self.snapshot)

    def _write(self, connection: sa.Connection, planned: Planned, execution: Execution) -> Changes:
        key = self.source.key
        # Beside the lease, of which a process may not know yet that it has lost it.
        tournament_lock(connection, key.tournament_id)
        before = self.stored

        def again() -> Plan:
            nonlocal before, planned
            before = read_snapshot(connection, key, TABLES)
            before = look_for(connection, before, **_named(planned.fetched, planned.matches, key))
            past = past_of(connection, execution)
            verdict = self._judged(planned.matches, before, past, execution)
            planned = _plan(planned.domain, planned.fetched, planned.matches, verdict, before)
            if planned.is_doubtful:
                _note_refusal(connection, planned, execution)
            raise_if_refused(planned.plan, execution)
            return planned.plan

        stored = apply(
            connection,
            planned.plan,
            again,
            tournament_id=key.tournament_id,
            execution_id=execution.id,
        )
        changes = Changes(planned.plan, stored, before, before.after(planned.plan))
        if planned.domain is MATCHES:
            verdict = planned.verdict
            note_corrections(connection, execution, verdict.corrected, verdict.taken_back)
        else:
            note_corrections(connection, execution, sorted(planned.plan.corrected))
        if planned.domain.follow_up is not None:
            # What was fetched is no older than the beginning: by the present a match whose kick-off
            # came meanwhile would count as late, and in a simulated world as given up.
            news = planned.domain.follow_up(
                connection, changes, planned.fetched, self.source.selection, self._began
            )
            note_news(connection, execution, news)
        return changes

    @property
    def stored(self) -> Snapshot:
        """What is stored, as it was read and written since."""
        assert self.snapshot is not None  # noqa: S101 - read before anything is planned
        return self.snapshot

    async def _read(self, fetched: Fetched[Any], matches: Fetched[Match]) -> Snapshot:
        """What is stored, with the teams and matches of others that the payload names."""
        key = self.source.key
        if self.snapshot is None:
            self.snapshot = await self._database.run(lambda c: read_snapshot(c, key, TABLES))
        snapshot = self.snapshot
        named = _named(fetched, matches, key)
        if any(snapshot.unknown(**named)):
            snapshot = await self._database.run(lambda c: look_for(c, snapshot, **named))
            self.snapshot = snapshot
        return snapshot

    async def _nothing(self, domain: Domain[Any], fetched: Fetched[Any]) -> Plan:
        """A plan without entities: as expected, or suspicious when rows that count are stored."""
        absent = fetched.absent or Absence("nothing_yet", "The provider gave nothing.")
        whole = isinstance(self.source.selection, Everything)
        stored = await self._read(fetched, Fetched())
        if (whole or absent.kind == "nothing_yet") and domain.counts(stored):
            return refused(
                f"{absent.because} Rows of it are stored already; they were kept as they are."
            )
        return Plan(absent=absent)

    def _judged(
        self, matches: Fetched[Match], snapshot: Snapshot, past: Past, execution: Execution
    ) -> Verdict:
        """Whether the payload may be believed, by its matches: in whichever domain it is taken.

        With wrong matches, the rounds' kinds, the table and the spelling of teams that follow from
        them are wrong as well.
        """
        # One payload is judged for each domain: mostly against the same that is stored.
        of = (matches.items, matches.covers, matches.literal, past)
        last = self._judged_last
        if last is None or last[0] is not snapshot or last[1] != of:
            now = self.source.now
            verdict = (
                judged(snapshot, matches, past, read_at=execution.read_at, now=now)
                if execution.run.accepted is None
                else accepted(snapshot, matches, past, now=now)
            )
            self._judged_last = last = (snapshot, of, verdict)
        return last[2]


def _plan(
    domain: Domain[Any],
    fetched: Fetched[Any],
    matches: Fetched[Match],
    verdict: Verdict,
    snapshot: Snapshot,
) -> Planned:
    if domain.depends_on and snapshot.tournament is None:
        plan = not_stored(snapshot.key)
    elif verdict.refusal is not None:
        names = {**matches.team_names, **snapshot.team_names}
        plan = refused(verdict.refusal, contradiction_findings(verdict, names, refused=True))
    else:
        plan = domain.plan(fetched, snapshot, verdict)
    return Planned(domain, fetched, matches, verdict, plan)


def _note_stored(domain: Domain[Any], stored: Snapshot, execution: Execution) -> None:
    """Take into an execution which rows are stored; after the last domain, how complete all is."""
    execution.data_version = data_version(domain, stored)
    execution.figures = key_figures(domain, stored)
    if domain is DOMAINS[-1]:
        execution.coverage = coverage_of(stored)


def _selection(source: Source) -> dict[str, Any]:
    """What is wanted, as the ledger keeps it."""
    wanted = source.selection
    if isinstance(wanted, Everything):
        return {}
    return {"matches": sorted(wanted.match_ids), "followUp": wanted.follow_up}


def _note_refusal(connection: sa.Connection, planned: Planned, execution: Execution) -> None:
    note_refusal(connection, execution, planned.difference, empty=planned.is_empty)


def raise_if_refused(plan: Plan, execution: Execution) -> None:
    """Raise the error of a plan that must not or cannot be written."""
    if plan.refusal is not None:
        execution.add_findings(*plan.findings)
        raise _REFUSALS[plan.refusal.kind](plan.refusal.because)


def record(plan: Plan, stored: Sequence[Stored], execution: Execution) -> None:
    """Take into an execution what was planned, and what of it was written or would be."""
    execution.add_findings(*plan.findings)
    if plan.refusal is not None:
        execution.refuse(plan.refusal.because)
    if plan.absent is not None:
        execution.nothing(plan.absent)
    for one in stored:
        execution.wrote(one)
    execution.label = plan.label or execution.label
    execution.preview = [dict(row) for row in plan.preview]


def _named(fetched: Fetched[Any], matches: Fetched[Match], key: TournamentKey) -> _Named:
    """The ids of the teams and matches that a payload names."""
    names = {
        *fetched.team_names,
        *(side for match in matches.items for side in (match.home, match.away)),
    }
    return {
        "teams": {rows.team_id(key.provider, name) for name in names},
        "matches": {rows.match_id(key.provider, match.external_id) for match in matches.items},
    }
