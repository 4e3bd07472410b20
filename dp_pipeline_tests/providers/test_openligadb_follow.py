"""What follows when matches of OpenLigaDB end: the list of rounds, the next draw, the table."""

from typing import Any

import pytest

from dp_pipeline.providers.errors import BlockedError, ProviderServerError
from dp_pipeline.providers.openligadb.source import OpenLigaDBSource
from dp_pipeline_tests.providers.openligadb_parts import (
    ALL,
    ENDED,
    LISTED,
    STORED,
    a_round,
    ask,
    everything,
    reasons,
    statuses,
)
from dp_pipeline_tests.providers.openligadb_payloads import (
    known_by,
    match,
    played,
    team,
)
from dp_pipeline_tests.providers.openligadb_service import GROUPS, TABLES, Service, groups

CUP = [
    match(1, 1, 2, order=1, group="Viertelfinale"),
    match(2, 3, 4, order=1, group="Viertelfinale"),
]
CUP_LISTED = groups("Viertelfinale", "Halbfinale", "Finale")
CUP_ENDED = [
    played(1, 1, 2, (1, 0), order=1, group="Viertelfinale"),
    played(2, 3, 4, (1, 0), order=1, group="Viertelfinale"),
]
SEMI = [match(3, 1, 3, order=2, group="Halbfinale")]
SLOTS = [match(3, 1, team(99, "N.N."), order=2, group="Halbfinale")]


def test_a_late_knockout_round_is_met_and_the_one_after_it_waits_on() -> None:
    service = Service({a_round(1): CUP_ENDED, GROUPS: CUP_LISTED, a_round(2): SEMI})
    _, _, rounds, found, standings = ask(service, everything, [1, 2], known_by(CUP, CUP_LISTED[:1]))
    assert sorted(service.requested[:2]) == sorted([a_round(1), GROUPS])
    assert service.requested[2:] == [a_round(2), a_round(3)]
    assert statuses(found) == {"1": "ended", "2": "ended", "3": "scheduled"}
    assert [(r.slug, r.order) for r in rounds.items] == [
        ("viertelfinale", 1),
        ("halbfinale", 2),
        ("finale", 3),
    ]
    assert standings.absent.kind == "not_applicable"


def test_rounds_are_asked_for_one_after_the_other_as_long_as_they_have_matches() -> None:
    semi = [played(3, 1, 3, (2, 1), order=2, group="Halbfinale")]
    final = [match(4, 1, 5, order=3, group="Finale")]
    service = Service(
        {a_round(1): CUP_ENDED, GROUPS: CUP_LISTED, a_round(2): semi, a_round(3): final}
    )
    found = ask(service, everything, [1, 2], known_by(CUP, CUP_LISTED))[3]
    assert service.requested[2:] == [a_round(2), a_round(3)]
    assert set(statuses(found)) == {"1", "2", "3", "4"}


@pytest.mark.parametrize("drawn", [[], 404, SLOTS])
def test_a_round_that_is_not_drawn_gives_no_match_and_loses_none(drawn: Any) -> None:
    service = Service({a_round(1): CUP_ENDED, GROUPS: CUP_LISTED, a_round(2): drawn})
    found = ask(service, everything, [1, 2], known_by(CUP, CUP_LISTED))[3]
    assert sorted(service.requested) == sorted([a_round(1), GROUPS, a_round(2)])
    assert statuses(found) == {"1": "ended", "2": "ended"}
    assert not any(finding.left_out for finding in found.findings)


def test_without_a_due_match_only_the_draw_is_looked_for() -> None:
    service = Service({GROUPS: CUP_LISTED, a_round(2): []})
    found = ask(service, everything, [], known_by(CUP_ENDED, CUP_LISTED))[3]
    assert sorted(service.requested) == sorted([GROUPS, a_round(2)])
    assert found.absent.kind == "not_applicable"


