"""Mutated payloads read over good data, hundreds a minute: what a run does, but for its ledger.

A transport answers from memory; source, plans and writer are the real ones, against a real Postgres
in one transaction that is rolled back. Operators and oracle are those of `mutations`.
"""

import json
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from dp_pipeline.assets.materialization import Materialization
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import STAMPS
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.judge import limit_of
from dp_pipeline.domains.registry import BY_NAME, TABLES, operation_type
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.domains.stored_names import StoredNames
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.address import Target
from dp_pipeline.http.classify import ResponseFormat
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.replay import ReplayTransport
from dp_pipeline.http.response import Response
from dp_pipeline.ledger.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.providers.errors import InvalidShapeError, ProviderError
from dp_pipeline.providers.registry import BY_NAME as PROVIDERS_BY_NAME
from dp_pipeline.providers.registry import Providers
from dp_pipeline_tests.end_to_end.mutations import (
    PLAYED,
    corrupted,
    mutated,
    played,
    worse,
    worse_goals,
)

T = TypeVar("T")
READS = 12
"""Mutated reads over one state, one after the other: what one leaves behind the next one meets."""
FIRST_READ = datetime(2026, 7, 1, 3, tzinfo=UTC)
_WITHOUT_MATCHDAYS = {**BY_NAME, "standings": replace(BY_NAME["standings"], follow_up=None)}
"""Tables after each matchday are made anew of what is stored: after a chain is enough."""
_FORESEEN = (SuspiciousPayloadError, BlockedDependencyError, InvalidShapeError)


class InMemory(ReplayTransport):
    """Bodies by path; what is not there is answered as the provider does."""

    def __init__(self, bodies: Mapping[str, bytes], unknown: Response) -> None:
        self._bodies = bodies
        self._unknown = unknown

    async def get(self, target: Target, format_: ResponseFormat) -> Response:  # noqa: ARG002
        """The body of the path."""
        body = self._bodies.get(target.sent)
        return self._unknown if body is None else Response(200, body, "application/json")


class OneTransaction(Database):
    """A database all of whose work is in one transaction, which is rolled back to where it began.

    What would be a transaction is a savepoint.
    """

    connection: sa.Connection

    async def run(
        self,
        work: Callable[[sa.Connection], T],
        *,
        attempts: int | None = None,  # noqa: ARG002
        seconds: float | None = None,  # noqa: ARG002
        single: bool = False,  # noqa: ARG002
    ) -> T:
        """See `Database.run`."""
        with self.in_our_words(), self.connection.begin_nested():
            return work(self.connection)


