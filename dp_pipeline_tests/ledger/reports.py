"""Stored reports, as executions leave them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.report import report

ID = UUID("7d580396-73dc-56cd-ba86-050b600dd572")


def read(**more: Any) -> dict[str, Any]:
    """The report of an execution that stored three matches."""
    began = datetime(2026, 11, 28, 14, 5, tzinfo=UTC)
    execution = Execution(
        run=Run(ID, url="http://localhost:3000/runs/1"),
        key="openligadb:bl1:2024",
        tournament_id=ID,
        domain="matches",
        id=ID,
        label="Bundesliga 2024/25",
        started_at=began,
    )
    with execution.step("scraping", "fetch_matches"):
        pass
    execution.finish()
    account = report(execution)
    summary = {**account["summary"], "created": 1, "updated": 2, "unchanged": 303}
    return {**account, "outcome": "written", "durationMs": 1_200, "summary": summary, **more}
