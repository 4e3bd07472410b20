"""What people are told of backfills that failed, were cancelled, or never did anything."""

import json
import time
from typing import Any
from uuid import UUID

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.asset_backfill import AssetBackfillData
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._utils.error import SerializableErrorInfo

from dp_pipeline.definitions import defs
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.run_tags import BACKFILL_TAG, run_group_of
from dp_pipeline.notifications import notes
from dp_pipeline.notifications.backfills import HISTORY_SECONDS, LATE_SECONDS, Handled
from dp_pipeline.notifications.undelivered import read_undelivered
from dp_pipeline_tests.ledger.rows import failed, finished_row
from dp_pipeline_tests.notifications.channel import Channel, ago
from dp_pipeline_tests.servers import Answer

# Dagster uses it itself when it makes a backfill.
pytestmark = pytest.mark.filterwarnings("ignore:.*AssetSelection.sources:DeprecationWarning")

KEYS = [f"openligadb:bl1:{year}" for year in range(2015, 2025)]

TEN = "Backfill of 10 tournaments"


def launch(channel: Channel, id_: str, *, at: float | None = None, **tags: str) -> None:
    """A backfill of teams and matches of ten tournaments, as the UI makes it."""
    if not channel.instance.get_dynamic_partitions("tournaments"):
        channel.instance.add_dynamic_partitions("tournaments", KEYS)
    channel.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            asset_graph=defs.get_repository_def().asset_graph,
            backfill_id=id_,
            tags={f"dagster/{name}": value for name, value in tags.items()},
            backfill_timestamp=time.time() - 300 if at is None else at,
            asset_selection=[dg.AssetKey("teams"), dg.AssetKey("matches")],
            partition_names=KEYS,
            dynamic_partitions_store=channel.instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
    )


def end(channel: Channel, id_: str, status: BulkActionStatus, **facts: Any) -> None:
    """Let it end.

    Facts: `error`; `done`, how many of its partitions have all their assets; `seconds_ago`.
    """
    found = channel.instance.get_backfill(id_)
    assert found is not None
    data = found.asset_backfill_data
    assert isinstance(data, AssetBackfillData)
    graph = defs.get_repository_def().asset_graph
    materialized = AssetGraphSubset.from_asset_partition_set(
        {
            AssetKeyPartitionKey(dg.AssetKey(asset), key)
            for asset in ("teams", "matches")
            for key in KEYS[: facts.get("done", 0)]
        },
        graph,
    )
    found = found.with_asset_backfill_data(
        data._replace(materialized_subset=materialized),
        dynamic_partitions_store=channel.instance,
        asset_graph=graph,
    )
    if "error" in facts:
        found = found.with_error(SerializableErrorInfo(facts["error"], [], None))
    ended = time.time() - facts.get("seconds_ago", 0)
    channel.instance.update_backfill(found.with_status(status).with_end_timestamp(ended))


def told(channel: Channel) -> list[Any]:
    return [json.dumps(message, ensure_ascii=False) for message in channel.receiver.accepted]


# -- with executions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (
            BulkActionStatus.COMPLETED_SUCCESS,
            f"✅ {TEN}: 1 filled, 9 not begun",
        ),
        (BulkActionStatus.COMPLETED_FAILED, f"❌ {TEN}: 1 filled, 9 not begun"),
        (BulkActionStatus.FAILED, f"❌ {TEN} failed: 1 filled, 9 not begun"),
        (
            BulkActionStatus.CANCELED,
            f"⚠️ {TEN} was cancelled: 1 filled, 9 not begun",
        ),
    ],
)
def test_the_digest_says_how_the_backfill_itself_ended(
    channel: Channel, status: BulkActionStatus, header: str
) -> None:
    launch(channel, "abcdefgh")
    run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
    for domain in ("teams", "matches"):
        finished_row(
            channel.database, UUID(run.run_id), KEYS[0], domain,
            run_group=run_group_of(run.tags), completed_at=ago(minutes=2),
        )  # fmt: skip
    channel.end(run)
    assert channel.deliver() == "Nothing new."
    end(channel, "abcdefgh", status, done=1)
    assert channel.deliver() == "1 messages sent"
    assert channel.headers == [header]
    (message,) = told(channel)
    assert "*Tournaments*\\n1 in 1 run" in message
    assert "*Partitions*\\n1 of 10 done" in message
    assert channel.deliver() == "Nothing new."


