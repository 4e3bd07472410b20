"""SofaScore as a provider: its keys, seasons and pace, and the sandbox in the same form."""

import asyncio

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.registry import checked_key
from dp_pipeline.providers.sandbox import Sandbox
from dp_pipeline.providers.sofascore import SofaScore
from dp_pipeline_tests.providers.sofascore_seasons import league
from dp_pipeline_tests.providers.sofascore_service import Service, opened


def test_images_of_the_public_service_are_on_its_image_host() -> None:
    class Asked:
        root = SofaScore.public_url

    source = SofaScore().source(TournamentKey.parse("sofascore:17:61627"), Asked())  # ty: ignore[invalid-argument-type]
    assert source.at.logo_url(source.key) == (
        "https://img.sofascore.com/api/v1/unique-tournament/17/image"
    )
    assert source.at.images == "https://img.sofascore.com/api/v1"


def test_the_seasons_of_a_competition_are_listed_newest_first() -> None:
    async def run(url: str) -> list[tuple[str, str]]:
        async with opened(url) as requests:
            found = await SofaScore().seasons("17", requests)
            return [(str(season.key), season.label) for season in found]

    with Service(league().answers()).listening() as url:
        assert asyncio.run(run(url)) == [
            ("sofascore:17:76986", "Test League 25/26"),
            ("sofascore:17:61627", "Test League 24/25"),
        ]


@pytest.mark.parametrize(
    "text",
    [
        "sofascore:x:1",
        "sofascore:17:24-25",
        "sofascore:017:1",
        "sandbox:17:0",
        f"sofascore:{'9' * 16}:1",
    ],
)
def test_a_key_of_anything_but_two_numbers_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidTournamentKeyError, match=r"are numbers, for example \w+:17:61627"):
        checked_key(text)


def test_the_sandbox_is_the_same_provider_under_its_own_name() -> None:
    assert str(checked_key("sandbox:17:61627")) == "sandbox:17:61627"
    assert (Sandbox.name, Sandbox.licence.name, Sandbox.seconds_apart) == ("sandbox", "invented", 0)


@pytest.mark.parametrize(
    ("base_url", "seconds"),
    [
        ("https://www.sofascore.com/api/v1", 1.0),
        ("https://api.sofascore.com/api/v1", 1.0),
        ("https://gateway.example/sofascore.com", 0.0),
        ("http://127.0.0.1:8080", 0.0),
        ("http://[no", 0.0),
    ],
)
def test_the_public_service_is_asked_once_a_second_whatever_its_host(
    base_url: str, seconds: float
) -> None:
    assert SofaScore().seconds_apart_at(base_url) == seconds
