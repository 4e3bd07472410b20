"""SofaScore's answers about one season, each requested when it is needed."""

from collections.abc import Callable
from typing import Any, TypeVar

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.polling import RefusableRequests
from dp_pipeline.providers.reading import Answer
from dp_pipeline.providers.sofascore.addresses import match_path, season_path, unique_path
from dp_pipeline.providers.sofascore.parse import (
    EventList,
    FormEvents,
    TablePayload,
    TreeRound,
    parse_cup_trees,
    parse_events,
    parse_form,
    parse_rounds,
    parse_seasons,
    parse_tables,
    parse_unique,
)
from dp_pipeline.providers.sofascore.payload import RoundPayload, SeasonPayload, UniquePayload
from dp_pipeline.providers.sofascore.rounds import ListedRound

T = TypeVar("T")

# in each direction from today; a page has 30 events
MOST_PAGES = 50


class SeasonAnswers(RefusableRequests):
    """What SofaScore answers about a season; a list is empty where there is none."""

    def __init__(self, key: TournamentKey, requests: Requests, who: str) -> None:
        super().__init__(key, requests)
        self._who = who

    def _by(self, parse: Callable[[Any, str], T]) -> Callable[[Any], T]:
        """What is wrong with an answer names who gave it."""
        return lambda payload: parse(payload, self._who)

    async def unique(self) -> UniquePayload:
        """The competition."""
        return await self.json(unique_path(self._key.competition), self._by(parse_unique))

    async def seasons(self) -> Answer[SeasonPayload]:
        """The seasons of the competition."""
        return await self.json(
            f"{unique_path(self._key.competition)}/seasons", self._by(parse_seasons), Answer()
        )

    async def tables(self) -> tuple[TablePayload, ...]:
        """The tables."""
        return await self.json(
            f"{season_path(self._key)}/standings/total", self._by(parse_tables), ()
        )

    async def form(self) -> FormEvents:
        """The last matches of every team."""
        self.raise_if_blocked()
        # best effort: a refusal of what is only nice to have ends nothing else
        path = f"{season_path(self._key)}/team-events/total"
        return await self._requests.json(path, self._by(parse_form), best_effort=True)

    async def cup_trees(self) -> tuple[TreeRound, ...]:
        """The rounds of the cup trees."""
        self.raise_if_blocked()
        # best effort, as the form is: what the rounds list needs no tree
        path = f"{season_path(self._key)}/cuptrees"
        try:
            return await self._requests.json(path, self._by(parse_cup_trees), best_effort=True)
        except NotFoundError:
            return ()

    async def rounds(self) -> Answer[RoundPayload]:
        """The list of rounds."""
        return await self.json(f"{season_path(self._key)}/rounds", self._by(parse_rounds), Answer())

    async def round(self, listed: ListedRound) -> list[EventList]:
        """The matches of a round."""
        answer = EventList()
        for path in listed.paths:
            answer = await self.json(path, self._by(parse_events), EventList())
            if answer.items or answer.findings:
                break
        return [answer]

    async def match(self, match: Match) -> list[EventList]:
        """One match."""
        return [await self.json(match_path(match.external_id), self._by(parse_events), EventList())]

    async def page(self, way: str, number: int = 0) -> EventList:
        """A page of the matches before ("last") or after ("next") today."""
        path = f"{season_path(self._key)}/events/{way}/{number}"
        return await self.json(path, self._by(parse_events), EventList())

    async def pages(self, way: str) -> list[EventList]:
        """All pages in one direction."""
        pages: list[EventList] = []
        more = True
        while more and len(pages) < MOST_PAGES:
            page = await self.page(way, len(pages))
            pages.append(page)
            more = page.has_next and bool(page.items)
        if more:
            detail = f"There are more than {MOST_PAGES} pages of events; the first are read."
            finding = Finding("too_many_pages", f"events/{way}", detail, left_out=True)
            pages.append(EventList(findings=(finding,)))
        return pages
