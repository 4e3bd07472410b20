"""What is one message, what is suppressed, what is not wanted: whole ticks of the sensor."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.run_tags import BACKFILL_TAG, RUN_GROUP_TAG, run_group_of
from dp_pipeline.notifications import notes
from dp_pipeline.notifications.delivery import ANOTHER_DELIVERS
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row, unannounced
from dp_pipeline_tests.servers import Answer, SlackReceiver

OTHER = "openligadb:bl2:2024"


@dataclass
class Channel:
    """A ledger, an instance, and the channel people read."""

    database: Database
    instance: dg.DagsterInstance
    receiver: SlackReceiver
    webhook: str
    url: str
    cursor: str | None = None

    def tick(self, definitions: dg.Definitions | None = None) -> str:
        """One tick of the sensor, of these definitions if any; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=definitions,
            resources={
                "database": DatabaseResource(url=self.url),
                "ledger": LedgerResource(),
                "slack": SlackResource(webhook=self.webhook),
            },
        ) as context:
            said = announce_executions(context)
            assert isinstance(said, dg.SkipReason)
            self.cursor = context.cursor
        return said.skip_message or ""

    def announced_from(self, moment: datetime) -> None:
        """Let what ended before be history."""
        state = DeliveryState(moment.timestamp(), moment.timestamp())
        notes.write(self.database, notes.STATE, state.note())

    @property
    def headers(self) -> list[str]:
        """The first line of every message, oldest first."""
        return [
            message["attachments"][0]["blocks"][0]["text"]["text"]
            for message in self.receiver.accepted
        ]

    def run(self, **tags: str) -> dg.DagsterRun:
        """A run that goes on."""
        run = self.instance.create_run_for_job(
            defs.resolve_job_def("ingest_tournaments"), tags=tags
        )
        self.instance.report_engine_event("started", run)
        return run

    def end(self, run: dg.DagsterRun) -> None:
        """Let a run end well."""
        self.instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.PIPELINE_SUCCESS.value, run.job_name),
            run_id=run.run_id,
        )


@pytest.fixture
def channel(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Channel]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    receiver = SlackReceiver()
    with dg.DagsterInstance.ephemeral() as instance, receiver.listening() as webhook:
        yield Channel(database, instance, receiver, webhook, migrated_url)


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


# -- units of work ---------------------------------------------------------------------------------


def backfill(channel: Channel, status: BulkActionStatus) -> None:
    known = channel.instance.get_backfill("abcdefgh")
    if known is None:
        channel.instance.add_backfill(
            PartitionBackfill(
                backfill_id="abcdefgh", status=status, from_failure=False, tags={},
                backfill_timestamp=ago(minutes=5).timestamp(),
            )
        )  # fmt: skip
    else:
        channel.instance.update_backfill(known.with_status(status))


def test_the_runs_of_a_backfill_are_told_in_one_digest_when_it_is_over(channel: Channel) -> None:
    backfill(channel, BulkActionStatus.REQUESTED)
    for number in range(3):
        run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
        ended = ago(minutes=4 - number)
        for domain in NAMES:
            finished_row(
                channel.database,
                UUID(run.run_id),
                f"openligadb:bl{number}:2024",
                domain,
                run_group=run_group_of(run.tags),
                completed_at=ended,
                **(failed(f"404 for bl{number}") if number and domain == "matches" else {}),
            )
        channel.end(run)
    assert channel.tick() == "Nothing new."
    finished_row(channel.database, uuid4(), OTHER)
    assert channel.tick() == "1 messages sent"  # it holds up nothing else
    backfill(channel, BulkActionStatus.COMPLETED_FAILED)
    assert channel.tick() == "1 messages sent"
    assert channel.tick() == "Nothing new."
    assert channel.headers == [
        f"✅ Completed: {OTHER}",
        "❌ Ended with failures: Backfill abcdefgh",
    ]
    text = json.dumps(channel.receiver.accepted[-1])
    assert f"{3 * len(NAMES) - 2} completed, 2 failed" in text
    assert "*2 x matches* · 2 tournaments" in json.dumps(
        channel.receiver.accepted[-1], ensure_ascii=False
    )
    assert "http://localhost:3000/runs/b/abcdefgh" in text
    assert unannounced(channel.database) == 0


