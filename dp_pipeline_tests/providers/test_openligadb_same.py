"""A part of an OpenLigaDB season comes to the same as the whole season."""

import asyncio
import copy
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.progress import state_of
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import DueMatches, Source, StoredTournament
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.openligadb.answers import MatchRequest, round_path
from dp_pipeline.providers.openligadb.gathered import Gathered
from dp_pipeline.providers.openligadb.payload import parse_matches
from dp_pipeline_tests.providers.openligadb_payloads import (
    KEY,
    goals,
    known_by,
    match,
    played,
    read,
    results,
    round_robin,
    team,
)
from dp_pipeline_tests.providers.openligadb_service import (
    GROUPS,
    MATCHES,
    TABLES,
    of_season,
    opened,
)

RECORDINGS = os.environ.get("DP_RECORDINGS")
Payload = list[dict[str, Any]]
_MANY_ROUNDS = 10


def recorded(name: str) -> Payload:
    if not RECORDINGS:
        pytest.skip("DP_RECORDINGS does not name the folder of recorded answers")
    return json.loads((Path(RECORDINGS) / "openligadb" / name).read_bytes())


def european_cup() -> Payload:
    """Groups that are only seen by who plays whom, two legs, and a final after extra time."""
    quarter = {"group": "Viertelfinale Hinspiele", "order": 2}
    back = {"group": "Viertelfinale Rückspiele", "order": 3}
    extra = {
        "matchResults": results(t1=(1, 0), t2=(2, 1), t4=(3, 1)),
        "goals": goals((1, 0, 12), (1, 1, 60), (2, 1, 80), (3, 1, 105)),
        "matchIsFinished": True,
    }
    final = {
        "matchResults": results(t2=(1, 1), t3=(2, 2), t5=(5, 4)),
        "goals": goals(
            *[(1, 0, 12), (1, 1, 88), (2, 1, 95), (2, 2, 119)],
            *[(3, 2, 1, "P"), (3, 3, 2, "P"), (4, 3, 3, "P"), (4, 4, 4, "P"), (5, 4, 5, "P")],
        ),
        "matchIsFinished": True,
    }
    drawn = goals((0, 1, 9), (1, 1, 50), (2, 1, 70), (2, 2, 93))
    return [
        *round_robin([1, 2, 3, 4], first=1, group="Gruppenphase"),
        *round_robin([5, 6, 7, 8], first=20, group="Gruppenphase"),
        played(40, 1, 6, (1, 0), **quarter),
        match(41, 6, 1, **back, **extra),
        played(42, 5, 2, (2, 2), goals=drawn, **back),
        played(43, 2, 5, (1, 1), **quarter),
        match(44, 1, 5, order=4, group="Finale", **final),
    ]


def stated_groups() -> Payload:
    """Groups by the name of the round, all under one number."""
    return [
        *round_robin([1, 2, 3], first=1, group="Gruppe A", order=1),
        *round_robin([4, 5, 6], first=10, group="Gruppe B", order=1),
        *round_robin([1, 4, 7], first=20, group="Zwischenrunde", order=2),
        played(30, 1, 4, (1, 0), group="Spiel um Platz 3", order=3),
        match(31, 2, 5, group="Endspiel", order=3),
    ]


def own_groups() -> Payload:
    """Groups by the record of the teams."""
    sides = {n: team(n, teamGroupName="Gruppe A" if n < 4 else "Gruppe B") for n in range(1, 7)}
    pairs = [(1, 2), (2, 3), (3, 1), (4, 5), (5, 6), (6, 4)]
    stage = [
        match(n, sides[home], sides[away], order=1 + n % 3, matchIsFinished=n < 4)
        for n, (home, away) in enumerate(pairs, start=1)
    ]
    return [*stage, match(9, 1, 4, order=4, group="Halbfinale")]


