"""A provider is registered once: what is forgotten is said, and the documents say the same."""

import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.definitions import defs
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.rules import load
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    ListedSeason,
    Provider,
    Selection,
    Source,
    StoredTournament,
)
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.polling import PolledSource
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.registry import BY_NAME, PROVIDERS, check_windows

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Kicker(Provider):
    """Everything but its description is said."""

    name: str = "kicker"
    examples: tuple[str, ...] = ("kicker:bl:2024",)
    licence: Licence = field(default=Licence("ask them", "Data of kicker.", redistributable=False))
    public_url: str = "https://www.kicker.example"
    seconds_apart: float = 1.0
    refresh_window: RefreshWindow = field(default=RefreshWindow(2, 27))

    def check(self, key: TournamentKey) -> None:
        if not key.season.isdecimal():
            message = f"kicker has no season {key.season}."
            raise InvalidTournamentKeyError(message)

    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> Source:
        raise NotImplementedError

    async def seasons(
        self, competition: str, requests: Requests, back: int = 0
    ) -> tuple[ListedSeason, ...]:
        del competition, requests, back
        return ()


def test_what_is_forgotten_of_a_provider_is_named() -> None:
    assert Kicker(description="a newspaper").base_url_setting == "KICKER_BASE_URL"
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'description'"):
        Kicker()  # ty: ignore[missing-argument]

    @dataclass(frozen=True, kw_only=True)
    class WithoutSource(Provider):
        pass

    with pytest.raises(TypeError, match=r"abstract class WithoutSource .*check.*seasons.*source"):
        WithoutSource()  # ty: ignore[missing-argument, abstract-class-instantiation]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": "Kicker!"}, "'Kicker!' is no name of a provider"),
        ({"examples": ()}, "registered without an example of its keys"),
        ({"examples": ("openligadb:bl1:2024",)}, "has an example of another one, openligadb:bl1"),
        ({"examples": ("kicker:bl:next",)}, "kicker has no season next"),
    ],
)
def test_what_is_wrong_of_a_provider_is_a_sentence(said: dict[str, str], why: str) -> None:
    with pytest.raises((ValueError, InvalidTournamentKeyError), match=re.escape(why)):
        Kicker(description="a newspaper", **said)  # ty: ignore[invalid-argument-type]


def test_a_package_that_is_not_listed_is_named_at_import(tmp_path: Path) -> None:
    (tmp_path / "newspaper").mkdir()
    (tmp_path / "newspaper/__init__.py").touch()
    program = (
        "import sys, dp_pipeline.providers as providers; providers.__path__.append(sys.argv[1]); "
        "import dp_pipeline.providers.registry"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines()[-1] == (
        f"ValueError: Each package of providers/ ({', '.join(sorted(['newspaper', *BY_NAME]))}) is "
        f"one provider, listed once in PROVIDERS ({', '.join(BY_NAME)})."
    )


def test_the_table_of_providers_in_the_readme_is_what_is_registered() -> None:
    rows = [
        f"| `{each.name}` | {', '.join(f'`{key}`' for key in each.examples)} | {each.description} "
        f"| {_asked(each)} | {each.licence.name} |"
        for each in PROVIDERS
    ]
    head = "| provider | key | what it is | requests; its night (UTC) | terms |"
    table = "\n".join([head, "|---|---|---|---|---|", *rows])
    assert f"{table}\n\n" in (ROOT / "README.md").read_text()


def _asked(provider: Provider) -> str:
    """How often it is asked at most, when its night begins, and whether that is switched off."""
    pause, night = provider.seconds_apart, provider.refresh_window
    rate = f"{1 / pause:.0f} a second" if pause else "no limit"
    off = ", switched off" if provider.simulated else ""
    return f"{rate}; {night.hour:02}:{night.minute:02}{off}"


def test_every_source_has_every_method_and_answers_for_due_matches_where_it_is_said_to() -> None:
    for provider in PROVIDERS:
        key = TournamentKey.parse(provider.examples[0])
        requests = Requests(HttpClient(provider.name, "http://127.0.0.1"))
        source = provider.source(key, requests)
        assert isinstance(source, PolledSource) == provider.polled, provider.name


def test_the_competitions_of_the_rules_are_those_of_registered_providers() -> None:
    assert {name for each in load().competition for name in each.names} <= BY_NAME.keys()


def test_two_providers_that_are_read_again_at_once_are_named() -> None:
    twice = (*PROVIDERS, replace(PROVIDERS[0], name="kicker", examples=("kicker:bl:2024",)))
    with pytest.raises(ValueError, match="of openligadb and kicker are read again in the same"):
        check_windows(twice)


def test_every_provider_is_in_the_glossary() -> None:
    names = ", ".join(f"`{provider.name}`" for provider in PROVIDERS)
    page = (ROOT / "docs/glossary.md").read_text()
    assert f"| provider | where data comes from: {names} |" in page


def test_the_setting_of_every_provider_is_documented() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    settings = ", ".join(f"`{provider.base_url_setting}`" for provider in PROVIDERS)
    assert f"| {settings} |" in page


def test_every_provider_has_its_schedules_and_checks() -> None:
    repository = defs.get_repository_def()
    schedules = {schedule.name for schedule in repository.schedule_defs}
    checks = {key.name for key in repository.asset_graph.asset_check_keys}
    for provider in PROVIDERS:
        name = provider.name
        assert {f"refresh_{name}_nightly", f"refresh_{name}_weekly"} <= schedules
        assert {f"{name}_answers", f"{name}_is_refreshed"} <= checks
    assert isinstance(repository, dg.RepositoryDefinition)
