"""Which repeats of a failure are suppressed, and how its end is announced."""

import json
from datetime import timedelta
from uuid import uuid4

from dp_pipeline_tests.ledger.rows import KEY, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import Channel, ago


def test_a_repeated_failure_is_suppressed_and_the_next_reminder_counts_it(channel: Channel) -> None:
    for hours in (9, 8, 7, 6.5, 4, 2.5):  # only the last is more than six after the first
        finished_row(channel.database, uuid4(), completed_at=ago(hours=hours), **failed())
    assert channel.deliver() == "2 messages sent; 4 messages suppressed or not wanted"
    first, reminder = (json.dumps(message) for message in channel.receiver.accepted)
    assert "times since" not in first
    assert "failed 6 times since" in reminder
    assert unannounced(channel.database) == 0


def test_another_failure_of_the_same_domain_is_announced_at_once(channel: Channel) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=2), **failed())
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=1), **failed("Postgres away"))
    assert channel.deliver() == "2 messages sent"


def test_the_end_of_failures_is_announced_once(channel: Channel) -> None:
    for minutes in (190, 100, 10):
        finished_row(channel.database, uuid4(), completed_at=ago(minutes=minutes), **failed())
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=10) + timedelta(seconds=1))
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=1))
    channel.deliver()
    assert [header.split(":")[0] for header in channel.headers] == [
        "❌ Failed",
        "✅ Recovered",
        "✅ Completed",
    ]
    assert "recovered after 3 h 0 min, failed 3 times" in json.dumps(channel.receiver.accepted[1])


def test_only_the_last_attempt_of_a_run_is_announced_and_counts(channel: Channel) -> None:
    run = uuid4()
    finished_row(channel.database, run, completed_at=ago(minutes=3), attempt=1, **failed())
    finished_row(channel.database, run, completed_at=ago(minutes=2), attempt=2, **failed())
    finished_row(channel.database, run, completed_at=ago(minutes=1), attempt=3)
    assert channel.deliver() == "1 messages sent"
    (message,) = channel.receiver.accepted
    assert channel.headers == [f"✅ Completed: {KEY}"]
    text = json.dumps(message)
    assert "attempt 3" in text
    assert "attempt 2" not in text
    assert "recovered" not in text
    assert unannounced(channel.database) == 0


def test_a_repeat_beside_written_rows_is_announced_with_them(channel: Channel) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=9), **failed())
    run = uuid4()
    finished_row(channel.database, run, completed_at=ago(minutes=8), **failed())
    finished_row(channel.database, run, domain="matches", completed_at=ago(minutes=8))
    assert channel.deliver() == "2 messages sent"


def test_a_failure_from_the_time_slack_was_off_does_not_suppress_the_first_one_posted(
    channel: Channel,
) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=30), **failed())
    channel.announced_from(ago(minutes=20))
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=10), **failed())
    assert channel.deliver() == "1 messages sent"
    assert "failed 2 times since" in json.dumps(channel.receiver.accepted)