def test_a_refresh_is_over_when_none_of_its_runs_goes_on_and_a_while_has_passed(
    channel: Channel,
) -> None:
    run_group = "nightly:openligadb:2026-11-23"
    first, second = (
        channel.run(**{RUN_GROUP_TAG: run_group}),
        channel.run(**{RUN_GROUP_TAG: run_group}),
    )
    finished_row(
        channel.database, UUID(first.run_id), run_group=run_group, completed_at=ago(minutes=2)
    )
    channel.end(first)
    assert channel.tick() == "Nothing new."
    channel.end(second)
    finished_row(channel.database, UUID(second.run_id), OTHER, run_group=run_group)
    # another run of it may be requested any second
    assert channel.tick() == "Nothing new."
    with channel.database.transaction() as connection:
        connection.execute(sa.update(TABLE).values(completed_at=ago(minutes=1)))
    assert channel.tick() == "1 messages sent"
    assert channel.headers == [f"✅ Completed: {run_group}"]
    assert "2 in 2 runs" in json.dumps(channel.receiver.accepted)


def test_a_unit_whose_runs_were_deleted_is_over(channel: Channel) -> None:
    for number in range(4):
        finished_row(
            channel.database,
            uuid4(),
            f"openligadb:bl{number}:2024",
            run_group="backfill:long-gone",
            completed_at=ago(minutes=1),
        )
    assert channel.tick() == "1 messages sent"
    assert "4 in 4 runs" in json.dumps(channel.receiver.accepted)


def test_an_open_row_of_a_unit_keeps_its_digest_back(channel: Channel) -> None:
    run = channel.run(**{RUN_GROUP_TAG: "weekly"})
    finished_row(
        channel.database, UUID(run.run_id), run_group="weekly", completed_at=ago(minutes=1)
    )
    with channel.database.transaction() as connection:
        row = dict(connection.execute(sa.select(TABLE)).mappings().one())
        row |= {"id": uuid4(), "domain": "matches", "status": "in_progress"}
        row |= {"completed_at": None, "outcome": None}
        del row["fingerprint"]
        connection.execute(sa.insert(TABLE).values(**row))
    assert channel.tick() == "Nothing new."


def test_the_rows_of_a_lost_run_are_part_of_its_units_digest(channel: Channel) -> None:
    channel.instance.add_dynamic_partitions("tournaments", [KEY, OTHER])
    run = channel.run(**{RUN_GROUP_TAG: "weekly", "dagster/partition": OTHER})
    finished_row(channel.database, uuid4(), run_group="weekly", completed_at=ago(minutes=1))
    channel.instance.report_run_failed(run)
    # they end now, so the run group has to settle once more
    assert channel.tick() == f"{len(NAMES)} added for runs that died early"
    with channel.database.transaction() as connection:
        connection.execute(sa.update(TABLE).values(completed_at=ago(minutes=1)))
    assert channel.tick() == "1 messages sent"
    assert f"1 completed, {len(NAMES)} failed" in json.dumps(channel.receiver.accepted)


def test_expected_absence_is_counted_apart(channel: Channel) -> None:
    for number, outcome in enumerate(["nothing_yet", "not_applicable", "unchanged", "written"]):
        finished_row(
            channel.database,
            uuid4(),
            f"openligadb:bl{number}:2024",
            run_group="weekly",
            outcome=outcome,
            completed_at=ago(minutes=1),
        )
    channel.tick()
    assert "2 completed, 2 nothing expected" in json.dumps(channel.receiver.accepted)


def test_thousands_of_rows_of_a_unit_that_goes_on_cost_a_tick_little(channel: Channel) -> None:
    run = channel.run(**{RUN_GROUP_TAG: "weekly"})
    with channel.database.transaction() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO data_provider_executions (request_id, tournament_id, tournament_key,"
                " domain, operation_type, status, outcome, completed_at, run_group, summary)"
                " SELECT gen_random_uuid(), gen_random_uuid(), 'openligadb/bl' || n,"
                " 'teams', 'teams_update', 'completed', 'unchanged',"
                " now() - interval '10 minutes', 'weekly', '{}'"
                " FROM generate_series(1, 20000) n"
            )
        )
    channel.tick()
    began = datetime.now(UTC)
    assert channel.tick() == "Nothing new."
    assert (datetime.now(UTC) - began).total_seconds() < 2
    channel.end(run)
    assert channel.tick() == "1 messages sent"
    assert "20,000 tournaments" in json.dumps(channel.receiver.accepted)
    assert unannounced(channel.database) == 0


