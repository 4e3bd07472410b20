"""OpenLigaDB's groups as rounds, and the tournament they make."""

from typing import Any

import pytest

from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.openligadb.payload import parse_groups, parse_matches
from dp_pipeline.providers.openligadb.rounds import rounds_of, slug_of
from dp_pipeline.providers.openligadb.tournament import season_label, tournament_of
from dp_pipeline_tests.providers.openligadb_payloads import KEY, match, played, read, round_robin


def group(order: int, name: str, number: int | None = None) -> dict[str, Any]:
    return {"groupName": name, "groupOrderID": order, "groupID": number or 5000 + order}


def test_a_matchday_has_its_number_for_a_slug_and_a_cup_round_its_name() -> None:
    raw = [
        match(1, 1, 2, order=1, group="Gruppenphase"),
        match(2, 1, 2, order=2, group="Achtelfinale Hinspiele"),
        match(3, 2, 1, order=3, group="Achtelfinale Rückspiele"),
        match(4, 1, 2, order=4, group="Spiel um Platz 3"),
        match(5, 1, 2, order=5, group="Finale"),
    ]
    _, rounds, _ = read(raw)
    assert [(r.slug, r.type, r.order) for r in rounds.rounds] == [
        ("1", "season", 1),
        ("achtelfinale-hinspiele", "knockout", 2),
        ("achtelfinale-rueckspiele", "knockout", 3),
        ("spiel-um-platz-3", "knockout", 4),
        ("finale", "knockout", 5),
    ]
    last = rounds.rounds[-1]
    assert (last.label, last.provider_id) == ("Finale", "5005")
    assert last.provider_url == "https://api.openligadb.de/getmatchdata/bl1/2024/5"


@pytest.mark.parametrize(
    ("name", "round_type"),
    [
        *((name, "season") for name in ("7. Spieltag", "Gruppenphase", "Vorrunde", "Gruppe B")),
        *((name, "season") for name in ("Ligaphase", "Matchday 3", "Group Stage", "Vorrunde 2")),
        *((name, "knockout") for name in ("Sechzehntelfinale", "Achtelfinale", "Viertelfinale")),
        *(
            (name, "knockout")
            for name in ("Halbfinale", "Finale", "FINALE", "Endspiel", "Playoffs")
        ),
        *(
            (name, "knockout")
            for name in ("Play-Offs", "Relegation", "Zwischenrunde", "Hauptrunde")
        ),
        *((name, "knockout") for name in ("Round of 16", "Quarter-finals", "Semi Finals", "Final")),
        *((name, "knockout") for name in ("1. Runde", "2. Hauptrunde", "Erste Runde", "Round 3")),
    ],
)
def test_the_type_follows_from_the_name(name: str, round_type: str) -> None:
    _, rounds, _ = read([match(1, 1, 2, group=name)])
    assert rounds.rounds[0].type == round_type
    assert rounds.findings == ()


def test_numbered_rounds_of_a_league_are_matchdays() -> None:
    raw = [
        match(1, 1, 2, order=1, group="1. Runde"),
        match(2, 3, 4, order=1, group="1. Runde"),
        match(3, 1, 3, order=2, group="2. Runde"),
        match(4, 2, 4, order=2, group="2. Runde"),
    ]
    _, rounds, _ = read(raw)
    assert [(r.slug, r.type) for r in rounds.rounds] == [("1", "season"), ("2", "season")]


def test_numbered_rounds_of_a_cup_are_knockout_with_and_without_second_legs() -> None:
    cup = [
        match(1, 1, 2, order=1, group="1. Runde"),
        match(2, 3, 4, order=1, group="1. Runde"),
        match(3, 1, 3, order=2, group="2. Runde"),
    ]
    legs = [
        match(1, 1, 2, order=1, group="1. Runde"),
        match(2, 2, 1, order=2, group="2. Runde"),
    ]
    for raw in (cup, legs):
        _, rounds, _ = read(raw)
        assert [(r.slug, r.type) for r in rounds.rounds] == [
            ("1-runde", "knockout"),
            ("2-runde", "knockout"),
        ]


def test_a_name_that_says_nothing_is_a_finding() -> None:
    raw = [match(1, 1, 2, group="1. Spieltag"), match(2, 2, 1, order=2, group="Nachholspiele")]
    _, rounds, _ = read(raw)
    assert [r.type for r in rounds.rounds] == ["season", "season"]
    assert [(i.kind, i.subject) for i in rounds.findings] == [
        ("unknown_round_name", "Nachholspiele")
    ]


