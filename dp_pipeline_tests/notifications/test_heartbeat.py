"""A monitor outside is called while daemon and delivery work, and not when one of them does not."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
import sqlalchemy as sa
from dagster._daemon.types import DaemonHeartbeat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dp_pipeline.database import tables
from dp_pipeline.notifications import heartbeat
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.notifications.channel import ago
from dp_pipeline_tests.notifications.machinery import Machinery
from dp_pipeline_tests.servers import closed_url, serve

SECRET = "a1b2-c3d4-token"


@dataclass
class Monitor:
    """What is called, and how it answers."""

    calls: list[str] = field(default_factory=list)
    status: int = 200
    free: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, request: Request) -> Response:
        """Note the call; in a thread of the server's, which may wait."""
        authorization = request.headers.get("authorization", "")
        self.calls.append(f"{request.method} {request.url.path}?{request.url.query}{authorization}")
        self.free.wait(60)
        location = {"location": f"{self.url}/elsewhere"}
        return PlainTextResponse("OK", self.status, location if self.status == 302 else {})


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    monitor = Monitor()
    monitor.free.set()
    with serve(Starlette(routes=[Route("/{path:path}", monitor.answer)])) as root:
        monitor.url = root
        monkeypatch.setenv("DP_HEARTBEAT_URL", f"{root}/ping/{SECRET}?rid=7")
        yield monitor


def beats(machinery: Machinery, *, seconds: float = 5, stuck: str = "") -> None:
    """Let the parts of the daemon have reported; one that is `stuck` an hour ago."""
    for name in machinery.instance.get_required_daemon_types():
        at = time.time() - (3_600 if name == stuck else seconds)
        machinery.instance.add_daemon_heartbeat(DaemonHeartbeat(at, name, "id", []))


def test_the_monitor_is_called_while_daemon_and_delivery_work(
    machinery: Machinery, monitor: Monitor
) -> None:
    beats(machinery)
    assert machinery.watch() == (
        "No heartbeat is sent: No delivery of messages has ever been made."
    )
    machinery.deliver()
    assert machinery.watch() == "The heartbeat is sent."
    assert monitor.calls == [f"GET /ping/{SECRET}?rid=7"]
    # What is wrong with data or providers is told in Slack, and no reason to be silent.
    machinery.evaluated(passed=False)
    assert machinery.watch() == "The heartbeat is sent."


def test_without_the_setting_nothing_is_called_and_nothing_said(
    machinery: Machinery, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DP_HEARTBEAT_URL")
    beats(machinery)
    machinery.deliver()
    assert machinery.watch() == "Nothing new."
    assert monitor.calls == []


def test_a_daemon_of_which_a_part_is_stuck_is_no_daemon_that_works(
    machinery: Machinery, monitor: Monitor
) -> None:
    machinery.deliver()
    beats(machinery, stuck="BACKFILL")
    assert machinery.watch() == (
        "No heartbeat is sent: Of the daemon BACKFILL has been silent for 1 h 0 min."
    )
    beats(machinery, seconds=600)
    assert "No heartbeat is sent: The daemon reported last at" in machinery.watch()
    assert monitor.calls == []


def test_a_delivery_that_is_stuck_is_not_covered_up(machinery: Machinery, monitor: Monitor) -> None:
    beats(machinery)
    machinery.deliver()
    with machinery.database.transaction() as connection:
        late = sa.func.now() - sa.text("interval '6 minutes'")
        connection.execute(sa.update(tables.delivery_note).values(updated_at=late))
    assert "The last delivery of messages ended 6 min" in machinery.watch()
    machinery.deliver()
    finished_row(machinery.database, uuid4(), completed_at=ago(minutes=20))
    said = machinery.watch()
    assert "1 messages sent; No heartbeat is sent: Messages have been waiting" in said
    assert monitor.calls == []


def test_nothing_is_called_while_the_database_is_away(
    machinery: Machinery, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats(machinery)
    machinery.deliver()
    monkeypatch.setattr("dp_pipeline.notifications.detection.START_SECONDS", 0.2)
    machinery.url = closed_url().replace("http://", "postgresql://me:hidden77@") + "/db"
    assert machinery.watch().startswith("The database cannot be used: ")
    assert monitor.calls == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "The heartbeat was not taken: 127.0.0.1 answered with status 404."),
        (302, "The heartbeat was not taken: 127.0.0.1 answered with status 302."),
    ],
)
def test_a_monitor_that_takes_no_call_harms_nothing_and_is_named_without_the_secret(
    machinery: Machinery, monitor: Monitor, status: int, said: str
) -> None:
    beats(machinery)
    machinery.deliver()
    monitor.status = status
    machinery.evaluated(passed=False)
    assert machinery.tick() == f"{said}; 1 messages sent"
    assert len(monitor.calls) == 1, "a redirect is not followed"


def test_a_monitor_that_hangs_or_is_away_costs_bounded_time(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heartbeat.send(f"{closed_url()}/{SECRET}") == (
        "The heartbeat did not reach 127.0.0.1: the connection is refused."
    )
    monkeypatch.setattr(heartbeat, "ANSWER_SECONDS", 0.2)
    monitor.free.clear()
    began = time.monotonic()
    assert heartbeat.send(f"{monitor.url}/{SECRET}") == (
        "The heartbeat did not reach 127.0.0.1: no complete answer in time."
    )
    assert time.monotonic() - began < 30
    monitor.free.set()


def test_no_log_of_a_library_has_the_secret(
    monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    root = monitor.url.replace("http://", "http://me:hidden77@")
    assert heartbeat.send(f"{root}/{SECRET}?key=hidden88") is None
    assert heartbeat.send(closed_url().replace("http://", "http://me:hidden77@")) is not None
    assert monitor.calls == [f"GET /{SECRET}?key=hidden88Basic bWU6aGlkZGVuNzc="]
    said = [each for each in caplog.records if not each.name.startswith("uvicorn")]  # the monitor's
    text = "\n".join(f"{each.getMessage()} {each.exc_text}" for each in said)
    assert "HTTP Request: GET http://127.0.0.1" in text
    for secret in (SECRET, "hidden77", "hidden88", "bWU6aGlkZGVuNzc="):
        assert secret not in text
