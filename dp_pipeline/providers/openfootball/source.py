"""Requesting openfootball: one request per tournament serves all domains."""

import contextlib
from collections.abc import Collection
from functools import partial

from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.contract import (
    Listed,
    Source,
)
from dp_pipeline.providers.errors import (
    InvalidShapeError,
    NotFoundError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openfootball.files import requested
from dp_pipeline.providers.openfootball.season import SeasonData, read_season

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
