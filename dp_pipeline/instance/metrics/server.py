"""/healthz and /metrics over HTTP: they ask for no password, show no secret and change nothing."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dp_pipeline.instance.health import InstallationHealth, installation_health
from dp_pipeline.instance.in_time import in_time
from dp_pipeline.instance.metrics.exposition import Exposition
from dp_pipeline.instance.metrics.figure import Observed

HEALTH_SECONDS = 5.0
"""How long an examination may take, and how long it is as good as a new one."""
_PAGES = """dp_pipeline
/healthz  200 while database, daemon and delivery work, else 503; why, as JSON
/metrics  figures for Prometheus
"""


class _Examination:
    """The health of the installation; of several requests at once one examines."""

    def __init__(self, examine: Callable[[], InstallationHealth]) -> None:
        self._examine = examine
        self._lock = threading.Lock()
        self._last: tuple[float, dict[str, Any]] | None = None

    def facts(self) -> dict[str, Any]:
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > HEALTH_SECONDS:
                try:
                    facts = in_time(HEALTH_SECONDS, self._examine, "health").facts()
                except TimeoutError:
                    said = f"There was no answer within {HEALTH_SECONDS:.0f} s."
                    facts = {"status": "failing", "said": said}
                self._last = (time.monotonic(), facts)
            return self._last[1]


def app(observed: Observed) -> Starlette:
    """The application; its routes work in threads, of which a few may hang."""
    conceal = observed.settings.conceal
    examination = _Examination(
        lambda: installation_health(observed.database, observed.dagster, conceal)
    )
    registry = CollectorRegistry()
    registry.register(Exposition(observed))

    def index(_: Request) -> Response:
        return PlainTextResponse(_PAGES)

    def healthz(_: Request) -> Response:
        facts = examination.facts()
        works = facts["status"] == "ok"
        return Response(
            _lines(facts),
            HTTPStatus.OK if works else HTTPStatus.SERVICE_UNAVAILABLE,
            {"Cache-Control": "no-store"},
            media_type="application/json",
        )

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    return Starlette(
        routes=[Route("/", index), Route("/healthz", healthz), Route("/metrics", metrics)]
    )


def _lines(facts: Mapping[str, Any]) -> str:
    """JSON for programs, with a line for each fact for people."""
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
