"""What a domain is: one module and one registration, from which everything else derives."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database.store import Stored
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.providers.contract import Selection, Source
from dp_pipeline.providers.fetched import Fetched

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registered:
    """Something an execution can be of.

    Args:
        name: of the asset, and in the ledger.
        description: for people, in Markdown.
        depends_on: the names of what has to be there before.
        tables: which it writes; the first is the one that people read.
        has_rows: a column with the ids of tournaments of which something of it is stored.
        operation: begins the operation types, `{operation}_create` and `{operation}_update`.
    """

    name: str
    description: str
    depends_on: tuple[str, ...]
    tables: tuple[sa.Table, ...]
    has_rows: sa.ColumnElement[UUID]
    operation: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying a plan did, and what is stored before and after it."""

    plan: Plan
    stored: tuple[Stored, ...]
    before: Snapshot
    after: Snapshot

    def of(self, table: sa.Table) -> Stored:
        """What was done to one table."""
        nothing = Stored(table.name)
        return sum((each for each in self.stored if each.table == table.name), nothing)


FollowUp = Callable[[sa.Connection, Changes, Fetched[T], Selection, datetime], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Domain(Registered, Generic[T]):
    """A part of a tournament that its provider tells of.

    Args:
        fetch: takes what the source says of it.
        plan: what to write of it, given what is stored and what of the matches may be believed.
        follow_up: writes, in the same transaction, what is to be polled next; gives the news. It is
            given what was changed and fetched, what was wanted, and the time at the provider.
        comes_with_matches: it is part of the answers that tell of matches, so that a poll of some
            matches takes it along without another request.
        may_end: a person may take in that there is none of it any more, as of the table of a season
            that was voided.
    """

    fetch: Callable[[Source], Awaitable[Fetched[T]]]
    plan: Callable[[Fetched[T], Snapshot, Verdict], Plan]
    follow_up: FollowUp[T] | None
    comes_with_matches: bool = False
    may_end: bool = False

    def counts(self, snapshot: Snapshot) -> bool:
        """Whether a row of it is stored that is not superseded."""
        stored = snapshot.rows(self.tables[0]).values()
        return any(not row.get("superseded") for row in stored)

    def rows(self, snapshot: Snapshot) -> int:
        """How many rows of it are stored."""
        column = self.has_rows
        assert isinstance(column, sa.Column)  # noqa: S101 - of one of the tables
        return len(snapshot.rows(column.table))
