"""The seasons of a competition are found by asking for their files, newest first."""

from typing import Any

import anyio
import pytest
from starlette.responses import PlainTextResponse

from dp_pipeline.http.client import HttpClient
from dp_pipeline.providers.contract import ListedSeason
from dp_pipeline.providers.errors import BlockedError, InvalidTournamentKeyError
from dp_pipeline.providers.openfootball.seasons import find_seasons
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


def file(name: Any = "League") -> dict[str, Any]:
    return {"name": name, "matches": []}


def find(replay: Replay, competition: str = "en.1", back: int = 0) -> tuple[ListedSeason, ...]:
    async def run(base_url: str) -> tuple[ListedSeason, ...]:
        async with HttpClient(
            "openfootball", base_url, rate_limit=NoRateLimit(), seconds_apart=0
        ) as it:
            return await find_seasons("openfootball", competition, it.requests(), back, 2026)

    with serve(replay.app()) as base_url:
        return anyio.run(run, base_url)


def test_the_newest_season_costs_a_few_requests_and_older_ones_are_not_asked_for() -> None:
    replay = Replay(
        payloads={f"/{s}/en.1.json": file(f"Liga  {s}") for s in ("2026-27", "2025-26", "2024-25")}
    )
    (season,) = find(replay)
    assert (str(season.key), season.label) == ("openfootball:en.1:2026-27", "Liga 2026-27")
    assert replay.seen == {
        "/2027-28/en.1.json": 1,
        "/2027/en.1.json": 1,
        "/2026-27/en.1.json": 1,
    }


def test_as_many_earlier_ones_follow_as_are_wanted() -> None:
    replay = Replay(payloads={f"/{year}/mls.json": file() for year in range(2020, 2028)})
    keys = [season.key.season for season in find(replay, "mls", back=2)]
    assert keys == ["2027", "2026", "2025"]


def test_a_league_that_changes_its_calendar_is_found_in_both() -> None:
    replay = Replay(payloads={"/2026-27/mls.json": file(), "/2025/mls.json": file()})
    keys = [season.key.season for season in find(replay, "mls", back=1)]
    assert keys == ["2026-27", "2025"]


def test_a_cup_of_every_four_years_is_found_before_its_next_edition() -> None:
    replay = Replay(payloads={"/2022/uefa.euro.json": file()})
    assert [season.key.season for season in find(replay, "uefa.euro")] == ["2022"]


def test_a_competition_without_files_has_no_seasons_and_the_search_ends() -> None:
    replay = Replay()
    assert find(replay, "en.9", back=3) == ()
    assert len(replay.seen) == 12


def test_a_file_without_a_name_is_called_after_competition_and_season() -> None:
    replay = Replay(payloads={"/2026-27/en.1.json": file(None), "/2025-26/en.1.json": ["odd"]})
    assert [s.label for s in find(replay, back=1)] == ["en.1 2026/27", "en.1 2025/26"]


def test_a_provider_that_refuses_us_is_an_error_and_not_a_competition_without_seasons() -> None:
    replay = Replay(
        payloads={"/2026-27/en.1.json": file()},
        fault=lambda path: PlainTextResponse("no", 403) if "2025" in path else None,
    )
    with pytest.raises(BlockedError):
        find(replay, back=1)


def test_a_competition_no_file_can_have_is_refused_before_any_request() -> None:
    replay = Replay()
    with pytest.raises(InvalidTournamentKeyError):
        find(replay, "en.1.clubs")
    assert not replay.seen
