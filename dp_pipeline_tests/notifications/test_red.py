"""Red is what needs a person: not what was stopped, could not begin once, or is tried again."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus

from dp_pipeline.ledger import reconcile as reconciling
from dp_pipeline.ledger.reconcile import reconcile
from dp_pipeline.ledger.run_tags import BACKFILL_TAG
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago

RED, YELLOW, GREEN = "#e01e5a", "#ecb22e", "#2eb67d"


def colors(channel: Channel) -> list[str]:
    """Of every message, oldest first."""
    return [message["attachments"][0]["color"] for message in channel.receiver.accepted]


def interrupted(**values: Any) -> dict[str, Any]:
    text = "The run was cancelled or its process had to stop before this was finished."
    return failed(text, error_class="InterruptedRunError", **values)


def not_begun(**values: Any) -> dict[str, Any]:
    text = "The run failed before this was begun; its page in Dagster says why."
    return failed(text, error_class="RunEndedEarly", **values)


def network(**values: Any) -> dict[str, Any]:
    said = "The provider did not answer."
    values = {"scope": "part", "domain": "matches", **values}
    return failed(said, error_class="NetworkError", **values) | {
        "summary": {"error": said, "retryable": True}
    }


def told(channel: Channel, *happened: tuple[float, dict[str, Any]]) -> list[str]:
    """The colours of what is told of executions of one tournament, so many minutes ago."""
    for minutes, values in happened:
        finished_row(channel.database, uuid4(), completed_at=ago(minutes=minutes), **values)
    channel.deliver_later()
    assert unannounced(channel.database) == 0
    return colors(channel)


def test_what_was_interrupted_is_announced_without_red(channel: Channel) -> None:
    run = uuid4()
    for domain in ("tournaments", "teams"):
        finished_row(channel.database, run, KEY, domain)
    finished_row(channel.database, run, KEY, "matches", **interrupted())
    assert told(channel) == [YELLOW]
    assert channel.headers == [f"⚠️ Interrupted: {KEY}"]
    text = json.dumps(channel.receiver.accepted, ensure_ascii=False)
    assert "2 completed, 1 interrupted" in text
    assert "❌" not in text


def test_what_was_interrupted_is_not_for_those_who_want_failures_only(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "failure,partial")
    assert told(channel, (9, interrupted()), (8, not_begun()), (7, not_begun())) == []
    assert told(channel, (5, not_begun())) == [RED]


def test_stopping_often_is_no_failure_but_being_stopped_for_days_is(channel: Channel) -> None:
    assert RED not in told(channel, *((30 - n, interrupted()) for n in range(6)))
    channel.receiver.accepted.clear()
    day = 24 * 60
    channel.announced_from(ago(days=9))
    nights = [(n * day, {**interrupted(), "tournament_key": OTHER}) for n in (3, 2, 1)]
    assert told(channel, *nights) == [YELLOW, YELLOW, RED]


def test_a_run_that_did_not_start_once_and_then_did_is_never_red(channel: Channel) -> None:
    assert told(channel, (9, not_begun()), (8, {})) == [YELLOW, GREEN]
    assert channel.headers == [f"⚠️ Not done yet: {KEY}", f"✅ Completed: {KEY}"]


def test_three_starts_in_a_row_that_fail_are_red_and_their_end_is_news(channel: Channel) -> None:
    assert told(channel, (9, not_begun()), (8, not_begun())) == [YELLOW]
    assert told(channel, (7, not_begun())) == [YELLOW, RED]
    assert told(channel, (6, not_begun())) == [YELLOW, RED]
    assert told(channel, (5, {})) == [YELLOW, RED, GREEN]
    assert channel.headers[-1] == f"✅ Recovered: {KEY}"


def test_a_poll_that_fails_once_or_twice_is_nothing_to_announce(channel: Channel) -> None:
    well = {"scope": "part", "domain": "matches", "outcome": "unchanged"}
    assert told(channel, (30, network()), (29, network()), (28, well)) == []
    assert told(channel, *((minutes, network()) for minutes in (20, 19, 18, 17))) == [RED]
    assert told(channel, (16, well)) == [RED, GREEN]


def test_what_trying_again_does_not_help_is_red_at_once(channel: Channel) -> None:
    assert told(channel, (9, failed(scope="part", domain="matches"))) == [RED]
    gone = {"error_class": "ProcessGone", "tournament_key": OTHER}
    assert told(channel, (8, failed("killed", **gone))) == [RED, RED]
    whole = network(scope="whole", tournament_key="openligadb:bl3:2024")
    assert told(channel, (7, whole)) == [RED, RED, RED]


@pytest.mark.parametrize(
    ("cause", "color"), [(interrupted(), YELLOW), (not_begun(), YELLOW), (failed(), RED)]
)
def test_what_only_followed_has_the_colour_of_its_cause(
    channel: Channel, cause: dict[str, Any], color: str
) -> None:
    blocked = failed("teams failed in this run") | {
        "outcome": "blocked_dependency",
        "error_class": "BlockedDependencyError",
    }
    for run_group in (None, "weekly"):
        run = uuid4()
        finished_row(
            channel.database,
            run,
            KEY,
            "teams",
            completed_at=ago(minutes=2),
            run_group=run_group,
            **cause,
        )
        finished_row(
            channel.database,
            run,
            KEY,
            "matches",
            completed_at=ago(minutes=2),
            run_group=run_group,
            **blocked,
        )
        channel.receiver.accepted.clear()
        channel.deliver_later()
        assert colors(channel) == [color]
        with channel.database.transaction() as connection:
            connection.execute(sa.delete(TABLE))


# -- digests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "color", "header"),
    [
        (interrupted(), YELLOW, "⚠️ weekly: 2 tournaments, 1 updated, 1 not done yet"),
        (not_begun(), YELLOW, "⚠️ weekly: 2 tournaments, 1 updated, 1 not done yet"),
        (failed(), RED, "❌ weekly: 2 tournaments, 1 updated, 1 failed"),
    ],
)
def test_a_digest_is_red_for_what_needs_a_person_only(
    channel: Channel, values: dict[str, Any], color: str, header: str
) -> None:
    finished_row(channel.database, uuid4(), OTHER, run_group="weekly", completed_at=ago(minutes=2))
    assert told(channel, (2, {**values, "run_group": "weekly"})) == [color]
    assert channel.headers == [header]


def test_a_digest_of_what_failed_to_start_for_the_third_time_is_red(channel: Channel) -> None:
    run_group = {"run_group": "weekly"}
    assert (
        told(channel, (90, not_begun()), (60, not_begun()), (2, not_begun(**run_group)))[-1] == RED
    )


def test_a_backfill_that_was_interrupted_is_not_red(channel: Channel) -> None:
    channel.backfill(BulkActionStatus.COMPLETED_FAILED)
    run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
    channel.end(run)
    finished_row(
        channel.database, UUID(run.run_id), run_group="backfill:abcdefgh",
        completed_at=ago(minutes=2), **interrupted(),
    )  # fmt: skip
    channel.deliver_later()
    assert channel.headers == ["⚠️ Backfill of 1 tournament: none filled, 1 not done yet"]


def test_what_was_stopped_and_done_anew_in_its_backfill_is_done(channel: Channel) -> None:
    channel.backfill(BulkActionStatus.COMPLETED_FAILED)
    run = channel.run(**{BACKFILL_TAG: "abcdefgh"})
    channel.end(run)
    ended = ((3, UUID(run.run_id), interrupted()), (2, uuid4(), {}))
    for minutes, id_, values in ended:
        finished_row(
            channel.database, id_, run_group="backfill:abcdefgh", started_at=ago(minutes=minutes),
            completed_at=ago(minutes=minutes), **values,
        )  # fmt: skip
    channel.deliver_later()
    [header] = channel.headers
    assert header.startswith("✅ Backfill of 1 tournament: 1 filled")


# -- rows whose process is gone --------------------------------------------------------------------


def open_row(channel: Channel, run: UUID, *, began: datetime) -> None:
    finished_row(
        channel.database, run, KEY, "matches", status="in_progress", outcome=None,
        completed_at=began, started_at=began,
    )  # fmt: skip
    with channel.database.transaction() as connection:
        connection.execute(sa.update(TABLE).values(completed_at=None))


@pytest.mark.parametrize(
    ("cancelled", "up_since", "error_class"),
    [
        (False, None, "ProcessGone"),
        (False, 9, "ProcessGone"),
        (False, 1, "InterruptedRunError"),
        (True, None, "InterruptedRunError"),
    ],
)
def test_a_process_that_is_gone_was_stopped_if_all_was_or_the_run_was_cancelled(
    channel: Channel, cancelled: bool, up_since: float | None, error_class: str
) -> None:
    run = uuid4()
    open_row(channel, run, began=ago(minutes=5))
    reconcile(
        channel.database,
        finished=lambda runs: runs,
        free_since={},
        now=0,
        cancelled=lambda runs: runs if cancelled else (),
        up_since=None if up_since is None else ago(minutes=up_since),
    )
    with channel.database.transaction() as connection:
        row = connection.execute(sa.select(TABLE)).mappings().one()
    assert (row["error_class"], row["status"]) == (error_class, "failed")
    stopped = error_class == "InterruptedRunError"
    assert row["error_text"] == (reconciling.STOPPED if stopped else reconciling.GONE)


def test_a_run_that_was_cancelled_is_not_red_whatever_it_had_begun(channel: Channel) -> None:
    for _ in range(4):
        run = channel.run(**{"dagster/partition": KEY})
        open_row(channel, UUID(run.run_id), began=ago(seconds=3))
        channel.instance.report_run_canceled(run)
        channel.deliver_later()
    assert colors(channel)
    assert set(colors(channel)) == {YELLOW}
    assert "❌" not in json.dumps(channel.receiver.accepted, ensure_ascii=False)


def test_a_run_that_was_killed_in_its_midst_is_red(channel: Channel) -> None:
    run = channel.run(**{"dagster/partition": KEY})
    open_row(channel, UUID(run.run_id), began=ago(seconds=3))
    channel.instance.report_run_failed(run)
    channel.deliver_later()
    assert colors(channel) == [RED]
