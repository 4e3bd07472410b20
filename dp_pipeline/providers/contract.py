"""What every provider offers, and how an engineer adds one.

A provider is one package with a `Provider` (name, address, which keys it can have, which seasons a
competition has) and a `Source` (one tournament at the provider during one run). Pure functions
parse payloads; the source only requests, parses and assembles.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import (
    Goal,
    Match,
    Round,
    Standing,
    Team,
    Tournament,
    TournamentState,
)
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.refresh_window import RefreshWindow


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms the data of a provider may be used.

    Args:
        name: of the licence; where there is none, what holds instead.
        attribution: a sentence that stands in every file, page and chart made of the data.
        redistributable: whether what is made of the data may be shown to everybody.
        url: the text of the licence; None where there is none.
    """

    name: str
    attribution: str
    redistributable: bool
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ListedSeason:
    """A season of a competition that the provider lists, as the key it would have here.

    `sport` is what the provider says it is; None where it does not.
    """

    key: TournamentKey
    label: str
    sport: str | None = None


_NAME = re.compile(r"[a-z][a-z0-9]*")

Now = Callable[[], datetime]
"""A clock."""


def utc_now() -> datetime:
    """Our own clock."""
    return datetime.now(UTC)


Listed = Callable[[], Awaitable[Sequence[ListedSeason]]]


@dataclass(frozen=True, slots=True)
class StoredTournament:
    """What is stored of a tournament, as models: the matches that are due are read against it."""

    tournament: Tournament
    state: TournamentState
    teams: tuple[Team, ...]
    rounds: tuple[Round, ...]
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class StoredTeams:
    """What is stored of a provider whose teams have no ids; a payload's are recognised by it.

    Args:
        aliases: external ids of teams by the keys of their other names; None: the name is that of
            a club of its own, whatever else is stored.
        ids: the external ids of all its teams.
        tournament: what is stored of the one that is read; None when nothing is.
    """

    aliases: Mapping[str, str | None] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    tournament: StoredTournament | None = None

    @cached_property
    def here(self) -> frozenset[str]:
        """The external ids of the teams of the tournament."""
        teams = () if self.tournament is None else self.tournament.teams
        return frozenset(team.external_id for team in teams)


@dataclass(frozen=True, slots=True)
class Everything:
    """A run wants the whole tournament."""


@dataclass(frozen=True, slots=True)
class DueMatches:
    """A run wants the matches that are due, and what follows from them.

    Args:
        match_ids: external ids of stored matches.
        follow_up: whether newly listed rounds and newly drawn fixtures are wanted too.
    """

    match_ids: frozenset[str]
    follow_up: bool = False


Selection = Everything | DueMatches
EVERYTHING = Everything()


@dataclass(eq=False)
class Source(ABC):
    """One tournament at its provider, for one selection, during one run.

    Each method may be called any number of times, in any order, concurrently; `requests` sees to it
    that every URL is requested at most once. Methods raise ProviderError. Expected absence is a
    `Fetched` with `absent`, never an exception and never an empty `Fetched` without it.

    For due matches `matches` gives these and others that came along, and says which stored ones it
    covers; `teams` gives those that are stored and those met; `rounds` and `standings` are
    complete, made of what is stored and what came. Only what is needed is requested: one match, one
    round, never the season.

    Args:
        key: the tournament.
        requests: of this run.
        selection: what is wanted.
        stored: what is stored; given where matches that are due are wanted.
        clock: of the provider; another one than ours only in a simulated world.
        stored_teams: what teams are recognised by; set before anything is read, see
            `Provider.by_name`.
    """

    key: TournamentKey
    requests: Requests
    selection: Selection = EVERYTHING
    stored: StoredTournament | None = None
    clock: Now = field(default=utc_now, kw_only=True)
    stored_teams: StoredTeams = field(default_factory=StoredTeams, kw_only=True)

    def widen(self) -> None:
        """Want new rounds and fixtures too, beside the matches that are due, from now on.

        What came before stays, also where they cannot be had.
        """
        if isinstance(self.selection, DueMatches):
            self.selection = replace(self.selection, follow_up=True)

    @property
    def follows_up(self) -> bool:
        """Whether new rounds and fixtures are wanted."""
        return not isinstance(self.selection, DueMatches) or self.selection.follow_up

    @property
    def now(self) -> datetime:
        """The present at the provider."""
        return self.clock()

    @abstractmethod
    async def confirm(self, listed: Listed) -> None:
        """Make sure that the provider has the tournament, or lists the season and will have it.

        Raises TournamentNotFoundError when it answered and has none, another ProviderError when it
        did not answer. `listed` gives what `Provider.seasons` gives of this competition.
        """

    @abstractmethod
    async def prefetch(self, domains: Collection[str]) -> None:
        """Request concurrently what these domains need; the domain itself meets an error."""

    @abstractmethod
    async def tournament(self) -> Fetched[Tournament]:
        """Exactly one tournament, or `absent`."""

    @abstractmethod
    async def teams(self) -> Fetched[Team]:
        """Every team of the tournament, once."""

    @abstractmethod
    async def rounds(self) -> Fetched[Round]:
        """Every round, in the provider's order."""

    @abstractmethod
    async def matches(self) -> Fetched[Match]:
        """Every match, once per external id, of teams and rounds that the others give."""

    @abstractmethod
    async def goals(self) -> Fetched[Goal]:
        """The goals of the matches that `matches` gives; `covers` names those with a sound list.

        Only from answers that are requested anyway. A list without goals is covered: where no goal
        is given and some list is, nothing is absent.
        """

    @abstractmethod
    async def standings(self) -> Fetched[Standing]:
        """Every row of every table; computed from the matches where the provider has none."""