def austrian_league() -> Payload:
    """Rounds that are only numbered, and two that have one name."""
    return [
        *round_robin([1, 2], first=1, group="1. Runde", order=1),
        *round_robin([3, 4], first=5, group="1. Runde", order=1),
        *round_robin([1, 3], first=10, group="2. Runde", order=2),
        *round_robin([2, 4], first=15, group="2. Runde", order=2),
        *round_robin([1, 4], first=20, group="Nachtrag", order=3),
        *round_robin([2, 3], first=25, group="Nachtrag", order=4),
        match(30, 2, 3, group="Relegation Rückspiel", order=6),
        played(31, 3, 2, (1, 1), group="Relegation Hinspiel", order=5),
    ]


SEASONS = {
    "a league": lambda: recorded("openliga_bl2425.json"),
    "a league in progress": lambda: recorded("openliga_bl2526_20260321.json"),
    "a cup": lambda: recorded("openliga_dfb2526.json"),
    "groups of a recorded tournament": lambda: recorded("gluehloch/uefa-em-2020-01.json"),
    "a European cup": european_cup,
    "stated groups": stated_groups,
    "groups of teams": own_groups,
    "numbered rounds": austrian_league,
}


@pytest.fixture(params=SEASONS)
def season(request: pytest.FixtureRequest) -> Payload:
    return SEASONS[request.param]()


async def whole(source: Source) -> dict[str, Fetched[Any]]:
    return {
        "tournament": await source.tournament(),
        "teams": await source.teams(),
        "rounds": await source.rounds(),
        "matches": await source.matches(),
        "standings": await source.standings(),
    }


def known_of(found: dict[str, Fetched[Any]]) -> StoredTournament:
    (tournament,) = found["tournament"].items
    rounds, matches = found["rounds"].items, found["matches"].items
    state = state_of(rounds, matches, found["standings"].items)
    return StoredTournament(tournament, state, found["teams"].items, rounds, matches)


def due_of(ids: Collection[str]) -> DueMatches:
    return DueMatches(frozenset(ids))


def by_round(payload: Payload) -> dict[int, list[str]]:
    rounds: dict[int, list[str]] = {}
    for one in payload:
        rounds.setdefault(one["group"]["groupOrderID"], []).append(str(one["matchID"]))
    return rounds


def not_played(payload: Payload, ids: list[str]) -> Payload:
    """The season as it was before these matches."""
    before = copy.deepcopy(payload)
    for one in before:
        if str(one["matchID"]) in ids:
            one.update(matchIsFinished=False, matchResults=[], goals=[])
    return before


async def full_of(url: str) -> dict[str, Fetched[Any]]:
    async with opened(url) as requests:
        return await whole(OpenLigaDB().source(KEY, requests))


def test_every_round_comes_to_the_same_as_in_the_season(season: Payload) -> None:
    service = of_season(season)

    async def compare(url: str) -> None:
        full = await full_of(url)
        known = known_of(full)
        for order, ids in by_round(season).items():
            async with opened(url) as requests:
                part = OpenLigaDB().source(KEY, requests, due_of(ids), known)
                found = await part.matches()
            slugs = {r.slug for r in known.rounds if round_path(KEY, r) == f"{MATCHES}/{order}"}
            expected = tuple(m for m in known.matches if m.round_slug in slugs)
            assert found.items == expected
            assert found.covers == {m.external_id for m in expected}
            assert not any(finding.left_out for finding in found.findings)

    with service.listening() as url:
        asyncio.run(compare(url))


