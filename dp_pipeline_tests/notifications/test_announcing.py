"""Nothing is lost and nothing is posted twice, whatever happens to ticks and to Slack."""

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database.database import DatabaseError
from dp_pipeline.notifications import delivery
from dp_pipeline.notifications.delivery import ANOTHER_DELIVERS, SECONDS_PER_MESSAGE
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago
from dp_pipeline_tests.servers import Answer


def some_messages(channel: Channel, number: int) -> None:
    for n in range(number):
        key = f"openligadb:bl{n}:2024"
        finished_row(channel.database, uuid4(), key, completed_at=ago(minutes=30 - n))


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_tick_that_goes_on_after_its_daemon_was_killed_keeps_the_next_one_from_delivering(
    channel: Channel,
) -> None:
    some_messages(channel, 3)
    channel.receiver.answers.append(Answer(delay_seconds=1))
    orphan = replace(channel)
    with ThreadPoolExecutor() as threads:
        said = threads.submit(orphan.deliver)
        until(lambda: bool(channel.receiver.received))
        assert channel.deliver() == ANOTHER_DELIVERS
        assert said.result() == "3 messages sent"
    assert channel.deliver() == "Nothing new."
    assert len(set(channel.headers)) == len(channel.headers) == 3


def test_a_tick_that_loses_its_lock_stops_and_the_next_one_delivers_the_rest(
    channel: Channel,
) -> None:
    some_messages(channel, 3)
    channel.receiver.answers.append(Answer(delay_seconds=0.5))
    with ThreadPoolExecutor() as threads:
        said = threads.submit(replace(channel).deliver)
        until(lambda: bool(channel.receiver.received))
        with channel.database.transaction() as connection:
            holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            assert connection.scalar(sa.text(holders))
        with pytest.raises(DatabaseError):
            said.result()
    assert unannounced(channel.database) == 2
    assert channel.deliver() == "2 messages sent"
    assert len(set(channel.headers)) == len(channel.headers) == 3


def test_messages_are_a_second_apart_whichever_tick_sends_them(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS_PER_MESSAGE", SECONDS_PER_MESSAGE)
    arrived: list[float] = []
    for n in range(3):
        some_messages(channel, 1)
        channel.deliver()
        arrived.append(time.monotonic())
        assert len(channel.receiver.accepted) == n + 1
    assert arrived[2] - arrived[0] > 1.5


def test_what_a_proxy_answers_consumes_no_message(channel: Channel) -> None:
    some_messages(channel, 2)
    page = "<html><body>Bad Request</body></html>"
    channel.receiver.answers.extend([Answer(400, page)] * 2)
    assert "answers with status 400" in channel.deliver()
    assert unannounced(channel.database) == 2
    channel.receiver.answers.clear()
    assert channel.deliver() == "2 messages sent"


def test_a_message_that_slack_refuses_for_good_is_not_counted_as_sent(channel: Channel) -> None:
    some_messages(channel, 2)
    channel.receiver.answers.extend([Answer(400, "invalid_blocks"), Answer(400, "no_text")])
    assert channel.deliver() == "1 messages sent; 1 messages refused by Slack for good"
    assert unannounced(channel.database) == 0
    assert channel.deliver() == "Nothing new."


stories = st.lists(
    st.tuples(
        st.sampled_from([KEY, OTHER]),
        st.sampled_from(["completed", "failed", "partial_failure"]),
        st.integers(1, 500),
        st.sampled_from([None, None, "weekly"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories, st.randoms(use_true_random=False))
def test_every_execution_is_announced_or_suppressed_once_whatever_slack_does(
    channel: Channel, happened: list[Any], chance: random.Random
) -> None:
    channel.receiver.accepted.clear()
    channel.cursor = None
    with channel.database.transaction() as connection:
        connection.execute(sa.delete(TABLE))
    at = ago(minutes=sum(gap for _, _, gap, _ in happened) % 1_000 + 61)
    runs: dict[str, tuple[str, str]] = {}
    for key, status, gap, run_group in happened:
        run = uuid4()
        at = min(at + timedelta(minutes=gap), ago(minutes=1))
        values = failed() if status == "failed" else {"status": status}
        finished_row(channel.database, run, key, completed_at=at, run_group=run_group, **values)
        if run_group is None:
            runs[str(run)] = (key, status)
        if chance.random() < 0.3:
            channel.receiver.answers.append(Answer(403, "no_service"))
        channel.deliver_later()
    while unannounced(channel.database):
        channel.deliver_later()
    channel.receiver.answers.clear()
    assert channel.deliver() == "Nothing new."
    messages = [json.dumps(message) for message in channel.receiver.accepted]
    for run, (key, status) in runs.items():
        times = sum(run in message for message in messages)
        assert times <= 1
        # only a repeat of what people have heard may go unannounced
        if times == 0:
            assert status != "completed"
            assert any(key in message for message in messages)
    if any(run_group for *_, run_group in happened):
        assert any("weekly" in message for message in messages)
