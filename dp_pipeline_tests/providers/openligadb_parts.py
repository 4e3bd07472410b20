"""Asking a part of an OpenLigaDB season at a service on loopback, for its tests."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from dp_pipeline.providers.contract import DueMatches, StoredTournament
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.openligadb.source import OpenLigaDBSource
from dp_pipeline_tests.providers.openligadb_payloads import KEY, known_by, match, played
from dp_pipeline_tests.providers.openligadb_service import MATCHES, Service, groups, opened

T = TypeVar("T")
ALL = ("tournaments", "teams", "rounds", "matches", "standings")
LISTED = groups("1. Spieltag", "2. Spieltag", "3. Spieltag")
# matches 11 and 12 are of round 1, 21 and 22 of round 2, 31 and 32 of round 3
SEASON = [
    played(11, 1, 2, (1, 0)),
    played(12, 3, 4, (0, 0)),
    *[match(n, *pair, order=2) for n, pair in ((21, (1, 3)), (22, (2, 4)))],
    *[match(n, *pair, order=3) for n, pair in ((31, (4, 1)), (32, (2, 3)))],
]
ENDED = [played(21, 1, 3, (2, 2), order=2), played(22, 2, 4, (0, 1), order=2)]
STORED = known_by(SEASON, LISTED)


def a_round(order: int) -> str:
    return f"{MATCHES}/{order}"


def one(number: int) -> str:
    return f"/getmatchdata/{number}"


def ask(
    service: Service,
    question: Callable[[OpenLigaDBSource], Awaitable[T]],
    due: Collection[int],
    known: StoredTournament = STORED,
) -> T:
    async def run(url: str) -> T:
        async with opened(url) as requests:
            wanted = DueMatches(frozenset(map(str, due)))
            return await question(OpenLigaDB().source(KEY, requests, wanted, known))

    with service.listening() as url:
        return asyncio.run(run(url))


async def matches(part: OpenLigaDBSource) -> tuple[Fetched[Any], set[str]]:
    found = await part.matches()
    assert await part.matches() == found
    return found, set(found.covers or ())


async def everything(part: OpenLigaDBSource) -> tuple[Any, ...]:
    part.widen()
    await part.prefetch(ALL)
    return (
        await part.tournament(),
        await part.teams(),
        await part.rounds(),
        await part.matches(),
        await part.standings(),
    )


def statuses(found: Fetched[Any]) -> dict[str, str]:
    return {match.external_id: match.status for match in found.items}


def reasons(found: Fetched[Any]) -> list[tuple[str, str, bool]]:
    return [(finding.kind, finding.subject, finding.left_out) for finding in found.findings]
