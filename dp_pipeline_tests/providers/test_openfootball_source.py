"""openfootball over HTTP: one request for five domains, and what its failures come to."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.client import HttpClient
from dp_pipeline.providers.errors import BlockedError, InvalidShapeError, NotFoundError
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.providers.openfootball.source import OpenFootballSource
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openfootball_files import KEY, league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

PATH = "/2024-25/en.1.json"
DOMAINS = ("tournaments", "teams", "rounds", "matches", "standings")


def with_source(
    replay: Replay,
    use: Callable[[OpenFootballSource], Awaitable[None]],
    key: TournamentKey = KEY,
) -> None:
    provider = OpenFootball()
    provider.check(key)

    async def run(base_url: str) -> None:
        async with HttpClient(
            provider.name, base_url, rate_limit=NoRateLimit(), seconds_apart=0
        ) as client:
            await use(provider.source(key, client.requests()))

    with serve(replay.app()) as base_url:
        anyio.run(run, base_url)


def test_all_five_domains_cost_one_request() -> None:
    replay = Replay(payloads={PATH: season(league("Arsenal FC", "Chelsea FC"))})

    async def use(source: OpenFootballSource) -> None:
        await source.prefetch(DOMAINS)
        await source.prefetch(())
        assert len((await source.tournament()).items) == 1
        assert len((await source.teams()).items) == 2
        assert len((await source.rounds()).items) == 2
        assert len((await source.matches()).items) == 2
        assert len((await source.standings()).items) == 2

    with_source(replay, use)
    assert replay.seen == {PATH: 1}


def test_a_file_that_does_not_exist_is_an_error_that_names_it() -> None:
    async def use(source: OpenFootballSource) -> None:
        for ask in (
            *(source.tournament, source.teams, source.rounds, source.matches, source.standings),
        ):
            with pytest.raises(NotFoundError, match=r"has no file 2031-32/en\.1\.json; "):
                await ask()

    replay = Replay()
    with_source(replay, use, TournamentKey("openfootball", "en.1", "2031-32"))
    assert replay.seen == {"/2031-32/en.1.json": 1}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PlainTextResponse("no", status_code=403), BlockedError),
        (HTMLResponse("<!doctype html><title>Sign in</title>"), BlockedError),
        (PlainTextResponse('{"matches": [{"team'), InvalidShapeError),
        (PlainTextResponse('{"clubs": []}'), InvalidShapeError),
    ],
    ids=["403", "a page", "cut short", "another file"],
)
def test_a_failure_meets_the_domain_and_not_the_prefetch(
    answer: Response, error: type[Exception]
) -> None:
    async def use(source: OpenFootballSource) -> None:
        await source.prefetch(DOMAINS)
        with pytest.raises(error):
            await source.matches()
        with pytest.raises(error):
            await source.standings()

    replay = Replay(fault=lambda _: answer)
    with_source(replay, use)
