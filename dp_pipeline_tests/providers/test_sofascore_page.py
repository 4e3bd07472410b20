"""A tournament's public page: its address, the data in it, and the key they come to."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import HTMLResponse, Response

from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    InvalidTournamentKeyError,
    NotFoundError,
    ProviderError,
)
from dp_pipeline.providers.registry import Providers
from dp_pipeline.providers.sofascore.page import read_address, read_public_page
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.sofascore_payloads import ROOT
from dp_pipeline_tests.providers.sofascore_seasons import league
from dp_pipeline_tests.providers.sofascore_service import CHALLENGE, Service, status

PATH = "/football/tournament/england/test-league/17"
SEASONS = [
    {"id": 76986, "name": "Test League 25/26", "year": "25/26"},
    {"id": 61627, "name": "Test League 24/25", "year": "24/25"},
]


def html(props: Any) -> str:
    data = json.dumps({"props": {"pageProps": props}})
    return (
        "<!doctype html><html><head><script>var a = 1 < 2</script></head><body>"
        f'<script id="__NEXT_DATA__" type="application/json">{data}</script></body></html>'
    )


PAGE = html({"initialProps": {"uniqueTournament": {"id": 17, "name": "L"}, "seasons": SEASONS}})


def page(text: str = PAGE) -> Callable[[], Response]:
    return lambda: HTMLResponse(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://www.sofascore.com/tournament/football/england/premier-league/17#id:61627",
            "61627",
        ),
        (
            "https://www.sofascore.com/football/tournament/england/premier-league/17#id:61627",
            "61627",
        ),
        ("https://www.sofascore.com/tr/football/tournament/england/premier-league/17", None),
        ("https://www.sofascore.com/tournament/football/england/premier-league/17#61627", "61627"),
        ("https://sofascore.com/tournament/a/b/c/17/#id:61627,tab:standings", "61627"),
        ("https://sofascore.com/tournament/a/b/c/17?x=1#tab:standings", None),
        ("http://127.0.0.1:8765/tournament/17#tab:details,id:61627", "61627"),
    ],
)
def test_an_address_names_the_tournament_and_perhaps_the_season(
    url: str, expected: str | None
) -> None:
    assert read_address(url) == ("17", expected)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.sofascore.com/",
        "https://www.sofascore.com/team/football/arsenal/42",
        "https://www.sofascore.com/tournament/football/england/premier-league",
        "https://www.sofascore.com/football/match/a-b/xyz#id:1",
        "https://www.sofascore.com/tournament/" + "9" * 40,
    ],
)
def test_another_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InvalidTournamentKeyError, match="is not the page of a tournament"):
        read_address(url)


@pytest.mark.parametrize(
    "props",
    [
        {"initialProps": {"uniqueTournament": {"id": 17, "name": "L"}, "seasons": SEASONS}},
        {"initialProps": {"tournament": {"uniqueTournament": {"id": 17}}, "seasons": SEASONS}},
        {"uniqueTournament": {"id": 17}, "x": [{"y": {"seasons": [None, *SEASONS]}}]},
        {"a": {"uniqueTournament": None, "seasons": []}, "b": {"uniqueTournament": {"id": 17}},
         "c": {"seasons": SEASONS}},
    ],
)  # fmt: skip
def test_the_data_is_found_wherever_it_is(props: Any) -> None:
    found = read_public_page(html(props))
    assert found.tournament_id == 17
    assert [season.id for season in found.seasons] == [76986, 61627]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        "no page",
        '<script id="__NEXT_DATA__">{</script>',
        '<script id="__NEXT_DATA__"></script>',
        '<script id="__NEXT_DATA__">[1, "x", null]</script>',
        html({"seasons": SEASONS}),
    ],
)
def test_a_page_without_a_tournament_is_refused(text: str) -> None:
    with pytest.raises(InvalidShapeError):
        read_public_page(text)


@given(st.text(max_size=200) | st.text(max_size=100).map(lambda t: PAGE[:200] + t))
def test_any_text_is_a_page_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidShapeError):
        read_public_page(text)


def key_of(service: Service, path: str, *, name: str = "sofascore", api: str = "") -> str:
    async def run(url: str) -> str:
        async with Providers({name: url + api}, NoRateLimit()) as providers:
            return str(await providers.key_of(path if "://" in path else url + path))

    with service.listening() as url:
        return asyncio.run(run(url))


def test_a_season_in_the_address_needs_no_request() -> None:
    service = Service({})
    assert key_of(service, f"{PATH}#id:61627") == "sofascore:17:61627"
    public = "https://www.sofascore.com/tournament/football/england/premier-league/17#id:61627"
    assert key_of(service, public) == "sofascore:17:61627"
    assert not service.requested


def test_the_newest_season_is_the_first_the_page_lists() -> None:
    service = Service({PATH: page()})
    assert key_of(service, PATH) == "sofascore:17:76986"
    assert service.requested == {PATH: 1}


def test_the_page_is_beside_the_api_of_the_configured_address() -> None:
    service = Service({PATH: page()})
    assert key_of(service, PATH, api="/api/v1") == "sofascore:17:76986"
    assert key_of(service, PATH, name="sandbox", api="/api/v1") == "sandbox:17:76986"


@pytest.mark.parametrize("text", ["<html></html>", html({"uniqueTournament": {"id": 17}})])
def test_without_seasons_in_the_page_the_list_of_seasons_is_asked(text: str) -> None:
    service = Service({**league().answers(), PATH: page(text)})
    assert key_of(service, PATH) == "sofascore:17:76986"
    assert service.requested == {PATH: 1, f"{ROOT}/seasons": 1}


def test_behind_a_gateway_the_public_site_is_not_asked() -> None:
    service = Service(league().answers())
    public = "https://www.sofascore.com/football/tournament/england/premier-league/17"
    assert key_of(service, public) == "sofascore:17:76986"
    assert service.requested == {f"{ROOT}/seasons": 1}


def test_a_page_that_refuses_us_is_an_error_at_once() -> None:
    service = Service({**league().answers(), PATH: status(403, CHALLENGE)})
    with pytest.raises(BlockedError):
        key_of(service, PATH)
    assert service.requested == {PATH: 1}


def test_a_page_of_another_tournament_is_not_believed() -> None:
    service = Service({PATH: page(html({"uniqueTournament": {"id": 18}, "seasons": SEASONS}))})
    with pytest.raises(InvalidShapeError, match="is of tournament 18"):
        key_of(service, PATH)


def test_a_tournament_without_seasons_is_told() -> None:
    service = Service({f"{ROOT}/seasons": {"seasons": []}})
    with pytest.raises(NotFoundError, match="lists no seasons of tournament 17"):
        key_of(service, PATH)


@pytest.mark.parametrize("url", ["https://example.com/tournament/17", "http://[bad/tournament/17"])
def test_a_page_of_nobody_is_refused_without_a_request(url: str) -> None:
    service = Service({})
    with pytest.raises(ProviderError, match="No provider has the page"):
        key_of(service, url)
    assert not service.requested
