"""Asset checks that fail."""

import json

import pytest

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
        "✅ The check every_competition_is_listed of seasons passes again",
    ]
    assert "Two competitions are not listed." in json.dumps(machinery.receiver.accepted)


def test_a_warning_is_left_to_the_page_of_the_asset(machinery: Machinery) -> None:
    machinery.evaluated(passed=False, grave=False)
    assert machinery.tick() == "Nothing new."


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