def test_every_single_match_comes_to_the_same_as_in_the_season(season: Payload) -> None:
    service = of_season(season)

    async def compare(url: str) -> None:
        full = await full_of(url)
        known = known_of(full)
        rounds = by_round(season).values()
        for place in range(max(map(len, rounds))):
            due = {ids[place] for ids in rounds if place < len(ids)}
            service.requested.clear()
            async with opened(url) as requests:
                part = OpenLigaDB().source(KEY, requests, due_of(due), known)
                found = await part.matches()
            assert found.items == tuple(m for m in known.matches if m.external_id in due)
            assert found.covers == due
            assert sorted(service.requested) == sorted(f"/getmatchdata/{id_}" for id_ in due)

    with service.listening() as url:
        asyncio.run(compare(url))


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_after_each_round_everything_is_as_in_the_season(season: Payload, step: int) -> None:
    service = of_season(season)

    async def followed(requests: Requests, known: StoredTournament, ids: list[str]) -> None:
        part = OpenLigaDB().source(KEY, requests, due_of(ids), known)
        part.widen()
        await part.prefetch(["tournaments", "teams", "rounds", "matches", "standings"])
        found = await whole(part)
        for name in ("tournament", "rounds", "standings"):
            assert found[name].items == full[name].items, name
        assert full["standings"].absent == found["standings"].absent
        assert set(found["teams"].items) == set(full["teams"].items)
        assert set(found["matches"].items) <= set(full["matches"].items)
        came = {m.external_id for m in found["matches"].items}
        assert came >= set(ids) & {m.external_id for m in full["matches"].items}

    full: dict[str, Fetched[Any]] = {}

    async def compare(url: str) -> None:
        full.update(await full_of(url))
        rounds = list(by_round(season).values())
        for ids in rounds[:: step if len(rounds) > _MANY_ROUNDS else 1]:
            known = known_by(not_played(season, ids), service.answers[GROUPS])
            service.requested.clear()
            async with opened(url) as requests:
                await followed(requests, known, ids)
            assert MATCHES not in service.requested
            assert len(set(service.requested)) == len(service.requested)
            if "standings" in full and full["standings"].absent:
                assert TABLES not in service.requested

    with service.listening() as url:
        asyncio.run(compare(url))


NAMES = st.sampled_from(
    ["1. Runde", "2. Runde", "Gruppe A", "Gruppe B", "3. Spieltag", "Finale", "Halbfinale", "Xyz"]
)
SCORES = st.sampled_from([None, (0, 0), (1, 1), (2, 1), (0, 3)])


@st.composite
def seasons(draw: st.DrawFn) -> Payload:
    """Any mixture of rounds of any kinds, with extra time and goals here and there.

    Each match has a day of its own: one that is listed twice on a day is one.
    """
    count = draw(st.integers(1, 14))
    payload = []
    for number in draw(st.permutations(range(1, count + 1))):
        home, away = draw(st.lists(st.integers(1, 6), min_size=2, max_size=2, unique=True))
        fields: dict[str, Any] = {"order": draw(st.integers(1, 4)), "group": draw(NAMES)}
        fields["matchDateTime"] = f"2024-09-{number:02}T15:30:00"
        fields["matchDateTimeUTC"] = f"2024-09-{number:02}T13:30:00Z"
        score = draw(SCORES)
        if score:
            extra = draw(st.sampled_from([{}, {"t4": score}, {"t3": (3, 3), "t5": (8, 7)}]))
            fields["matchResults"] = results(t2=score, **extra)
            fields["matchIsFinished"] = draw(st.booleans())
            running = [(h, 0, 20 * h) for h in range(1, score[0] + 1)]
            running += [(score[0], a, 45 + 20 * a) for a in range(1, score[1] + 1)]
            fields["goals"] = goals(*running) if draw(st.booleans()) else []
        payload.append(match(number, home, away, **fields))
    return payload


@given(payload=seasons(), listed=st.booleans())
def test_of_any_season_each_round_comes_to_the_same(payload: Payload, *, listed: bool) -> None:
    known = known_by(payload, [one["group"] for one in payload] if listed else [])
    payloads, rounds, fixtures = read(payload)
    for order in by_round(payload):
        of_round = [one for one in payload if one["group"]["groupOrderID"] == order]
        request = MatchRequest(f"{MATCHES}/{order}", "", frozenset())
        part = Gathered(KEY, known, {request: parse_matches(of_round)})
        slugs = {rounds.of(p.group).slug for p in payloads if p.group.group_order_id == order}
        expected = tuple(m for m in fixtures.matches if m.round_slug in slugs)
        assert part.fixtures.matches == expected
        assert part.rounds.rounds == known.rounds
        assert part.matches == fixtures.matches
        assert part.fetched_tournament().items == (known.tournament,)