@dataclass
class Soak:
    """One tournament, read well once, and then mutated again and again.

    Args:
        database: in whose transaction everything is.
        key: of the tournament.
        payloads: what its provider answers, by path.
        seed: of the mutations.
    """

    database: OneTransaction
    key: TournamentKey
    payloads: Mapping[str, Any]
    seed: int
    chance: random.Random = field(default_factory=random.Random)
    now: datetime = FIRST_READ
    snapshot: Snapshot | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    _texts: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        entries = [each for payload in self.payloads.values() for each in entries_of(payload)]
        self._texts = {id(each): json.dumps(each).encode() for each in entries}
        self.good = {path: self._body(payload) for path, payload in self.payloads.items()}

    async def run(self, times: int) -> None:
        """Read so many mutated payloads, in chains that begin with good data."""
        await self.begin()
        for number, begun in enumerate(range(0, times, READS)):
            await self.chain(number, min(READS, times - begun))

    async def begin(self) -> None:
        """Read the good payloads, until nothing is new; a league's table too."""
        await self.read(self.good)
        if self.key.provider == "openligadb" and self.stored.standings:
            table = [table_row(row) for row in self.stored.standings]
            path = f"/getbltable/{self.key.competition}/{self.key.season}"
            self.payloads = {**self.payloads, path: table}
            self._texts |= {id(each): json.dumps(each).encode() for each in table}
            self.good[path] = self._body(table)
            await self.read(self.good)
        ended = await self.read(self.good)
        assert ended.keys() <= {"unchanged", "not_applicable"}, self.said

    async def chain(self, number: int, times: int) -> None:
        """Mutated reads over good data, the good one again, and all as it was."""
        self.chance = random.Random(f"{self.seed} {number}")  # noqa: S311 - to be repeated
        savepoint = self.database.connection.begin_nested()
        base, start = self.stored, self.now
        before = rows_of(base)
        limit = limit_of(sum(row["status"] in PLAYED for row in before.values()))
        changed: set[str] = set()
        goals: set[Any] = set()
        most = 0
        try:
            for _ in range(times):
                was = self.stored
                await self.read(self.mutation(), _WITHOUT_MATCHDAYS)
                if self.stored is was:
                    continue
                after = rows_of(self.stored)
                limit = max(limit, limit_of(sum(r["status"] in PLAYED for r in after.values())))
                changed |= worse(before, after)
                assert len(changed) <= limit, [(limit, before[i], after.get(i)) for i in changed]
                lost, allowed = goals_lost(base, self.stored)
                goals, most = goals | lost, max(most, allowed)
                assert len(goals) <= most, (len(goals), most)
            if self.stored is not base:
                await self.recover(base)
        except Exception as error:
            error.add_note(f"{self.key}, seed {self.seed}, chain {number}, {self.said[-2:]}")
            raise
        finally:
            savepoint.rollback()
            self.snapshot, self.now = base, start

    async def recover(self, base: Snapshot) -> None:
        """Read the good payloads again: nothing that a mutation brought counts for ever."""
        for days, domains in ((31, _WITHOUT_MATCHDAYS), (2, BY_NAME)):
            self.now += timedelta(days=days)
            ended = await self.read(self.good, domains)
        assert ended.keys() <= {"written", "unchanged", "not_applicable"}, (ended, self.said[-2:])
        before, after = rows_of(base), rows_of(self.stored)
        assert worse(before, after) == set()
        left = played(after) - played(before)
        assert not left, f"what a mutation brought counts for ever: {left}"
        was, now = set(table_of(base)), set(table_of(self.stored))
        assert was == now, (sorted(was - now)[:2], sorted(now - was)[:2])

    def mutation(self) -> dict[str, bytes]:
        """The good answers, one of them mutated."""
        self.now += timedelta(hours=self.chance.choice((1, 5, 26)))
        path = self.chance.choice([next(iter(self.payloads)), *self.payloads])
        bodies = dict(self.good)
        if self.chance.random() < 0.1:
            bodies[path] = corrupted(bodies[path], self.chance)
        else:
            payload = self.payloads[path]
            for _ in range(self.chance.choice((1, 1, 2))):
                payload = mutated(payload, self.chance) if entries_of(payload) else payload
            bodies[path] = self._body(payload)
        return bodies

    async def read(
        self, bodies: Mapping[str, bytes], domains: Mapping[str, Domain[Any]] = BY_NAME
    ) -> Counter[str]:
        """What a run does with all domains; the outcomes."""
        unknown = Response(200, b"[]", "application/json")
        if self.key.provider == "openfootball":
            unknown = Response(404, b"404: Not Found", "text/plain")
        providers = Providers(
            dict.fromkeys(PROVIDERS_BY_NAME, "http://memory.invalid"),
            limits=Limits(attempts=1),
            now=lambda: self.now,
            replay=InMemory(bodies, unknown),
        )
        connection = self.database.connection
        ended: Counter[str] = Counter()
        failed: set[str] = set()
        async with providers:
            source = await providers.source(str(self.key))
            before = self.snapshot or read_snapshot(connection, self.key, TABLES)
            if PROVIDERS_BY_NAME[self.key.provider].by_name:
                source.stored_teams = StoredNames().of(connection, before)
            work = Materialization(source, self.database, before)
            run = Run(uuid.uuid4())
            for name, domain in domains.items():
                execution = Execution(run, str(self.key), self.key.tournament_id, name)
                execution.started_at, execution.create = self.now, not domain.rows(before)
                if failed & set(domain.depends_on):
                    failed.add(name)
                    continue
                if name in ("matches", "goals"):
                    open_row(connection, execution)
                ended[await self._ended(work.of(domain, execution), execution)] += 1
                if execution.failure is not None:
                    failed.add(name)
                    self.said.append(execution.failure.message)
                if name in ("matches", "goals"):
                    close_row(connection, execution)
        self.outcomes += ended
        if "written" in ended:
            carried, self.snapshot = work.stored, read_snapshot(connection, self.key, TABLES)
            assert not_stored(carried, self.snapshot) == []
        elif self.snapshot is None:
            self.snapshot = before
        return ended

    async def _ended(self, work: Awaitable[None], execution: Execution) -> str:
        try:
            await work
        except _FORESEEN as error:
            execution.fail(error)
        except ProviderError as error:
            raise AssertionError(type(error).__name__) from error
        return execution.outcome

    @property
    def stored(self) -> Snapshot:
        """What is stored."""
        assert self.snapshot is not None
        return self.snapshot

    def _body(self, payload: Any) -> bytes:
        """The text of a payload; that of its entries is made once."""
        texts = [
            self._texts.get(id(each)) or json.dumps(each).encode() for each in entries_of(payload)
        ]
        body = b"[" + b",".join(texts) + b"]"
        if not isinstance(payload, dict):
            return body
        others = {name: value for name, value in payload.items() if name != "matches"}
        head = json.dumps(others).encode()[:-1]
        return head + (b"," if others else b"") + b'"matches":' + body + b"}"


