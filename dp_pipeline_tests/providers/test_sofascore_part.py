"""A part of a season at SofaScore's interface, as the simulated world serves it."""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Generator
from dataclasses import replace
from operator import methodcaller
from typing import TypeVar

import anyio
import pytest

from dp_pipeline.football.models import Match, MatchStatus
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.contract import DueMatches, Source, StoredTournament
from dp_pipeline.providers.errors import BlockedError, InvalidShapeError
from dp_pipeline.providers.registry import Providers
from dp_pipeline.sandbox.faults import Faults, read_fault
from dp_pipeline.sandbox.server import Simulation, app
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.states import state
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, percent, read, standing_still
from dp_pipeline_tests.servers import serve

T = TypeVar("T")

LEAGUE, GROUPS, CUP, FRIENDLIES = key_of(1), key_of(3), key_of(5), key_of(12)
QUICK = Limits(attempts=1)


@contextlib.contextmanager
def counted(simulation: Simulation) -> Generator[tuple[str, Counter[str]]]:
    """The world's address, and the paths that are asked for, the season's beginning left out."""
    paths: Counter[str] = Counter()
    served = app(simulation)

    async def counting(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        if scope["type"] == "http" and scope["path"] != "/clock":
            paths[scope["path"].partition("/season/")[2].partition("/")[2] or scope["path"]] += 1
        await served(scope, receive, send)  # ty: ignore[invalid-argument-type]

    with serve(counting) as url:
        yield url, paths


def known(url: str, key: str) -> StoredTournament:
    """What a whole refresh stores."""
    told = read(url, key)
    (tournament,) = told.tournament.items
    return StoredTournament(
        tournament, state(told), told.teams.items, told.rounds.items, told.matches.items
    )


def ask(
    url: str,
    stored: StoredTournament,
    due: Collection[str],
    question: Callable[[Source], Awaitable[T]],
    *,
    follow: bool = False,
) -> T:
    """A question to a part of the season."""

    async def asking() -> T:
        async with Providers({"sandbox": url}, NoRateLimit(), QUICK) as providers:
            wanted = DueMatches(frozenset(due))
            source = await providers.source(str(stored.tournament.key), wanted, stored)
            if follow:
                source.widen()
            return await question(source)

    return anyio.run(asking)


async def matches_of(part: Source) -> tuple[tuple[Match, ...], frozenset[str] | None]:
    found = await part.matches()
    return found.items, found.covers


@pytest.mark.parametrize("key", [LEAGUE, GROUPS, CUP, FRIENDLIES])
def test_a_part_is_what_the_whole_season_says(key: str) -> None:
    with counted(standing_still(SMALL, percent(55))) as (url, _):
        whole = known(url, key)
        for slug in {match.round_slug for match in whole.matches}:
            there = [match for match in whole.matches if match.round_slug == slug]
            due = {match.external_id for match in there}
            found, asked = ask(url, whole, due, matches_of)
            assert {replace(m, venue=None) for m in found} >= set(there)
            assert asked is not None
            assert asked <= due


@pytest.mark.parametrize("key", [LEAGUE, GROUPS, CUP])
def test_what_follows_is_what_the_whole_season_says(key: str) -> None:
    with counted(standing_still(SMALL, percent(55))) as (url, _):
        whole = known(url, key)
        told = read(url, key)
        for what in ("rounds", "tournament", "standings"):
            found = ask(url, whole, (), methodcaller(what), follow=True)
            assert found.items == getattr(told, what).items, what
        assert set(ask(url, whole, (), methodcaller("teams")).items) == set(told.teams.items)


def test_a_single_match_costs_one_request_and_so_does_a_round() -> None:
    with counted(standing_still(SMALL, percent(37))) as (url, paths):
        stored = known(url, LEAGUE)
        (one, two, *_) = [m.external_id for m in stored.matches if m.round_slug == "20"]
        paths.clear()
        found, asked = ask(url, stored, [one], matches_of)
        assert paths == {f"/event/{one}": 1}
        assert [match.external_id for match in found] == [one]
        assert asked == {one}
        paths.clear()
        found, asked = ask(url, stored, [one, two], matches_of)
        assert paths == {"events/round/20": 1}
        assert asked == {m.external_id for m in stored.matches if m.round_slug == "20"}


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
def test_of_a_match_called_off_the_round_is_asked_because_of_its_replay(
    status: MatchStatus,
) -> None:
    with counted(standing_still(SMALL, percent(37))) as (url, paths):
        stored = known(url, LEAGUE)
        first = next(m for m in stored.matches if m.round_slug == "2")
        changed = tuple(replace(m, status=status) if m == first else m for m in stored.matches)
        paths.clear()
        ask(url, replace(stored, matches=changed), [first.external_id], matches_of)
        assert paths == {"events/round/2": 1}


def test_a_league_costs_nothing_more_than_its_list_of_rounds_when_a_match_ends() -> None:
    with counted(standing_still(SMALL, percent(37))) as (url, paths):
        stored = known(url, LEAGUE)
        due = [m.external_id for m in stored.matches if m.round_slug == "20"][:2]
        paths.clear()
        ask(url, stored, due, matches_of, follow=True)
        assert paths == {"events/round/20": 1, "rounds": 1}


def test_a_round_that_is_drawn_meanwhile_is_found() -> None:
    simulation = standing_still(SMALL, percent(20))
    with counted(simulation) as (url, paths):
        stored = known(url, CUP)
        simulation.clock = standing_still(SMALL, percent(34)).clock
        paths.clear()
        found, _ = ask(url, stored, (), matches_of, follow=True)
        assert {match.round_slug for match in found} == {"quarterfinals"}
        assert sum(paths.values()) == 2
        rounds = ask(url, stored, (), methodcaller("rounds"), follow=True).items
        assert [round_.slug for round_ in rounds] == ["round-of-16", "quarterfinals"]


def test_without_the_list_of_rounds_the_matches_come_all_the_same() -> None:
    simulation = standing_still(SMALL, percent(37))
    with counted(simulation) as (url, _):
        stored = known(url, LEAGUE)
        due = [m.external_id for m in stored.matches if m.round_slug == "15"]
        simulation.faults = Faults(1, [read_fault("malformed */rounds")])
        found, _ = ask(url, stored, due, matches_of, follow=True)
        assert {m.external_id for m in found} == set(due)
        with pytest.raises(InvalidShapeError):
            ask(url, stored, due, methodcaller("rounds"), follow=True)


def test_a_round_that_cannot_be_had_is_named_and_not_counted_as_asked() -> None:
    simulation = standing_still(SMALL, percent(37))
    with counted(simulation) as (url, _):
        stored = known(url, LEAGUE)
        due = [m.external_id for m in stored.matches if m.round_slug in {"15", "16"}]
        simulation.faults = Faults(1, [read_fault("server_error=500 */round/16")])
        found, asked = ask(url, stored, due, matches_of)
        expected = {m.external_id for m in stored.matches if m.round_slug == "15"}
        assert {m.external_id for m in found} == asked == expected
        findings = ask(url, stored, due, methodcaller("matches")).findings
        assert [(i.kind, i.left_out) for i in findings] == [("round_not_available", True)]


def test_a_refusal_ends_all_asking() -> None:
    simulation = standing_still(SMALL, percent(37))
    with counted(simulation) as (url, paths):
        stored = known(url, LEAGUE)
        simulation.faults = Faults(1, [read_fault("challenge *")])
        due = [m.external_id for m in stored.matches]
        paths.clear()
        with pytest.raises(BlockedError):
            ask(url, stored, due, matches_of, follow=True)
        assert sum(paths.values()) <= QUICK.connections


def test_matches_without_rounds_are_on_the_pages_around_today_or_asked_one_by_one() -> None:
    with counted(standing_still(SMALL, percent(70))) as (url, paths):
        stored = known(url, FRIENDLIES)
        everything = {m.external_id for m in stored.matches}
        few = sorted(everything)[:2]
        paths.clear()
        ask(url, stored, few, matches_of)
        assert paths == {f"/event/{id_}": 1 for id_ in few}
        paths.clear()
        found, _ = ask(url, stored, everything, matches_of)
        assert {m.external_id for m in found} == everything
        alone = [path for path in paths if path.startswith("/event/")]
        assert {"events/last/0", "events/next/0"} <= paths.keys()
        assert len(alone) < len(everything) / 2
