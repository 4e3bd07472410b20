"""Ledger rows by the thousand, written past the ledger, and a tick of the sensor over them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.registry import NAMES, operation_type
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions

TOURNAMENTS_PER_RUN = 10
LEAGUES = tuple(f"openligadb:league{place}:2024" for place in range(TOURNAMENTS_PER_RUN))


def fill_ledger(
    connection: sa.Connection, count: int, *, keys: Sequence[str] = LEAGUES, **changed: Any
) -> None:
    """Rows of runs of ten tournaments with all domains each, a minute apart, completed ones.

    Args:
        connection: within a transaction.
        count: how many rows; of the last run perhaps only some.
        keys: the tournaments, one after the other and again from the first.
        changed: column to value, in every row.
    """
    now = datetime.now(UTC)
    rows = []
    request_id = uuid4()
    for number in range(count):
        tournament, domain = divmod(number, len(NAMES))
        run, place = divmod(tournament, TOURNAMENTS_PER_RUN)
        if domain == 0 and place == 0:
            request_id = uuid4()
        key = keys[tournament % len(keys)]
        ended = now - timedelta(minutes=run)
        rows.append(
            {
                "id": uuid4(),
                "request_id": request_id,
                "tournament_id": tournament_id_of(key),
                "tournament_key": key,
                "domain": NAMES[domain],
                "attempt": 1,
                "operation_type": operation_type(NAMES[domain], create=False),
                "status": "completed",
                "outcome": "unchanged",
                "started_at": ended - timedelta(seconds=1),
                "completed_at": ended,
                "duration": 1_000,
                "summary": {"totalOperations": 3, "successfulOperations": 3, "failedOperations": 0},
                **changed,
            }
        )
    connection.execute(sa.insert(tables.data_provider_executions), rows)


def tick(instance: dg.DagsterInstance, url: str, webhook: str | None) -> str:
    """Evaluate the sensor once; what it says."""
    resources = {
        "database": DatabaseResource(url=url),
        "ledger": LedgerResource(),
        "slack": SlackResource(webhook=webhook),
    }
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        said = announce_executions(context)
    assert isinstance(said, dg.SkipReason)
    return said.skip_message or ""
