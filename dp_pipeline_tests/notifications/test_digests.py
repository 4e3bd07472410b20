"""The runs of a backfill or a refresh are one digest, posted when the last of them is over."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.run_tags import BACKFILL_TAG, RUN_GROUP_TAG, run_group_of
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago


def test_the_runs_of_a_backfill_are_announced_in_one_digest_when_it_is_over(
    channel: Channel,
) -> None:
    channel.backfill(BulkActionStatus.REQUESTED)
    report = "https://cdn.example.org/report.json"
    for number in range(3):
        run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
        ended = ago(minutes=4 - number)
        failing = {**failed(f"404 for bl{number}"), "report_file_url": report}
        for domain in NAMES:
            finished_row(
                channel.database,
                UUID(run.run_id),
                f"openligadb:bl{number}:2024",
                domain,
                run_group=run_group_of(run.tags),
                completed_at=ended,
                **(failing if number and domain == "matches" else {}),
            )
        channel.end(run)
    assert channel.deliver() == "Nothing new."
    finished_row(channel.database, uuid4(), OTHER)
    assert channel.deliver() == "1 messages sent"  # it holds up nothing else
    channel.backfill(BulkActionStatus.COMPLETED_FAILED)
    assert channel.deliver() == "1 messages sent"
    assert channel.deliver() == "Nothing new."
    assert channel.headers == [
        f"✅ Completed: {OTHER}",
        "❌ Backfill of 3 tournaments: 1 filled, 2 failed",
    ]
    text = json.dumps(channel.receiver.accepted[-1])
    assert f"{3 * len(NAMES) - 2} completed, 2 failed" in text
    assert (
        "*2 tournaments* failed at matches: openligadb:bl1:2024, openligadb:bl2:2024"
        in json.dumps(channel.receiver.accepted[-1], ensure_ascii=False)
    )
    assert f"<{report}|report>" in text
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
    assert channel.deliver() == "Nothing new."
    channel.end(second)
    finished_row(channel.database, UUID(second.run_id), OTHER, run_group=run_group)
    # another run of it may be requested any second
    assert channel.deliver() == "Nothing new."
    with channel.database.transaction() as connection:
        connection.execute(sa.update(TABLE).values(completed_at=ago(minutes=1)))
    assert channel.deliver() == "1 messages sent"
    assert channel.headers == ["✅ Nightly refresh of OpenLigaDB: 2 tournaments, 2 updated"]
    assert "2 in 2 runs" in json.dumps(channel.receiver.accepted)


def test_a_run_group_whose_runs_were_deleted_is_over(channel: Channel) -> None:
    for number in range(4):
        finished_row(
            channel.database,
            uuid4(),
            f"openligadb:bl{number}:2024",
            run_group="backfill:long-gone",
            completed_at=ago(minutes=1),
        )
    assert channel.deliver() == "1 messages sent"
    assert "4 in 4 runs" in json.dumps(channel.receiver.accepted)


def test_an_open_row_of_a_run_group_keeps_its_digest_back(channel: Channel) -> None:
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
    assert channel.deliver() == "Nothing new."


def test_the_rows_of_a_lost_run_are_part_of_the_digest_of_its_run_group(channel: Channel) -> None:
    channel.instance.add_dynamic_partitions("tournaments", [KEY, OTHER])
    run = channel.run(**{RUN_GROUP_TAG: "weekly", "dagster/partition": OTHER})
    finished_row(channel.database, uuid4(), run_group="weekly", completed_at=ago(minutes=1))
    channel.instance.report_run_failed(run)
    # they end now, so the run group has to settle once more
    assert channel.deliver() == f"{len(NAMES)} added for runs that died early"
    with channel.database.transaction() as connection:
        connection.execute(sa.update(TABLE).values(completed_at=ago(minutes=1)))
    assert channel.deliver() == "1 messages sent"
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
    channel.deliver()
    assert "2 completed, 2 nothing expected" in json.dumps(channel.receiver.accepted)


def test_thousands_of_rows_of_a_run_group_that_goes_on_cost_a_tick_little(channel: Channel) -> None:
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
    channel.deliver()
    began = datetime.now(UTC)
    assert channel.deliver() == "Nothing new."
    assert (datetime.now(UTC) - began).total_seconds() < 2
    channel.end(run)
    assert channel.deliver() == "1 messages sent"
    assert "20,000 tournaments" in json.dumps(channel.receiver.accepted)
    assert unannounced(channel.database) == 0
