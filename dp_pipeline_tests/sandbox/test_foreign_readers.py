"""Other projects' SofaScore readers read the world and agree with our provider.

They have many dependencies and are none of ours: DP_SOCCERDATA_PYTHON names a Python that has
soccerdata (`python -m venv ENV && ENV/bin/pip install soccerdata`), DP_SCRAPERFC_PYTHON one that
has ScraperFC, which wants a Chromium on the PATH as well.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dp_pipeline.football.models import Match
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.calendar import FIRST_YEAR, HOME_SEASON
from dp_pipeline_tests.sandbox import scraperfc_reader, soccerdata_reader
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, percent, read, served, standing_still

YEAR = FIRST_YEAR + HOME_SEASON


@pytest.fixture(scope="session")
def soccerdata() -> str:
    """A Python that can import soccerdata."""
    return _python("DP_SOCCERDATA_PYTHON")


@pytest.fixture(scope="session")
def scraperfc() -> str:
    """A Python that can import ScraperFC."""
    return _python("DP_SCRAPERFC_PYTHON")


def _python(variable: str) -> str:
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} does not name a Python that has this reader")
    return python


def printed(python: str, script: str, *arguments: str) -> Any:
    """What a reader prints."""
    command = [python, script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("moment", [0, 37, 100])
def test_soccerdata_reads_the_same_league(soccerdata: str, tmp_path: Path, moment: int) -> None:
    with served(standing_still(SMALL, percent(moment))) as url:
        ours = read(url, key_of(1))
        code = f"{YEAR % 100}{(YEAR + 1) % 100}"
        arguments = [f"{url}/api/v1/", str(tmp_path / "soccerdata"), SMALL.name(1), code]
        theirs = printed(soccerdata, soccerdata_reader.__file__, *arguments)
    (season,) = theirs["seasons"]
    assert key_of(1) == f"sandbox:{season['league_id']}:{season['season_id']}"
    names = {team.external_id: team.name for team in ours.teams.items}
    assert [_table_row(row) for row in theirs["table"]] == [
        (names[r.team], r.games, r.wins, r.draws, r.losses, r.goals_for, r.goals_against, r.points)
        for r in ours.standings.items
    ]
    # It reads what has ended in ninety minutes or is to come, and nothing else.
    assert sorted(_match(each) for each in theirs["schedule"]) == sorted(
        _our_match(m, names) for m in ours.matches.items if m.status in {"scheduled", "ended"}
    )


def test_scraperfc_reads_the_same_matches(scraperfc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, year = percent(37), f"{YEAR % 100}/{(YEAR + 1) % 100}"
    with served(standing_still(SMALL, moment)) as url, TemporaryDirectory() as folder:
        # where its browsers keep their profiles; a longer path is too long for their sockets
        monkeypatch.setenv("TMPDIR", folder)
        ours = read(url, key_of(1))
        arguments = [f"{url}/api/v1", str(identity.competition_id(1)), year]
        theirs = printed(scraperfc, scraperfc_reader.__file__, *arguments)
    names = {team.external_id: team.name for team in ours.teams.items}
    # It reads what has begun, whatever came of it.
    begun = [m for m in ours.matches.items if m.kickoff_at and m.kickoff_at.timestamp() <= moment]
    assert sorted(_event(each) for each in theirs) == sorted(_our_match(m, names) for m in begun)


def _table_row(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("team", "MP", "W", "D", "L", "GF", "GA", "Pts"))


def _match(each: dict[str, Any]) -> tuple[object, ...]:
    scores = (
        -1 if each[side] is None else int(each[side]) for side in ("home_score", "away_score")
    )
    return (
        str(each["game_id"]),
        str(each["round"]),
        datetime.fromtimestamp(each["date"] / 1000, UTC),
        each["home_team"],
        each["away_team"],
        *scores,
    )


def _event(each: dict[str, Any]) -> tuple[object, ...]:
    scores = (each[side].get("current", -1) for side in ("homeScore", "awayScore"))
    return (
        str(each["id"]),
        str(each["roundInfo"]["round"]),
        datetime.fromtimestamp(each["startTimestamp"], UTC),
        each["homeTeam"]["name"],
        each["awayTeam"]["name"],
        *scores,
    )


def _our_match(match: Match, names: dict[str, str]) -> tuple[object, ...]:
    scores = (-1 if score is None else score for score in (match.home_score, match.away_score))
    sides = names[match.home], names[match.away]
    return (match.external_id, match.round_slug, match.kickoff_at, *sides, *scores)
