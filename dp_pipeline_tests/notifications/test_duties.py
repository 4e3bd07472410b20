"""Sensors of which one duty fails: everything else is done, told, and not forgotten."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from dp_pipeline.database import tables
from dp_pipeline.definitions import defs
from dp_pipeline.notifications import announcing as announce
from dp_pipeline.notifications import backfills, due, incidents, notes, runs
from dp_pipeline.notifications.duties import DutiesFailedError
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline_tests.ledger.rows import KEY, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago
from dp_pipeline_tests.notifications.machinery import SCHEDULE, SENSOR, Machinery

pytestmark = pytest.mark.slow


class BrokenError(Exception):
    """What nobody expects."""


def broken(*_: Any, **__: Any) -> Any:
    message = "nobody expects this"
    raise BrokenError(message)


def kept_report(channel: Channel) -> None:
    """A report that the object store is to take with the next tick."""
    execution = finished_row(channel.database, uuid4(), KEY, "rounds", announced_at=ago(hours=1))
    with channel.database.transaction() as connection:
        connection.execute(
            sa.insert(tables.execution_report).values(
                execution_id=execution, file_key="a/b.json", report={}
            )
        )


def lost_run(channel: Channel) -> None:
    run = channel.run(**{"dagster/partition": OTHER})
    channel.instance.report_run_failed(run)


DUTIES: dict[str, tuple[Any, str]] = {
    "closing executions whose process is gone": (announce, "reconcile"),
    "adding executions of run": (runs, "planned_work"),
    "storing reports late": (announce.kept_reports, "store_all"),
    "examining watch_automation": (announce.automation, "running"),
    "reading incidents to announce": (incidents, "unannounced"),
    "reading digests to announce": (due.digests, "unannounced_groups"),
    "counting the polls without news": (due.outbox, "suppressed"),
    "reading backfills to announce": (backfills, "ended_backfills"),
}


@pytest.mark.parametrize("duty", DUTIES)
def test_whatever_duty_fails_people_hear_of_the_rest_and_the_tick_fails(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, duty: str
) -> None:
    kept_report(channel)
    lost_run(channel)
    finished_row(channel.database, uuid4(), KEY, completed_at=ago(minutes=2))
    with monkeypatch.context() as patched:
        patched.setattr(*DUTIES[duty], broken)
        with pytest.raises(BrokenError) as failed:
            channel.deliver_later()
        assert any(duty in note.lower() for note in failed.value.__notes__)
    assert f"✅ Completed: {KEY}" in channel.headers
    assert len(channel.headers) == (1 if duty.startswith("adding") else 2)
    channel.deliver_later()
    assert len(channel.headers) == len(set(channel.headers)) == 2
    assert unannounced(channel.database) == 0


@pytest.mark.parametrize(
    "summary", [["no", "dict"], "text", {"created": "many"}, {"created": 1.5}, {"news": 7}]
)
def test_a_row_that_says_nonsense_keeps_no_other_one_from_being_announced(
    channel: Channel, summary: Any
) -> None:
    poll = {"scope": "part", "domain": "matches"}
    finished_row(channel.database, uuid4(), KEY, completed_at=ago(minutes=7), **poll)
    finished_row(
        channel.database, uuid4(), KEY, completed_at=ago(minutes=6), summary=summary, **poll
    )
    finished_row(
        channel.database,
        uuid4(),
        KEY,
        completed_at=ago(minutes=5),
        summary={"news": ["1:0"]},
        **poll,
    )
    finished_row(channel.database, uuid4(), OTHER, completed_at=ago(minutes=2), summary=summary)
    finished_row(
        channel.database,
        uuid4(),
        OTHER,
        run_group="weekly",
        completed_at=ago(minutes=2),
        summary=summary,
    )
    finished_row(channel.database, uuid4(), "openligadb:bl3:2024", completed_at=ago(minutes=1))
    channel.deliver()
    assert {
        f"✅ News: {KEY}",
        f"✅ Completed: {OTHER}",
        "✅ Completed: openligadb:bl3:2024",
    } <= set(channel.headers)
    assert any(header.startswith("✅ weekly: 1 tournament, ") for header in channel.headers)
    assert unannounced(channel.database) == 0


def test_a_message_that_cannot_be_rendered_stops_no_other_one(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_row(channel.database, uuid4(), KEY, completed_at=ago(minutes=3))
    finished_row(channel.database, uuid4(), OTHER, completed_at=ago(minutes=2))
    payload = due.Announcement.payload

    def rendered(message: due.Announcement) -> dict[str, Any]:
        return broken() if message.tournament_key == KEY else payload(message)

    with monkeypatch.context() as patched:
        patched.setattr(due.Announcement, "payload", rendered)
        for _ in range(3):
            with pytest.raises(BrokenError):
                channel.deliver_later()
    assert channel.headers == [f"✅ Completed: {OTHER}"]
    assert channel.deliver_later() == "1 messages sent"


def test_a_webhook_that_is_none_keeps_the_ledger_from_nothing(channel: Channel) -> None:
    kept_report(channel)
    finished_row(channel.database, uuid4(), KEY)
    channel.webhook = "http://hooks.slack.com/services/x"
    with pytest.raises(Exception, match="must be the https:// address"):
        channel.deliver_later()
    with channel.database.transaction() as connection:
        assert (
            connection.scalar(sa.select(sa.func.count()).select_from(tables.execution_report)) == 0
        )


def test_what_a_failing_tick_has_done_is_known_to_the_next_one(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost_run(channel)
    monkeypatch.setattr(announce.kept_reports, "store_all", broken)
    kept_report(channel)
    with pytest.raises(BrokenError):
        channel.deliver()
    state = DeliveryState.read(notes.read(channel.database, notes.STATE), now=0)
    (run,) = channel.instance.get_run_records()
    assert state.lost_after == pytest.approx(run.update_timestamp.timestamp(), abs=86_400)
    assert state.lost_after > 0


def test_two_duties_that_fail_are_both_named(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_report(channel)
    monkeypatch.setattr(announce.kept_reports, "store_all", broken)
    monkeypatch.setattr(announce, "reconcile", broken)
    with pytest.raises(
        DutiesFailedError, match=r"2 duties failed \(closing .*; storing "
    ) as failed:
        channel.deliver()
    assert isinstance(failed.value.__cause__, BrokenError)


# -- the sensor that watches -----------------------------------------------------------------------


def a_sensor_fails(machinery: Machinery) -> None:
    state = machinery.on(SENSOR)
    for ago_ in (60, 50, 40):
        machinery.ticked(state, TickStatus.FAILURE, ago=ago_)


def a_check_fails(machinery: Machinery) -> None:
    machinery.evaluated(passed=False)


def a_job_fails(machinery: Machinery) -> None:
    run = machinery.instance.create_run_for_job(defs.resolve_job_def("discover_seasons"))
    machinery.began(run)
    machinery.instance.report_run_failed(run, "It crashed.")


# The job is the first: Dagster takes a check of it as under way once it has a run.
NEWS: dict[str, tuple[Callable[[Machinery], None], str]] = {
    "job": (a_job_fails, "❌ The job discover_seasons fails"),
    "sensor": (a_sensor_fails, f"❌ The sensor {SENSOR} keeps failing"),
    "check": (a_check_fails, "❌ The check every_competition_is_listed of seasons fails"),
}


@pytest.mark.parametrize(
    ("broken_part", "unheard"),
    [
        ("automation.running", "sensor"),
        ("checks.detect", "check"),
        ("jobs.detect", "job"),
        ("undelivered.read_undelivered", None),
        ("read_health", None),
        ("providers.evaluation", None),
    ],
)
def test_whatever_the_watching_sensor_cannot_examine_it_announces_the_rest(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch, broken_part: str, unheard: str | None
) -> None:
    for happen, _ in NEWS.values():
        happen(machinery)
    with monkeypatch.context() as patched:
        patched.setattr(f"dp_pipeline.notifications.detection.{broken_part}", broken)
        for _ in range(2):
            with pytest.raises(BrokenError):
                machinery.watch()
            if broken_part != "automation.running":
                machinery.deliver()
    machinery.deliver()
    expected = [header for name, (_, header) in NEWS.items() if name != unheard]
    assert sorted(machinery.headers) == sorted(expected)
    machinery.tick()
    assert sorted(machinery.headers) == sorted(header for _, header in NEWS.values())


def test_a_schedule_whose_ticks_cannot_be_read_hides_no_other_failure(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_sensor_fails(machinery)
    machinery.on(SCHEDULE, InstigatorType.SCHEDULE)
    real = dg.DagsterInstance.get_tick_summaries

    def summaries(instance: dg.DagsterInstance, origin: str, *more: Any, **which: Any) -> Any:
        (bad,) = [s for s in instance.all_instigator_state() if s.instigator_name == SCHEDULE]
        return (
            broken()
            if origin == bad.instigator_origin_id
            else real(instance, origin, *more, **which)
        )

    monkeypatch.setattr(dg.DagsterInstance, "get_tick_summaries", summaries)
    with pytest.raises(BrokenError):
        machinery.watch()
    assert machinery.headers == [NEWS["sensor"][1]]
