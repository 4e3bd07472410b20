"""SofaScore's rounds, stages and seasons: identity, slugs, order, and names for people."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.sofascore.parse import parse_rounds
from dp_pipeline.providers.sofascore.payload import SeasonPayload, StagePayload, UniquePayload
from dp_pipeline.providers.sofascore.rounds import SeasonRounds, rounds_of
from dp_pipeline.providers.sofascore.stages import place_of
from dp_pipeline.providers.sofascore.tournament import display_year, label_of
from dp_pipeline_tests.providers.sofascore_payloads import KEY

ROOT = "https://gateway.example/api"


def rounds(*entries: Any, current: Any = None) -> SeasonRounds:
    answer = {"currentRound": current, "rounds": list(entries)}
    return rounds_of(parse_rounds(answer), KEY, ROOT)


FINAL = {"round": 29, "name": "Final", "slug": "final"}


def test_a_matchday_is_its_number_a_named_round_its_slug_a_special_one_both() -> None:
    found = rounds({"round": 1}, FINAL, {**FINAL, "prefix": "Preliminary"}).rounds
    season = f"{ROOT}/unique-tournament/17/season/61627/events/round"
    assert [(r.slug, r.label, r.type, r.prefix, r.provider_id, r.provider_url) for r in found] == [
        ("1", "1", "season", None, "1", f"{season}/1"),
        ("final", "Final", "knockout", None, "29", f"{season}/29/slug/final"),
        (
            "preliminary-final",
            "Preliminary, Final",
            "knockout",
            "Preliminary",
            "29",
            f"{season}/29/slug/final/prefix/preliminary",
        ),
    ]


def test_the_order_is_the_providers_and_not_that_of_the_numbers() -> None:
    numbers = [1, 2, 3, 6, 5, 27, 28, 50, 29]
    entries = [
        {"round": n, **({"name": f"R{n}", "slug": f"r{n}"} if n > 3 else {})} for n in numbers
    ]
    found = rounds(*entries).rounds
    assert [(r.order, r.provider_id) for r in found] == [
        (place, str(n)) for place, n in enumerate(numbers, start=1)
    ]


def test_one_number_can_be_several_rounds() -> None:
    found = rounds({"round": 5}, {"round": 5, "name": "Round of 16", "slug": "round-of-16"})
    assert [r.slug for r in found.rounds] == ["5", "round-of-16"]
    assert found.findings == ()


def test_a_round_listed_twice_is_one() -> None:
    assert len(rounds({"round": 1}, {"round": 1}, FINAL, dict(FINAL)).rounds) == 2


@pytest.mark.parametrize(
    "entry",
    [{}, {"round": None}, {"round": "x"}, {"round": -1}, {"round": True}, None, 7, [],
     {"round": 5, "name": "Round of 16"}, {"round": 28, "prefix": "Preliminary"}],
)  # fmt: skip
def test_an_entry_that_cannot_be_asked_for_is_left_out_and_named(entry: Any) -> None:
    found = rounds({"round": 1}, entry, {"round": 2})
    assert [r.slug for r in found.rounds] == ["1", "2"]
    assert [(i.kind, i.left_out) for i in found.findings] == [("invalid_round", True)]


def test_two_rounds_of_one_slug_keep_their_slugs_in_any_order() -> None:
    other = {"round": 30, "name": "Final", "slug": "final"}
    for entries in ((FINAL, other), (other, FINAL)):
        found = rounds(*entries)
        assert {r.provider_id: r.slug for r in found.rounds} == {"29": "final", "30": "final-30"}
        assert [i.kind for i in found.findings] == ["slug_taken"]


def test_slugs_in_an_address_are_encoded() -> None:
    (found,) = rounds({"round": 1, "name": "A", "slug": "a/../b c", "prefix": "x?y"}).rounds
    assert str(found.provider_url).endswith("/round/1/slug/a%2F..%2Fb%20c/prefix/x%3Fy")


def test_so_many_rounds_are_asked_for_and_no_more() -> None:
    found = rounds(*({"round": n} for n in range(1, 400)))
    assert len(found.rounds) == 200
    assert {i.kind for i in found.findings} == {"too_many_rounds"}


@pytest.mark.parametrize("answer", [{}, {"rounds": "x"}, {"rounds": {"a": 1}}, "x", 1])
def test_an_answer_of_another_shape_is_refused(answer: Any) -> None:
    with pytest.raises(InvalidShapeError):
        parse_rounds(answer)


@pytest.mark.parametrize("answer", [None, {"rounds": []}, {"rounds": {}}, {"rounds": None}])
def test_no_rounds_are_no_fault(answer: Any) -> None:
    assert parse_rounds(answer).items == ()


ENTRY = st.fixed_dictionaries(
    {"round": st.integers(0, 40)},
    optional={
        "name": st.text(max_size=9) | st.none(),
        "slug": st.sampled_from(["final", "semifinal", "1", "a b", ""]) | st.none(),
        "prefix": st.sampled_from(["Preliminary", "Extra 1", ""]) | st.none(),
    },
)


@given(st.lists(ENTRY, max_size=20))
def test_slugs_and_orders_are_unique_whatever_is_listed(entries: list[Any]) -> None:
    found = rounds(*entries)
    slugs = [r.slug for r in found.rounds]
    assert len(set(slugs)) == len(slugs)
    assert all(slugs)
    assert [r.order for r in found.rounds] == list(range(1, len(slugs) + 1))


def place(name: str, competition: str = "Cup of Nations", **fields: Any) -> Any:
    unique = {"id": 1, "name": competition}
    return place_of(
        StagePayload.model_validate({"name": name, "uniqueTournament": unique, **fields})
    )


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("Cup of Nations", {}, (None, None)),
        ("Cup of Nations, Knockout stage", {"isGroup": False}, ("Knockout stage", None)),
        ("Cup of Nations, Group A", {"groupName": "Group A"}, (None, "Group A")),
        ("Cup of Nations, Group A", {"isGroup": True, "groupName": "Group A"}, (None, "Group A")),
        ("Cup of Nations, Group A", {"isGroup": True}, (None, "Group A")),
        ("Cup of Nations, Grup B", {"isGroup": True, "groupName": "Group B"}, (None, "Group B")),
        ("Cup of Nations - Group 1", {"groupName": "Group 1"}, (None, "Group 1")),
        ("Cup of Nations Group B", {"groupName": "Group B"}, (None, "Group B")),
        (
            "Cup of Nations, League A, Group 2",
            {"isGroup": True, "groupName": "Group 2"},
            ("League A", "Group 2"),
        ),
        ("Cup of Nations 2", {}, (None, None)),
        ("Cup of Nations", {"isGroup": False, "groupName": "Group X"}, (None, None)),
        ("Sponsor Nations Cup, Knockout Phase", {}, ("Knockout Phase", None)),
        ("Sponsor Nations Cup, Women", {}, (None, None)),
    ],
)
def test_stage_and_group_are_what_the_competitions_name_leaves_over(
    name: str, fields: dict[str, Any], expected: Any
) -> None:
    assert place(name, **fields) == expected


def test_without_a_tournament_there_is_no_place() -> None:
    assert place_of(None) == (None, None)
    assert place_of(StagePayload.model_validate({"id": 1})) == (None, None)
    assert place_of(StagePayload.model_validate({"name": "Liga, Group C"})) == (None, "Group C")


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        ("25/26", "2025/26"),
        ("99/00", "1999/00"),
        ("63/64", "1963/64"),
        ("1965/1966", "1965/66"),
        ("2026", "2026"),
        ("Season 2", "Season 2"),
        ("", ""),
    ],
)
def test_seasons_are_written_for_people(year: str, expected: str) -> None:
    assert display_year(year) == expected


@pytest.mark.parametrize(
    ("name", "year", "expected"),
    [
        ("Premier League 25/26", "25/26", "Premier League 25/26"),
        ("25/26", "25/26", "Pro League 25/26"),
        (None, "25/26", "Pro League 2025/26"),
        ("Season 2", "Season 2", "Pro League Season 2"),
    ],
)
def test_a_season_without_a_name_of_its_own_gets_the_competitions(
    name: str | None, year: str, expected: str
) -> None:
    season = SeasonPayload(id=1, name=name, year=year)
    assert label_of(UniquePayload(id=1, name="Pro League"), season, display_year(year)) == expected
