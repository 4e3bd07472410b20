"""Rows of the ledger: as an execution leaves them, written past it; all of them; reconciled."""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import operation_type
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.ledger.reconcile import Reconciled, reconcile

KEY = "openligadb:bl1:2024"
TABLE = tables.data_provider_executions


def finished_row(
    database: Database, request_id: UUID, key: str = KEY, domain: str = "teams", **values: Any
) -> UUID:
    """One execution that has ended, just now and well unless told otherwise; its id."""
    ended = values.pop("completed_at", datetime.now(UTC))
    row = {
        "request_id": request_id,
        "tournament_id": tournament_id_of(key),
        "tournament_key": key,
        "domain": domain,
        "operation_type": operation_type(domain, create=True),
        "status": "completed",
        "outcome": "written",
        "started_at": ended - timedelta(seconds=1),
        "completed_at": ended,
        "duration": 1000,
        "summary": {"created": 18},
        **values,
    }
    with database.transaction() as connection:
        return connection.execute(sa.insert(TABLE).values(**row).returning(TABLE.c.id)).scalar_one()


def failed(error: str = "The provider refuses us (403).", **values: Any) -> dict[str, Any]:
    """The values of an execution that failed."""
    return {
        "status": "failed",
        "outcome": "failed",
        "error_class": "BlockedError",
        "error_text": error,
        "summary": {"error": error},
        **values,
    }


def unannounced(database: Database) -> int:
    """How many executions people have not been told of."""
    with database.transaction() as connection:
        question = sa.select(sa.func.count()).where(TABLE.c.announced_at.is_(None))
        return connection.execute(question).scalar_one()


def rows(database: Database) -> list[dict[str, Any]]:
    """Every execution."""
    with database.transaction() as connection:
        return [dict(r) for r in connection.execute(sa.select(TABLE)).mappings()]


def reconciled(
    database: Database,
    *,
    over: bool,
    free_since: dict[UUID, float] | None = None,
    now: float = 0.0,
) -> Reconciled:
    """One reconciliation; the runs that left rows open are over, or none is."""

    def finished(ids: Collection[UUID]) -> Collection[UUID]:
        return ids if over else ()

    return reconcile(database, finished=finished, free_since=free_since or {}, now=now)


def wait_for_free(database: Database) -> None:
    """Postgres notices a killed client within milliseconds, not at once."""
    deadline = time.monotonic() + 10
    while not reconciled(database, over=False).free_since:
        assert time.monotonic() < deadline, "the lock of a killed process stayed taken"
        time.sleep(0.02)