def test_a_round_without_matches_yet_is_kept() -> None:
    listed = parse_groups([group(1, "Halbfinale"), group(2, "Finale"), {"groupName": "?"}])
    payloads = parse_matches([match(1, 1, 2, group="Halbfinale")]).items
    rounds = rounds_of(payloads, listed.items, "https://x.example")
    assert [r.slug for r in rounds.rounds] == ["halbfinale", "finale"]
    assert [(i.kind, i.left_out) for i in listed.findings] == [("invalid_round", True)]


def test_a_listed_round_never_changes_the_slug_of_one_with_matches() -> None:
    payloads = parse_matches([match(1, 1, 2, order=2, group="Finale")]).items
    alone = rounds_of(payloads, (), "https://x.example")
    listed = parse_groups([group(1, "Finale"), group(2, "finale", 77), group(3, "Endspiel", 5002)])
    both = rounds_of(payloads, listed.items, "https://x.example")
    assert alone.of(payloads[0].group).slug == both.of(payloads[0].group).slug == "finale"
    assert [r.slug for r in both.rounds] == ["finale-1", "finale"]


def test_slugs_are_unique_and_orders_count_when_the_provider_repeats_itself() -> None:
    raw = [
        match(1, 1, 2, order=1, group="1. Spieltag"),
        match(2, 2, 3, order=1, group="1. Spieltag Nord"),
        match(3, 3, 1, order=0, group="Finale!"),
        match(4, 1, 3, order=9, group="Finale?"),
    ]
    _, rounds, fixtures = read(raw)
    slugs = {r.label: r.slug for r in rounds.rounds}
    assert slugs["1. Spieltag"] == "1"
    assert slugs["1. Spieltag Nord"] == "1-spieltag-nord"
    assert {slugs["Finale!"], slugs["Finale?"]} == {"finale", "finale-9"}
    assert [r.order for r in rounds.rounds] == [1, 2, 3, 4]
    assert {m.external_id: m.round_slug for m in fixtures.matches}["2"] == "1-spieltag-nord"


def test_slugs_are_plain_ascii() -> None:
    assert (
        slug_of("  Qualifikation: Rückspiele (Süd/Öst) ß ")
        == "qualifikation-rueckspiele-sued-oest-ss"
    )
    assert slug_of("決勝") == ""
    _, rounds, _ = read([match(1, 1, 2, order=4, group="決勝")])
    assert rounds.rounds[0].slug == "round-4"


@pytest.mark.parametrize(
    ("name", "days", "label"),
    [
        ("1. Testliga 2024/2025", ["2024-08-23"], "2024/25"),
        ("1. Testliga 2024/25", ["2024-08-23"], "2024/25"),
        ("Pokal 2024", ["2024-08-23", "2025-05-01"], "2024/25"),
        ("Pokal", ["2024-02-01", "2024-11-30"], "2024"),
        ("Turnier 2024", ["2025-06-11"], "2024"),
        (None, [], "2024"),
    ],
)
def test_the_season_is_two_years_when_name_or_matches_say_so(
    name: str | None, days: list[str], label: str
) -> None:
    raw = [
        match(n, 1, 2, leagueName=name, matchDateTime=f"{day}T12:00:00")
        for n, day in enumerate(days, start=1)
    ]
    assert season_label("2024", name, parse_matches(raw).items) == label


def test_a_league_is_described_by_its_matches() -> None:
    raw = [*round_robin([1, 2, 3]), match(9, 2, 1, order=2)]
    payloads, rounds, fixtures = read(raw)
    found = tournament_of(KEY, payloads)
    assert (found.label, found.season, found.slug) == (
        "1. Testliga 2024/2025",
        "2024/25",
        "bl1-2024",
    )
    state = state_of(rounds.rounds, fixtures.matches)
    assert (state.mode, state.standings_mode) == ("regular-season-only", "unique-group")
    assert (state.status, state.current_round, found.external_id) == ("active", "2", "bl1")
    assert found.base_url == "https://api.openligadb.de/getmatchdata/bl1/2024"
    assert found.public_url == "https://www.openligadb.de/Spielplan/bl1/2024"


def test_groups_and_finals_are_a_season_with_knockout() -> None:
    raw = [
        *round_robin([1, 2, 3], group="Gruppe A"),
        *round_robin([4, 5, 6], first=10, order=2, group="Gruppe B"),
        played(20, 1, 4, (1, 0), order=3, group="Finale"),
    ]
    _, rounds, fixtures = read(raw)
    found = state_of(rounds.rounds, fixtures.matches)
    assert (found.mode, found.standings_mode) == ("regular-season-and-knockout", "multi-group")
    assert (found.status, found.current_round) == ("completed", "finale")
    assert {m.group_name for m in fixtures.matches} == {"Gruppe A", "Gruppe B", None}
