"""Asset checks that fail."""

import json
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from dp_pipeline.assets.checks import evaluation
from dp_pipeline.database.tables import incident
from dp_pipeline.domains.data_checks import OVERDUE, CheckResult
from dp_pipeline.notifications.detectors import checks
from dp_pipeline_tests.notifications.machinery import Machinery
from dp_pipeline_tests.servers import Answer


def test_a_failing_check_is_announced_once_and_when_it_passes_again(machinery: Machinery) -> None:
    machinery.evaluated(passed=True)
    assert machinery.tick() == "Nothing new."
    machinery.evaluated(passed=False)
    assert machinery.tick() == "1 messages sent"
    machinery.evaluated(passed=False)
    assert machinery.tick() == "Nothing new."
    machinery.evaluated(passed=True)
    assert machinery.tick() == "1 messages sent"
    assert machinery.tick() == "Nothing new."
    assert machinery.headers == [
        "❌ The check every_competition_is_listed of seasons fails",
        "✅ The check every_competition_is_listed of seasons finds no error any more",
    ]
    assert "Two competitions are not listed." in json.dumps(machinery.receiver.accepted)


def test_a_check_of_stored_data_is_an_incident_of_each_tournament_until_it_passes(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PAGE", 2)
    keys = [f"openligadb:bl1:{year}" for year in range(2020, 2025)]
    failing = CheckResult(OVERDUE, "matches", passed=False, severity="ERROR", detail="1 is late.")

    def told(*of: str, passed: bool) -> None:
        @dg.op
        def check(context: dg.OpExecutionContext) -> None:
            for key in of:
                event: Any = evaluation(key, replace(failing, passed=passed))
                context.log_event(event)

        job = dg.GraphDefinition("checked", node_defs=[check]).to_job()
        assert job.execute_in_process(instance=machinery.instance).success

    def open_incidents() -> list[str]:
        wanted = sa.select(incident.c.tournament_key).where(incident.c.closed_at.is_(None))
        with machinery.database.transaction() as connection:
            return sorted(connection.scalars(wanted))

    told(*keys, passed=False)
    assert machinery.tick() == "1 messages sent", "one message is of all tournaments"
    assert open_incidents() == keys
    told(*keys, passed=False)
    assert machinery.tick() == "Nothing new."
    told(*keys[:3], passed=True)
    assert machinery.tick() == "1 messages sent"
    assert open_incidents() == keys[3:]
    subject = f"The check {OVERDUE} of matches"
    assert machinery.headers == [f"❌ {subject} fails", f"✅ {subject} finds no error any more"]


def test_a_warning_is_left_to_the_page_of_the_asset(machinery: Machinery) -> None:
    machinery.evaluated(passed=False, grave=False)
    assert machinery.tick() == "Nothing new."


def test_an_error_that_becomes_a_warning_ends_its_incident(machinery: Machinery) -> None:
    machinery.evaluated(passed=False)
    assert machinery.tick() == "1 messages sent"
    machinery.evaluated(passed=False, grave=False)
    assert machinery.tick() == "1 messages sent"
    assert machinery.headers[-1].endswith(" of seasons finds no error any more")
    machinery.evaluated(passed=False)
    assert machinery.tick() == "1 messages sent"
    assert machinery.headers[-1].endswith(" of seasons fails")


def test_what_slack_does_not_take_is_announced_later(machinery: Machinery) -> None:
    machinery.receiver.answers.append(Answer(403, "no_service"))
    machinery.evaluated(passed=False)
    assert "The messages wait." in machinery.tick()
    assert machinery.tick() == "1 messages sent"
    assert machinery.tick() == "Nothing new."
    assert len(machinery.receiver.accepted) == 1


def test_classes_that_are_not_wanted_are_not_posted(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "news")
    machinery.evaluated(passed=False)
    assert machinery.tick() == "1 messages suppressed or not wanted"
    machinery.evaluated(passed=True)
    assert machinery.tick() == "1 messages sent"
