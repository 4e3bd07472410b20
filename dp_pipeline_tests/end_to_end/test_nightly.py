"""The real daemon reads sixty tournaments again in a night, and people are told once."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES as DOMAINS
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.schedules import refresh_schedule
from dp_pipeline_tests.dagster_dev import ROOT, copy_project, dagster_dev, switch, wait_for
from dp_pipeline_tests.database.many import fill_tournaments
from dp_pipeline_tests.ledger.many import fill_ledger
from dp_pipeline_tests.ledger.rows import unannounced
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, operations_of, serve

NAMES = [f"en.{number}" for number in range(1, 61)]
KEYS = [f"openfootball:{name}:2024-25" for name in NAMES]
GONE = NAMES[7]
OFF_SECONDS = 7 * 86_400


@pytest.mark.slow
def test_a_night_over_sixty_tournaments_is_two_runs_and_one_digest(
    tmp_path: Path, database: Database, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, home = copy_project(tmp_path / "project"), tmp_path / "home"
    monkeypatch.setenv("DP_HOME", str(home))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # put back what the storage sets
    with database.transaction() as connection:
        fill_tournaments(connection, KEYS)
        rows = len(KEYS) * len(DOMAINS)
        fill_ledger(connection, rows, keys=KEYS, announced_at=datetime.now(UTC))
    with dg.DagsterInstance.from_config(str(ROOT)) as instance:
        instance.add_dynamic_partitions("tournaments", KEYS)
        # The daemon was off when it was due and makes it good as soon as it is on.
        nightly = refresh_schedule(OpenFootball(), "nightly")
        switch(instance, nightly, since=time.time() - OFF_SECONDS)
    file = season(league("A", "B"))
    replay = Replay(payloads={f"/2024-25/{name}.json": file for name in NAMES if name != GONE})
    slack = SlackReceiver()
    with serve(replay.app()) as base_url, slack.listening() as webhook:
        environment = {
            "DP_DATABASE_URL": migrated_url,
            "DP_PARTITIONS_PER_RUN": "50",
            "OPENFOOTBALL_BASE_URL": base_url,
            "SLACK_JOB_EXECUTIONS_WEBHOOK": webhook,
        }
        with dagster_dev(project, home, environment) as dev:
            wait_for("the message", lambda: slack.received or None, 120)
            # What is told is told once: a later tick has nothing left to tell.
            wait_for("all to be told", lambda: unannounced(database) == 0 or None)
            runs = dev.runs()
    assert sorted(runs.values()) == ["FAILURE", "SUCCESS"]
    assert replay.seen == {f"/2024-25/{name}.json": 1 for name in NAMES}
    [digest] = slack.received
    header, counts, *_ = digest["attachments"][0]["blocks"]
    assert header["text"]["text"].startswith("❌ Nightly refresh of openfootball: 60 tournaments, ")
    assert "60 in 2 runs" in counts["fields"][0]["text"]
    told_of = operations_of(digest)
    assert told_of["failed"] == len(DOMAINS)
    assert told_of["completed"] + told_of["nothing expected"] == 59 * len(DOMAINS)
    assert f"openfootball:{GONE}:2024-25" in json.dumps(digest)
