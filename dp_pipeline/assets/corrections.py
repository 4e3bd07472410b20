"""What reads corrected and took back lately: noted in the ledger with what they wrote."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from dp_pipeline.database import tables
from dp_pipeline.domains.judge import CORRECTIONS_COUNT_FOR, Past
from dp_pipeline.ledger.execution import Execution

_CORRECTED = "corrected"
_TAKEN_BACK = "takenBack"
_ledger = tables.data_provider_executions


def past_of(connection: sa.Connection, execution: Execution) -> Past:
    """What the reads of this tournament's matches and goals before this execution came to.

    A match that the provider gives again, in a read of everything, is no longer taken back.
    """
    replayed = sa.cast(_ledger.c.summary["replays"].astext, sa.DateTime(timezone=True))
    read_at = sa.func.coalesce(replayed, _ledger.c.started_at)
    # What came after an archived read was not known to it.
    before = sa.true() if execution.run.replays is None else read_at < execution.read_at
    reads = connection.execute(
        sa.select(read_at.label("read_at"), _ledger.c.domain, _ledger.c.scope, _ledger.c.summary)
        .where(
            _ledger.c.tournament_key == execution.key,
            _ledger.c.domain.in_(("matches", "goals")),
            _ledger.c.id != execution.id,
            read_at > execution.read_at - CORRECTIONS_COUNT_FOR,
            before,
            # the others have written nothing; one that died had noted what it wrote
            (_ledger.c.status.in_(("completed", "partial_failure")))
            | _ledger.c.summary.has_key(_CORRECTED),
        )
        .order_by(read_at)
    )
    corrected: set[str] = set()
    goals: set[str] = set()
    taken_back: dict[str, datetime] = {}
    for read in reads:
        summary = read.summary or {}
        if read.domain == "goals":
            goals.update(summary.get(_CORRECTED, ()))
            continue
        corrected.update(summary.get(_CORRECTED, ()))
        now = set(summary.get(_TAKEN_BACK, ()))
        if read.scope == "whole":
            taken_back = {id_: at for id_, at in taken_back.items() if id_ in now}
        for id_ in now:
            taken_back.setdefault(id_, read.read_at)
    return Past(frozenset(corrected), taken_back, frozenset(goals))


def note_corrections(
    connection: sa.Connection,
    execution: Execution,
    corrected: Iterable[str],
    taken_back: Iterable[str] = (),
) -> None:
    """Note what was corrected and taken back, in the transaction that stores it.

    A process that dies right afterwards has counted it all the same.
    """
    noted = {_CORRECTED: list(corrected), _TAKEN_BACK: list(taken_back)}
    facts = {name: ids for name, ids in noted.items() if ids}
    if not facts:
        return
    execution.noted |= facts
    summary = sa.func.coalesce(_ledger.c.summary, sa.text("'{}'::jsonb"))
    connection.execute(
        sa.update(_ledger)
        .where(_ledger.c.id == execution.id)
        .values(summary=summary.concat(sa.cast(facts, JSONB)))
    )
