"""Announcements that tests of rendering and of delivery start from."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.notifications.slack.line import Line

RUN = "http://localhost:3000/runs/11111111-2222-4333-8444-555555555555"


def line(domain: str, **changes: Any) -> Line:
    written = Line(
        execution_id=UUID(int=7),
        domain=domain,
        operation_type=f"{domain}_create",
        status="completed",
        outcome="written",
        created=18,
        updated=0,
        unchanged=0,
        left_out=0,
        duration_ms=850,
        attempt=1,
        report_url=f"https://cdn.example.org/reports/{domain}.json",
        report_key=f"reports/{domain}.json",
        report_error=None,
        error=None,
    )
    return replace(written, **changes)


def announcement(*lines: Line, **changes: Any) -> Announcement:
    bundesliga = Announcement(
        request_id=UUID("11111111-2222-4333-8444-555555555555"),
        tournament_key="openligadb:bl1:2024",
        tournament_label="1. Fußball-Bundesliga 2024/2025",
        tournament_id=UUID("aaaaaaaa-bbbb-5ccc-8ddd-eeeeeeeeeeee"),
        lines=lines,
        started_at=datetime(2025, 5, 17, 15, 30, 0, tzinfo=UTC),
        completed_at=datetime(2025, 5, 17, 15, 30, 3, 200_000, tzinfo=UTC),
        run_url=RUN,
    )
    return replace(bundesliga, **changes)


def texts(payload: dict[str, Any]) -> list[str]:
    """What a person reads, from top to bottom, with a line per text of the message."""
    shown: list[str] = []
    for block in payload["attachments"][0]["blocks"]:
        parts = block.get("fields") or block.get("elements") or [block["text"]]
        shown.extend(part["text"] for part in parts)
    return shown
