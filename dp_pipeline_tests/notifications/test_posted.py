"""What the sensor that delivers posts, when, and what it adds for runs that died early."""

import json
import time
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.notifications.notes import DeliveryState, database_away
from dp_pipeline_tests.ledger.rows import KEY, TABLE, finished_row, rows
from dp_pipeline_tests.notifications.channel import Channel, ago
from dp_pipeline_tests.servers import Answer


def announced(database: Database) -> list[bool]:
    """Whether each execution is, in the order of their ends."""
    with database.transaction() as connection:
        moments = connection.scalars(sa.select(TABLE.c.announced_at).order_by(TABLE.c.completed_at))
        return [moment is not None for moment in moments]


def test_one_message_has_all_domains_of_a_tournament_and_run(channel: Channel) -> None:
    run = uuid4()
    for domain in NAMES:
        finished_row(channel.database, run, domain=domain)
    assert channel.deliver() == "1 messages sent"
    assert channel.deliver() == "Nothing new."
    (message,) = channel.receiver.accepted
    text = json.dumps(message)
    assert all(domain in text for domain in NAMES)
    assert all(announced(channel.database))


def test_messages_are_sent_oldest_first(channel: Channel) -> None:
    for minutes in (3, 1, 2):
        key = f"openligadb:bl{minutes}:2024"
        finished_row(channel.database, uuid4(), key, completed_at=ago(minutes=minutes))
    channel.deliver()
    order = [json.dumps(message) for message in channel.receiver.accepted]
    assert [next(n for n in (1, 2, 3) if f"bl{n}:2024" in text) for text in order] == [3, 2, 1]


def test_a_slack_that_is_away_delays_and_loses_nothing(channel: Channel) -> None:
    finished_row(channel.database, uuid4())
    channel.receiver.answers.extend([Answer(500)] * 3)
    assert "The messages wait." in channel.deliver()
    assert announced(channel.database) == [False]
    deadline = time.monotonic() + 30
    while not all(announced(channel.database)):
        assert time.monotonic() < deadline
        channel.deliver()
    assert len(channel.receiver.accepted) == 1


def test_while_slack_is_off_nothing_is_posted_and_it_does_not_become_news_later(
    channel: Channel,
) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=1))
    webhook, channel.webhook = channel.webhook, None
    assert "Slack is off" in channel.deliver()
    channel.webhook = webhook
    assert channel.deliver() == "Nothing new."
    finished_row(channel.database, uuid4(), "openligadb:bl1:2025")
    assert channel.deliver() == "1 messages sent"
    assert "bl1:2025" in json.dumps(channel.receiver.accepted)


def test_a_tournament_waits_for_the_end_of_its_run(channel: Channel) -> None:
    run = channel.run()
    finished_row(channel.database, UUID(run.run_id))
    assert channel.deliver() == "Nothing new."
    channel.instance.report_run_failed(run)
    # Its other domains were never begun: they get rows, and the message has them all.
    assert "1 messages sent" in channel.deliver()


def test_a_run_that_died_before_it_opened_a_row_is_recorded_and_posted_once(
    channel: Channel,
) -> None:
    channel.instance.add_dynamic_partitions("tournaments", [KEY])
    job = defs.resolve_job_def("ingest_tournaments")
    run = channel.instance.create_run_for_job(job, tags={"dagster/partition": KEY})
    channel.instance.report_run_failed(run)
    assert channel.deliver() == f"{len(NAMES)} added for runs that died early; 1 messages sent"
    assert channel.deliver() == "Nothing new."
    added = rows(channel.database)
    assert {row["domain"] for row in added} == set(NAMES)
    assert {row["status"] for row in added} == {"failed"}
    assert {row["request_id"] for row in added} == {UUID(run.run_id)}
    assert "failed before this was begun" in added[0]["error_text"]
    assert len(channel.receiver.accepted) == 1


def test_a_cancelled_run_says_so(channel: Channel) -> None:
    job = defs.resolve_job_def("ingest_tournaments")
    run = channel.instance.create_run_for_job(job, tags={"dagster/partition": KEY})
    channel.instance.report_run_canceled(run)
    channel.deliver()
    texts = {row["error_text"] for row in rows(channel.database)}
    assert texts == {"The run was cancelled before this was begun."}


@given(
    st.one_of(st.none(), st.text(), st.from_type(dict).map(lambda d: json.dumps(d, default=str)))
)
def test_a_cursor_that_is_garbage_says_nothing(text: str | None) -> None:
    assert database_away(text) is None


def test_what_is_noted_is_read_as_it_was_written() -> None:
    state = DeliveryState(1.5, 2.5, {str(uuid4()): 3.5}, (str(uuid4()),))
    assert DeliveryState.read(json.loads(json.dumps(state.note())), now=0) == state
