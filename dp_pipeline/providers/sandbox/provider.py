"""The simulated world: SofaScore's form, and a time of its own."""

from dataclasses import dataclass, field

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Licence, Now
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.sandbox.clock import PATH, WorldClock
from dp_pipeline.providers.sofascore.provider import SofaScore


@dataclass(frozen=True, kw_only=True)
class Sandbox(SofaScore):
    """A simulated football world, served by `dp sandbox serve` in SofaScore's form."""

    name: str = "sandbox"
    description: str = "the simulated world, served by `dp sandbox serve` in SofaScore's form"
    examples: tuple[str, ...] = ("sandbox:900001:9000014",)
    licence: Licence = field(
        default=Licence("invented", "Invented data of the simulated world.", redistributable=True)
    )
    public_url: str = "http://127.0.0.1:8765"
    seconds_apart: float = 0.0
    refresh_window: RefreshWindow = field(default=RefreshWindow(3, 7))
    pages_at: str | None = None
    simulated: bool = True

    @property
    def title(self) -> str:
        """What people call it."""
        return "the simulated world"

    async def clock(self, requests: Requests, now: Now) -> Now:
        """The world's own; ours for what is served in its form and has none, such as a replay."""
        try:
            return await requests.json(PATH, WorldClock.parse)
        except NotFoundError:
            return now
