"""Payloads that were refused: whether the same was refused before, and what a person decides."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from dp_pipeline.database import tables
from dp_pipeline.domains.registry import LOGOS
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.archived_runs import ArchivedRun, archived_runs
from dp_pipeline.ledger.execution import Execution
from dp_pipeline.ledger.failing import settled
from dp_pipeline.ledger.vocabulary import EMPTY, REFUSED_BEFORE, SETTLED, SUSPICIOUS, how_settled

_e = tables.data_provider_executions
_later = _e.alias("later")
_DIFFERENCE = "difference"
_READ = ("whole", "part")
_DONE = ("completed", "partial_failure")


def _stored_data(rows: Any) -> sa.ColumnElement[bool]:
    """That an execution stored something that no image is: images follow from no payload."""
    return (rows.c.outcome == "written") & (rows.c.domain != LOGOS.name)


undecided = sa.and_(
    _e.c.outcome == SUSPICIOUS,
    ~settled(_e),
    ~sa.exists().where(
        _later.c.tournament_key == _e.c.tournament_key,
        _later.c.request_id != _e.c.request_id,
        _later.c.started_at > _e.c.started_at,
        _later.c.scope.in_(_READ),
        _stored_data(_later)
        | (_later.c.summary["accepted"]["execution"].astext == sa.cast(_e.c.id, sa.Text)),
    ),
)
"""Of an execution: that it refused a payload of which a person may still decide."""


class UndecidableError(Exception):
    """What a person decides of a payload cannot be done; the text is a sentence that says why."""

    retryable = False


@dataclass(frozen=True, slots=True)
class RefusedExecution:
    """An execution that refused a payload.

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


# -- while it is refused ---------------------------------------------------------------------------


def note_refusal(
    connection: sa.Connection, execution: Execution, difference: str, *, empty: bool
) -> None:
    """Note what is refused, and whether that was refused before, or by a person for good.

    Args:
        connection: to the ledger.
        execution: which is about to refuse it.
        difference: the same for the same payload with the same difference from what is stored.
        empty: there is nothing in it to take in.
    """
    execution.noted[_DIFFERENCE] = difference
    if empty:
        execution.noted[EMPTY] = True
    good = _e.alias("good")
    good_since = sa.exists().where(
        good.c.tournament_key == _e.c.tournament_key,
        good.c.domain == _e.c.domain,
        good.c.scope.in_(("whole", _e.c.scope)),
        good.c.status.in_(_DONE),
        good.c.started_at > _e.c.started_at,
    )
    decision = _e.c.summary[SETTLED]
    before = connection.execute(
        sa.select(_e.c.id, _e.c.started_at, decision.label("decision"))
        .where(
            _e.c.tournament_key == execution.key,
            _e.c.id != execution.id,
            _e.c.scope.in_(_READ),
            _e.c.outcome == SUSPICIOUS,
            _e.c.summary[_DIFFERENCE].astext == difference,
            # people hear of no replay
            ~_e.c.summary.has_key("replays"),
            settled(_e) | ~good_since,
        )
        .order_by(~settled(_e), _e.c.started_at)
        .limit(1)
    ).first()
    if before is not None:
        at = before.started_at.isoformat(timespec="seconds")
        execution.noted[REFUSED_BEFORE] = {"execution": str(before.id), "at": at}
        if before.decision is not None:
            execution.noted[SETTLED] = before.decision


# -- what a person decides -------------------------------------------------------------------------


def refused_execution(
    connection: sa.Connection, id_: UUID, of: Collection[str] | None = None
) -> RefusedExecution:
    """The execution, if what it refused may be taken in now.

    Args:
        connection: to the ledger.
        id_: of the execution.
        of: the tournament that it has to be of, alone; None for any.

    Raises:
        UndecidableError: it refused nothing or nothing that could be taken in, was taken in
            already, or a newer read was believed.
    """
    row = _refused(connection, id_, of)
    if (row["summary"] or {}).get(EMPTY):
        message = (
            "What it refused is empty: taking it in would change nothing. To keep it out for "
            f'good: dp refuse {id_} --reason "why it is wrong"'
        )
        raise UndecidableError(message)
    _raise_if_newer(connection, row)
    return _execution(row)


def archived_run(connection: sa.Connection, refused: RefusedExecution) -> ArchivedRun:
    """The archived run in which the payload came.

    Raises:
        UndecidableError: the archive has it no more.
    """
    runs = archived_runs(connection, TournamentKey.parse(refused.tournament_key))
    for run in runs:
        if refused.id in run.executions:
            return run
    message = (
        "The archive does not have what was refused. Read the tournament again "
        f"(dp ingest {refused.tournament_key}) and decide on that."
    )
    raise UndecidableError(message)