def test_a_round_asked_for_its_draw_is_to_give_its_stored_matches() -> None:
    async def asked_after(part: OpenLigaDBSource) -> list[set[str]]:
        before = (await part.matches()).covers
        part.widen()
        return [set(before or ()), set((await part.matches()).covers or ())]

    stored = known_by([*CUP, *SEMI], CUP_LISTED)
    service = Service({a_round(1): CUP_ENDED, GROUPS: CUP_LISTED, a_round(2): SEMI})
    assert ask(service, asked_after, [1, 2], stored) == [{"1", "2"}, {"1", "2", "3"}]
    assert service.requested.count(a_round(1)) == 1


def test_a_draw_that_cannot_be_had_is_named() -> None:
    service = Service({a_round(1): CUP_ENDED, GROUPS: CUP_LISTED, a_round(2): 500})
    found = ask(service, everything, [1, 2], known_by(CUP, CUP_LISTED))[3]
    assert ("round_not_available", "Halbfinale", True) in reasons(found)
    assert set(statuses(found)) == {"1", "2"}


def test_without_the_list_of_rounds_the_matches_come_all_the_same() -> None:
    async def asked(part: OpenLigaDBSource) -> Any:
        part.widen()
        await part.prefetch(ALL)
        with pytest.raises(ProviderServerError):
            await part.rounds()
        return await part.matches()

    service = Service({a_round(1): CUP_ENDED, GROUPS: 500, a_round(2): SEMI})
    found = ask(service, asked, [1, 2], known_by(CUP, CUP_LISTED))
    assert set(statuses(found)) == {"1", "2", "3"}


@pytest.mark.parametrize("listed", [[], 404, CUP_LISTED[:1]])
def test_a_shorter_list_of_rounds_drops_none_of_the_stored(listed: Any) -> None:
    stored = known_by(CUP, CUP_LISTED)
    service = Service({a_round(1): CUP_ENDED, GROUPS: listed, a_round(2): []})
    rounds = ask(service, everything, [1, 2], stored)[2]
    assert rounds.items == stored.rounds


def test_a_renamed_round_stays_the_stored_one_and_a_new_one_finds_its_place() -> None:
    stored = known_by(CUP, [CUP_LISTED[0], CUP_LISTED[2]])
    renamed = {**CUP_LISTED[2], "groupName": "Endspiel"}
    service = Service({a_round(1): CUP_ENDED, GROUPS: [*CUP_LISTED[:2], renamed], a_round(2): []})
    rounds = ask(service, everything, [1, 2], stored)[2]
    assert [(r.slug, r.order, r.label) for r in rounds.items] == [
        ("viertelfinale", 1, "Viertelfinale"),
        ("halbfinale", 2, "Halbfinale"),
        ("finale", 3, "Finale"),
    ]


def test_before_it_follows_the_rounds_are_the_stored_ones_without_a_request() -> None:
    async def rounds(part: OpenLigaDBSource) -> Any:
        await part.prefetch(["rounds"])
        return await part.rounds()

    service = Service({})
    assert ask(service, rounds, [21]).items == STORED.rounds
    assert service.requested == []


def test_following_a_league_whose_matchdays_are_stored_costs_rounds_and_table() -> None:
    service = Service({a_round(2): ENDED, GROUPS: LISTED, TABLES: []})
    _, teams, rounds, found, standings = ask(service, everything, [21, 22])
    assert sorted(service.requested) == sorted([a_round(2), GROUPS, TABLES])
    assert service.at_once == 3
    assert (len(teams.items), rounds.items) == (4, STORED.rounds)
    assert statuses(found) == {"21": "ended", "22": "ended"}
    assert [(row.team, row.points) for row in standings.items] == [
        ("1", 4),
        ("4", 4),
        ("3", 2),
        ("2", 0),
    ]


def test_matches_that_came_are_kept_when_what_follows_is_refused() -> None:
    async def ended_then_refused(part: OpenLigaDBSource) -> tuple[Any, ...]:
        before = await part.matches()
        part.widen()
        with pytest.raises(BlockedError):
            await part.rounds()
        return before, await part.matches(), await part.teams()

    service = Service({a_round(2): ENDED, GROUPS: 403})
    before, after, teams = ask(service, ended_then_refused, [21, 22])
    assert statuses(after) == {"21": "ended", "22": "ended"}
    assert after == before
    assert len(teams.items) == 4
    assert service.requested == [a_round(2), GROUPS]
