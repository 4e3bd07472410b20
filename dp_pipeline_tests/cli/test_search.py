"""`dp search` finds tournaments by name: stored ones, what providers list, and what is known."""

import json
from collections.abc import Iterator

import pytest

from dp_pipeline.football.titles import has_words, searched, titles
from dp_pipeline.providers.registry import BY_NAME, PROVIDERS, checked_key
from dp_pipeline_tests.cli.conftest import Dp
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


def league(shortcut: str, season: int, name: str, sport: str = "Fußball") -> dict[str, object]:
    return {
        "leagueShortcut": shortcut,
        "leagueSeason": str(season),
        "leagueName": name,
        "sport": {"sportId": 1, "sportName": sport},
    }


LEAGUES = [
    *(
        league("bl1", year, f"1. Fußball-Bundesliga {year}/{year + 1}")
        for year in range(2010, 2025)
    ),
    league("oebl", 2025, "Österreichische Bundesliga 2025/2026"),
    league("hbl", 2025, "Handball-Bundesliga 2025/2026", "Handball"),
    league("Ü 30", 2025, "Bundesliga der Alten"),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """The providers, on loopback."""
    file = {"name": "Deutsche Bundesliga 2026/27", "matches": []}
    replay = Replay(
        payloads={**healthy(), "/getavailableleagues": LEAGUES, "/2026-27/de.1.json": file}
    )
    with serve(replay.app()) as base_url:
        for provider in PROVIDERS:
            monkeypatch.setenv(provider.base_url_setting, base_url)
        yield replay


def found(dp: Dp, *arguments: str) -> dict[str, str]:
    """How each key was found."""
    rows = json.loads(dp("search", *arguments, "--json").stdout)
    return {row["key"] or row["provider"]: row["how"] for row in rows}


def test_what_is_stored_listed_and_known_is_found_by_name(dp: Dp, asked: Replay) -> None:
    keys = found(dp, "bundesliga")
    assert keys[LIGA] == "stored"
    listed = [key for key, how in keys.items() if how == "listed" and "ligadb" in key]
    assert listed == ["openligadb:oebl:2025", "openligadb:bl1:2023", "openligadb:bl1:2022"]
    assert keys["openfootball:at.1:2024-25"] == "known"
    assert keys["sofascore"] == "known", "a season there has a number that nobody can guess"
    assert not any("hbl" in key for key in keys)
    assert asked.seen["/getavailableleagues"] == 1
    shown = dp("search", "BUNDESLIGA österreich").output
    assert "openligadb:oebl:2025" in shown
    assert "To read one: dp ingest openligadb:oebl:2025" in shown


def test_without_a_network_what_is_known_is_said(dp: Dp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIGADB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", "http://127.0.0.1:9")
    away = dp("search", "super", "lig")
    assert "openligadb could not be reached" in away.stderr
    assert "openfootball:tr.1:2024-25" in away.stdout
    offline = dp("search", "super lig", "--offline")
    assert (offline.exit_code, offline.stderr) == (0, "")
    assert offline.stdout == away.stdout


def test_nothing_found_is_a_sentence_and_no_success(dp: Dp) -> None:
    ended = dp("search", "quidditch", "--offline")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "No competition of that name is known" in ended.stderr


@pytest.mark.parametrize("provider", BY_NAME)
def test_every_key_that_is_offered_is_one_that_its_provider_can_have(provider: str) -> None:
    for competition in titles(provider):
        key = BY_NAME[provider].example_of(competition)
        assert key is None or checked_key(str(key)) == key


def test_words_are_found_whatever_capitals_and_accents() -> None:
    assert has_words("Süper Lig, Türkiye", searched("SUPER türkiye").split())
    assert not has_words("Serie A", searched("serie b").split())
