"""The files of rules: what holds for which season, and what is refused."""

import re
from pathlib import Path

import pytest

from dp_pipeline.football.key import MalformedKeyError, TournamentKey
from dp_pipeline.football.rules import (
    CompetitionRules,
    code_of,
    first_year,
    load,
    read,
    rules_of,
)
from dp_pipeline.football.tie_breaks import RuleError

ENTRY = """
[[order]]
competitions = ["xx.1"]
seasons = "{seasons}"
order = "goal difference, goals"
source = "a page"
"""


@pytest.mark.parametrize(
    ("season", "year"),
    [
        ("2024-25", 2024),
        ("2024/25", 2024),
        ("24/25", 2024),
        ("1965/1966", 1965),
        ("2025", 2025),
        ("61627", None),
        ("", None),
    ],
)
def test_the_year_a_season_begins_in_is_read_from_every_way_to_write_it(
    season: str, year: int | None
) -> None:
    assert first_year(season) == year


def test_every_entry_names_its_source_and_the_files_can_be_read() -> None:
    files = load()
    entries = [
        *(*files.order, *files.split, *files.conference),
        *(*files.deduction, *files.award, *files.placing),
        *(*files.tie, *files.zone, *files.format),
    ]
    assert len(entries) > 250
    assert all(entry.source for entry in entries)


@pytest.mark.parametrize(
    ("seasons", "held"),
    [
        ("2024-25", {2024}),
        ("2023-24 to 2025-26", {2023, 2024, 2025}),
        ("from 2024-25", {2024, 2025, 2026}),
        ("to 2023-24", {2022, 2023}),
        ("all", {2022, 2023, 2024, 2025, 2026}),
    ],
)
def test_seasons_are_written_as_people_do(seasons: str, held: set[int]) -> None:
    (entry,) = read({"orders.toml": ENTRY.format(seasons=seasons)}).order
    assert {year for year in range(2022, 2027) if entry.holds("xx.1", year)} == held
    assert not entry.holds("yy.1", 2024)


ZONE = """
[[zone]]
competitions = ["xx.1"]
seasons = "all"
teams = 18
places = [
  {{ first = 1, last = 1, zone = "champion" }},
  {{ first = {0}, last = {1}, zone = "relegation" }},
]
source = "a page"
"""


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (ZONE.format(17, 19), "beyond place 18"),
        (ZONE.format(1, 2), "overlap"),
        (ZONE.format(18, 17), "not in order"),
        (ENTRY.format(seasons="all").replace('source = "a page"', ""), "order 0 source"),
        (ENTRY.format(seasons="lately"), "order 0 seasons"),
        (ENTRY.format(seasons="2025-26 to 2023-24"), "ends before it begins"),
        (ENTRY.format(seasons="all").replace("goals", "beauty"), "'beauty'"),
        (ENTRY.format(seasons="all") + "colour = 1", "order 0 colour"),
        ("[[order", "mine.toml"),
        (ENTRY.format(seasons="to 2024-25") + ENTRY.format(seasons="from 2024-25"), "at once"),
    ],
)
def test_an_entry_that_is_not_as_it_should_be_is_refused_in_a_sentence(
    broken: str, told: str
) -> None:
    with pytest.raises(RuleError, match=told):
        read({"mine.toml": broken})


def test_competitions_go_by_the_names_of_their_providers() -> None:
    assert code_of("openligadb", "bl1") == "de.1"
    assert code_of("sofascore", "17") == "en.1"
    assert code_of("openfootball", "se.1") == "se.1"
    assert code_of("sandbox", "league-1") is None
    assert rules_of("openligadb", "bl1", "2024") == rules_of("openfootball", "de.1", "2024-25")
    assert rules_of("sofascore", "8", "24/25").rule.startswith("of two teams: head-to-head")


def test_rules_of_simulated_competitions_are_reached_by_the_simulated_world_alone() -> None:
    simulated = [each for each in load().competition if "sandbox" in each.names]
    assert {name for each in simulated for name in each.names["sandbox"]} == {"910010", "910011"}
    for each in simulated:
        assert each.names.keys() == {"sandbox"}
        with pytest.raises(MalformedKeyError):
            TournamentKey.parse(f"openfootball:{each.code}:2026-27")
    assert rules_of("sandbox", "910010", "2026/27").split
    for provider in ("openfootball", "openligadb", "sofascore"):
        assert rules_of(provider, "910010", "2026-27") == CompetitionRules()
    real = [e for e in (*load().order, *load().split, *load().tie) if "sandbox" not in str(e)]
    assert not any("simulated world" in entry.source for entry in real)


def test_what_is_not_known_says_so_and_names_the_default() -> None:
    assert rules_of("openfootball", "se.1", "2025").rule == "rule unknown: goal difference, goals"
    assert rules_of("sandbox", "league-1", "12").rule == "rule unknown: goal difference, goals"


def test_a_rule_ends_where_another_begins() -> None:
    before, after = (
        rules_of("openfootball", "it.1", year).order for year in ("2021-22", "2022-23")
    )
    assert before is not None
    assert after is not None
    assert (before.play_off_between, after.play_off_between) == ((), (1, 17))


def test_the_examples_of_the_page_can_be_read() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "competition-rules.md"
    examples = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    files = read({f"{number}.toml": text for number, text in enumerate(examples)})
    assert [len(entries) for entries in (files.order, files.split, files.deduction)] == [1, 1, 1]
    assert len(examples[0].strip().splitlines()) == 5, "a competition is five lines"
