"""Recorded payloads served over HTTP as their providers would, with faults on request.

Paths are the providers' own. What is not recorded is answered as the provider answers the unknown:
OpenLigaDB with 200 and [], openfootball with 404.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

OPENLIGADB = {
    ("bl1", "2024"): "openliga_bl2425.json",
    ("bl1", "2025"): "openliga_bl2526_20260321.json",
    ("dfb", "2025"): "openliga_dfb2526.json",
}


@dataclass
class Replay:
    """The recordings below a folder, behind one address.

    Attributes:
        seen: how often each path was asked for.
        fault: called with the path first; what it returns is sent instead of the recording.
        payloads: path to a payload that replaces or adds to the recordings.
    """

    recordings: Path | None = None
    seen: Counter[str] = field(default_factory=Counter)
    fault: Callable[[str], Response | None] | None = None
    payloads: dict[str, Any] = field(default_factory=dict)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.seen[path] += 1
        if self.fault is not None and (answer := self.fault(path)) is not None:
            return answer
        if path in self.payloads:
            return JSONResponse(self.payloads[path])
        parts = path.strip("/").split("/")
        if parts[0].startswith("get"):
            return self._openligadb(parts)
        file = self.recordings and self.recordings / "openfootball" / Path(*parts)
        if file and ".." not in parts and file.is_file():
            return Response(file.read_bytes(), media_type="text/plain; charset=utf-8")
        return PlainTextResponse("404: Not Found", status_code=404)

    def _openligadb(self, parts: list[str]) -> Response:
        name = OPENLIGADB.get((parts[1], parts[2])) if len(parts) > 2 else None
        if self.recordings is None or name is None:
            return JSONResponse([])
        body = (self.recordings / "openligadb" / name).read_bytes()
        if parts[0] == "getmatchdata":
            return Response(body, media_type="application/json; charset=utf-8")
        if parts[0] == "getavailablegroups":
            groups = {match["group"]["groupOrderID"]: match["group"] for match in json.loads(body)}
            return JSONResponse([groups[order] for order in sorted(groups)])
        return JSONResponse([])
