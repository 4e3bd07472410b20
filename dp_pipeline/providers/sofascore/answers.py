"""SofaScore's answers about one season, each requested when it is needed."""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import BlockedError, NotFoundError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.sofascore.addresses import match_path, season_path, unique_path
from dp_pipeline.providers.sofascore.parse import (
    EventList,
    FormEvents,
    RoundAnswer,
    TablePayload,
    parse_events,
    parse_form,
    parse_rounds,
    parse_seasons,
    parse_tables,
    parse_unique,
)
from dp_pipeline.providers.sofascore.payload import SeasonPayload, UniquePayload
from dp_pipeline.providers.sofascore.rounds import ListedRound

T = TypeVar("T")
# in each direction from today; a page has 30 events
MOST_PAGES = 50


class Answers:
    """What SofaScore answers. The first refusal ends all asking: nothing is requested after it."""

    def __init__(self, key: TournamentKey, requests: Requests) -> None:
        self._key = key
        self._requests = requests
        self._blocked: BlockedError | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether a request was refused."""
        return self._blocked is not None

    def raise_if_blocked(self) -> None:
        """Raise the refusal, if there was one."""
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__

    async def unique(self) -> UniquePayload:
        """The competition."""
        return await self._json(unique_path(self._key.competition), parse_unique)

    async def seasons(self) -> tuple[SeasonPayload, ...]:
        """The seasons of the competition."""
        path = f"{unique_path(self._key.competition)}/seasons"
        return await self._json_or(path, parse_seasons, ())

    async def tables(self) -> tuple[TablePayload, ...]:
        """The tables; none where there are none."""
        path = f"{season_path(self._key)}/standings/total"
        return await self._json_or(path, parse_tables, ())

    async def form(self) -> FormEvents:
        """The last matches of every team."""
        self.raise_if_blocked()
        # not _json, and best effort: a refusal of what is only nice to have ends nothing else
        path = f"{season_path(self._key)}/team-events/total"
        return await self._requests.json(path, parse_form, best_effort=True)

    async def rounds(self) -> RoundAnswer:
        """The list of rounds; empty where there is none."""
        path = f"{season_path(self._key)}/rounds"
        return await self._json_or(path, parse_rounds, RoundAnswer())

    async def round(self, listed: ListedRound) -> list[EventList]:
        """The matches of a round."""
        found = EventList()
        for path in listed.paths:
            found = await self._json_or(path, parse_events, EventList())
            if found.events or found.findings:
                break
        return [found]

    async def match(self, match: Match) -> list[EventList]:
        """One match."""
        return [await self._json_or(match_path(match.external_id), parse_events, EventList())]

    async def page(self, way: str, number: int = 0) -> EventList:
        """A page of the matches before ("last") or after ("next") today."""
        path = f"{season_path(self._key)}/events/{way}/{number}"
        return await self._json_or(path, parse_events, EventList())

    async def pages(self, way: str) -> list[EventList]:
        """All pages in one direction."""
        pages: list[EventList] = []
        more = True
        while more and len(pages) < MOST_PAGES:
            page = await self.page(way, len(pages))
            pages.append(page)
            more = page.has_next and bool(page.events)
        if more:
            detail = f"There are more than {MOST_PAGES} pages of events; the first are read."
            finding = Finding("too_many_pages", f"events/{way}", detail, left_out=True)
            pages.append(EventList(findings=(finding,)))
        return pages

    async def _json(self, path: str, parse: Callable[[Any], T]) -> T:
        self.raise_if_blocked()
        try:
            return await self._requests.json(path, parse)
        except BlockedError as error:
            self._blocked = error
            raise

    async def _json_or(self, path: str, parse: Callable[[Any], T], nothing: T) -> T:
        """What is there, or `nothing` for 404: not published, or never to be."""
        try:
            return await self._json(path, parse)
        except NotFoundError:
            return nothing
