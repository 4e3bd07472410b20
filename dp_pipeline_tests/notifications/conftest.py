"""A channel that people read, and the machinery whose failures they read of."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.notifications import delivery
from dp_pipeline_tests.notifications.channel import Channel
from dp_pipeline_tests.notifications.machinery import Machinery
from dp_pipeline_tests.notifications.slack.api import TOKEN, SlackApi
from dp_pipeline_tests.servers import SlackReceiver


@pytest.fixture
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of its own, and a Slack that takes messages quickly: ten of them took ten seconds."""
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setattr(delivery, "SECONDS_PER_MESSAGE", 0.01)


@pytest.fixture
def channel(database: Database, migrated_url: str, _home: None) -> Iterator[Channel]:
    receiver = SlackReceiver()
    with dg.DagsterInstance.ephemeral() as instance, receiver.listening() as webhook:
        yield Channel(database, instance, receiver, webhook, migrated_url)


@pytest.fixture
def slack(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackApi]:
    """A workspace whose bot posts to the channel, in place of the webhook."""
    api = SlackApi()
    with api.listening() as root:
        monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("SLACK_CHANNEL", "#football")
        monkeypatch.setenv("SLACK_API_URL", root)
        channel.webhook = None
        yield api


@pytest.fixture
def machinery(database: Database, migrated_url: str, _home: None) -> Iterator[Machinery]:
    receiver = SlackReceiver()
    with dg.instance_for_test() as instance, receiver.listening() as webhook:
        yield Machinery(database, instance, receiver, webhook, migrated_url)