def entries_of(payload: Any) -> list[Any]:
    """The entries of an answer: of a file of openfootball its matches."""
    return payload["matches"] if isinstance(payload, dict) else payload


def rows_of(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """The stored matches by external id, with the external ids of their teams."""
    teams = snapshot.rows(tables.team)
    return {
        row["external_id"]: {
            **row,
            "home": teams[row["home_team_id"]]["external_id"],
            "away": teams[row["away_team_id"]]["external_id"],
        }
        for row in snapshot.rows(tables.match).values()
    }


def goals_lost(was: Snapshot, now: Snapshot) -> tuple[set[Any], int]:
    """The goals of played matches that are lost or rewritten, and how many may be."""
    before, after = was.rows(tables.goal), now.rows(tables.goal)
    results = worse(rows_of(was), rows_of(now))
    settled = {
        id_: row
        for id_, row in before.items()
        if row["missing_since"] is None
        and (match := was.match_by_row[row["match_id"]]).status in PLAYED
        and match.external_id not in results
        and row["match_id"] not in now.superseded
    }
    return worse_goals(settled, after), limit_of(len(settled))


def table_of(snapshot: Snapshot) -> list[Any]:
    """The table in its rows that count, without times of writing."""
    rows = snapshot.rows(tables.tournament_standing).values()
    return sorted(
        repr(sorted((name, value) for name, value in row.items() if name not in STAMPS))
        for row in rows
        if not row["superseded"]
    )


def not_stored(carried: Snapshot, read: Snapshot) -> list[Any]:
    """What a snapshot that moved on with its plans has otherwise than the database."""
    return [
        (table, id_, name, value, rows[id_][name])
        for table, rows in read.stored.items()
        for id_, row in carried.stored[table].items()
        if id_ in rows
        for name, value in row.items()
        if name not in STAMPS and value != rows[id_][name]
    ] + [(t, id_) for t, rows in read.stored.items() for id_ in rows.keys() - carried.stored[t]]


def table_row(row: Any) -> dict[str, Any]:
    """A row of a computed table in OpenLigaDB's form."""
    return {
        "teamInfoId": int(row.team),
        "teamName": row.team,
        "shortName": "",
        "teamIconUrl": "",
        "points": row.points,
        "opponentGoals": row.goals_against,
        "goals": row.goals_for,
        "matches": row.games,
        "won": row.wins,
        "lost": row.losses,
        "draw": row.draws,
        "goalDiff": row.goals_for - row.goals_against,
    }


def open_row(connection: sa.Connection, execution: Execution) -> None:
    """The ledger's row of an execution, as far as the rule of belief reads it."""
    values = {
        "id": execution.id,
        "request_id": execution.run.id,
        "tournament_id": execution.tournament_id,
        "tournament_key": execution.key,
        "domain": execution.domain,
        "operation_type": operation_type(execution.domain, create=execution.create),
        "status": "in_progress",
        "started_at": execution.started_at,
    }
    connection.execute(sa.insert(tables.data_provider_executions).values(**values))


def close_row(connection: sa.Connection, execution: Execution) -> None:
    """Close it."""
    table = tables.data_provider_executions
    status = "failed" if execution.failure is not None else "completed"
    connection.execute(sa.update(table).where(table.c.id == execution.id).values(status=status))


def payloads_of(file: Path, key: TournamentKey, teams: int | None = None) -> dict[str, Any]:
    """What a provider answers of a season in a file, by path, matches first.

    Args:
        file: of a season.
        key: of the tournament.
        teams: only the matches of so many teams among themselves, which are read faster.
    """
    good = json.loads(file.read_bytes())
    if "rounds" in good:  # the form of before
        rounds = good.pop("rounds")
        good["matches"] = [{"round": r["name"], **m} for r in rounds for m in r["matches"]]
    matches = among(entries_of(good), teams)
    if key.provider == "openfootball":
        return {f"/{key.season}/{key.competition}.json": {**good, "matches": matches}}
    groups = {match["group"]["groupOrderID"]: match["group"] for match in matches}
    path = f"{key.competition}/{key.season}"
    return {
        f"/getmatchdata/{path}": matches,
        f"/getavailablegroups/{path}": [groups[order] for order in sorted(groups)],
    }


def among(matches: list[Any], teams: int | None) -> list[Any]:
    """The matches of the first teams among themselves; all where no number of them is given."""
    if teams is None:
        return matches
    names = [json.dumps(match[side]) for match in matches for side in ("team1", "team2")]
    few = set(list(dict.fromkeys(names))[:teams])
    return [m for m in matches if {json.dumps(m["team1"]), json.dumps(m["team2"])} <= few]
