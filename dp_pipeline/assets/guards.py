"""What keeps good data from being replaced by less or worse: decisions, and two look-ups."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.assets.corrections import past_of
from dp_pipeline.assets.judge import (
    Verdict,
    contradiction_issues,
    judge,
    limit_of,
    most_missing,
)
from dp_pipeline.database import tables
from dp_pipeline.database.database import tournament_lock
from dp_pipeline.database.known import read_matches, read_teams
from dp_pipeline.database.rows import Row
from dp_pipeline.executions.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.models import Absence, Found, Issue, Match


def nothing_found(execution: Execution, found: Found[Any]) -> None:
    """Settle an execution without entities: expected, or suspicious when rows are stored."""
    absent = found.absent or Absence("nothing_yet", "The provider gave nothing.")
    execution.received(found)
    if absent.kind == "nothing_yet" and not execution.create:
        message = f"{absent.because} Rows of it are stored already; they were kept as they are."
        raise SuspiciousPayloadError(message)
    execution.nothing(absent)


def refuse_shrunken(what: str, stored: Collection[UUID], found: Collection[UUID]) -> list[Issue]:
    """Refuse a payload that lacks much of what is stored; name what little it lacks.

    Raises:
        SuspiciousPayloadError: more than two rows and a tenth of them are missing.
    """
    missing = sorted(set(stored) - set(found))
    if len(missing) > most_missing(len(stored)):
        message = (
            f"The provider gave {len(found)} {what}, and {len(missing)} of the {len(stored)} "
            "stored ones are not among them. Nothing was changed."
        )
        raise SuspiciousPayloadError(message)
    return [
        Issue(
            "no_longer_at_provider",
            str(id_),
            f"Stored, but no longer among the provider's {what}; it was kept.",
        )
        for id_ in missing
    ]


def believe(
    connection: sa.Connection, source: Source, execution: Execution, matches: Sequence[Match]
) -> Verdict:
    """Judge an answer by its matches before anything is taken from it, in whichever domain.

    With wrong matches, the current round, the rounds' kinds, the table and the spelling of teams
    that follow from them are wrong as well.

    Args:
        connection: in the transaction that is to write.
        source: of the answer.
        execution: whose report names what differs.
        matches: of the answer.

    Raises:
        SuspiciousPayloadError: the answer contradicts too much of what is settled.
    """
    stored = read_matches(connection, execution.tournament_id)
    if not stored:
        return Verdict()
    names = {t.external_id: t.name for t in read_teams(connection, execution.tournament_id)}
    judged = partial(
        judge,
        stored,
        matches,
        read_at=execution.started_at,
        now=source.now,
        covers=source.asked,
        names=names,
    )
    verdict = judged()
    if verdict.contradictions and verdict.refusal is None:
        verdict = judged(past=past_of(connection, execution))
    if verdict.refusal is not None:
        execution.remark(*contradiction_issues(verdict, names, refused=True))
        raise SuspiciousPayloadError(verdict.refusal)
    return verdict


def refuse_names(
    what: str, connection: sa.Connection, table: sa.Table, found: Sequence[Row], name: str
) -> None:
    """Refuse rows of which many take the name of another stored one: they were mixed up.

    Raises:
        SuspiciousPayloadError: see `refuse_swapped`.
    """
    fetched = {row["id"]: row[name] for row in found}
    wanted = sa.select(table.c.id, table.c[name]).where(table.c.id.in_(fetched))
    stored = {row.id: row[1] for row in connection.execute(wanted)}
    refusal = refuse_swapped(what, stored, fetched)
    if refusal is not None:
        raise SuspiciousPayloadError(refusal)


def claim(connection: sa.Connection, execution: Execution) -> None:
    """Be the only writer of this tournament until the transaction ends.

    Raises:
        BlockedDependencyError: the tournament itself is not stored.
    """
    tournament_lock(connection, execution.tournament_id)
    table = tables.tournament
    if not connection.scalar(sa.select(table.c.id).where(table.c.id == execution.tournament_id)):
        message = (
            f"The tournament {execution.key} is not stored yet. Materialize `tournaments` for it "
            "first, or all domains together."
        )
        raise BlockedDependencyError(message)


def stored_ids(
    connection: sa.Connection, column: sa.Column[Any], execution: Execution
) -> set[UUID]:
    """The values of a column in the rows of this tournament."""
    return set(
        connection.scalars(
            sa.select(column).where(column.table.c.tournament_id == execution.tournament_id)
        )
    )


def refuse_swapped(
    what: str, stored: Mapping[UUID, str], fetched: Mapping[UUID, str]
) -> str | None:
    """Why these names must not be stored: many belong to other rows too. None when they may.

    Args:
        what: the rows, in the plural.
        stored: names by id.
        fetched: names by id.
    """
    taken = set(stored.values())
    given = Counter(fetched.values())
    swapped = sum(
        id_ in stored and name != stored[id_] and (name in taken or given[name] > 1)
        for id_, name in fetched.items()
    )
    if swapped <= limit_of(len(stored)):
        return None
    return (
        f"Of the {len(stored)} stored {what} {swapped} would have got the name of another one. "
        "Nothing was changed."
    )
