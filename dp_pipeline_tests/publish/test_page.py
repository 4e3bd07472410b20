"""The page of a season: sound for any name, whole in itself, and read by everybody."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from dp_pipeline.database.goalscorers import NamedGoals
from dp_pipeline.football.models import Match, MatchStatus
from dp_pipeline.publish.kickoffs import KickoffWords, day_in_zone, kickoff_in_words
from dp_pipeline.publish.page import page_of
from dp_pipeline.publish.publishing import made_of
from dp_pipeline.publish.season import PublishedCheck
from dp_pipeline.publish.shelf import version_of
from dp_pipeline_tests.publish.seasons import ATTRIBUTION, READ_AT, cup, season, with_everything

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
CLUBS = ["Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda"]
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=y>', "{{ 7*7 }}", "a\x00b", "D", "E"]


def parsed(text: str) -> html.HtmlElement:
    return html.fromstring(text)


@pytest.fixture(scope="module")
def page() -> str:
    told = with_everything(CLUBS)
    hard = replace(
        told.matches[0],
        home_score=3, away_score=3, home_score_90=2, away_score_90=2, home_score_ht=1,
        away_score_ht=0, home_penalties_score=4, away_penalties_score=2,
    )  # fmt: skip
    off = replace(told.matches[1], status="postponed", home_score=None, away_score=None)
    matches = (hard, off, *told.matches[2:])
    return made_of(replace(told, matches=matches), UTC_ZONE)[1]


def test_everything_of_a_season_is_there(page: str) -> None:
    root = parsed(page)
    assert [each.text for each in root.iter("h1")] == ["Bundesliga 2024/25"]
    sections = [each.text for each in root.iter("h2")]
    assert sections == [
        *("Table", "Charts", "Knockout ties", "Matches", "Goalscorers", "Checks of the data"),
        "Source and licence",
    ]
    links = [a.get("href") for a in root.xpath("//nav//a")]
    assert links == [f"#{each.get('id')}" for each in root.iter("h2")]
    text = " ".join(root.text_content().split())
    for said in (
        *("3–3", "half-time 1–0", "after extra time", "90 min 2–2", "4–2 on penalties"),  # noqa: RUF001
        *("postponed", "1 of 2 checks of the stored data found something", ATTRIBUTION),
        *("Sat 17 May 2025, 20:00 (UTC)", "openligadb:bl1:2024", "15:30 local"),
        "Times are in UTC; local ones, where they differ, in Europe/Berlin.",
    ):
        assert said in text, said
    assert root.xpath("count(//table[@class='league']/tbody/tr)") == 6
    assert root.xpath("count(//table[@class='matches']//td[@class='score'])") == 30
    assert root.xpath("count(//*[name()='svg'][@role='img'])") == 5


def test_the_page_needs_nothing_from_anywhere_and_runs_nothing(page: str) -> None:
    root = parsed(page)
    policy = root.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not root.xpath("//script|//link|//iframe|//img|//object|//form|//base")
    assert not root.xpath("//@*[starts-with(name(), 'on')]")
    assert "@import" not in page
    assert {url for url in re.findall(r"url\(([^)]*)\)", page) if not url.startswith("#")} == set()
    outward = {a.get("href") for a in root.iter("a") if not a.get("href").startswith("#")}
    assert outward == {"https://example.org/odbl", "https://example.org/bl1"}


def test_tables_have_captions_and_headers_and_headings_have_an_order(page: str) -> None:
    root = parsed(page)
    assert root.get("lang") == "en"
    for table in root.iter("table"):
        assert table.find("caption").text_content().strip()
        assert all(th.get("scope") in {"col", "row", "rowgroup"} for th in table.iter("th"))
        assert table.xpath("count(./thead/tr/th[@scope='col'])") >= 4
    levels = [int(each.tag[1]) for each in root.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(each.get("aria-label") for each in root.xpath("//*[@tabindex='0']"))
    named = set(" ".join(root.xpath("//@aria-labelledby")).split())
    assert named <= set(ids)


def test_what_is_not_there_leaves_no_empty_part() -> None:
    bare = replace(season(CLUBS, played=0, standings=(), matches=(), rounds=()), zone=None)
    root = parsed(made_of(bare, BERLIN)[1])
    assert [each.text for each in root.iter("h2")] == ["Source and licence"]
    assert "Times are in Europe/Berlin." in root.text_content()
    assert not list(root.iter("table", "svg"))
    of_cup = parsed(made_of(cup(8), BERLIN)[1])
    assert "Table" not in [each.text for each in of_cup.iter("h2")]


def test_goals_whose_scorers_nobody_names_are_counted_and_make_no_table() -> None:
    root = parsed(made_of(season(CLUBS, named_goals=NamedGoals(0, 959)), UTC_ZONE)[1])
    assert "Goalscorers" in [each.text for each in root.iter("h2")]
    (section,) = root.xpath("//section[@aria-labelledby='goalscorers']")
    assert "names the scorers of 0 of 959 goals." in section.text_content()
    assert not list(section.iter("table"))


def test_a_moved_match_is_counted_once_and_what_is_wrong_beyond_twenty_things_is_counted() -> None:
    told = season(CLUBS)
    moved = replace(
        told.matches[0], external_id="moved", status="postponed", home_score=None, away_score=None
    )
    check = PublishedCheck(
        "Said.", passed=False, severity="WARN", detail="71 are.", rows=("x", "y")
    )
    told = replace(told, matches=(moved, *told.matches), checks=(replace(check, wrong=71),))
    text = parsed(made_of(told, UTC_ZONE)[1]).text_content()
    assert "30 of 30 matches have a result" in text
    assert "3 of 3 played" in text
    assert "and 69 more" in text


def test_rounds_that_are_numbers_an_unknown_rule_and_another_clock_are_said_in_words() -> None:
    told = season(CLUBS)
    rounds = [replace(round_, label=str(n)) for n, round_ in enumerate(told.rounds, start=1)]
    rows = {
        place: [replace(row, rule="rule unknown: goals") for row in rows]
        for place, rows in told.tables.items()
    }
    there = replace(told.provenance, there_at=datetime(2026, 12, 6, 5, 21, tzinfo=UTC))
    simulated = replace(
        told, rounds=rounds, standings=[r for of in rows.values() for r in of], provenance=there
    )
    root = parsed(made_of(simulated, UTC_ZONE)[1])
    titles = [each.text for each in root.xpath("//section[@aria-labelledby='matches']//h3")]
    assert titles[:2] == ["Matchday 1", "Matchday 2"]
    text = root.text_content()
    assert "Level teams: goals (no rule of this competition is known)" in text
    assert "In the simulated world it was Sun 6 Dec 2026, 05:21 when this was read." in text
    assert "20:00 (UTC), by our clock" in text
    assert version_of(replace(told, provenance=there)) == version_of(told)


def test_a_stored_check_says_its_time_in_the_zone_of_the_page() -> None:
    told = with_everything(CLUBS)
    late = replace(told.checks[0], detail="It was due on 2024-05-03 23:30 UTC.")
    text = page_of(replace(told, checks=(late,)), [], BERLIN)
    assert "It was due on 2024-05-04 01:30 Europe/Berlin." in text


def test_names_from_anywhere_stay_text() -> None:
    root = parsed(made_of(with_everything(HOSTILE), UTC_ZONE)[1])
    assert not root.xpath("//script|//img|//@onerror")
    assert HOSTILE[0] in root.text_content()
    assert "{{ 7*7 }}" in root.text_content()
    assert "\x00" not in root.text_content()


@settings(max_examples=20)
@given(st.lists(st.text(max_size=20), min_size=6, max_size=6), st.text(max_size=40))
def test_any_name_is_written_down(names: list[str], label: str) -> None:
    told = replace(with_everything(names), label=label)
    root = parsed(page_of(told, [], UTC_ZONE))
    assert root.xpath("count(//table[@class='league']/tbody/tr)") == 6
    assert not root.xpath("//script|//img")


def match(**facts: object) -> Match:
    status: MatchStatus = "scheduled"
    return replace(Match("1", "1", "a", "b", status), **facts)


def test_a_kickoff_is_said_in_the_zone_that_was_chosen_and_where_it_is() -> None:
    late = match(kickoff_at=datetime(2025, 3, 30, 0, 30, tzinfo=UTC))
    tokyo = ZoneInfo("Asia/Tokyo")
    said = KickoffWords("Sun 30 Mar 2025", "00:30", "01:30 local")
    assert kickoff_in_words(late, UTC_ZONE, BERLIN) == said
    assert kickoff_in_words(late, BERLIN, BERLIN) == KickoffWords("Sun 30 Mar 2025", "01:30")
    assert kickoff_in_words(late, ZoneInfo("America/New_York"), tokyo) == KickoffWords(
        "Sat 29 Mar 2025", "20:30", "Sun 09:30 local"
    )
    local = match(kickoff_local=datetime(2022, 11, 20, 19, 0))  # noqa: DTZ001 - it has no zone
    assert kickoff_in_words(local, UTC_ZONE, None).also == "local, zone unknown"
    day = match(kickoff_date=datetime(2022, 11, 20, tzinfo=UTC).date())
    assert kickoff_in_words(day, UTC_ZONE, None) == KickoffWords("Sun 20 Nov 2022")
    assert kickoff_in_words(match(), UTC_ZONE, None) == KickoffWords("Day not known")
    zones = UTC_ZONE, ZoneInfo("America/New_York")
    assert [day_in_zone(late, zone) for zone in zones] == [date(2025, 3, 30), date(2025, 3, 29)]
    assert [day_in_zone(day, zone) for zone in zones] == [date(2022, 11, 20)] * 2


def test_a_version_is_of_what_is_shown_and_not_of_when_it_was_read() -> None:
    told = with_everything(CLUBS)
    later = replace(told.provenance, read_at=READ_AT.replace(year=2030))
    assert version_of(replace(told, provenance=later), zone="UTC") == version_of(told, zone="UTC")
    assert version_of(told, zone="Europe/Berlin") != version_of(told, zone="UTC")
    renamed = replace(told, names={**told.names, "0": "Aalen"})
    assert version_of(renamed, zone="UTC") != version_of(told, zone="UTC")
