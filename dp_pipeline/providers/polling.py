"""What sources of polled providers have in common: their requests, and what is known after them."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Generic, TypeVar

import anyio

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import BEGUN_STATUSES, Match, MatchStatus, Round
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import DueMatches, Source, StoredTournament
from dp_pipeline.providers.errors import BlockedError, NotFoundError, ProviderError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
# From so many due matches on, one request for their round is cheaper than one for each.
ROUND_FROM = 2
# It may be played again under an id of its own, which only its round lists.
_REPLAYED: frozenset[MatchStatus] = frozenset({"postponed", "abandoned", "cancelled"})
_AHEAD: frozenset[MatchStatus] = frozenset({"scheduled", "postponed"})


@dataclass(eq=False)
class PolledSource(Source, Generic[T]):
    """A source that reads the season, or the matches that are due, as one value."""

    _lock: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _read: dict[bool, T] = field(default_factory=dict, init=False)
    _not_followed: ProviderError | None = field(default=None, init=False)
    """Why new rounds and fixtures, wanted later, could not be had."""

    @property
    def due(self) -> frozenset[str]:
        """External ids of the matches that are due."""
        return self.selection.match_ids if isinstance(self.selection, DueMatches) else frozenset()

    async def season(self) -> T:
        """The season; or the matches that are due and, once widened, rounds that wait for a draw.

        Raises a refusal, or why nothing at all could be had.
        """
        async with self._lock:
            wide = self.follows_up
            if wide not in self._read:
                try:
                    self._read[wide] = await self.read_season()
                except ProviderError as error:
                    if not (wide and self._read):
                        raise
                    # The matches that are due had come before: they are stored whatever follows.
                    self._not_followed, self._read[True] = error, self._read[False]
            return self._read[wide]

    @abstractmethod
    async def read_season(self) -> T:
        """Request it; see `season`."""

    def raise_if_not_followed(self) -> None:
        """Raise the error that kept new rounds from being had."""
        if self._not_followed is not None:
            raise self._not_followed.again()


class RefusableRequests:
    """Requests of a run: after the first refusal nothing is requested, if `refusal_is_final`."""

    def __init__(
        self, key: TournamentKey, requests: Requests, *, refusal_is_final: bool = True
    ) -> None:
        self._key = key
        self._requests = requests
        self._refusal_is_final = refusal_is_final
        self._refusal: BlockedError | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether a request was refused."""
        return self._refusal is not None

    def raise_if_blocked(self) -> None:
        """Raise the refusal, if there was one."""
        if self._refusal is not None:
            raise self._refusal.again()

    async def json(
        self, path: str, parse: Callable[[Any], T], *absent: T, last_change: str | None = None
    ) -> T:
        """What `parse` makes of the answer; `absent`, if given, for 404.

        `last_change` is the path of when it last changed, see `Requests.json`.
        """
        self.raise_if_blocked()
        try:
            return await self._requests.json(path, parse, last_change=last_change)
        except BlockedError as error:
            if self._refusal_is_final:
                self._refusal = error
            raise
        except NotFoundError:
            if not absent:
                raise
            return absent[0]


@dataclass(frozen=True, slots=True)
class DueRequests:
    """How matches that are due are requested.

    Args:
        rounds: slugs of the rounds that are requested as a whole, in the order of rounds.
        alone: the due matches of no such round, in the order in which they are stored.
    """

    rounds: tuple[str, ...]
    alone: tuple[Match, ...]


def due_requests(stored: StoredTournament, due: Collection[str]) -> DueRequests:
    """Request a round where two of its matches are due, or one that may be replayed; else alone.

    Of the external ids that are due, one that is not stored is ignored.
    """
    wanted = frozenset(due)
    matches = [match for match in stored.matches if match.external_id in wanted]
    by_round: dict[str, list[Match]] = {}
    for match in matches:
        if match.round_slug is not None:
            by_round.setdefault(match.round_slug, []).append(match)
    rounds = tuple(
        round_.slug
        for round_ in sorted(stored.rounds, key=lambda r: r.order)
        if len(of_round := by_round.get(round_.slug, ())) >= ROUND_FROM
        or any(match.status in _REPLAYED for match in of_round)
    )
    return DueRequests(rounds, tuple(match for match in matches if match.round_slug not in rounds))


def overlaid(stored: Sequence[Match], newer: Iterable[Match]) -> tuple[Match, ...]:
    """All matches, the newer version of each: in the order of the stored ones, then the others."""
    matches = {match.external_id: match for match in (*stored, *newer)}
    return tuple(matches.values())


def waiting_for_draw(rounds: Sequence[Round], matches: Sequence[Match]) -> tuple[Round, ...]:
    """The rounds whose matches may be drawn now, in order.

    No match of theirs has begun, and they are knockout rounds or have no match at all: the fixtures
    of a season's round stand once they are there. The round before has begun, or is drawn itself:
    the final follows the match for third place, and both are drawn together.
    """
    statuses: dict[str | None, set[MatchStatus]] = {}
    for match in matches:
        statuses.setdefault(match.round_slug, set()).add(match.status)
    ordered = sorted(rounds, key=lambda r: r.order)
    waiting: list[Round] = []
    for before, round_ in pairwise(ordered):
        have, had = statuses.get(round_.slug, set()), statuses.get(before.slug, set())
        may_be_drawn = have <= _AHEAD and (round_.type == "knockout" or not have)
        reached = had & BEGUN_STATUSES or (had and before in waiting)
        if may_be_drawn and reached:
            waiting.append(round_)
    return tuple(waiting)


async def all_at_once(
    calls: Mapping[K, Callable[[], Awaitable[T]]], *, refusal_ends: bool = True
) -> tuple[dict[K, T], dict[K, ProviderError]]:
    """Make all requests at once; a refusal ends those that have no answer yet.

    Gives what came, and why the others could not be had.
    """
    answers: dict[K, T] = {}
    failures: dict[K, ProviderError] = {}

    async def one(key: K, call: Callable[[], Awaitable[T]]) -> None:
        try:
            answers[key] = await call()
        except ProviderError as error:
            failures[key] = error
            if refusal_ends and isinstance(error, BlockedError):
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for key, call in calls.items():
            group.start_soon(one, key, call)
    return answers, failures
