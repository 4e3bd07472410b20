"""What sources of matches that are due decide alike: what is asked for, what is known after it.

Shared by the providers that are polled; all but the asking itself are pure functions.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import anyio

from dp_pipeline.football.models import BEGUN_STATUSES, Match, MatchStatus, Round
from dp_pipeline.providers.contract import StoredTournament
from dp_pipeline.providers.errors import BlockedError, ProviderError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
# From so many due matches on, one request for their round is cheaper than one for each.
ROUND_FROM = 2
# It may be played again under an id of its own, which only its round tells.
_REPLAYED: frozenset[MatchStatus] = frozenset({"postponed", "abandoned", "cancelled"})
_AHEAD: frozenset[MatchStatus] = frozenset({"scheduled", "postponed"})


@dataclass(frozen=True, slots=True)
class Asking:
    """How matches that are due are asked for.

    Args:
        rounds: slugs of the rounds to be asked for as a whole, in the order of rounds.
        alone: the due matches of no such round, in the order they are known in.
    """

    rounds: tuple[str, ...]
    alone: tuple[Match, ...]


def asking(stored: StoredTournament, due: Collection[str]) -> Asking:
    """Ask for a round where two of its matches are due, or one that may be replayed; else alone.

    Args:
        stored: what is stored.
        due: external ids; one that is not known is ignored.
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
    return Asking(rounds, tuple(match for match in matches if match.round_slug not in rounds))


def overlaid(known: Sequence[Match], found: Iterable[Match]) -> tuple[Match, ...]:
    """All matches, as found where found: in the order they are known in, then the new ones."""
    matches = {match.external_id: match for match in known}
    matches.update((match.external_id, match) for match in found)
    return tuple(matches.values())


def waiting_for_draw(rounds: Sequence[Round], matches: Sequence[Match]) -> tuple[Round, ...]:
    """The rounds whose matches may be drawn now, in order.

    No match of theirs has begun, and they are knockout rounds or have no match at all: the fixtures
    of a season's round stand once they are there. The round before has begun, or is drawn itself:
    the final follows the match for third place, and both are drawn together.

    Args:
        rounds: every round, in any order.
        matches: every match.
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
    asked: Mapping[K, Callable[[], Awaitable[T]]],
) -> tuple[dict[K, T], dict[K, ProviderError]]:
    """Ask for all at once; a refusal ends what has not been answered yet.

    Returns:
        What came, and why the rest could not be had.
    """
    answers: dict[K, T] = {}
    failures: dict[K, ProviderError] = {}

    async def one(key: K, ask: Callable[[], Awaitable[T]]) -> None:
        try:
            answers[key] = await ask()
        except ProviderError as error:
            failures[key] = error
            if isinstance(error, BlockedError):
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for key, ask in asked.items():
            group.start_soon(one, key, ask)
    return answers, failures
