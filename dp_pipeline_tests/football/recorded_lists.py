"""Fixture lists of recorded seasons, as two providers have them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from dp_pipeline.football.club_pairing import FixtureList, PairedTeams
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline_tests.providers.openligadb_payloads import read
from dp_pipeline_tests.providers.openligadb_recorded import recorded


def certain(pairs: Sequence[PairedTeams]) -> set[tuple[str, str]]:
    return {(pair.one, pair.other) for pair in pairs if pair.doubt is None}


def openligadb_list(name: str, competition: str, year: int) -> FixtureList:
    payloads, _, fixtures = read(recorded(name))
    names = {team.external_id: team.name for team in teams_of(payloads).items}
    key = f"openligadb:{competition}:{year}"
    return FixtureList(key, "", year, names, dict.fromkeys(names), fixtures.matches)


def openfootball_list(path: Path, competition: str, season: str) -> FixtureList:
    if not path.exists():
        pytest.skip("this season is not there")
    key = TournamentKey("openfootball", competition, season)
    data = read_season(json.loads(path.read_bytes()), key)
    names = {team.external_id: team.name for team in data.teams.items}
    countries = {team.external_id: team.country for team in data.teams.items}
    return FixtureList(str(key), "", int(season[:4]), names, countries, data.matches.items)