# -- repeats and recoveries ------------------------------------------------------------------------


def test_a_repeated_failure_is_folded_and_the_next_reminder_counts_it(channel: Channel) -> None:
    for hours in (9, 8, 7, 6.5, 4, 2.5):  # only the last is more than six after the first
        finished_row(channel.database, uuid4(), completed_at=ago(hours=hours), **failed())
    assert channel.tick() == "2 messages sent; 4 messages suppressed or not wanted"
    first, reminder = (json.dumps(message) for message in channel.receiver.accepted)
    assert "times since" not in first
    assert "failed 6 times since" in reminder
    assert unannounced(channel.database) == 0


def test_another_failure_of_the_same_domain_is_told_at_once(channel: Channel) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=2), **failed())
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=1), **failed("Postgres away"))
    assert channel.tick() == "2 messages sent"


def test_the_end_of_failures_is_told_once(channel: Channel) -> None:
    for minutes in (190, 100, 10):
        finished_row(channel.database, uuid4(), completed_at=ago(minutes=minutes), **failed())
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=10) + timedelta(seconds=1))
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=1))
    channel.tick()
    assert [header.split(":")[0] for header in channel.headers] == [
        "❌ Failed",
        "✅ Recovered",
        "✅ Completed",
    ]
    assert "recovered after 3 h 0 min, failed 3 times" in json.dumps(channel.receiver.accepted[1])


def test_only_the_last_attempt_of_a_run_is_told_and_counts(channel: Channel) -> None:
    run = uuid4()
    finished_row(channel.database, run, completed_at=ago(minutes=3), attempt=1, **failed())
    finished_row(channel.database, run, completed_at=ago(minutes=2), attempt=2, **failed())
    finished_row(channel.database, run, completed_at=ago(minutes=1), attempt=3)
    assert channel.tick() == "1 messages sent"
    (message,) = channel.receiver.accepted
    assert channel.headers == [f"✅ Completed: {KEY}"]
    text = json.dumps(message)
    assert "attempt 3" in text
    assert "attempt 2" not in text
    assert "recovered" not in text
    assert unannounced(channel.database) == 0


def test_a_repeat_beside_written_rows_is_told_with_them(channel: Channel) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=9), **failed())
    run = uuid4()
    finished_row(channel.database, run, completed_at=ago(minutes=8), **failed())
    finished_row(channel.database, run, domain="matches", completed_at=ago(minutes=8))
    assert channel.tick() == "2 messages sent"


def test_a_failure_from_the_time_slack_was_off_does_not_fold_the_first_one_told(
    channel: Channel,
) -> None:
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=30), **failed())
    channel.announced_from(ago(minutes=20))
    finished_row(channel.database, uuid4(), completed_at=ago(minutes=10), **failed())
    assert channel.tick() == "1 messages sent"
    assert "failed 2 times since" in json.dumps(channel.receiver.accepted)


# -- what is wanted --------------------------------------------------------------------------------


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
    "news": "✅ Recovered: openligadb:bl2:2024",
    "partial": "⚠️ Partial failure: openligadb:dfb:2024",
    "digest": "✅ Completed: weekly",
}
NEWS = "✅ News: a:b:2"


