"""Which classes of messages are posted, and what stands for those that are not."""

import json
from typing import Any
from uuid import uuid4

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.ledger.rows import KEY, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago


def story(database: Database) -> None:
    finished_row(database, uuid4(), KEY, completed_at=ago(minutes=9))
    finished_row(database, uuid4(), OTHER, completed_at=ago(minutes=8), **failed())
    finished_row(database, uuid4(), OTHER, completed_at=ago(minutes=7))
    finished_row(
        database,
        uuid4(),
        "openligadb:dfb:2024",
        completed_at=ago(minutes=6),
        status="partial_failure",
        summary={"leftOut": 1},
    )
    finished_row(database, uuid4(), "a:b:1", completed_at=ago(minutes=5), run_group="weekly")
    finished_row(database, uuid4(), "a:b:2", completed_at=ago(minutes=4), summary={"news": ["2:1"]})


TOLD = {
    "success": "✅ Completed: openligadb:bl1:2024",
    "failure": "❌ Failed: openligadb:bl2:2024",
    "news": "✅ News: a:b:2",
    "partial": "⚠️ Partial failure: openligadb:dfb:2024",
    "digest": "✅ weekly: 1 tournament, 1 updated",
}
RECOVERED = "✅ Recovered: openligadb:bl2:2024"


@pytest.mark.parametrize("wanted", TOLD)
def test_each_class_can_be_posted_alone_and_the_rest_counts_as_announced(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    story(channel.database)
    monkeypatch.setenv("DP_MESSAGES", wanted)
    channel.deliver()
    recovered = [RECOVERED] if wanted in {"failure", "news"} else []
    assert sorted(channel.headers) == sorted([TOLD[wanted], *recovered])
    assert unannounced(channel.database) == 0
    monkeypatch.delenv("DP_MESSAGES")
    assert channel.deliver() == "Nothing new."


def test_everything_is_posted_by_default(channel: Channel) -> None:
    story(channel.database)
    channel.deliver()
    assert sorted(channel.headers) == sorted([*TOLD.values(), RECOVERED])


def test_who_wants_failures_alone_hears_of_the_end_of_a_failure_not_of_what_failed_in_part(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "failure")
    finished_row(channel.database, uuid4(), completed_at=ago(hours=3), **failed())
    in_part = failed(status="partial_failure", summary={"leftOut": 1})
    finished_row(channel.database, uuid4(), OTHER, completed_at=ago(hours=3), **in_part)
    channel.deliver()
    assert channel.headers == ["❌ Failed: openligadb:bl1:2024"]
    finished_row(channel.database, uuid4(), OTHER, completed_at=ago(minutes=5))
    finished_row(channel.database, uuid4(), OTHER, run_group="night", completed_at=ago(minutes=4))
    assert channel.deliver() == "2 messages suppressed or not wanted"
    finished_row(channel.database, uuid4(), run_group="weekly", completed_at=ago(minutes=1))
    channel.deliver()
    assert channel.headers[1:] == ["✅ weekly: 1 tournament, 1 updated"]
    assert "*Recovered*" in json.dumps(channel.receiver.accepted[-1])


def test_the_end_of_a_failure_that_was_announced_is_announced_when_a_night_brings_it(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "failure,partial,news")
    finished_row(channel.database, uuid4(), completed_at=ago(hours=3), **failed())
    assert channel.deliver() == "1 messages sent"
    finished_row(channel.database, uuid4(), run_group="weekly", completed_at=ago(minutes=1))
    finished_row(channel.database, uuid4(), OTHER, run_group="nightly", completed_at=ago(minutes=1))
    assert channel.deliver() == "1 messages sent; 1 messages suppressed or not wanted"
    assert channel.headers[-1] == "✅ weekly: 1 tournament, 1 updated"
    assert "*Recovered*" in json.dumps(channel.receiver.accepted[-1])


def test_polls_without_news_are_announced_with_the_next_news_of_their_tournament(
    channel: Channel,
) -> None:
    def poll(minutes: float, *, key: str = KEY, outcome: str = "written", **more: Any) -> None:
        summary = {"created": 0, "updated": 2, **more}
        finished_row(
            channel.database, uuid4(), key, "matches",
            completed_at=ago(minutes=minutes), outcome=outcome, summary=summary, scope="part",
        )  # fmt: skip

    poll(90)
    poll(80, news=["A - B ended 1:0."])
    for minutes in (70, 60, 50):
        poll(minutes)
    poll(45, outcome="unchanged", updated=0)
    poll(44, key=OTHER)
    assert channel.deliver() == "1 messages sent; 6 messages suppressed or not wanted"
    poll(30, news=["A - C ended 2:2."])
    poll(20, news=["A - D ended 0:0."])
    assert channel.deliver() == "2 messages sent"
    first, second, third = (json.dumps(message) for message in channel.receiver.accepted)
    assert "Before it, 1 poll since" in first
    assert "wrote 2 rows without news" in first
    assert "Before it, 3 polls since" in second
    assert "wrote 6 rows without news" in second
    assert "Before it" not in third
    assert unannounced(channel.database) == 0
