"""Requesting a part of a season: matches that are due, and what follows when matches end.

A round with two due matches costs one request, a single match one; what follows costs the list of
rounds, a request for each round that may be drawn, and table and form.
"""

import contextlib
import copy
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

import anyio

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import Known, Part
from dp_pipeline.providers.errors import BlockedError, ProviderError
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import Absence, Fetched, Match, Round, Team, Tournament
from dp_pipeline.providers.parts import all_at_once, asking, waiting_for_draw
from dp_pipeline.providers.sofascore.addresses import Addresses, match_path, season_path
from dp_pipeline.providers.sofascore.parse import EventList, RoundAnswer, parse_events, parse_rounds
from dp_pipeline.providers.sofascore.rounds import (
    ListedRound,
    RoundList,
    rounds_of,
    stored_rounds,
    with_stored,
)
from dp_pipeline.providers.sofascore.season import Season
from dp_pipeline.providers.sofascore.source import SofaScoreSource
from dp_pipeline.providers.sofascore.tournament import current_of, mode_of, status_of_season

MOST_ALONE = 3
"""Of matches in no round so many are asked for one by one; more are on the pages around today."""

# A replay has an id of its own, which only a list tells.
_REPLAYED = frozenset({"postponed", "abandoned"})


class SofaScorePart(SofaScoreSource, Part):
    """Some matches of one season, completed with what is stored."""

    def __init__(
        self,
        key: TournamentKey,
        requests: Requests,
        at: Addresses,
        known: Known,
        due: Collection[str],
    ) -> None:
        SofaScoreSource.__init__(self, key, requests, at)
        Part.__init__(self, key, requests, known, due)
        self._covers: frozenset[str] = frozenset()
        self._not_followed: ProviderError | None = None
        self._before: Season | None = None

    def follow(self) -> None:
        """From now on ask as well for the list of rounds, and for rounds that wait for a draw."""
        super().follow()
        self._before, self._season_read = self._season_read, None

    async def tournament(self) -> Fetched[Tournament]:
        """The stored one, as far along as the matches say."""
        season = await self._season()
        self._raise_unless_followed()
        rounds, matches = season.rounds, season.all_matches
        status = status_of_season(rounds, matches, complete=not season.failures)
        stored = self.known.tournament
        has_table = stored.mode != "knockout-only"
        found = replace(
            stored,
            status=status or stored.status,
            mode=mode_of(rounds, matches, has_table=has_table),
            current_round=current_of(rounds, matches),
        )
        return Fetched((found,))

    async def prefetch(self, domains: Collection[str]) -> None:
        """The matches and, beside them, table and form if the standings are wanted."""
        wanted: list[Callable[[], Awaitable[object]]] = [self._season]
        if "standings" in domains:
            wanted += [self._tables, self._form]

        async def quietly(ask: Callable[[], Awaitable[object]]) -> None:
            # the domain that needs the answer meets the error
            with contextlib.suppress(ProviderError):
                await ask()

        async with anyio.create_task_group() as group:
            for ask in wanted:
                group.start_soon(quietly, ask)

    async def teams(self) -> Fetched[Team]:
        """The stored teams, and those met now as they are called now."""
        season = await self._season()
        met = season.found_teams(())
        teams = {team.external_id: team for team in (*self.known.teams, *met.items)}
        return Fetched(tuple(teams.values()), met.issues)

    async def rounds(self) -> Fetched[Round]:
        """Every round that is listed."""
        season = await self._season()
        self._raise_unless_followed()
        return season.found_rounds()

    async def matches(self) -> Fetched[Match]:
        """The matches that are due, with those that came along."""
        season = await self._season()
        found = season.found_matches()
        waiting = {"round_not_published"}  # that is what is looked for
        issues = tuple(issue for issue in found.issues if issue.reason not in waiting)
        if found.items:
            return Fetched(found.items, issues, covers=self._covers)
        because = "SofaScore gave none of the matches that were asked for."
        return Fetched((), issues, Absence("nothing_yet", because), self._covers)

    async def _rounds(self) -> RoundList:
        if not self.known.rounds:
            return RoundList()
        stored = stored_rounds(self.known.rounds, self.key, self.at.root)
        if not self.follows:
            return stored
        path = f"{season_path(self.key)}/rounds"
        try:
            answer = await self._json_or(path, parse_rounds, RoundAnswer())
        except BlockedError:
            raise
        except ProviderError as error:
            self._not_followed = error
            return stored
        return with_stored(rounds_of(answer, self.key, self.at.root), stored)

    def _raise_unless_followed(self) -> None:
        """Raise what kept new rounds from being read; the matches that are due need none."""
        if self._not_followed is not None:
            raise copy.copy(self._not_followed) from self._not_followed.__cause__

    async def _season(self) -> Season:
        if self._season_read is None:
            try:
                self._season_read = await self._read_season()
            except ProviderError as error:
                if self._before is None:
                    raise
                # The matches that are due had come before: they are stored whatever follows.
                self._not_followed, self._season_read = error, self._before
        return self._season_read

    async def _read_season(self) -> Season:
        listed = await self._rounds()
        by_slug = {one.round.slug: one for one in listed.listed}
        wanted = asking(self.known, self.due)
        asked: dict[str, Callable[[], Awaitable[list[EventList]]]] = {
            slug: partial(self._round, by_slug[slug]) for slug in wanted.rounds if slug in by_slug
        }
        missing = set(wanted.rounds) - by_slug.keys()
        lost = [
            m for m in self.known.matches if m.external_id in self.due and m.round_slug in missing
        ]
        asked |= self._alone((*wanted.alone, *lost))
        answers, failures = await all_at_once(asked)
        if self._blocked is None and not failures:
            more, failures = await all_at_once(self._not_on_pages(wanted.alone, answers))
            answers |= more
        if self._blocked is not None:
            raise copy.copy(self._blocked) from self._blocked.__cause__
        await self._draws(listed, answers, failures)
        season = self._put_together(listed, answers, failures)
        if season.failure is not None and not season.events:
            raise copy.copy(season.failure) from season.failure.__cause__
        answered = answers.keys()
        self._covers = frozenset(
            match.external_id
            for match in self.known.matches
            if match.round_slug in answered or _name(match) in answered
        )
        return season

    def _alone(
        self, matches: Collection[Match]
    ) -> dict[str, Callable[[], Awaitable[list[EventList]]]]:
        roundless = [match for match in matches if match.round_slug is None]
        if len(roundless) > MOST_ALONE or any(match.status in _REPLAYED for match in roundless):
            pages = {f"events/{way}": partial(self._page, way) for way in ("last", "next")}
            in_rounds = [match for match in matches if match.round_slug is not None]
            return pages | {_name(match): partial(self._match, match) for match in in_rounds}
        return {_name(match): partial(self._match, match) for match in matches}

    def _not_on_pages(
        self, matches: Collection[Match], answers: Mapping[str, list[EventList]]
    ) -> dict[str, Callable[[], Awaitable[list[EventList]]]]:
        """Of matches in no round those that the pages around today did not have."""
        if "events/last" not in answers:
            return {}
        had = {str(e.id) for pages in answers.values() for page in pages for e in page.events}
        return {
            _name(match): partial(self._match, match)
            for match in matches
            if match.round_slug is None and match.external_id not in had
        }

    async def _match(self, match: Match) -> list[EventList]:
        return [await self._json_or(match_path(match.external_id), parse_events, EventList())]

    async def _page(self, way: str) -> list[EventList]:
        path = f"{season_path(self.key)}/events/{way}/0"
        return [await self._json_or(path, parse_events, EventList())]

    async def _draws(
        self,
        listed: RoundList,
        answers: dict[str, list[EventList]],
        failures: dict[str, ProviderError],
    ) -> None:
        """One round after the other, until one has no match: those behind it have none either."""
        by_slug: dict[str, ListedRound] = {one.round.slug: one for one in listed.listed}
        looked: set[str] = set()
        while self.follows:
            matches = self._put_together(listed, answers, {}).all_matches
            waiting = waiting_for_draw(listed.rounds, matches)
            slug = next((one.slug for one in waiting if one.slug not in looked), None)
            if slug is None:
                return
            looked.add(slug)
            if slug not in answers:
                try:
                    answers[slug] = await self._round(by_slug[slug])
                except BlockedError:
                    raise
                except ProviderError as error:
                    failures[slug] = error
                    return
            if not any(page.events for page in answers[slug]):
                return

    def _put_together(
        self,
        listed: RoundList,
        answers: Mapping[str, list[EventList]],
        failures: Mapping[str, ProviderError],
    ) -> Season:
        by_slug = {one.round.slug: one for one in listed.listed}
        return Season(
            self.key,
            self.at,
            listed,
            [(n if n in by_slug else None, page) for n, pages in answers.items() for page in pages],
            {by_slug[n].round.label if n in by_slug else n: e for n, e in failures.items()},
            self.known.matches,
        )


def _name(match: Match) -> str:
    return f"event/{match.external_id}"
