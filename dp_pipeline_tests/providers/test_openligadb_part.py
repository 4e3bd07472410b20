"""A part of an OpenLigaDB season over real HTTP: what is asked for, and what is made of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dp_pipeline.providers.errors import BlockedError, InvalidShapeError, ProviderServerError
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.openligadb.source import OpenLigaDBSource
from dp_pipeline_tests.providers.openligadb_parts import (
    ALL,
    ENDED,
    LISTED,
    SEASON,
    STORED,
    a_round,
    ask,
    matches,
    one,
    reasons,
    statuses,
)
from dp_pipeline_tests.providers.openligadb_payloads import (
    goals,
    known_by,
    match,
    pascal,
    played,
    results,
    round_robin,
    team,
)
from dp_pipeline_tests.providers.openligadb_service import GROUPS, TABLES, Service

PAGE = "<!doctype html><html><body>Just a moment...</body></html>"


def test_a_provider_that_is_polled_says_so() -> None:
    assert OpenLigaDB.polled


def test_two_due_matches_of_a_round_cost_one_request_and_one_alone_another_at_once() -> None:
    service = Service({a_round(2): ENDED, one(31): match(31, 4, 1, order=3)})
    found, asked = ask(service, matches, [21, 22, 31])
    assert sorted(service.requested) == sorted([a_round(2), one(31)])
    assert service.at_once == 2
    assert statuses(found) == {"21": "ended", "22": "ended", "31": "scheduled"}
    assert asked == {"21", "22", "31"}
    assert found.findings == ()


@pytest.mark.parametrize("form", [lambda raw: raw, pascal, lambda raw: [raw]])
def test_one_match_is_an_object_in_any_case_of_its_keys(form: Callable[[Any], Any]) -> None:
    live = match(22, 2, 4, order=2, matchResults=results(t1=(1, 0)), goals=goals((1, 0, 5)))
    service = Service({one(22): form(live)})
    found, asked = ask(service, matches, [22])
    assert (statuses(found), asked) == ({"22": "live"}, {"22"})
    assert (found.items[0].home_score, found.items[0].round_slug) == (1, "2")
    assert service.requested == [one(22)]


def test_a_due_match_that_is_not_stored_is_not_asked_for() -> None:
    service = Service({})
    found, asked = ask(service, matches, [999])
    assert (found.items, asked, service.requested) == ((), set(), [])
    assert found.absent
    assert found.absent.kind == "not_applicable"


@pytest.mark.parametrize("status", ["postponed", "abandoned", "cancelled"])
def test_the_round_of_a_match_that_may_be_replayed_is_asked_for(status: Any) -> None:
    stored = STORED
    fixtures = tuple(
        replace(m, status=status) if m.external_id == "22" else m for m in stored.matches
    )
    again = [match(21, 1, 3, order=2), played(29, 2, 4, (3, 0), order=2)]
    service = Service({a_round(2): again})
    found, asked = ask(service, matches, [22], replace(stored, matches=fixtures))
    assert service.requested == [a_round(2)]
    assert statuses(found) == {"21": "scheduled", "29": "ended"}
    assert asked == {"21", "22"}


def test_a_match_that_moved_is_in_the_round_it_is_given_in() -> None:
    moved = match(22, 2, 4, order=3)
    service = Service({one(22): moved, a_round(3): [moved, *SEASON[4:]]})
    found, asked = ask(service, matches, [22, 31, 32])
    assert {m.external_id: m.round_slug for m in found.items} == {"22": "3", "31": "3", "32": "3"}
    assert asked == {"22", "31", "32"}
    assert found.findings == ()


def test_another_match_than_the_one_asked_for_is_not_taken() -> None:
    service = Service({one(22): match(77, 8, 9)})
    found, _ = ask(service, matches, [22])
    assert found.items == ()
    assert found.absent
    assert found.absent.kind == "nothing_yet"


@pytest.mark.parametrize("nothing", [[], 404, 204])
def test_nothing_at_all_is_absent_and_says_what_was_asked(nothing: Any) -> None:
    service = Service({a_round(2): nothing, one(31): nothing})
    found, asked = ask(service, matches, [21, 22, 31])
    assert found.absent
    assert found.absent.kind == "nothing_yet"
    assert "for 2. Spieltag, FC Nummer 4 - FC Nummer 1." in found.absent.because
    assert asked == {"21", "22", "31"}


def test_an_empty_answer_beside_another_is_named() -> None:
    service = Service({a_round(2): [], one(31): SEASON[4]})
    found, asked = ask(service, matches, [21, 22, 31])
    assert statuses(found) == {"31": "scheduled"}
    assert reasons(found) == [("empty_answer", "2. Spieltag", False)]
    assert asked == {"21", "22", "31"}


@pytest.mark.parametrize("fault", [500, {"x": 1}, [{"x": 1}]])
def test_a_round_that_cannot_be_had_is_named_and_the_others_are_given(fault: Any) -> None:
    service = Service({a_round(2): fault, one(31): SEASON[4]})
    found, asked = ask(service, matches, [21, 22, 31])
    assert statuses(found) == {"31": "scheduled"}
    assert reasons(found) == [("round_not_available", "2. Spieltag", True)]
    assert asked == {"31"}


def test_a_match_that_cannot_be_had_is_named_and_the_others_are_given() -> None:
    service = Service({a_round(2): ENDED, one(31): 503})
    found, asked = ask(service, matches, [21, 22, 31])
    assert statuses(found) == {"21": "ended", "22": "ended"}
    assert reasons(found) == [("match_not_available", "FC Nummer 4 - FC Nummer 1", True)]
    assert asked == {"21", "22"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (500, ProviderServerError),
        ({"x": 1}, InvalidShapeError),
        ("text that is no page", BlockedError),
        (PAGE, BlockedError),
        (403, BlockedError),
    ],
)
def test_when_nothing_can_be_had_every_question_meets_the_error(
    fault: Any, error: type[Exception]
) -> None:
    async def all_of_them(part: OpenLigaDBSource) -> None:
        part.widen()
        await part.prefetch(ALL)
        for question in (part.matches, part.tournament, part.teams, part.rounds, part.standings):
            with pytest.raises(error):
                await question()

    service = Service({a_round(2): fault, one(31): fault, GROUPS: LISTED, TABLES: []})
    ask(service, all_of_them, [21, 22, 31])
    assert len(set(service.requested)) == len(service.requested)


def test_a_refusal_ends_all_asking() -> None:
    async def refused(part: OpenLigaDBSource) -> None:
        for question in (part.matches, part.matches, part.standings):
            with pytest.raises(BlockedError):
                await question()
        part.widen()
        with pytest.raises(BlockedError):
            await part.rounds()

    service = Service({a_round(2): 403, one(31): SEASON[4], GROUPS: LISTED, TABLES: []})
    ask(service, refused, [21, 22, 31])
    assert set(service.requested) <= {a_round(2), one(31)}
    assert len(set(service.requested)) == len(service.requested)


def test_only_what_the_domains_need_is_asked_for_in_advance() -> None:
    async def nothing(part: OpenLigaDBSource) -> None:
        await part.prefetch([])

    async def only_matches(part: OpenLigaDBSource) -> None:
        await part.prefetch(["matches"])
        await part.matches()

    service = Service({a_round(2): ENDED, GROUPS: LISTED, TABLES: []})
    ask(service, nothing, [21, 22])
    assert service.requested == []
    ask(service, only_matches, [21, 22])
    assert service.requested == [a_round(2)]


def test_a_round_whose_number_is_not_stored_is_asked_for_match_by_match() -> None:
    stored = STORED
    rounds = tuple(replace(round_, provider_url=None) for round_ in stored.rounds)
    service = Service({one(21): ENDED[0], one(22): ENDED[1]})
    found, asked = ask(service, matches, [21, 22], replace(stored, rounds=rounds))
    assert sorted(service.requested) == [one(21), one(22)]
    assert {m.external_id: m.round_slug for m in found.items} == {"21": "2", "22": "2"}
    assert asked == {"21", "22"}


def test_a_team_is_called_as_it_was_met_and_a_new_one_is_added() -> None:
    met = match(22, team(2, "Neuer Name"), team(9, "Nachrücker"), order=2)
    service = Service({one(22): met})
    teams = ask(service, lambda part: part.teams(), [22])
    assert [t.name for t in teams.items] == [
        "FC Nummer 1",
        "Neuer Name",
        "FC Nummer 3",
        "FC Nummer 4",
        "Nachrücker",
    ]


def test_questions_asked_at_the_same_time_share_their_requests() -> None:
    async def at_once(part: OpenLigaDBSource) -> Any:
        part.widen()
        return await asyncio.gather(
            part.prefetch(ALL), part.standings(), part.matches(), part.rounds(), part.tournament()
        )

    service = Service({a_round(2): ENDED, GROUPS: LISTED, TABLES: []})
    ask(service, at_once, [21, 22])
    assert sorted(service.requested) == sorted([a_round(2), GROUPS, TABLES])


def test_a_second_leg_is_known_by_the_stored_first_one() -> None:
    first = played(1, 1, 2, (1, 0), order=1, group="Hinspiel")
    back = match(2, 2, 1, order=2, group="Rückspiel Halbfinale")
    extra = match(
        2,
        2,
        1,
        order=2,
        group="Rückspiel Halbfinale",
        matchIsFinished=True,
        matchResults=results(t2=(2, 1), t4=(3, 1)),
        goals=goals((1, 0, 12), (1, 1, 60), (2, 1, 80), (3, 1, 105)),
    )
    stored = known_by([first, back], [])
    whole = known_by([first, extra], [])
    service = Service({one(2): extra})
    found, _ = ask(service, matches, [2], stored)
    assert found.items == tuple(m for m in whole.matches if m.external_id == "2")
    assert found.items[0].home_score == 3


def test_a_new_match_of_a_group_stage_is_of_the_group_of_its_teams() -> None:
    stage = [
        *round_robin([1, 2, 3], group="Vorrunde"),
        *round_robin([4, 5, 6], first=10, group="Vorrunde"),
    ]
    again = [played(99, 2, 1, (0, 0), group="Vorrunde")]
    service = Service({a_round(1): [*stage, *again]})
    stored = known_by(stage)
    found, _ = ask(service, matches, [1, 2], stored)
    names = {m.external_id: m.group_name for m in found.items}
    assert names["99"] == names["1"] == "FC Nummer 1 / FC Nummer 2 / FC Nummer 3"
    assert names["10"] == "FC Nummer 4 / FC Nummer 5 / FC Nummer 6"
