"""Other sports are refused, and a club is told from a place in the draw."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.errors import OtherSportError
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.registry import BY_NAME, Providers
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

CASES = Path(os.environ.get("DP_RECORDINGS", "")) / ".." / "cases" / "sofascore"
needs_cases = pytest.mark.skipif(
    not (os.environ.get("DP_RECORDINGS") and CASES.is_dir()),
    reason="DP_RECORDINGS does not name a folder beside that of the cases",
)
HANDBALL = {
    "matchID": 1,
    "matchDateTimeUTC": "2024-09-07T17:00:00Z",
    "leagueName": "HBL 2024/25",
    "leagueSeason": 2024,
    "group": {"groupName": "1. Spieltag", "groupOrderID": 1},
    "team1": {"teamId": 1, "teamName": "THW Kiel"},
    "team2": {"teamId": 2, "teamName": "SC Magdeburg"},
    "matchIsFinished": True,
    "matchResults": [{"resultTypeID": 2, "pointsTeam1": 28, "pointsTeam2": 27}],
    "goals": [],
}


def a_round(number: int) -> dict[str, Any]:
    return {"groupName": f"{number}. Spieltag", "groupOrderID": number}


def read(payloads: Mapping[str, Any], key: str) -> Fetched[Match]:
    """The matches of a tournament that is confirmed before."""

    async def run(base_url: str) -> Fetched[Match]:
        limits = Limits(attempts=1)
        async with Providers(dict.fromkeys(BY_NAME, base_url), NoRateLimit(), limits) as providers:
            source: Source = await providers.source(str(TournamentKey.parse(key)))
            await providers.confirm(source)
            return await source.matches()

    with serve(Replay(payloads=dict(payloads)).app()) as base_url:
        return anyio.run(run, base_url)


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


@needs_cases
def test_a_tournament_of_tennis_is_refused() -> None:
    with pytest.raises(OtherSportError, match="tennis"):
        read(case("2435_82373_tennis"), "sofascore:2435:82373")


@needs_cases
def test_events_of_tennis_are_refused_where_the_tournament_does_not_say_its_sport() -> None:
    payloads = case("2435_82373_tennis")
    del payloads["/unique-tournament/2435"]["uniqueTournament"]["category"]
    with pytest.raises(OtherSportError, match="tennis"):
        read(payloads, "sofascore:2435:82373")


def test_a_league_whose_name_is_of_another_sport_is_refused() -> None:
    with pytest.raises(OtherSportError, match="HBL"):
        read({"/getmatchdata/x/2024": [HANDBALL]}, "openligadb:x:2024")


def on_day(day: int) -> dict[str, str]:
    return {"matchDateTimeUTC": f"2024-09-{day:02}T17:00:00Z"}


def test_a_league_that_is_listed_under_another_sport_is_refused() -> None:
    league = {
        "leagueShortcut": "x",
        "leagueSeason": "2024",
        "leagueName": "1. Liga",
        "sport": {"sportId": 5, "sportName": "Handball"},
    }
    matches = [
        {**HANDBALL, "leagueName": "1. Liga", "matchID": n, "group": a_round(n)} | on_day(n)
        for n in range(1, 7)
    ]
    payloads = {"/getmatchdata/x/2024": matches, "/getavailableleagues": [league]}
    with pytest.raises(OtherSportError, match="Handball"):
        read(payloads, "openligadb:x:2024")
    football = {**league, "sport": {"sportId": 1, "sportName": "Fußball"}}
    assert read({**payloads, "/getavailableleagues": [football]}, "openligadb:x:2024").items


@needs_cases
def test_disabled_teams_that_stand_in_the_table_are_no_places_in_the_draw() -> None:
    payloads = case("390_72603_disabled_teams")
    assert len(read(payloads, "sofascore:390:72603").items) == 10
    path = "/unique-tournament/390/season/72603/standings/total"
    without = {name: answer for name, answer in payloads.items() if name != path}
    assert len(read(without, "sofascore:390:72603").items) == 1