def test_an_error_of_the_backfill_is_announced_without_its_secrets(channel: Channel) -> None:
    launch(channel, "abcdefgh")
    run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
    finished_row(
        channel.database, UUID(run.run_id), run_group=run_group_of(run.tags),
        completed_at=ago(minutes=2), **failed(),
    )  # fmt: skip
    channel.end(run)
    error = "dagster._core.errors.DagsterError: postgres://me:hush@there is gone"
    end(channel, "abcdefgh", BulkActionStatus.FAILED, error=error)
    assert channel.deliver() == "1 messages sent"
    (message,) = told(channel)
    assert "postgres://***@there is gone" in message
    assert "403" in message


# -- of an automation ------------------------------------------------------------------------------


def test_what_an_automation_makes_by_itself_is_no_message(channel: Channel) -> None:
    launch(channel, "abcdefgh", sensor_name="publish_changes")
    end(channel, "abcdefgh", BulkActionStatus.COMPLETED_SUCCESS, done=10)
    assert channel.deliver() == "Nothing new."
    assert channel.headers == []


# -- without any -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (
            BulkActionStatus.FAILED,
            f"❌ {TEN} failed: none filled, 10 not begun",
        ),
        (
            BulkActionStatus.CANCELED,
            f"⚠️ {TEN} was cancelled: none filled, 10 not begun",
        ),
        (
            BulkActionStatus.COMPLETED_FAILED,
            f"❌ {TEN}: none filled, 10 not begun",
        ),
    ],
)
def test_a_backfill_that_ended_before_its_first_run_is_announced_once(
    channel: Channel, status: BulkActionStatus, header: str
) -> None:
    launch(channel, "abcdefgh")
    assert channel.deliver() == "Nothing new."
    end(channel, "abcdefgh", status, error="No code server.")
    assert channel.deliver() == "1 messages sent"
    assert channel.headers == [header]
    (message,) = told(channel)
    assert "*Executions*\\nnone" in message
    assert "*Partitions*\\n0 of 10 done" in message
    assert "No code server." in message
    assert "http://localhost:3000/runs/b/abcdefgh" in message
    channel.cursor = None  # as after somebody has reset the sensor
    assert channel.deliver() == "Nothing new."


def test_what_is_announced_of_one_is_kept_before_the_tick_is_over(channel: Channel) -> None:
    for id_ in ("first", "second"):
        launch(channel, id_)
        end(channel, id_, BulkActionStatus.FAILED)
    channel.receiver.answers += [Answer(200, "ok"), Answer(403, "no_service")]
    assert "1 messages sent" in channel.deliver()
    cursor, channel.cursor = channel.cursor, None  # the daemon died before it could keep it
    channel.deliver()
    assert channel.headers == [f"❌ {TEN} failed: none filled, 10 not begun"] * 2
    posted = json.dumps(channel.receiver.accepted)
    assert posted.count("backfill:first") == posted.count("backfill:second") == 1
    assert cursor is not None
    assert channel.deliver() == "Nothing new."


def test_a_backfill_waits_until_its_lost_runs_have_their_rows(channel: Channel) -> None:
    launch(channel, "abcdefgh")
    tags = {BACKFILL_TAG: "abcdefgh", "dagster/partition": KEYS[0]}
    run = channel.run(**tags)
    end(channel, "abcdefgh", BulkActionStatus.CANCELED)
    assert channel.deliver() == "Nothing new."
    channel.instance.report_run_canceled(run)
    assert channel.deliver() == f"{len(NAMES)} added for runs that died early; 1 messages sent"
    assert channel.headers == [f"⚠️ {TEN} was cancelled: none filled, 1 not done yet, 9 not begun"]
    assert "*Tournaments*\\n1 in 1 run" in told(channel)[0]
    assert channel.deliver() == "Nothing new."


