"""Requesting SofaScore: one tournament, or the matches of it that are due, during one run.

A season with R rounds costs R + 5 requests: competition, seasons, rounds, one per round, table and
form; and one for the cup trees where it has knockout rounds. Without usable rounds it costs the
pages of its events instead of a request per round. Of what is due a round with two matches costs
one request, a single match one; what follows costs the list of rounds, a request for each round
that may be drawn, and table and form.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.contract import Listed
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NotFoundError,
    OtherSportError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.polling import (
    PolledSource,
    all_at_once,
    due_requests,
    waiting_for_draw,
)
from dp_pipeline.providers.reading import Answer
from dp_pipeline.providers.sofascore.addresses import Addresses
from dp_pipeline.providers.sofascore.answers import SeasonAnswers
from dp_pipeline.providers.sofascore.parse import EventList, FormEvents, TablePayload
from dp_pipeline.providers.sofascore.payload import RoundPayload, SeasonPayload, UniquePayload
from dp_pipeline.providers.sofascore.rounds import (
    ListedRound,
    SeasonRounds,
    rounds_of,
    stored_rounds,
    with_stored,
)
from dp_pipeline.providers.sofascore.season import SeasonEvents
from dp_pipeline.providers.sofascore.standings import tables_of
from dp_pipeline.providers.sofascore.tournament import tournament_of

MOST_NAMED = 5
MOST_ALONE = 3
"""Of matches in no round so many are requested one by one; more are on the pages around today."""
# A replay has an id of its own, which only a list has.
_REPLAYED = frozenset({"postponed", "abandoned"})

Wanted = dict[str, Callable[[], Awaitable[list[EventList]]]]
"""Requests for matches, by the slug of a round or a name that is no slug."""


@dataclass(eq=False)
class SofaScoreSource(PolledSource[SeasonEvents]):
    """One season, or the matches of it that are due, completed with what is stored."""

    at: Addresses = field(kw_only=True)

    def __post_init__(self) -> None:
        self._answers = SeasonAnswers(self.key, self.requests, self.at.who)

    async def confirm(self, listed: Listed) -> None:  # noqa: ARG002 - the run needs its own list
        """The competition is there and lists the season."""
        try:
            unique = await self._answers.unique()
        except NotFoundError as error:
            raise TournamentNotFoundError(
                _no_such_tournament(self.key, self.at.who),
                self.at.advice,
                url=error.url,
                status=error.status,
            ) from error
        answer = await self._answers.seasons()
        seasons = answer.items
        if self.key.season in {str(season.id) for season in seasons}:
            return
        self._refuse_unreadable(answer)
        error = TournamentNotFoundError(_no_such_season(self.key, self.at.who, unique, seasons))
        newest = [str(replace(self.key, season=str(season.id))) for season in seasons[:1]]
        raise error.offering(newest) if newest else error

    def _refuse_unreadable(self, seasons: Answer[SeasonPayload]) -> None:
        """Raise where the season that is missing may be one of those that cannot be read.

        That there is none of that key would take its partition away.
        """
        if seasons.findings:
            message = (
                f"{self.at.who}'s list of the seasons of tournament {self.key.competition} does "
                f"not name {self.key.season}, which may be an entry that cannot be read: "
                f"{seasons.findings[0].detail}"
            )
            raise InvalidShapeError(message)

    async def prefetch(self, domains: Collection[str]) -> None:
        """The matches and, beside them, what else these domains need."""
        if not set(domains) - {"goals"}:
            return  # of goals nothing is known
        answers, whole = self._answers, self.stored is None
        calls: list[Callable[[], Awaitable[object]]] = [self.season]
        if "standings" in domains:
            calls += [answers.tables, answers.form]
        elif "teams" in domains and whole:
            calls.append(answers.tables)
        if "tournaments" in domains and whole:
            calls.append(answers.seasons)
        # The domain that needs an answer meets its error.
        if whole:
            # alone: a provider that refuses gets one request
            await all_at_once({0: answers.unique})
        await all_at_once(dict(enumerate(calls)), refusal_ends=False)

    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one, or `absent` while the competition lists no seasons.

        Raises:
            NotFoundError: there is no such tournament, or not this season of it.
        """
        if self.stored is not None:
            return Fetched((self.stored.tournament,))
        try:
            unique = await self._answers.unique()
        except NotFoundError as error:
            message = f"{_no_such_tournament(self.key, self.at.who)}; {self.at.advice}."
            raise NotFoundError(message, url=error.url, status=error.status) from error
        answer = await self._answers.seasons()
        seasons = answer.items
        if not seasons:
            because = f"{self.at.who} lists no seasons of this tournament."
            return Fetched(absent=Absence("nothing_yet", because))
        listed = {str(season.id): season for season in seasons}
        if self.key.season not in listed:
            self._refuse_unreadable(answer)
            message = f"{_no_such_season(self.key, self.at.who, unique, seasons)}."
            raise NotFoundError(message)
        return Fetched((tournament_of(self.key, unique, listed[self.key.season], self.at),))

    async def teams(self) -> Fetched[Team]:
        """Every team of a match or a table, once; or the stored ones and those met now."""
        season = await self.season()
        if self.stored is None:
            tables, findings = await self._tables_or_none()
            fetched = season.fetched_teams(tables)
            return replace(fetched, findings=(*fetched.findings, *findings))
        met = season.fetched_teams(())
        teams = {team.external_id: team for team in (*self.stored.teams, *met.items)}
        return Fetched(tuple(teams.values()), met.findings)

    async def rounds(self) -> Fetched[Round]:
        """Every round in the provider's order, or those the matches name."""
        season = await self.season()
        self.raise_if_not_followed()
        return season.fetched_rounds()

    async def matches(self) -> Fetched[Match]:
        """Every match, once per id; or those that are due, with others that came along."""
        season = await self.season()
        fetched = season.fetched_matches()
        if self.stored is None:
            return fetched
        # That a round is not published yet is why it was requested.
        findings = tuple(f for f in fetched.findings if f.kind != "round_not_published")
        absent = None
        if not fetched.items:
            because = f"{self.at.who} gave none of the matches that were requested."
            absent = Absence("nothing_yet", because)
        covers = _covered(season, self.stored.matches)
        return replace(fetched, findings=findings, absent=absent, covers=covers)

    async def goals(self) -> Fetched[Goal]:
        """None: a list of matches has scores alone, and goals would cost a request per match."""
        because = f"{self.at.who}'s lists of matches do not say who scored."
        return Fetched(absent=Absence("not_applicable", because))

    async def standings(self) -> Fetched[Standing]:
        """SofaScore's tables, or tables computed from the matches."""
        season = await self.season()
        tables = await self._answers.tables()
        form: FormEvents = {}
        findings: tuple[Finding, ...] = ()
        if tables:
            try:
                form = await self._answers.form()
            except ProviderError as error:  # the table does not depend on it
                detail = f"The form follows from the matches alone: {error.message}"
                findings = (Finding("form_not_available", "Form", detail),)
        fetched = season.fetched_standings(tables_of(tables), form)
        return replace(fetched, findings=(*fetched.findings, *findings))

    async def _tables_or_none(self) -> tuple[tuple[TablePayload, ...], tuple[Finding, ...]]:
        """For those who only add to what the matches say."""
        try:
            return await self._answers.tables(), ()
        except BlockedError:
            raise
        except ProviderError as error:
            detail = f"The table could not be read: {error.message}"
            return (), (Finding("table_not_available", "Table", detail),)

    async def read_season(self) -> SeasonEvents:
        """The matches by round, page or one by one, with what waits for a draw."""
        listed = await self._rounds()
        by_slug = {one.round.slug: one for one in listed.listed}
        due = self.stored is not None
        wanted = self._wanted_due(by_slug) if due else self._wanted_all(by_slug)
        answers, failures = await all_at_once(wanted)
        if due and not self._answers.is_blocked and not failures:
            more, failures = await all_at_once(self._not_on_pages(answers))
            answers |= more
        self._answers.raise_if_blocked()
        answers = {name: answers[name] for name in (*wanted, *answers) if name in answers}
        if due and self.follows_up:
            await self._draws(listed, answers, failures)
        season = self._put_together(listed, answers, failures)
        if season.failures and not season.events:
            raise next(iter(season.failures.values())).again()
        if not due and season.has_places:
            tables, _ = await self._tables_or_none()
            season = replace(season, clubs=frozenset(r.team.id for t in tables for r in t.rows))
        if not due and any(round_.type == "knockout" for round_ in season.rounds.rounds):
            season = await self._with_cup_trees(season)
        return season

    async def _with_cup_trees(self, season: SeasonEvents) -> SeasonEvents:
        """The season with what trees add; without them it is as complete as its rounds are."""
        try:
            return replace(season, cup_trees=await self._answers.cup_trees())
        except ProviderError as error:
            detail = f"Ties follow from the rounds alone: {error.message}"
            return replace(season, tree_findings=(Finding("no_cup_tree", "Cup tree", detail),))

    async def _rounds(self) -> SeasonRounds:
        root = self.at.root
        if self.stored is None:
            return rounds_of(await self._listed(), self.key, root)
        if not self.stored.rounds:
            return SeasonRounds()
        stored = stored_rounds(self.stored.rounds, self.key, root)
        if not self.follows_up:
            return stored
        try:
            answer = await self._answers.rounds()
        except BlockedError:
            raise
        except ProviderError as error:
            self._not_followed = error
            return stored
        return with_stored(rounds_of(answer, self.key, root), stored, self.at.who)

    async def _listed(self) -> Answer[RoundPayload]:
        try:
            unique = await self._answers.unique()
        except (BlockedError, OtherSportError):
            raise
        except ProviderError:
            unique = None  # `tournament` meets the error; the rounds say more than has_rounds
        if unique and unique.has_rounds is False:
            return Answer()
        return await self._answers.rounds()

    def _wanted_all(self, by_slug: Mapping[str, ListedRound]) -> Wanted:
        """The matches by round, or by page where there are no rounds."""
        answers = self._answers
        if by_slug:
            return {slug: partial(answers.round, one) for slug, one in by_slug.items()}
        return {f"events/{way}": partial(answers.pages, way) for way in ("last", "next")}

    def _wanted_due(self, by_slug: Mapping[str, ListedRound]) -> Wanted:
        """The rounds of matches that are due, and what is due besides."""
        assert self.stored is not None  # noqa: S101 - for the type checker
        wanted = due_requests(self.stored, self.due)
        missing = set(wanted.rounds) - by_slug.keys()
        lost = [
            match
            for match in self.stored.matches
            if match.external_id in self.due and match.round_slug in missing
        ]
        rounds = [by_slug[slug] for slug in wanted.rounds if slug in by_slug]
        return {
            **{one.round.slug: partial(self._answers.round, one) for one in rounds},
            **self._alone((*wanted.alone, *lost)),
        }

    def _alone(self, matches: Collection[Match]) -> Wanted:
        roundless = [match for match in matches if match.round_slug is None]
        if len(roundless) > MOST_ALONE or any(match.status in _REPLAYED for match in roundless):
            pages: Wanted = {f"events/{way}": partial(self._page, way) for way in ("last", "next")}
            in_rounds = [match for match in matches if match.round_slug is not None]
            return pages | {_name(m): partial(self._answers.match, m) for m in in_rounds}
        return {_name(match): partial(self._answers.match, match) for match in matches}

    async def _page(self, way: str) -> list[EventList]:
        return [await self._answers.page(way)]

    def _not_on_pages(self, answers: Mapping[str, list[EventList]]) -> Wanted:
        """Of due matches in no round those that the pages around today did not have."""
        if "events/last" not in answers or self.stored is None:
            return {}
        came = {str(e.id) for pages in answers.values() for page in pages for e in page.items}
        return {
            _name(match): partial(self._answers.match, match)
            for match in due_requests(self.stored, self.due).alone
            if match.round_slug is None and match.external_id not in came
        }

    async def _draws(
        self,
        listed: SeasonRounds,
        answers: dict[str, list[EventList]],
        failures: dict[str, ProviderError],
    ) -> None:
        """One round after the other, until one has no match: those behind it have none either."""
        by_slug = {one.round.slug: one for one in listed.listed}
        done: set[str] = set()
        while True:
            matches = self._put_together(listed, answers, {}).all_matches
            waiting = waiting_for_draw(listed.rounds, matches)
            slug = next((one.slug for one in waiting if one.slug not in done), None)
            if slug is None:
                return
            done.add(slug)
            if slug not in answers:
                try:
                    answers[slug] = await self._answers.round(by_slug[slug])
                except BlockedError:
                    raise
                except ProviderError as error:
                    failures[slug] = error
                    return
            if not any(page.items for page in answers[slug]):
                return

    def _put_together(
        self,
        listed: SeasonRounds,
        answers: Mapping[str, list[EventList]],
        failures: Mapping[str, ProviderError],
    ) -> SeasonEvents:
        labels = {one.round.slug: one.round.label for one in listed.listed}
        return SeasonEvents(
            self.key,
            self.at,
            listed,
            [(name, page) for name, pages in answers.items() for page in pages],
            {labels.get(name, name): error for name, error in failures.items()},
            self.stored.matches if self.stored else (),
            frozenset(int(team.external_id) for team in self.stored.teams)
            if self.stored
            else frozenset(),
            self.now,
        )


def _covered(season: SeasonEvents, stored: Collection[Match]) -> frozenset[str]:
    """External ids of the stored matches that the answers were to give."""
    answered = {name for name, _ in season.answers}
    return frozenset(
        match.external_id
        for match in stored
        if match.round_slug in answered or _name(match) in answered
    )


def _name(match: Match) -> str:
    return f"event/{match.external_id}"


def _no_such_tournament(key: TournamentKey, who: str) -> str:
    return f"{who} has no tournament {key.competition}"


def _no_such_season(
    key: TournamentKey, who: str, unique: UniquePayload, seasons: Collection[SeasonPayload]
) -> str:
    newest = [f"{s.id} ({s.year or s.name or '?'})" for s in seasons][:MOST_NAMED]
    more = " and older ones" if len(seasons) > MOST_NAMED else ""
    return (
        f"{who}'s tournament {key.competition} ({unique.name or 'unnamed'}) has no season "
        f"{key.season}; it lists {', '.join(newest) or 'none'}{more}"
    )