@pytest.mark.parametrize("wanted", TOLD)
def test_each_class_can_be_posted_alone_and_the_rest_counts_as_told(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    story(channel.database)
    monkeypatch.setenv("DP_MESSAGES", wanted)
    channel.tick()
    assert channel.headers == [TOLD[wanted], *([NEWS] if wanted == "news" else [])]
    assert unannounced(channel.database) == 0
    monkeypatch.delenv("DP_MESSAGES")
    assert channel.tick() == "Nothing new."


def test_everything_is_posted_by_default(channel: Channel) -> None:
    story(channel.database)
    channel.tick()
    assert sorted(channel.headers) == sorted([*TOLD.values(), NEWS])


def test_a_failure_that_was_told_is_told_to_be_over_when_a_night_ends_it(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "failure,partial,news")
    finished_row(channel.database, uuid4(), completed_at=ago(hours=3), **failed())
    assert channel.tick() == "1 messages sent"
    finished_row(channel.database, uuid4(), run_group="weekly", completed_at=ago(minutes=1))
    finished_row(channel.database, uuid4(), OTHER, run_group="nightly", completed_at=ago(minutes=1))
    assert channel.tick() == "1 messages sent; 1 messages suppressed or not wanted"
    assert channel.headers[-1] == "✅ Completed: weekly"
    assert "*Recovered*" in json.dumps(channel.receiver.accepted[-1])


def test_polls_without_news_are_told_with_the_next_news_of_their_tournament(
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
    assert channel.tick() == "1 messages sent; 6 messages suppressed or not wanted"
    poll(30, news=["A - C ended 2:2."])
    poll(20, news=["A - D ended 0:0."])
    assert channel.tick() == "2 messages sent"
    first, second, third = (json.dumps(message) for message in channel.receiver.accepted)
    assert "Before it, 1 poll since" in first
    assert "wrote 2 rows without news" in first
    assert "Before it, 3 polls since" in second
    assert "wrote 6 rows without news" in second
    assert "Before it" not in third
    assert unannounced(channel.database) == 0


# -- nothing lost, nothing twice -------------------------------------------------------------------


def some_messages(channel: Channel, number: int) -> None:
    for n in range(number):
        key = f"openligadb:bl{n}:2024"
        finished_row(channel.database, uuid4(), key, completed_at=ago(minutes=30 - n))


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_tick_that_goes_on_after_its_daemon_was_killed_keeps_the_next_one_from_telling(
    channel: Channel,
) -> None:
    some_messages(channel, 3)
    channel.receiver.answers.append(Answer(delay_seconds=1))
    orphan = replace(channel)
    with ThreadPoolExecutor() as threads:
        said = threads.submit(orphan.tick)
        until(lambda: bool(channel.receiver.received))
        assert channel.tick() == ANOTHER_DELIVERS
        assert said.result() == "3 messages sent"
    assert channel.tick() == "Nothing new."
    assert len(set(channel.headers)) == len(channel.headers) == 3


def test_a_tick_that_loses_its_lock_stops_and_the_next_one_tells_the_rest(channel: Channel) -> None:
    some_messages(channel, 3)
    channel.receiver.answers.append(Answer(delay_seconds=0.5))
    with ThreadPoolExecutor() as threads:
        said = threads.submit(replace(channel).tick)
        until(lambda: bool(channel.receiver.received))
        with channel.database.transaction() as connection:
            holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            assert connection.scalar(sa.text(holders))
        with pytest.raises(DatabaseError):
            said.result()
    assert unannounced(channel.database) == 2
    assert channel.tick() == "2 messages sent"
    assert len(set(channel.headers)) == len(channel.headers) == 3


def test_messages_are_a_second_apart_whichever_tick_sends_them(channel: Channel) -> None:
    arrived: list[float] = []
    for n in range(3):
        some_messages(channel, 1)
        channel.tick()
        arrived.append(time.monotonic())
        assert len(channel.receiver.accepted) == n + 1
    assert arrived[2] - arrived[0] > 1.5


def test_what_a_proxy_answers_consumes_no_message(channel: Channel) -> None:
    some_messages(channel, 2)
    page = "<html><body>Bad Request</body></html>"
    channel.receiver.answers.extend([Answer(400, page)] * 2)
    assert "answers with status 400" in channel.tick()
    assert unannounced(channel.database) == 2
    channel.receiver.answers.clear()
    assert channel.tick() == "2 messages sent"


def test_a_message_that_slack_refuses_for_good_is_not_counted_as_sent(channel: Channel) -> None:
    some_messages(channel, 2)
    channel.receiver.answers.extend([Answer(400, "invalid_blocks"), Answer(400, "no_text")])
    assert channel.tick() == "1 messages sent; 1 messages refused by Slack for good"
    assert unannounced(channel.database) == 0
    assert channel.tick() == "Nothing new."


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


def tick_later(channel: Channel) -> None:
    """A tick so long after the last message that Slack takes the next one at once."""
    with channel.database.transaction() as connection:
        connection.execute(sa.delete(tables.provider_pace))
    channel.tick()


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories, st.randoms(use_true_random=False))
def test_every_execution_is_told_or_folded_once_whatever_slack_does(
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
        tick_later(channel)
    while unannounced(channel.database):
        tick_later(channel)
    channel.receiver.answers.clear()
    assert channel.tick() == "Nothing new."
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