def test_a_backfill_of_all_partitions_is_counted_after_some_were_deleted(channel: Channel) -> None:
    channel.instance.add_dynamic_partitions("tournaments", KEYS)
    channel.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            asset_graph=defs.get_repository_def().asset_graph,
            backfill_id="abcdefgh",
            tags={},
            backfill_timestamp=time.time() - 300,
            asset_selection=[dg.AssetKey("teams")],
            partition_names=None,
            dynamic_partitions_store=channel.instance,
            all_partitions=True,
            title=None,
            description=None,
            run_config=None,
        )
    )
    channel.instance.delete_dynamic_partition("tournaments", KEYS[3])
    end(channel, "abcdefgh", BulkActionStatus.CANCELED)
    assert channel.deliver() == "1 messages sent"
    assert "*Partitions*\\n0 of 10 done" in told(channel)[0]


def test_a_backfill_of_a_job_is_announced_with_what_was_requested(channel: Channel) -> None:
    channel.instance.add_backfill(
        PartitionBackfill(
            backfill_id="abcdefgh", status=BulkActionStatus.CANCELED, from_failure=False, tags={},
            backfill_timestamp=time.time(), partition_names=KEYS,
        )
    )  # fmt: skip
    assert channel.deliver() == "1 messages sent"
    assert "*Partitions*\\n10 requested" in told(channel)[0]


def test_what_ended_while_slack_was_off_is_history(channel: Channel) -> None:
    launch(channel, "abcdefgh")
    end(channel, "abcdefgh", BulkActionStatus.FAILED)
    channel.announced_from(ago(seconds=-1))
    assert channel.deliver() == "Nothing new."
    channel.announced_from(ago(days=1))
    assert channel.deliver() == "Nothing new."


def test_only_failures_are_posted_where_nothing_else_is_wanted(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "failure")
    for id_, status in (("one", BulkActionStatus.CANCELED), ("two", BulkActionStatus.FAILED)):
        launch(channel, id_)
        end(channel, id_, status)
    assert channel.deliver() == "1 messages sent; 1 messages suppressed or not wanted"
    assert channel.headers == [f"❌ {TEN} failed: none filled, 10 not begun"]
    assert "backfill:two" in json.dumps(channel.receiver.accepted)


def test_one_that_waits_for_slack_counts_as_a_message_that_waits(channel: Channel) -> None:
    launch(channel, "abcdefgh", at=time.time() - 7_200)
    end(channel, "abcdefgh", BulkActionStatus.FAILED, seconds_ago=3_600)
    assert not read_undelivered(channel.instance, channel.database, on=True).evaluation().passed
    channel.deliver()
    assert read_undelivered(channel.instance, channel.database, on=True).evaluation().passed


# -- what is kept ----------------------------------------------------------------------------------


def test_what_is_kept_does_not_grow(channel: Channel) -> None:
    old = time.time() - HISTORY_SECONDS / 2
    for number in range(3):
        launch(channel, f"old{number}", at=old)
        end(channel, f"old{number}", BulkActionStatus.FAILED)
    launch(channel, "goes-on", at=old + 1)
    channel.deliver()
    seen = Handled.read(channel.instance, channel.database, time.time())
    assert set(seen.later) == {"old0", "old1", "old2"}
    assert seen.since < old, "one that goes on may still fail"
    end(channel, "goes-on", BulkActionStatus.FAILED)
    channel.deliver()
    assert channel.deliver() == "Nothing new."
    seen = Handled.read(channel.instance, channel.database, time.time())
    assert seen.later == {}
    assert time.time() - seen.since < LATE_SECONDS + 60
    assert len(channel.headers) == 4


def test_a_backfill_of_another_code_location_is_not_ours_to_announce(channel: Channel) -> None:
    channel.instance.add_backfill(
        PartitionBackfill(
            backfill_id="abcdefgh", status=BulkActionStatus.FAILED, from_failure=False, tags={},
            backfill_timestamp=time.time(), asset_selection=[dg.AssetKey("their_own")],
        )
    )  # fmt: skip
    assert channel.deliver() == "Nothing new."
    assert channel.deliver() == "Nothing new."


def test_a_foreign_note_starts_afresh(channel: Channel) -> None:
    for note in ("", [], {}, {"since": "x", "later": {}}, {"since": 1, "later": [1]}):
        notes.write(channel.database, notes.BACKFILLS, note)
        assert Handled.read(channel.instance, channel.database, 100_000.0) == Handled(
            100_000.0 - HISTORY_SECONDS
        )
