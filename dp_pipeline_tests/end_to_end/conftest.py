"""One `dagster dev` with a finished backfill, for tests that look at it from different sides."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.dagster_dev import DagsterDev, copy_project, dagster_dev, wait_for
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA, healthy
from dp_pipeline_tests.providers import openfootball_files
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, serve

BAD_KEY = "Bundesliga 2024/25"
UNKNOWN = "openfootball:xx.1:2024-25"
REFUSED = "openfootball:de.1:2024-25"
# the 26 seasons 1998-99 to 2023-24 of a small league, and one with a table at OpenLigaDB
GOOD = (
    LIGA,
    *(f"openfootball:at.1:{year}-{(year + 1) % 100:02}" for year in range(1998, 2024)),
)
REMARKED = GOOD[-1]
ALL = (*GOOD[:9], BAD_KEY, *GOOD[9:], UNKNOWN, REFUSED)


@dataclass
class Backfilled:
    """A running Dagster in which the backfill of 30 tournaments has ended."""

    dev: DagsterDev
    url: str
    home: Path
    ended: dict[str, Any]
    replay: Replay
    slack: SlackReceiver


def _payloads() -> dict[str, Any]:
    teams = ("Ahlen", "Brake", "Celle", "Damme")
    seasons = {}
    for key in GOOD[1:]:
        season = key.rsplit(":", 1)[1]
        matches = openfootball_files.league(*teams)
        for match in matches:
            match["date"] = match["date"].replace("2024", season[:4])
        if key == REMARKED:
            matches[-1]["score"] = {"ft": [1, 1], "p": [4, 4]}  # a shoot-out has a winner
        seasons[f"/{season}/at.1.json"] = openfootball_files.season(matches, f"Liga {season}")
    return {**healthy(), **seasons}


@pytest.fixture(scope="session")
def backfilled(admin_url: str, migrated_template: str) -> Iterator[Backfilled]:
    """30 tournaments of which three cannot succeed, backfilled as the UI does it."""
    # not tmp_path_factory: a socket's path must be short, and root's Postgres is another user
    folder = Path(tempfile.mkdtemp(prefix="dp-backfill-"))
    url = create_database(admin_url, f"{migrated_template}_backfill", migrated_template)
    replay = Replay(payloads=_payloads())
    refusal = {"error": {"code": 403, "reason": "Forbidden"}}
    replay.fault = lambda path: JSONResponse(refusal, 403) if path == "/2024-25/de.1.json" else None
    try:
        slack = SlackReceiver()
        with serve(replay.app()) as base_url, slack.listening() as webhook:
            environment = {
                "DP_DATABASE_URL": url,
                "OPENLIGADB_BASE_URL": base_url,
                "OPENFOOTBALL_BASE_URL": base_url,
                "SLACK_JOB_EXECUTIONS_WEBHOOK": webhook,
            }
            project = copy_project(folder / "project")
            with dagster_dev(project, folder / "home", environment) as dev:
                dev.add_partitions(*ALL)
                backfill = dev.backfill(NAMES, ALL)
                ended = dev.wait_for_backfill(backfill, seconds=240)

                def tidy() -> bool | None:
                    return not {BAD_KEY, UNKNOWN} & set(dev.partitions("teams")["failed"]) or None

                wait_for("the partitions of no tournament to go", tidy)
                yield Backfilled(dev, url, folder / "home", ended, replay, slack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
