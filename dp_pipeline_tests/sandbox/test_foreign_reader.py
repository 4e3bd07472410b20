"""Another project's SofaScore reader, soccerdata, reads the world and agrees with our provider.

It has many dependencies and is none of ours: DP_SOCCERDATA_PYTHON names a Python that has it
(`python -m venv ENV && ENV/bin/pip install soccerdata`).
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.football.models import Match
from dp_pipeline.sandbox.world.calendar import FIRST_YEAR, HOME_SEASON
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, percent, read, served, standing_still

SCRIPT = Path(__file__).with_name("foreign_reader.py")
YEAR = FIRST_YEAR + HOME_SEASON


@pytest.fixture(scope="session")
def foreign_python() -> str:
    """A Python that can import soccerdata."""
    python = os.environ.get("DP_SOCCERDATA_PYTHON")
    if not python:
        pytest.skip("DP_SOCCERDATA_PYTHON does not name a Python that has soccerdata")
    return python


@pytest.mark.parametrize("moment", [0, 37, 100])
def test_soccerdata_reads_the_same_league(foreign_python: str, tmp_path: Path, moment: int) -> None:
    with served(standing_still(SMALL, percent(moment))) as url:
        ours = read(url, key_of(1))
        code = f"{YEAR % 100}{(YEAR + 1) % 100}"
        folder = str(tmp_path / "soccerdata")
        arguments = [f"{url}/api/v1/", folder, SMALL.name(1), code]
        done = subprocess.run(
            [foreign_python, str(SCRIPT), *arguments],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
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


def _our_match(match: Match, names: dict[str, str]) -> tuple[object, ...]:
    scores = (-1 if score is None else score for score in (match.home_score, match.away_score))
    sides = names[match.home], names[match.away]
    return (match.external_id, match.round_slug, match.kickoff_at, *sides, *scores)
