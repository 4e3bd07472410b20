"""Runs of jobs that leave nothing in the ledger."""

import json
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason

from dp_pipeline.assets.refresh_job import OP, REFRESH_JOB
from dp_pipeline.assets.retry_job import RETRY_JOB
from dp_pipeline.competitions.seasons import DISCOVER_JOB
from dp_pipeline.definitions import build, defs
from dp_pipeline.ledger.run_tags import TERMINAL_TAG
from dp_pipeline.resources import DatabaseResource
from dp_pipeline_tests.notifications.machinery import Machinery
from dp_pipeline_tests.servers import closed_url

pytestmark = pytest.mark.slow


def discover(machinery: Machinery) -> str:
    """A run that looks for seasons, through Dagster; its id."""
    job = build({"database": DatabaseResource(url=machinery.url)}).resolve_job_def(DISCOVER_JOB)
    return job.execute_in_process(instance=machinery.instance, raise_on_error=False).run_id


def test_a_run_for_seasons_that_crashed_is_announced_once_and_when_it_works_again(
    machinery: Machinery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = tmp_path / "competitions.yaml"
    monkeypatch.setenv("DP_COMPETITIONS", str(followed))
    followed.write_text("competitions: 7\n")
    crashed = discover(machinery)
    assert machinery.tick() == "1 messages sent"
    discover(machinery)
    assert machinery.tick() == "Nothing new."
    followed.write_text("competitions: []\n")
    discover(machinery)
    assert machinery.tick() == "1 messages sent"
    assert machinery.tick() == "Nothing new."
    assert machinery.headers == [
        "❌ The job discover_seasons fails",
        "✅ The job discover_seasons works again",
    ]
    text = json.dumps(machinery.receiver.accepted[0])
    assert f"http://localhost:3000/runs/{crashed}" in text
    assert "competitions.yaml" in text, "what was wrong"


def test_what_a_check_of_a_run_says_is_not_announced_of_the_run_as_well(
    machinery: Machinery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = tmp_path / "competitions.yaml"
    followed.write_text("competitions:\n- {provider: openfootball, competition: en.1}\n")
    monkeypatch.setenv("DP_COMPETITIONS", str(followed))
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", closed_url())
    discover(machinery)
    assert machinery.tick() == "1 messages sent"
    assert machinery.headers == ["❌ The check every_competition_is_listed of seasons fails"]


@pytest.mark.parametrize("job", [DISCOVER_JOB, "poll_tournaments", RETRY_JOB])
def test_a_run_that_was_killed_is_announced_unless_the_ledger_or_who_launched_it_knows(
    machinery: Machinery, job: str
) -> None:
    config = {"ops": {"poll": {"config": {"keys": ["openligadb:bl1:2024"]}}}}
    planned = job == "poll_tournaments"
    quiet = planned or job == RETRY_JOB
    run = machinery.instance.create_run_for_job(
        defs.resolve_job_def(job), run_config=config if planned else {}
    )
    machinery.began(run)
    machinery.instance.report_run_failed(run, "Its process is gone: hidden77.")
    machinery.tick()
    assert machinery.headers == ([] if quiet else ["❌ The job discover_seasons fails"])
    assert ("Its process is gone" in json.dumps(machinery.receiver.accepted)) is not quiet


def test_a_dry_run_that_fails_is_announced_unless_somebody_waited_for_it_at_a_terminal(
    machinery: Machinery,
) -> None:
    config = {"ops": {OP: {"config": {"keys": ["openligadb:bl1:2024"], "dry_run": True}}}}
    for tags in ({TERMINAL_TAG: "yes"}, {}):
        run = machinery.instance.create_run_for_job(
            defs.resolve_job_def(REFRESH_JOB), run_config=config, tags=tags
        )
        machinery.began(run)
        machinery.instance.report_run_failed(run, "1 of 1 tournaments failed.")
        machinery.tick()
        assert machinery.headers == ([] if tags else [f"❌ The job {REFRESH_JOB} fails"])


def test_a_run_that_somebody_cancelled_is_not_announced_but_one_that_ran_for_too_long(
    machinery: Machinery,
) -> None:
    job = defs.resolve_job_def(DISCOVER_JOB)
    machinery.instance.report_run_canceled(machinery.instance.create_run_for_job(job))
    assert machinery.tick() == "Nothing new."
    run = machinery.instance.create_run_for_job(job)
    machinery.began(run)
    machinery.instance.report_run_failed(run, "Exceeded maximum runtime of 7200 seconds.")
    machinery.instance.report_run_canceled(run)
    assert machinery.tick() == "1 messages sent"
    assert "Exceeded maximum runtime" in json.dumps(machinery.receiver.accepted)


def test_a_run_that_did_not_start_is_announced_when_none_of_three_did(machinery: Machinery) -> None:
    job = defs.resolve_job_def(DISCOVER_JOB)
    for said in ("Nothing new.", "Nothing new.", "1 messages sent"):
        run = machinery.instance.create_run_for_job(job)
        machinery.instance.report_run_failed(run, "It did not start within 120 seconds.")
        assert machinery.tick() == said
    assert machinery.headers == ["❌ The job discover_seasons fails"]


def test_a_run_that_was_stopped_together_with_everything_is_not_announced(
    machinery: Machinery,
) -> None:
    run = machinery.instance.create_run_for_job(defs.resolve_job_def(DISCOVER_JOB))
    machinery.began(run)
    reason = RunFailureReason.UNEXPECTED_TERMINATION
    event = dg.DagsterEvent(
        dg.DagsterEventType.RUN_FAILURE.value, run.job_name,
        event_specific_data=JobFailureData(None, failure_reason=reason),
    )  # fmt: skip
    machinery.instance.report_dagster_event(event, run_id=run.run_id)
    assert machinery.tick() == "Nothing new."


def test_a_run_that_an_automation_launched_is_announced_when_it_fails_and_one_by_hand_is_not(
    machinery: Machinery,
) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    for tags in ({}, {"dagster/sensor_name": "publish_changes"}):
        run = machinery.instance.create_run_for_job(
            job, asset_selection=frozenset({dg.AssetKey("season_charts")}), tags=tags
        )
        machinery.began(run)
        machinery.instance.report_run_failed(run, "The bucket is away.")
        machinery.tick()
        assert machinery.headers == (["❌ The job publish_changes fails"] if tags else [])
