"""Requesting SofaScore: one tournament during one run.

A season with R rounds costs R + 5 requests: competition, seasons, rounds, one per round, table and
form. Without usable rounds it costs the pages of its events instead of a request per round.
"""

import copy
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import anyio

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Listed, Source
from dp_pipeline.providers.errors import (
    BlockedError,
    NotFoundError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import (
    Absence,
    Fetched,
    Finding,
    Match,
    Round,
    Standing,
    Team,
    Tournament,
)
from dp_pipeline.providers.parts import all_at_once
from dp_pipeline.providers.sofascore.addresses import Addresses, season_path, unique_path
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
from dp_pipeline.providers.sofascore.rounds import ListedRound, RoundList, rounds_of
from dp_pipeline.providers.sofascore.season import Season
from dp_pipeline.providers.sofascore.standings import tables_of
from dp_pipeline.providers.sofascore.tournament import status_of_season, tournament_of

T = TypeVar("T")
# in each direction from today; a page has 30 events
MOST_PAGES = 50
MOST_NAMED = 5
_ADVICE = "the first number of the key is the last one in the path of the tournament's page"


class SofaScoreSource(Source):
    """One season. The first refusal ends all asking: nothing is requested after it."""

    def __init__(self, key: TournamentKey, requests: Requests, at: Addresses) -> None:
        Source.__init__(self, key, requests)  # by name: a part has two parents
        self.at = at
        self._blocked: BlockedError | None = None
        self._season_read: Season | None = None

    async def confirm(self, listed: Listed) -> None:  # noqa: ARG002 - the run needs its own list
        """The competition is there and lists the season."""
        try:
            unique = await self._unique()
        except NotFoundError as error:
            raise TournamentNotFoundError(
                _no_such_tournament(self.key), _ADVICE, url=error.url, status=error.status
            ) from error
        seasons = await self._seasons()
        if self.key.season in {str(season.id) for season in seasons}:
            return
        error = TournamentNotFoundError(_no_such_season(self.key, unique, seasons))
        newest = [str(replace(self.key, season=str(season.id))) for season in seasons[:1]]
        raise error.offering(newest) if newest else error

    async def prefetch(self, domains: Collection[str]) -> None:
        """The matches and, beside them, what else these domains need."""
        wanted: list[Callable[[], Awaitable[object]]] = []
        if set(domains) & {"tournaments", "teams", "standings"}:
            wanted.append(self._tables)
        if "standings" in domains:
            wanted.append(self._form)
        if "tournaments" in domains:
            wanted.append(self._seasons)

        async def quietly(ask: Callable[[], Awaitable[object]]) -> None:
            try:
                await ask()
            except ProviderError:
                return  # the domain that needs the answer meets the error

        if not domains:
            return
        # alone: a provider that refuses is asked once
        await quietly(self._unique)
        async with anyio.create_task_group() as group:
            for ask in (*wanted, self._season):
                group.start_soon(quietly, ask)

    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one, or `absent` while the competition lists no seasons.

        Raises:
            NotFoundError: the competition or this season of it is not at the provider.
        """
        try:
            unique = await self._unique()
        except NotFoundError as error:
            message = f"{_no_such_tournament(self.key)}; {_ADVICE}."
            raise NotFoundError(message, url=error.url, status=error.status) from error
        seasons = await self._seasons()
        if not seasons:
            because = "SofaScore lists no seasons of this tournament."
            return Fetched(absent=Absence("nothing_yet", because))
        listed = {str(season.id): season for season in seasons}
        if self.key.season not in listed:
            message = f"{_no_such_season(self.key, unique, seasons)}."
            raise NotFoundError(message)
        season = await self._season()
        status = status_of_season(season.rounds, season.matches, complete=not season.failures)
        if status is None:
            assert season.failure is not None  # noqa: S101 - for the type checker
            raise copy.copy(season.failure) from season.failure
        tables, issues = await self._tables_or_none()
        found = tournament_of(
            self.key,
            unique=unique,
            season=listed[self.key.season],
            rounds=season.rounds,
            matches=season.matches,
            places=tables_of(tables).by_place.keys(),
            status=status,
            at=self.at,
        )
        return Fetched((found,), issues)

    async def teams(self) -> Fetched[Team]:
        """Every team of a match or a table, once."""
        season = await self._season()
        tables, issues = await self._tables_or_none()
        found = season.found_teams(tables)
        return Fetched(found.items, (*found.issues, *issues), found.absent)

    async def rounds(self) -> Fetched[Round]:
        """Every round in the provider's order, or those the matches name."""
        return (await self._season()).found_rounds()

    async def matches(self) -> Fetched[Match]:
        """Every match, once per id."""
        return (await self._season()).found_matches()

    async def standings(self) -> Fetched[Standing]:
        """SofaScore's tables, or tables computed from the matches."""
        season = await self._season()
        tables = await self._tables()
        form: FormEvents = {}
        issues: tuple[Finding, ...] = ()
        if tables:
            try:
                form = await self._form()
            except ProviderError as error:  # the table does not depend on it
                detail = f"The form follows from the matches alone: {error.message}"
                issues = (Finding("form_not_available", "Form", detail),)
        found = season.found_standings(tables_of(tables), form)
        return Fetched(found.items, (*found.issues, *issues), found.absent)

    async def _json(self, path: str, parse: Callable[[Any], T]) -> T:
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__
        try:
            return await self.requests.json(path, parse)
        except BlockedError as error:
            self._blocked = error
            raise

    async def _json_or(self, path: str, parse: Callable[[Any], T], nothing: T) -> T:
        """What is there, or `nothing` for 404: not published, or never to be."""
        try:
            return await self._json(path, parse)
        except NotFoundError:
            return nothing

    async def _unique(self) -> UniquePayload:
        return await self._json(unique_path(self.key.competition), parse_unique)

    async def _seasons(self) -> tuple[SeasonPayload, ...]:
        path = f"{unique_path(self.key.competition)}/seasons"
        return await self._json_or(path, parse_seasons, ())

    async def _tables(self) -> tuple[TablePayload, ...]:
        path = f"{season_path(self.key)}/standings/total"
        return await self._json_or(path, parse_tables, ())

    async def _tables_or_none(self) -> tuple[tuple[TablePayload, ...], tuple[Finding, ...]]:
        """For those who only add to what the matches say."""
        try:
            return await self._tables(), ()
        except BlockedError:
            raise
        except ProviderError as error:
            detail = f"The table could not be read: {error.message}"
            return (), (Finding("table_not_available", "Table", detail),)

    async def _form(self) -> FormEvents:
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__
        # not _json, and best effort: a refusal of what is only nice to have ends nothing else
        path = f"{season_path(self.key)}/team-events/total"
        return await self.requests.json(path, parse_form, best_effort=True)

    async def _rounds(self) -> RoundList:
        try:
            unique = await self._unique()
        except BlockedError:
            raise
        except ProviderError:
            unique = None  # `tournament` meets the error; the rounds say more than has_rounds
        if unique and unique.has_rounds is False:
            return RoundList()
        path = f"{season_path(self.key)}/rounds"
        answer = await self._json_or(path, parse_rounds, RoundAnswer())
        return rounds_of(answer, self.key, self.at.root)

    async def _season(self) -> Season:
        """The matches by round, or by page where there are no rounds.

        Raises:
            ProviderError: a refusal, or not one round or page could be had.
        """
        if self._season_read is not None:
            return self._season_read
        listed = await self._rounds()
        asked: dict[str, Callable[[], Awaitable[list[EventList]]]]
        if listed.listed:
            slugs = {f"{one.round.order}. {one.round.label}": one for one in listed.listed}
            asked = {name: partial(self._round, one) for name, one in slugs.items()}
        else:
            slugs = {}
            asked = {f"events/{way}": partial(self._pages, way) for way in ("last", "next")}
        answers, failures = await all_at_once(asked)
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__
        season = Season(
            self.key,
            self.at,
            listed,
            [
                (slugs[name].round.slug if name in slugs else None, page)
                for name in asked
                for page in answers.get(name, ())
            ],
            {
                slugs[name].round.label if name in slugs else name: failures[name]
                for name in asked
                if name in failures
            },
        )
        if season.failure is not None and not season.events:
            raise copy.copy(season.failure) from season.failure.__cause__
        self._season_read = season
        return season

    async def _round(self, listed: ListedRound) -> list[EventList]:
        found = EventList()
        for path in listed.paths:
            found = await self._json_or(path, parse_events, EventList())
            if found.events or found.issues:
                break
        return [found]

    async def _pages(self, way: str) -> list[EventList]:
        pages: list[EventList] = []
        more = True
        while more and len(pages) < MOST_PAGES:
            path = f"{season_path(self.key)}/events/{way}/{len(pages)}"
            page = await self._json_or(path, parse_events, EventList())
            pages.append(page)
            more = page.has_next and bool(page.events)
        if more:
            detail = f"There are more than {MOST_PAGES} pages of events; the first are read."
            issue = Finding("too_many_pages", f"events/{way}", detail, left_out=True)
            pages.append(EventList(issues=(issue,)))
        return pages


def _no_such_tournament(key: TournamentKey) -> str:
    return f"SofaScore has no tournament {key.competition}"


def _no_such_season(
    key: TournamentKey, unique: UniquePayload, seasons: Collection[SeasonPayload]
) -> str:
    newest = [f"{s.id} ({s.year or s.name or '?'})" for s in seasons][:MOST_NAMED]
    more = " and older ones" if len(seasons) > MOST_NAMED else ""
    return (
        f"SofaScore's tournament {key.competition} ({unique.name or 'unnamed'}) has no season "
        f"{key.season}; it lists {', '.join(newest) or 'none'}{more}"
    )
