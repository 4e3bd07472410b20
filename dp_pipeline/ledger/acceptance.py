"""A payload that was refused, and whether a person may still take it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.ledger.vocabulary import SUSPICIOUS

_e = tables.data_provider_executions
_later = _e.alias("later")


def _decides(
    later: sa.FromClause, refused: sa.ColumnElement[Any], id_: Any
) -> sa.ColumnElement[bool]:
    """Of a later execution: that what was refused then is taken in, or a newer read is stored."""
    accepted = later.c.summary["accepted"]["execution"].astext
    return sa.and_(
        later.c.started_at > refused,
        later.c.scope.in_(("whole", "part")),
        (later.c.outcome == "written") | (accepted == sa.cast(id_, sa.Text)),
    )


undecided = sa.and_(
    _e.c.outcome == SUSPICIOUS,
    ~sa.exists().where(
        _later.c.tournament_key == _e.c.tournament_key, _decides(_later, _e.c.started_at, _e.c.id)
    ),
)
"""Of an execution: that it refused a payload which a person may still take in."""


class NotAcceptableError(Exception):
    """The payload cannot be taken in; the text is a sentence that says why."""

    retryable = False


@dataclass(frozen=True, slots=True)
class RefusedExecution:
    """An execution that refused a payload, which may be taken in.

    Args:
        id: of the execution.
        tournament_key: of which it was.
        started_at: when it began.
        error: why it refused, a sentence.
    """

    id: UUID
    tournament_key: str
    started_at: datetime
    error: str


def refused_execution(connection: sa.Connection, id_: UUID) -> RefusedExecution:
    """The execution, if what it refused may be taken in now.

    Raises:
        NotAcceptableError: it refused nothing, was decided on already, or a newer read was stored.
    """
    row = connection.execute(sa.select(_e).where(_e.c.id == id_)).mappings().first()
    if row is None:
        message = f"The ledger has no execution {id_}."
        raise NotAcceptableError(message)
    if row["outcome"] != SUSPICIOUS:
        message = f"It refused nothing: it ended {row['outcome'] or row['status']}."
        raise NotAcceptableError(message)
    _raise_if_later(connection, row)
    return RefusedExecution(id_, row["tournament_key"], row["started_at"], row["error_text"] or "")


def _raise_if_later(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    accepted = _e.c.summary["accepted"]
    later = connection.execute(
        sa.select(_e.c.started_at, accepted.label("accepted"))
        .where(
            _e.c.tournament_key == row["tournament_key"],
            _decides(_e, sa.literal(row["started_at"]), sa.literal(row["id"])),
        )
        .order_by(_e.c.started_at)
        .limit(1)
    ).first()
    if later is None:
        return
    at = f"{later.started_at:%Y-%m-%d %H:%M} UTC"
    if later.accepted is not None and later.accepted.get("execution") == str(row["id"]):
        by, reason = later.accepted.get("by"), later.accepted.get("reason")
        message = f"It was taken in already: by {by} at {at}, because: {reason}"
        raise NotAcceptableError(message)
    message = (
        f"A newer read was stored at {at}. Read the tournament again (dp ingest "
        f"{row['tournament_key']}) and decide on that."
    )
    raise NotAcceptableError(message)
