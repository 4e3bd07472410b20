"""openfootball as a provider: one request per tournament serves all domains."""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    Listed,
    ListedSeason,
    Provider,
    Selection,
    Source,
    StoredTournament,
)
from dp_pipeline.providers.errors import (
    InvalidShapeError,
    NotFoundError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openfootball.competition import (
    OTHER_REPOSITORIES,
    SEASONS_OF_ONE_YEAR,
    check_key,
)
from dp_pipeline.providers.openfootball.files import PUBLIC_URL, requested, service_of
from dp_pipeline.providers.openfootball.season import SeasonData, read_season
from dp_pipeline.providers.openfootball.seasons import find_seasons, find_similar
from dp_pipeline.providers.refresh_window import RefreshWindow

_ADVICE = "the competition is written differently, or the season is not published yet"


class OpenFootballSource(Source):
    """One season file. Every method asks for the same file, which is requested once."""

    async def confirm(self, listed: Listed) -> None:  # noqa: ARG002 - nothing lists the files
        """The file is there, whatever is in it."""
        try:
            await self._file()
        except NotFoundError as error:
            raise TournamentNotFoundError(
                self._missing, _ADVICE, url=error.url, status=error.status
            ) from error
        except InvalidShapeError:
            return  # the domain that needs it meets the error

    async def prefetch(self, domains: Collection[str]) -> None:
        """Request the file, if any domain is asked for."""
        if domains:
            # the domain that needs the file meets the error
            with contextlib.suppress(ProviderError):
                await self._season()

    async def tournament(self) -> Fetched[Tournament]:
        """The tournament; its label is the file's name as given."""
        return (await self._season()).tournament

    async def teams(self) -> Fetched[Team]:
        """Every team, with findings on spellings that were taken as one or kept apart."""
        return (await self._season()).teams

    async def rounds(self) -> Fetched[Round]:
        """Every round a match names; the file has no list of rounds."""
        return (await self._season()).rounds

    async def matches(self) -> Fetched[Match]:
        """Every match whose teams are known."""
        return (await self._season()).matches

    async def goals(self) -> Fetched[Goal]:
        """The goals, where the file lists them."""
        return (await self._season()).goals

    async def standings(self) -> Fetched[Standing]:
        """Always computed: one table per stage and group of the season rounds."""
        return (await self._season()).standings

    async def _season(self) -> SeasonData:
        try:
            return await self._file()
        except NotFoundError as error:
            # Most often a key typed wrongly: that must not look like a tournament without matches.
            message = f"{self._missing}; {_ADVICE}."
            raise NotFoundError(message, url=error.url, status=error.status) from error

    async def _file(self) -> SeasonData:
        return await requested(
            self.requests,
            self.key,
            partial(read_season, key=self.key, today=self.now.date(), stored=self.stored_teams),
        )

    @property
    def _missing(self) -> str:
        return f"openfootball has no file {self.key.season}/{self.key.competition}.json"


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
    ) -> OpenFootballSource:
        """The file behind a checked key. Makes no request."""
        return OpenFootballSource(key, requests, selection, stored)

    async def seasons(
        self, competition: str, requests: Requests, back: int = 0
    ) -> tuple[ListedSeason, ...]:
        """The newest season that has a file and `back` earlier ones, found by asking for them."""
        return await find_seasons(self.name, competition, requests, back)

    async def similar(self, key: TournamentKey, requests: Requests) -> tuple[TournamentKey, ...]:
        """The season as it may be written otherwise, else the newest, found by asking for them."""
        return await find_similar(key, requests)
