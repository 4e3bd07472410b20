"""openfootball as a provider.

What is read of its files is imported when it is read: every process has the provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    ListedSeason,
    Provider,
    Selection,
    StoredTournament,
)
from dp_pipeline.providers.openfootball.competition import (
    OTHER_REPOSITORIES,
    SEASONS_OF_ONE_YEAR,
    check_key,
)
from dp_pipeline.providers.openfootball.files import PUBLIC_URL, service_of
from dp_pipeline.providers.openfootball.seasons import find_seasons, find_similar
from dp_pipeline.providers.refresh_window import RefreshWindow

if TYPE_CHECKING:
    from dp_pipeline.providers.openfootball.source import OpenFootballSource


@dataclass(frozen=True, kw_only=True)
class OpenFootball(Provider):
    """openfootball: public-domain results, kept by volunteers in git repositories."""

    name: str = "openfootball"
    description: str = (
        "files of football.json, and of the repositories beside it: `worldcup`, `euro`, "
        "`copa-america`, `clubworldcup`"
    )
    examples: tuple[str, ...] = (
        *("openfootball:en.1:2024-25", "openfootball:uefa.cl:2024-25"),
        "openfootball:worldcup:2022",
    )
    licence: Licence = field(
        default=Licence(
            "CC0 1.0",
            "Data of openfootball (https://github.com/openfootball), dedicated to the public "
            "domain (CC0 1.0).",
            redistributable=True,
            url="https://creativecommons.org/publicdomain/zero/1.0/",
        )
    )
    public_url: str = PUBLIC_URL
    seconds_apart: float = 0.1
    refresh_window: RefreshWindow = field(default=RefreshWindow(2, 7))
    by_name: bool = True
    parts: tuple[str, ...] = tuple(code.replace("-", "_") for code in OTHER_REPOSITORIES)

    @property
    def title(self) -> str:
        """What people call it, in small letters as it does itself."""
        return self.name

    def check(self, key: TournamentKey) -> None:
        """Seasons are 2024-25 or 2025, competitions names of files such as en.1."""
        check_key(key)

    def service_of(self, competition: str, base_urls: Mapping[str, str]) -> str:
        """The repository with the competition, where it has a root of its own."""
        return service_of(self.name, competition, base_urls)

    def example_of(self, competition: str) -> TournamentKey | None:
        """The season 2024-25, or a year where seasons are years."""
        season = SEASONS_OF_ONE_YEAR.get(competition.partition(".")[0], "2024-25")
        return TournamentKey(self.name, competition, season)

    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> "OpenFootballSource":
        """The file behind a checked key. Makes no request."""
        from dp_pipeline.providers.openfootball.source import OpenFootballSource

        return OpenFootballSource(key, requests, selection, stored)

    async def seasons(
        self, competition: str, requests: Requests, back: int = 0
    ) -> tuple[ListedSeason, ...]:
        """The newest season that has a file and `back` earlier ones, found by asking for them."""
        return await find_seasons(self.name, competition, requests, back)

    async def similar(self, key: TournamentKey, requests: Requests) -> tuple[TournamentKey, ...]:
        """The season as it may be written otherwise, else the newest, found by asking for them."""
        return await find_similar(key, requests)
