"""World cups and other competitions whose files lie in repositories beside football.json."""

from typing import Any

import anyio
import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Tournament
from dp_pipeline.football.rules import is_national
from dp_pipeline.providers.errors import (
    InvalidTournamentKeyError,
    NotFoundError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.openfootball.competition import check_key
from dp_pipeline.providers.openfootball.files import PUBLIC_URL, places_of
from dp_pipeline.providers.registry import Providers, roots
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openfootball_files import entry, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

RAW = "https://raw.githubusercontent.com/openfootball"
CUP = season([entry("Uruguay", "Argentina", date="2022-07-30", score=[4, 2])], "A cup")


def key(text: str) -> TournamentKey:
    return TournamentKey.parse(f"openfootball:{text}")


@pytest.mark.parametrize(
    ("text", "root", "places"),
    [
        ("en.1:2024-25", PUBLIC_URL, ["/2024-25/en.1.json"]),
        ("worldcup:1930", PUBLIC_URL, [f"{RAW}/worldcup.json/master/1930/worldcup.json"]),
        (
            "worldcup.quali_playoffs:2026",
            "http://127.0.0.1:81/football.json/refs/heads/main",
            ["http://127.0.0.1:81/worldcup.json/refs/heads/main/2026/worldcup.quali_playoffs.json"],
        ),
        ("euro:2024", "http://h/football.json", ["http://h/euro.json/2024/euro.json"]),
        (
            "clubworldcup:2025",
            "http://h/football.json/master",
            [
                "http://h/worldcup.json/master/2025/clubworldcup.json",
                "http://h/clubworldcup.json/master/2025/clubworldcup.json",
            ],
        ),
        ("copa-america:2024", "http://h/mirror", ["/2024/copa.json", "/2024/copa-america.json"]),
    ],
)
def test_other_repositories_are_siblings_with_the_same_branch(
    text: str, root: str, places: list[str]
) -> None:
    check_key(key(text))
    assert list(places_of(key(text), root)) == places


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("worldcup:2022-23", "a season of worldcup is one year, such as 2022"),
        ("worldcup.stadiums:2022", "the name of a file of matches"),
        ("worldcup.json:2022", "without .json: openfootball:worldcup:2022"),
    ],
)
def test_a_key_that_no_cup_can_have_is_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(InvalidTournamentKeyError, match=hint):
        check_key(key(text))


def test_teams_of_countries_play_in_all_but_the_cup_of_clubs() -> None:
    cups = ("worldcup", "worldcup.quali_playoffs", "euro", "copa-america", "clubworldcup", "en.1")
    assert [is_national("openfootball", cup) for cup in cups] == [*(True,) * 4, False, False]


def read(payloads: dict[str, Any], text: str, root: str, own: str | None = None) -> Tournament:
    """A tournament from a server with these payloads; `own` is the root of its repository."""

    async def run(base_url: str) -> Tournament:
        base_urls = {"openfootball": f"{base_url}{root}"}
        if own is not None:
            base_urls["openfootball_worldcup"] = f"{base_url}{own}"
        async with Providers(base_urls, NoRateLimit()) as providers:
            source = await providers.source(str(key(text)))
            await providers.confirm(source)
            (found,) = (await source.tournament()).items
            assert len((await source.matches()).items) == 1
            return found

    with serve(Replay(payloads=payloads).app()) as base_url:
        return anyio.run(run, base_url)


@pytest.mark.parametrize(
    ("text", "path", "own"),
    [
        ("worldcup:2022", "/worldcup.json/master/2022/worldcup.json", None),
        ("copa-america:2022", "/copa-america.json/master/2022/copa-america.json", None),
        ("worldcup:2022", "/cups/2022/worldcup.json", "/cups"),
        ("clubworldcup:2022", "/cups/2022/clubworldcup.json", "/cups"),
    ],
)
def test_a_cup_is_read_beside_football_json_or_below_a_root_of_its_own(
    text: str, path: str, own: str | None
) -> None:
    found = read({path: CUP}, text, "/football.json/master", own)
    assert (found.label, found.season) == ("A cup", "2022")
    repository = "copa-america.json" if "copa" in text else "worldcup.json"
    assert (found.base_url or "").startswith(f"{RAW}/{repository}/master/2022/")


def test_a_cup_that_there_is_not_is_a_sentence_with_one_that_there_is() -> None:
    payloads = {"/worldcup.json/2022/worldcup.json": CUP}
    for text in ("worldcup:2021", "worldcupp:2022"):
        with pytest.raises((TournamentNotFoundError, NotFoundError)) as caught:
            read(payloads, text, "/football.json")
        assert "did you mean openfootball:worldcup:2022?" in str(caught.value)


def test_the_world_cup_before_the_war_is_found_behind_that_of_1950() -> None:
    payloads = {
        f"/worldcup.json/{year}/worldcup.json": CUP for year in (2022, *range(1934, 2022, 4))
    }
    for year in (1942, 1946):
        del payloads[f"/worldcup.json/{year}/worldcup.json"]
    replay = Replay(payloads=payloads)

    async def run(base_url: str) -> list[str]:
        base_urls = {"openfootball": f"{base_url}/football.json"}
        async with Providers(base_urls, NoRateLimit()) as providers:
            found = await providers.seasons("openfootball", "worldcup", 99)
            return [each.key.season for each in found]

    with serve(replay.app()) as base_url:
        years = anyio.run(run, base_url)
    assert years == [str(y) for y in range(2022, 1933, -4) if y not in {1942, 1946}]
    assert not [path for path in replay.seen if "-" in path]  # no cup is of two years


def test_a_repository_with_a_root_of_its_own_has_a_health_of_its_own() -> None:
    own = {"openfootball_worldcup": "https://me:secret@cups.example/a"}
    assert roots(own)["openfootball_worldcup"] == "https://cups.example/a"
    assert roots(own).keys() - roots({}).keys() == own.keys()
