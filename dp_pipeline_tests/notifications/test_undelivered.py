"""Messages that have waited for long fail a check of the ledger."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import dagster as dg

from dp_pipeline.definitions import defs
from dp_pipeline.notifications import notes
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.undelivered import CHECK as DELIVERED
from dp_pipeline.notifications.undelivered import UNDELIVERED_MINUTES
from dp_pipeline.resources import DatabaseResource
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.notifications.machinery import Machinery


def waiting(machinery: Machinery, minutes: float) -> None:
    """A ledger with a message that waits for so long."""
    ended = datetime.now(UTC) - timedelta(minutes=minutes)
    finished_row(machinery.database, uuid4(), completed_at=ended)


def test_messages_that_wait_for_long_fail_the_check_of_the_ledger(machinery: Machinery) -> None:
    waiting(machinery, UNDELIVERED_MINUTES - 1)
    machinery.watch()
    assert machinery.delivered() is True
    waiting(machinery, UNDELIVERED_MINUTES + 1)
    machinery.watch()
    assert machinery.delivered() is False
    assert machinery.headers == ["❌ Messages have been waiting"]


def test_what_was_not_to_be_announced_does_not_count_as_waiting(machinery: Machinery) -> None:
    waiting(machinery, 60)
    announced_from = time.time() - 30
    state = DeliveryState(announced_from, announced_from)
    notes.write(machinery.database, notes.STATE, state.note())
    machinery.watch()
    assert machinery.delivered() is True


def test_without_slack_nothing_waits_and_nothing_is_posted(machinery: Machinery) -> None:
    machinery.webhook = None
    waiting(machinery, 60)
    machinery.evaluated(passed=False)
    assert "Slack is off" in machinery.watch()
    assert machinery.delivered() is True
    assert machinery.receiver.received == []


def test_the_check_is_recorded_when_it_changes_not_at_every_tick(machinery: Machinery) -> None:
    for _ in range(3):
        machinery.watch()
    history = machinery.instance.event_log_storage.get_asset_check_execution_history(
        DELIVERED, limit=10
    )
    assert len(history) == 1


def test_a_person_can_evaluate_the_check_of_the_ledger(machinery: Machinery) -> None:
    waiting(machinery, 60)
    result = dg.materialize(
        [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetSpec)]
        + list(defs.asset_checks or []),
        selection=dg.AssetSelection.checks(DELIVERED),
        instance=machinery.instance,
        resources={
            "database": DatabaseResource(url=machinery.url),
            "slack": SlackResource(webhook=machinery.webhook),
        },
    )
    (found,) = result.get_asset_check_evaluations()
    assert not found.passed
    assert "has waited for 60 minutes" in (found.description or "")
