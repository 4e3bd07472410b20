"""What the sensor asks every few seconds stays cheap however long the ledger grows."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.database import tables
from dp_pipeline.resources import DatabaseResource
from dp_pipeline_tests.ledger.many import fill_ledger, tick
from dp_pipeline_tests.servers import SlackReceiver

PAST = 5_000
"""Executions that are over and told: a hundred tournaments, refreshed ten times."""
LEDGER = tables.data_provider_executions.name


@contextmanager
def statements(engine: sa.Engine) -> Generator[list[tuple[str, Any]]]:
    """Every statement that reads or changes rows of the ledger inside the block."""
    found: list[tuple[str, Any]] = []

    def note(*about: Any) -> None:
        _, _, statement, parameters, _, many = about
        # an INSERT looks for nothing, and what is sent for many rows at once gives no plan
        if LEDGER in statement and not many and not statement.startswith("INSERT"):
            found.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_no_statement_of_a_tick_reads_the_whole_ledger(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    database = DatabaseResource(url=migrated_url).open()
    with database.transaction() as connection:
        fill_ledger(connection, PAST, announced_at=datetime.now(UTC))
        fill_ledger(connection, 5)
        fill_ledger(connection, 5, status="in_progress", completed_at=None, outcome=None)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    receiver = SlackReceiver()
    with (
        dg.DagsterInstance.ephemeral() as instance,
        receiver.listening() as webhook,
        statements(database.engine) as asked,
    ):
        said = tick(instance, migrated_url, webhook)
    # the tick has done all it can do, so all its statements are among those asked
    assert "5 closed whose process is gone" in said
    assert len(receiver.accepted) == 2

    plans = []
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            answer = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(answer.scalars()))
    database.close()
    whole = [plan for plan in plans if f"Seq Scan on {LEDGER}" in plan]
    assert whole == []
    assert any(f"ix_{LEDGER}_in_progress" in plan for plan in plans)
    assert any(f"ix_{LEDGER}_unannounced" in plan for plan in plans)
