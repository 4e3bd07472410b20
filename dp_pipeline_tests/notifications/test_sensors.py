"""The sensor against a real Postgres, a real instance and a real webhook receiver."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.jobs import planned_work
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.notifications.notes import DeliveryState, database_away
from dp_pipeline.notifications.runs import finished_runs
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions
from dp_pipeline_tests.servers import Answer, SlackReceiver

KEY = "openligadb:bl1:2024"
TABLE = tables.data_provider_executions


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture
def tick(
    instance: dg.DagsterInstance,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[str, str]]:
    """Evaluate the sensor once: what it says, and its cursor."""
    monkeypatch.setenv("DP_HOME", str(tmp_path))

    def evaluate(webhook: str | None = None, cursor: str | None = None) -> tuple[str, str]:
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            definitions=defs,
            resources={
                "database": DatabaseResource(url=migrated_url),
                "ledger": LedgerResource(),
                "slack": SlackResource(webhook=webhook),
            },
        ) as context:
            said = announce_executions(context)
            assert isinstance(said, dg.SkipReason)
            assert context.cursor is not None
            return said.skip_message or "", context.cursor

    return evaluate


def finished_row(
    database: Database, request_id: UUID, key: str = KEY, domain: str = "teams", **values: Any
) -> UUID:
    ended = values.pop("completed_at", datetime.now(UTC))
    row = {
        "request_id": request_id,
        "tournament_id": tournament_id_of(key),
        "tournament_key": key,
        "domain": domain,
        "operation_type": "tournament_create" if domain == "tournaments" else f"{domain}_create",
        "status": "completed",
        "outcome": "written",
        "started_at": ended - timedelta(seconds=1),
        "completed_at": ended,
        "duration": 1000,
        "summary": {"created": 18},
        **values,
    }
    with database.transaction() as connection:
        return connection.execute(sa.insert(TABLE).values(**row).returning(TABLE.c.id)).scalar_one()


def told(database: Database) -> list[bool]:
    with database.transaction() as connection:
        rows = connection.scalars(sa.select(TABLE.c.announced_at).order_by(TABLE.c.completed_at))
        return [when is not None for when in rows]


def test_one_message_tells_all_domains_of_a_tournament_and_run(
    database: Database, tick: Callable[..., tuple[str, str]]
) -> None:
    run = uuid4()
    for domain in NAMES:
        finished_row(database, run, domain=domain)
    receiver = SlackReceiver()
    with receiver.listening() as webhook:
        said, cursor = tick(webhook)
        assert said == "1 messages sent"
        assert tick(webhook, cursor)[0] == "Nothing new."
    (message,) = receiver.accepted
    text = json.dumps(message)
    assert all(domain in text for domain in NAMES)
    assert all(told(database))


def test_messages_are_sent_oldest_first(
    database: Database, tick: Callable[..., tuple[str, str]]
) -> None:
    now = datetime.now(UTC)
    for minutes in (3, 1, 2):
        key = f"openligadb:bl{minutes}:2024"
        finished_row(database, uuid4(), key, completed_at=now - timedelta(minutes=minutes))
    receiver = SlackReceiver()
    with receiver.listening() as webhook:
        tick(webhook)
    order = [json.dumps(message) for message in receiver.accepted]
    assert [next(n for n in (1, 2, 3) if f"bl{n}:2024" in text) for text in order] == [3, 2, 1]


def test_a_slack_that_is_away_delays_and_loses_nothing(
    database: Database, tick: Callable[..., tuple[str, str]]
) -> None:
    finished_row(database, uuid4())
    receiver = SlackReceiver(Answer(500), Answer(500), Answer(500))
    with receiver.listening() as webhook:
        said, cursor = tick(webhook)
        assert "The messages wait." in said
        assert told(database) == [False]
        deadline = time.monotonic() + 30
        while not all(told(database)):
            assert time.monotonic() < deadline
            _, cursor = tick(webhook, cursor)
    assert len(receiver.accepted) == 1


def test_while_slack_is_off_nothing_is_told_and_it_does_not_become_news_later(
    database: Database, tick: Callable[..., tuple[str, str]]
) -> None:
    finished_row(database, uuid4(), completed_at=datetime.now(UTC) - timedelta(minutes=1))
    said, cursor = tick(None)
    assert "Slack is off" in said
    receiver = SlackReceiver()
    with receiver.listening() as webhook:
        assert tick(webhook, cursor)[0] == "Nothing new."
        finished_row(database, uuid4(), "openligadb:bl1:2025")
        assert tick(webhook, cursor)[0] == "1 messages sent"
    assert "bl1:2025" in json.dumps(receiver.accepted)


def test_a_tournament_waits_for_the_end_of_its_run(
    database: Database, instance: dg.DagsterInstance, tick: Callable[..., tuple[str, str]]
) -> None:
    run = instance.create_run_for_job(defs.resolve_job_def("ingest_tournaments"))
    instance.report_engine_event("started", run)
    finished_row(database, UUID(run.run_id))
    receiver = SlackReceiver()
    with receiver.listening() as webhook:
        assert tick(webhook)[0] == "Nothing new."
        instance.report_run_failed(run)
        # Its other domains were never begun: they get rows, and the message has them all.
        assert "1 messages sent" in tick(webhook)[0]


def test_a_run_that_died_before_it_opened_a_row_is_recorded_and_told_once(
    database: Database, instance: dg.DagsterInstance, tick: Callable[..., tuple[str, str]]
) -> None:
    job = defs.resolve_job_def("ingest_tournaments")
    instance.add_dynamic_partitions("tournaments", [KEY])
    run = instance.create_run_for_job(job, tags={"dagster/partition": KEY})
    instance.report_run_failed(run)
    receiver = SlackReceiver()
    with receiver.listening() as webhook:
        said, cursor = tick(webhook)
        assert said == f"{len(NAMES)} added for runs that died early; 1 messages sent"
        assert tick(webhook, cursor)[0] == "Nothing new."
    with database.transaction() as connection:
        rows = connection.execute(sa.select(TABLE)).mappings().all()
    assert {row["domain"] for row in rows} == set(NAMES)
    assert {row["status"] for row in rows} == {"failed"}
    assert {row["request_id"] for row in rows} == {UUID(run.run_id)}
    assert "failed before this was begun" in rows[0]["error_text"]
    assert len(receiver.accepted) == 1


def test_a_cancelled_run_says_so(
    database: Database, instance: dg.DagsterInstance, tick: Callable[..., tuple[str, str]]
) -> None:
    job = defs.resolve_job_def("ingest_tournaments")
    run = instance.create_run_for_job(job, tags={"dagster/partition": KEY})
    instance.report_run_canceled(run)
    tick(None)
    with database.transaction() as connection:
        texts = set(connection.scalars(sa.select(TABLE.c.error_text)))
    assert texts == {"The run was cancelled before this was begun."}


def test_a_range_run_is_planned_for_the_partitions_between_its_ends(
    instance: dg.DagsterInstance,
) -> None:
    keys = [f"openligadb:bl1:{year}" for year in range(2015, 2025)]
    instance.add_dynamic_partitions("tournaments", keys)
    run = instance.create_run_for_job(
        defs.resolve_job_def("ingest_tournaments"),
        tags={
            "dagster/asset_partition_range_start": keys[3],
            "dagster/asset_partition_range_end": keys[5],
        },
    )
    assert planned_work(instance, run) == dict.fromkeys(keys[3:6], NAMES)
    instance.delete_dynamic_partition("tournaments", keys[5])
    assert planned_work(instance, run) == {}


def test_a_run_of_something_else_is_none_of_ours(instance: dg.DagsterInstance) -> None:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def other() -> None:
        nothing()

    assert planned_work(instance, instance.create_run_for_job(other)) == {}


def test_a_run_that_dagster_does_not_know_is_finished(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(defs.resolve_job_def("ingest_tournaments"))
    unknown = uuid4()
    assert finished_runs(instance, {UUID(run.run_id), unknown}) == {unknown}
    assert finished_runs(instance, set()) == set()


@given(
    st.one_of(st.none(), st.text(), st.from_type(dict).map(lambda d: json.dumps(d, default=str)))
)
def test_a_cursor_that_is_garbage_says_nothing(text: str | None) -> None:
    assert database_away(text) is None


def test_what_is_noted_is_read_as_it_was_written() -> None:
    state = DeliveryState(1.5, 2.5, {str(uuid4()): 3.5}, (str(uuid4()),))
    assert DeliveryState.read(json.loads(json.dumps(state.note())), now=0) == state