def refuse(
    connection: sa.Connection,
    id_: UUID,
    *,
    by: str,
    reason: str,
    of: Collection[str] | None = None,
) -> RefusedExecution:
    """Settle that a payload stays out: it fails no more, and nobody is told of it again.

    That holds for whatever was refused with the same difference, and for what waited for it.

    Args:
        connection: to the ledger.
        id_: of an execution that refused it.
        by: who decides.
        reason: why.
        of: the tournament that it has to be of, alone; None for any.

    Raises:
        UndecidableError: it refused nothing, or was decided on already.
    """
    row = _refused(connection, id_, of)
    said = how_settled(row["summary"] or {})
    if said is not None:
        raise UndecidableError(said)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    decision = {"execution": str(id_), "by": by, "reason": reason, "at": at}
    same = _e.c.id == id_
    difference = (row["summary"] or {}).get(_DIFFERENCE)
    if difference is not None:
        same |= (
            (_e.c.tournament_key == row["tournament_key"])
            & (_e.c.outcome == SUSPICIOUS)
            & (_e.c.summary[_DIFFERENCE].astext == difference)
        )
    note = sa.func.coalesce(_e.c.summary, sa.text("'{}'::jsonb")).concat(
        sa.cast({SETTLED: decision}, JSONB)
    )
    noted = sa.update(_e).values(summary=note, updated_at=sa.func.now())
    requests = connection.scalars(noted.where(same).returning(_e.c.request_id)).all()
    other = _e.alias("other")
    waits_for_more = sa.exists().where(
        other.c.request_id == _e.c.request_id,
        other.c.tournament_key == _e.c.tournament_key,
        other.c.status == "failed",
        other.c.outcome != "blocked_dependency",
        ~settled(other),
    )
    connection.execute(
        noted.where(
            _e.c.request_id.in_(requests),
            _e.c.tournament_key == row["tournament_key"],
            _e.c.outcome == "blocked_dependency",
            ~waits_for_more,
        )
    )
    return _execution(row)


def _refused(connection: sa.Connection, id_: UUID, of: Collection[str] | None) -> Mapping[str, Any]:
    row = connection.execute(sa.select(_e).where(_e.c.id == id_)).mappings().first()
    if row is None:
        message = f"The ledger has no execution {id_}."
        raise UndecidableError(message)
    if of is not None and set(of) != {row["tournament_key"]}:
        message = (
            f"Execution {id_} is of {row['tournament_key']}: materialize that partition alone."
        )
        raise UndecidableError(message)
    if row["outcome"] != SUSPICIOUS:
        message = f"It refused nothing: it ended {row['outcome'] or row['status']}."
        raise UndecidableError(message)
    _raise_if_taken_in(connection, row)
    return row


def _execution(row: Mapping[str, Any]) -> RefusedExecution:
    return RefusedExecution(
        row["id"], row["tournament_key"], row["started_at"], row["error_text"] or ""
    )


def _raise_if_taken_in(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """An attempt to take it in that failed in part may be repeated."""
    failed = _e.alias("failed")
    failed_in_part = sa.exists().where(
        failed.c.request_id == _e.c.request_id, failed.c.status == "failed"
    )
    accepted = _e.c.summary["accepted"]
    taken = connection.execute(
        sa.select(_e.c.started_at, accepted.label("accepted"))
        .where(
            _e.c.tournament_key == row["tournament_key"],
            accepted["execution"].astext == str(row["id"]),
            _e.c.scope.in_(_READ),
            _e.c.status.in_(_DONE),
            ~failed_in_part,
        )
        .order_by(_e.c.started_at)
        .limit(1)
    ).first()
    if taken is not None:
        by, reason = taken.accepted.get("by"), taken.accepted.get("reason")
        at = f"{taken.started_at:%Y-%m-%d %H:%M} UTC"
        message = f"It was taken in already: by {by} at {at}, because: {reason}"
        raise UndecidableError(message)


def _raise_if_newer(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    accepted = sa.func.coalesce(_e.c.summary["accepted"]["execution"].astext, "")
    # Nothing new in the domain that was refused: the provider says again what is stored.
    says_the_stored = (
        (_e.c.outcome == "unchanged") & (_e.c.domain == row["domain"]) & (_e.c.scope == "whole")
    )
    newer = connection.execute(
        sa.select(_e.c.started_at, _e.c.outcome)
        .where(
            _e.c.tournament_key == row["tournament_key"],
            _e.c.request_id != row["request_id"],
            _e.c.started_at > row["started_at"],
            _e.c.scope.in_(_READ),
            _stored_data(_e) | says_the_stored,
            accepted != str(row["id"]),
        )
        .order_by(_e.c.started_at.desc())
        .limit(1)
    ).first()
    if newer is None:
        return
    what = "was stored" if newer.outcome == "written" else "agreed with what is stored"
    message = (
        f"A newer read {what} at {newer.started_at:%Y-%m-%d %H:%M} UTC. Read the tournament again "
        f"(dp ingest {row['tournament_key']}) and decide on that."
    )
    raise UndecidableError(message)