@dataclass(frozen=True, kw_only=True)
class Provider(ABC):
    """A place data comes from: what is said of it here once, everything else derives from.

    A subclass is a dataclass that gives each field its value. One that is forgotten is missing when
    the provider is listed in `registry`, for the type checker and at import.

    Args:
        name: small letters and digits; begins its keys, and with _BASE_URL names its setting.
        description: what it is, for people.
        examples: tournament keys it can have.
        licence: under which its data may be used.
        public_url: root of the public service.
        seconds_apart: least time between two requests, over all processes.
        refresh_window: when its users sleep, and its tournaments are read again. They differ, so
            that not all begin at once, and none is at a full hour, when everybody else's are.
        pages_at: where its pages for people are, whose addresses stand for keys.
        polled: whether single matches or rounds can be requested while they are played.
        simulated: a world with a time of its own, see `clock`.
        by_name: its teams and matches have no ids: they are recognised among those stored.
        parts: of it that may have a base URL of their own: with `name` before it, one is a service
            with a setting, a circuit and a health of its own once that is set.
    """

    name: str
    description: str
    examples: tuple[str, ...]
    licence: Licence
    public_url: str
    seconds_apart: float
    refresh_window: RefreshWindow
    pages_at: str | None = None
    polled: bool = False
    simulated: bool = False
    by_name: bool = False
    parts: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it; its class has that name."""
        return type(self).__name__

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"{self.name!r} is no name of a provider: it has small letters and digits."
            raise ValueError(message)
        if not self.examples:
            message = f"The provider {self.name} is registered without an example of its keys."
            raise ValueError(message)
        for example in self.examples:
            key = TournamentKey.parse(example)
            if key.provider != self.name:
                message = f"The provider {self.name} has an example of another one, {example}."
                raise ValueError(message)
            self.check(key)

    @property
    def base_url_setting(self) -> str:
        """The variable that replaces the root of the public service."""
        return f"{self.name.upper()}_BASE_URL"

    @property
    def services(self) -> tuple[str, ...]:
        """Its own name, and those of its parts."""
        return (self.name, *(f"{self.name}_{part}" for part in self.parts))

    def service_of(self, competition: str, base_urls: Mapping[str, str]) -> str:  # noqa: ARG002
        """Which of its services has a competition, given the base URLs that are set."""
        return self.name

    def seconds_apart_at(self, base_url: str) -> float:  # noqa: ARG002 - SofaScore's
        """Least time between two requests to this base URL, in seconds."""
        return self.seconds_apart

    async def clock(self, requests: Requests, now: Now) -> Now:  # noqa: ARG002 - for worlds
        """The clock of the provider: the one handed in, unless it is a world that answers."""
        return now

    @abstractmethod
    def check(self, key: TournamentKey) -> None:
        """Raise InvalidTournamentKeyError when no tournament here can have this key."""

    @abstractmethod
    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> Source:
        """The tournament behind a checked key. Makes no request; see `Source`."""

    @abstractmethod
    async def seasons(
        self, competition: str, requests: Requests, back: int = 0
    ) -> tuple[ListedSeason, ...]:
        """The seasons of a competition the provider has, newest first; empty if it has none.

        Args:
            competition: as in a tournament key.
            requests: may have been used for other competitions of this provider.
            back: how many seasons before the newest are wanted; where there is no list, older ones
                are not requested.
        """

    async def similar(
        self,
        key: TournamentKey,  # noqa: ARG002 - most have no lists of competitions
        requests: Requests,  # noqa: ARG002
    ) -> tuple[TournamentKey, ...]:
        """Tournaments it has that may be meant by a key it does not have, the likeliest first."""
        return ()

    async def named(
        self,
        words: Sequence[str],  # noqa: ARG002 - most have no lists of competitions
        requests: Requests,  # noqa: ARG002
    ) -> tuple[ListedSeason, ...]:
        """The seasons in its list of competitions whose names have all words, newest first.

        Empty also where there is no such list. The words are in small letters, without accents.
        """
        return ()

    def example_of(self, competition: str) -> TournamentKey | None:
        """A key of a competition that it most likely has; None where no season can be guessed."""
        keys = [TournamentKey.parse(example) for example in self.examples]
        exact = next((key for key in keys if key.competition == competition), None)
        return exact or replace(keys[0], competition=competition)

    def has_page(self, url: str, base_url: str) -> bool:  # noqa: ARG002 - most have no pages
        """Whether this is the address of a page of this provider at `base_url`."""
        return False

    async def key_of_page(self, url: str, requests: Requests) -> TournamentKey:  # noqa: ARG002
        """The key of the season a tournament's page shows; raises ProviderError."""
        message = f"{self.name} has no pages of tournaments; give a key instead of {url}."
        raise InvalidTournamentKeyError(message)
