"""A provider says that it has no such tournament, and what it has instead, or it says nothing."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.responses import JSONResponse, Response

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NetworkError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.registry import BY_NAME, Providers
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, healthy
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

QUICK = Limits(attempts=1, backoff=Backoff(0.01, 0.02))
UNIQUE = {"uniqueTournament": {"id": 17, "name": "Premier League", "slug": "premier-league"}}
SEASONS = {"seasons": [{"id": 76986, "name": "25/26", "year": "25/26"}, {"id": 61627}]}


def leagues(**seasons: list[int]) -> list[dict[str, Any]]:
    return [
        {"leagueShortcut": name, "leagueSeason": str(year), "leagueName": f"{name} {year}"}
        for name, years in seasons.items()
        for year in years
    ]


PAYLOADS = {
    **healthy(),
    "/getavailableleagues": leagues(BL1=[2023, 2024, 2026], bl2=[2020], dfb=[2024]),
    "/unique-tournament/17": UNIQUE,
    "/unique-tournament/17/seasons": SEASONS,
    "/unique-tournament/8": {"uniqueTournament": {"id": 8, "name": "LaLiga"}},
}


def confirm(replay: Replay, *keys: str) -> None:
    async def run(base_url: str) -> None:
        async with Providers(dict.fromkeys(BY_NAME, base_url), NoRateLimit(), QUICK) as providers:
            for key in keys:
                await providers.confirm(await providers.source(key))

    with serve(replay.app()) as base_url:
        anyio.run(run, base_url)


@pytest.mark.parametrize(
    "key",
    [LIGA, FILE, "openligadb:bl1:2026", "sofascore:17:61627", "sandbox:17:76986"],
)
def test_what_is_there_or_listed_is_confirmed(key: str) -> None:
    confirm(Replay(payloads=PAYLOADS), key)


MISSING = {
    "openfootball:en.1:2024": "openfootball has no file 2024/en.1.json; did you mean "
    "openfootball:en.1:2024-25?",
    "openfootball:eng.1:2024-25": "openfootball has no file 2024-25/eng.1.json; did you mean "
    "openfootball:en.1:2024-25?",
    "openfootball:eng.1:2024": "openfootball has no file 2024/eng.1.json; did you mean "
    "openfootball:en.1:2024-25?",
    "openfootball:xx.1:2024-25": "openfootball has no file 2024-25/xx.1.json; the competition is "
    "written differently, or the season is not published yet.",
    "openligadb:bl9:2024": "OpenLigaDB has no matches for bl9 2024; did you mean "
    "openligadb:bl1:2024 or openligadb:bl2:2020?",
    "openligadb:bl1:2025": "OpenLigaDB has no matches for bl1 2025; did you mean "
    "openligadb:bl1:2026, openligadb:bl1:2024 or openligadb:bl1:2023?",
    "openligadb:quidditch:2024": "OpenLigaDB has no matches for quidditch 2024; check league and "
    "season.",
    "sofascore:17:999": "SofaScore's tournament 17 (Premier League) has no season 999; it lists "
    "76986 (25/26), 61627 (?); did you mean sofascore:17:76986?",
    "sofascore:18:999": "SofaScore has no tournament 18; the first number of the key is the last "
    "one in the path of the tournament's page.",
    "sofascore:8:1": "SofaScore's tournament 8 (LaLiga) has no season 1; it lists none.",
}


@pytest.mark.parametrize("key", MISSING)
def test_what_is_not_there_is_said_with_what_is(key: str) -> None:
    replay = Replay(payloads=PAYLOADS)
    with pytest.raises(TournamentNotFoundError) as caught:
        confirm(replay, key)
    assert str(caught.value) == caught.value.message == MISSING[key]
    assert not caught.value.retryable
    assert max(replay.seen.values()) == 1
    assert sum(replay.seen.values()) <= 3


@pytest.mark.parametrize("broken", [{"id": -1}, {"name": "24/25"}, "61627", None])
def test_a_list_of_seasons_with_one_that_cannot_be_read_does_not_say_which_is_missing(
    broken: object,
) -> None:
    seasons = {"seasons": [*SEASONS["seasons"][:1], broken]}
    replay = Replay(payloads={**PAYLOADS, "/unique-tournament/17/seasons": seasons})
    confirm(replay, "sofascore:17:76986")
    said = (
        "seasons of tournament 17 does not name 61627, which may be an entry that cannot be read: "
    )
    with pytest.raises(InvalidShapeError, match=said):
        confirm(replay, "sofascore:17:61627")


def test_a_season_long_past_is_answered_with_the_newest_one_there_is() -> None:
    year = "/{0}-{1:02d}/en.1.json"
    replay = Replay()
    found = []

    def fault(path: str) -> Response | None:
        found.append(path)
        # Only what is asked after the key and its other spelling is there.
        return JSONResponse({"name": "League", "matches": []}) if len(found) > 3 else None

    replay.fault = fault
    with pytest.raises(TournamentNotFoundError, match=r"did you mean openfootball:en\.1:20") as it:
        confirm(replay, "openfootball:en.1:1950-51")
    assert found[:2] == [year.format(1950, 51), "/1950/en.1.json"]
    assert "1950-51?" not in str(it.value)


def test_a_competition_that_has_no_file_ends_the_search_soon() -> None:
    replay = Replay()
    with pytest.raises(TournamentNotFoundError, match="written differently"):
        confirm(replay, "openfootball:en.9:2024-25")
    assert sum(replay.seen.values()) <= 8


def test_the_list_of_leagues_is_asked_for_once_for_all_keys_of_a_run() -> None:
    replay = Replay(payloads=PAYLOADS)
    keys = [f"openligadb:bl{number}:2024" for number in range(4, 9)]

    async def run(base_url: str) -> list[str]:
        said = []
        async with Providers({"openligadb": base_url}, NoRateLimit(), QUICK) as providers:
            for key in keys:
                try:
                    await providers.confirm(await providers.source(key))
                except TournamentNotFoundError as error:
                    said.append(error.message)
        return said

    with serve(replay.app()) as base_url:
        assert len(anyio.run(run, base_url)) == len(keys)
    assert replay.seen["/getavailableleagues"] == 1


SILENCE: dict[str, tuple[Callable[[], Response], type[ProviderError]]] = {
    "fails": (lambda: Response(status_code=500), ProviderServerError),
    "is overloaded": (lambda: Response(status_code=503), ProviderServerError),
    "limits us": (lambda: Response(status_code=429), RateLimitedError),
    "refuses": (lambda: Response(status_code=403), BlockedError),
    "sends a page": (lambda: Response("<html>", media_type="text/html"), BlockedError),
    "sends nonsense": (lambda: JSONResponse({"what": 1}), InvalidShapeError),
}
ASKED = {
    "openligadb:bl9:2024": ("/getmatchdata/bl9/2024", "/getavailableleagues"),
    "openfootball:en.1:2024": ("/2024/en.1.json",),
    "sofascore:17:999": ("/unique-tournament/17", "/unique-tournament/17/seasons"),
}


@pytest.mark.parametrize("how", SILENCE)
@pytest.mark.parametrize(("key", "path"), [(k, p) for k, paths in ASKED.items() for p in paths])
def test_a_provider_that_does_not_answer_has_not_said_that_it_is_not_there(
    how: str, key: str, path: str
) -> None:
    answer, kind = SILENCE[how]
    if kind is InvalidShapeError and key.startswith("openfootball"):
        pytest.skip("a file that cannot be read is there all the same")
    replay = Replay(payloads=PAYLOADS)
    replay.fault = lambda asked: answer() if asked == path else None
    with pytest.raises(kind) as caught:
        confirm(replay, key)
    assert not isinstance(caught.value, TournamentNotFoundError)


def test_a_provider_that_cannot_be_reached_has_not_said_so_either() -> None:
    async def run() -> None:
        urls = dict.fromkeys(BY_NAME, "http://127.0.0.1:9")
        async with Providers(urls, NoRateLimit(), QUICK) as providers:
            for key in ASKED:
                with pytest.raises(NetworkError):
                    await providers.confirm(await providers.source(key))

    anyio.run(run)


def test_what_would_be_offered_is_left_away_where_it_cannot_be_had() -> None:
    replay = Replay(payloads=PAYLOADS)
    replay.fault = lambda path: Response(status_code=500) if path != "/2024/en.1.json" else None
    with pytest.raises(TournamentNotFoundError, match="written differently, or the season"):
        confirm(replay, "openfootball:en.1:2024")
