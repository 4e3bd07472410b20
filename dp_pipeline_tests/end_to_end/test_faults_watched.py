"""A real daemon is heard of by a monitor outside while it works, and by its silence afterwards."""

import time
from pathlib import Path

import dagster as dg
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dp_pipeline.database.database import Database
from dp_pipeline.instance import health
from dp_pipeline.instance.metrics import server
from dp_pipeline.instance.metrics.figure import Observed
from dp_pipeline.settings import Settings
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev, wait_for
from dp_pipeline_tests.servers import serve

SECRET = "a1b2-c3d4-token"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_daemon_that_is_killed_is_heard_of_by_its_silence(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []

    def called(request: Request) -> Response:
        assert request.url.path == f"/ping/{SECRET}"
        calls.append(time.monotonic())
        return PlainTextResponse("OK")

    project, home = copy_project(tmp_path / "project"), tmp_path / "home"
    environment = {"DP_DATABASE_URL": migrated_url, "DP_HOME": str(home)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(health, "SILENT_SECONDS", 50.0)
    monkeypatch.setattr(server, "HEALTH_SECONDS", 1.0)
    database = Database(migrated_url)
    with serve(Starlette(routes=[Route("/{path:path}", called)])) as monitor:
        address = {"DP_HEARTBEAT_URL": f"{monitor}/ping/{SECRET}"}
        with dagster_dev(project, home, environment | address) as dev:
            instance = dg.DagsterInstance.from_config(str(project))
            app = server.app(Observed(Settings.load(), lambda: database, lambda: instance))
            with instance, serve(app) as root:

                def answers(status: int) -> float | None:
                    answered = httpx.get(f"{root}/healthz", timeout=20)
                    return time.monotonic() if answered.status_code == status else None

                wait_for("a heartbeat", lambda: calls or None, seconds=200)
                wait_for("health", lambda: answers(200), seconds=30)
                dev.kill_everything()
                heard = len(calls)
                wait_for("ill health", lambda: answers(503), seconds=100)
                said = httpx.get(f"{root}/healthz", timeout=20).json()
                assert "The daemon reported last at" in said["daemon"]["said"]
                assert said["database"]["works"]
                time.sleep(20)  # a minute since it was killed
                assert len(calls) == heard
            assert SECRET not in dev.log.read_text(errors="replace")
    database.close()
