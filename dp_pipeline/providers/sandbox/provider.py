"""The simulated world: SofaScore's form, and a time of its own."""

from typing import ClassVar

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Now
from dp_pipeline.providers.sandbox.clock import PATH, WorldClock
from dp_pipeline.providers.sofascore.provider import SofaScore


class Sandbox(SofaScore):
    """A simulated football world, served by `dp sandbox serve` in SofaScore's form."""

    name: ClassVar[str] = "sandbox"
    public_url: ClassVar[str] = "http://127.0.0.1:8765"
    pace_seconds: ClassVar[float] = 0.0
    licence: ClassVar[str] = "simulated"
    simulated: ClassVar[bool] = True
    pages_at: ClassVar[str | None] = None

    async def clock(self, requests: Requests, now: Now) -> Now:
        """The world's own."""
        del now
        return await requests.json(PATH, WorldClock.parse)
