"""A bot's messages: one thread per run group, day of a tournament or incident, through all ends."""

import json
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.responses import JSONResponse

from dp_pipeline.database import tables
from dp_pipeline.notifications import incidents, threads
from dp_pipeline.notifications.incidents import Condition
from dp_pipeline.notifications.slack.transport import Posted
from dp_pipeline_tests.ledger.rows import KEY, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago
from dp_pipeline_tests.notifications.slack.api import SlackApi

NIGHT = "nightly:openligadb:2026-11-28"


def night(channel: Channel, key: str, minutes: float, **values: Any) -> None:
    finished_row(
        channel.database, uuid4(), key, completed_at=ago(minutes=minutes), run_group=NIGHT, **values
    )


def sees(channel: Channel, subject: str, minutes: float, summary: str | None) -> None:
    with channel.database.transaction() as connection:
        condition = Condition("provider", subject, ago(minutes=minutes), summary)
        incidents.reconcile(connection, [condition])


def test_a_night_is_one_thread_whose_first_message_says_what_it_came_to_in_all(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    assert channel.deliver_later() == "1 messages sent"
    night(channel, OTHER, 30, **failed())
    assert channel.deliver_later() == "1 messages sent"
    assert channel.deliver_later() == "Nothing new."
    (first,) = slack.first
    assert "1 completed, 1 failed" in json.dumps(first.says), "all of the night"
    assert "1 completed" in json.dumps(first.was[0])
    (reply,) = slack.replies(first)
    assert "1 failed" in json.dumps(reply.says)
    assert reply.loud, "a failure is seen in the channel too"
    assert slack.requests == ["chat.postMessage", "chat.update", "chat.postMessage"]


def test_the_message_of_an_incident_is_edited_when_it_is_over_and_a_reply_says_so(
    channel: Channel, slack: SlackApi
) -> None:
    sees(channel, "openligadb", 130, "It refuses us.")
    channel.deliver_later()
    sees(channel, "openligadb", 10, None)
    channel.deliver_later()
    (first,) = slack.first
    assert first.was[0]["attachments"][0]["color"] == "#e01e5a"
    assert first.header == "✅ openligadb answers again after 2 h 0 min"
    (reply,) = slack.replies(first)
    assert reply.header == "✅ openligadb answers again"
    assert not reply.loud
    sees(channel, "openligadb", 5, "It refuses us again.")
    channel.deliver_later()
    assert [each.header for each in slack.first] == ["❌ openligadb does not answer"]
    assert "It is so 2 times since" in json.dumps(first.says)
    assert [each.loud for each in slack.replies(first)] == [False, True]


def test_an_incident_of_another_day_begins_a_thread_of_its_own(
    channel: Channel, slack: SlackApi
) -> None:
    for minutes in (3 * 24 * 60, 60):
        sees(channel, "openligadb", minutes, "It refuses us.")
        channel.deliver_later()
        sees(channel, "openligadb", minutes - 30, None)
        channel.deliver_later()
    first, second = slack.first
    assert first.header.startswith("✅ openligadb answers again after 30 min")
    assert second.header.startswith("✅ openligadb answers again after 30 min")
    assert [len(slack.replies(each)) for each in slack.first] == [1, 1]


@pytest.mark.parametrize("kept", [False, True])
def test_a_daemon_that_was_killed_after_a_post_begins_no_second_thread_for_it(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """With the thread noted the message is known to be out, without it is posted once more."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    night(channel, KEY, 90)
    with monkeypatch.context() as patched:
        if kept:
            patched.setattr("dp_pipeline.notifications.digests.mark_group_announced", killed)
        else:
            patched.setattr("dp_pipeline.notifications.threads.begin", killed)
        with pytest.raises(KeyboardInterrupt):
            channel.deliver_later()
    assert unannounced(channel.database) == 1
    assert channel.deliver_later() == "1 messages sent"
    assert len(slack.first) == (1 if kept else 2)
    night(channel, OTHER, 30)
    channel.deliver_later()
    assert len(slack.replies(slack.first[-1])) == 1, "the thread that is known goes on"


def test_a_first_message_that_somebody_deleted_is_posted_anew(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    slack.messages.clear()
    night(channel, OTHER, 30)
    assert channel.deliver_later() == "1 messages sent"
    (first,) = slack.first
    assert "2 completed" in json.dumps(first.says)


def test_what_an_edit_failed_at_is_done_again_in_order_and_replied_once(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    night(channel, OTHER, 30)
    slack.answers.append("ratelimited")
    assert "It asks for a pause of 30 s." in channel.deliver_later()
    assert "Slack asked for a pause" in channel.deliver()
    slack.answers.extend([None, JSONResponse({}, status_code=503)])
    assert "answers with status 503" in channel.deliver_later()
    assert channel.deliver_later() == "1 messages sent"
    assert len(slack.replies(slack.first[0])) == 1


def test_a_token_that_was_revoked_is_tried_rarely_and_said_where_messages_wait(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(channel, KEY, 30)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-17-revoked")
    for _ in range(4):
        said = channel.deliver_later()
    assert "invalid_auth" in said
    assert "revoked" not in said.replace("was revoked", "")
    assert "pauses; the messages wait" in channel.deliver()
    assert len(slack.requests) == 4
    assert unannounced(channel.database) == 1


def test_another_channel_gets_threads_of_its_own(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    monkeypatch.setenv("SLACK_CHANNEL", "C0123456789")
    night(channel, OTHER, 30)
    channel.deliver_later()
    assert len(slack.first) == 2


def test_old_threads_are_forgotten_when_one_is_begun(channel: Channel) -> None:
    thread = threads.Thread("old", Posted("C1", "1.2"), "m")
    threads.begin(channel.database, "#football", thread)
    with channel.database.transaction() as connection:
        old = sa.update(tables.slack_thread).values(updated_at=ago(days=91))
        connection.execute(old)
    assert threads.find(channel.database, ["old"], "#football") is None
    threads.begin(channel.database, "#football", threads.Thread("new", Posted("C1", "1.3"), "m"))
    with channel.database.transaction() as connection:
        assert list(connection.scalars(sa.select(tables.slack_thread.c.key))) == ["new"]
