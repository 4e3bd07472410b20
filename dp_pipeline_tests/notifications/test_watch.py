"""Sensors, schedules and jobs that fail, checks that fail, messages that wait, no database."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.competitions.seasons import DISCOVER_JOB
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build, defs
from dp_pipeline.notifications import notes
from dp_pipeline.notifications.delivery import ANOTHER_DELIVERS
from dp_pipeline.notifications.detectors.automation import FAILED_TICKS
from dp_pipeline.notifications.earlier import Earlier, adopted
from dp_pipeline.notifications.notes import DELIVERS, WATCHES, DeliveryState
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.undelivered import CHECK as DELIVERED
from dp_pipeline.notifications.undelivered import UNDELIVERED_MINUTES
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.sensors.notify import announce_executions, watch_automation
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.servers import Answer, SlackReceiver, closed_url

SENSOR = DELIVERS
SCHEDULE = "refresh_openligadb_nightly"
CHECK = dg.AssetCheckKey(dg.AssetKey("seasons"), "every_competition_is_listed")


@dataclass
class Machinery:
    """An instance with its sensors, and the channel people read."""

    database: Database
    url: str
    instance: dg.DagsterInstance
    receiver: SlackReceiver
    webhook: str | None
    cursor: str | None = None
    telling: str | None = None

    def look(self) -> str:
        """One tick of the sensor that watches, one of the one that delivers; what they say."""
        said = [each for each in (self.watch(), self.tell()) if each != "Nothing new."]
        return "; ".join(said) or "Nothing new."

    def watch(self) -> str:
        """One tick of the sensor that watches; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=defs,
            resources={
                "database": DatabaseResource(url=self.url),
                "slack": SlackResource(webhook=self.webhook),
            },
        ) as context:
            said = watch_automation(context)
            assert isinstance(said, dg.SkipReason)
            self.cursor = context.cursor
        return said.skip_message or ""

    @property
    def headers(self) -> list[str]:
        """The first line of every message, oldest first."""
        return [
            message["attachments"][0]["blocks"][0]["text"]["text"]
            for message in self.receiver.accepted
        ]

    def tell(self) -> str:
        """One tick of the sensor that delivers; what it says."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.telling,
            definitions=defs,
            resources={
                "database": DatabaseResource(url=self.url),
                "ledger": LedgerResource(),
                "slack": SlackResource(webhook=self.webhook),
            },
        ) as context:
            said = announce_executions(context)
            assert isinstance(said, dg.SkipReason)
            self.telling = context.cursor
        return said.skip_message or ""

    def open_incidents(self) -> list[tuple[str, str]]:
        """Kind and subject of what is wrong."""
        table = tables.incident.c
        with self.database.transaction() as connection:
            rows = connection.execute(
                sa.select(table.kind, table.subject).where(table.closed_at.is_(None))
            )
            return [tuple(row) for row in rows]

    def on(
        self,
        name: str,
        kind: InstigatorType = InstigatorType.SENSOR,
        *,
        cursor: str | None = None,
        cron: str = "0 2 * * *",
    ) -> InstigatorState:
        """Switch a sensor or schedule on."""
        # its attribute of that name implements the abstract property
        location = RegisteredCodeLocationOrigin("dp_pipeline")  # ty: ignore[abstract-class-instantiation]
        origin = RemoteInstigatorOrigin(
            repository_origin=RemoteRepositoryOrigin(location, "__repository__"),
            instigator_name=name,
        )
        return self.instance.add_instigator_state(
            InstigatorState(
                origin,
                kind,
                InstigatorStatus.RUNNING,
                SensorInstigatorData(cursor=cursor)
                if kind is InstigatorType.SENSOR
                else ScheduleInstigatorData(cron),
            )
        )

    def ticked(self, state: InstigatorState, status: TickStatus, *, ago: float) -> None:
        """Let a sensor or schedule have had a tick."""
        failed = status is TickStatus.FAILURE
        self.instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.instigator_name,
                state.instigator_type,
                status,
                time.time() - ago,
                run_ids=[],
                selector_id=state.selector_id,
                error=SerializableErrorInfo("No way to postgresql://me:hidden77@db/x", [], "E")
                if failed
                else None,
            )
        )

    def evaluated(self, *, passed: bool, grave: bool = True) -> None:
        """Let a check have been evaluated."""
        severity = dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=CHECK.asset_key,
                check_name=CHECK.name,
                passed=passed,
                severity=severity,
                description="Two competitions are not listed.",
            )
        )

    def delivered(self) -> bool | None:
        """What Dagster shows of the check of the ledger; None for nothing yet."""
        last = self.instance.get_latest_asset_check_evaluation_record(DELIVERED)
        return None if last is None else last.status.name == "SUCCEEDED"


@pytest.fixture
def machinery(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machinery]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    receiver = SlackReceiver()
    with dg.instance_for_test() as instance, receiver.listening() as webhook:
        yield Machinery(database, migrated_url, instance, receiver, webhook)


def test_a_sensor_that_keeps_failing_is_told_once_and_its_recovery_once(
    machinery: Machinery,
) -> None:
    state = machinery.on(SENSOR)
    machinery.ticked(state, TickStatus.SUCCESS, ago=90)
    for ago in (60, 50):
        machinery.ticked(state, TickStatus.FAILURE, ago=ago)
    assert machinery.look() == "Nothing new."  # twice can happen
    machinery.ticked(state, TickStatus.FAILURE, ago=40)
    machinery.ticked(state, TickStatus.STARTED, ago=35)
    assert machinery.look() == "1 messages sent"
    machinery.ticked(state, TickStatus.FAILURE, ago=30)
    assert machinery.look() == "Nothing new."
    machinery.ticked(state, TickStatus.SKIPPED, ago=20)
    assert machinery.look() == "1 messages sent"
    assert machinery.look() == "Nothing new."
    assert machinery.headers == [
        "❌ The sensor announce_executions keeps failing",
        "✅ The sensor announce_executions works again",
    ]
    text = json.dumps(machinery.receiver.accepted)
    assert "It lasted 4" in text  # some 40 s
    assert "postgresql://***@db/x" in text
    assert "hidden77" not in text


def test_a_schedule_is_told_at_its_first_failure(machinery: Machinery) -> None:
    assert FAILED_TICKS[InstigatorType.SCHEDULE] == 1
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE)
    machinery.ticked(state, TickStatus.FAILURE, ago=30)
    assert machinery.look() == "1 messages sent"
    assert machinery.headers == [f"❌ The schedule {SCHEDULE} keeps failing"]


@pytest.mark.parametrize("again", [TickStatus.SKIPPED, TickStatus.FAILURE])
def test_a_schedule_that_asks_again_soon_is_told_when_that_fails_too(
    machinery: Machinery, again: TickStatus
) -> None:
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE, cron="17,47 2-5 * * *")
    night = datetime(2024, 11, 26, 2, 17, tzinfo=UTC).timestamp()
    machinery.ticked(state, TickStatus.FAILURE, ago=time.time() - night)
    assert machinery.look() == "Nothing new."
    machinery.ticked(state, again, ago=time.time() - night - 1_800)
    machinery.look()
    failed = [f"❌ The schedule {SCHEDULE} keeps failing"]
    assert machinery.headers == (failed if again is TickStatus.FAILURE else [])


def test_the_last_tick_of_a_night_is_told_at_once(machinery: Machinery) -> None:
    state = machinery.on(SCHEDULE, InstigatorType.SCHEDULE, cron="17,47 2-5 * * *")
    night = datetime(2024, 11, 26, 5, 47, tzinfo=UTC).timestamp()
    machinery.ticked(state, TickStatus.FAILURE, ago=time.time() - night)
    assert machinery.look() == "1 messages sent"


def test_what_is_not_ours_or_switched_off_is_not_told(machinery: Machinery) -> None:
    foreign = machinery.on("somebody_elses")
    stopped = machinery.on(SENSOR)
    for ago in (30, 20, 10):
        machinery.ticked(foreign, TickStatus.FAILURE, ago=ago)
        machinery.ticked(stopped, TickStatus.FAILURE, ago=ago)
    machinery.instance.update_instigator_state(stopped.with_status(InstigatorStatus.STOPPED))
    assert machinery.look() == "Nothing new."


def fails(machinery: Machinery, state: InstigatorState) -> None:
    for ago in (60, 50, 40):
        machinery.ticked(state, TickStatus.FAILURE, ago=ago)


def test_the_sensor_that_watches_is_watched_by_the_one_that_delivers(machinery: Machinery) -> None:
    state = machinery.on(WATCHES)
    machinery.ticked(state, TickStatus.FAILURE, ago=100)
    assert machinery.tell() == "Nothing new."
    fails(machinery, state)
    assert machinery.watch() == "Nothing new."  # it would not come to that by itself
    assert machinery.tell() == "1 messages sent"
    assert machinery.tell() == "Nothing new."
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.tell() == "1 messages sent"
    assert machinery.tell() == "Nothing new."
    assert machinery.headers == [
        "❌ The sensor watch_automation keeps failing",
        "✅ The sensor watch_automation works again",
    ]


def test_what_is_wrong_with_the_sensor_that_delivers_is_posted_by_the_one_that_watches(
    machinery: Machinery,
) -> None:
    state = machinery.on(DELIVERS)
    other = machinery.on("discover_tournaments")
    for failing in (state, other):
        fails(machinery, failing)
    assert machinery.watch() == "1 messages sent"
    assert machinery.headers == ["❌ The sensor announce_executions keeps failing"]
    assert machinery.tell() == "1 messages sent"
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.watch() == "1 messages sent"
    assert machinery.tell() == "Nothing new."


def test_an_incident_that_ended_before_anybody_heard_of_it_is_not_told(
    machinery: Machinery,
) -> None:
    machinery.evaluated(passed=False)
    machinery.watch()
    machinery.evaluated(passed=True)
    assert machinery.look() == "Nothing new."
    assert machinery.headers == []


def test_an_incident_whose_sensor_is_switched_off_is_closed_without_a_word(
    machinery: Machinery,
) -> None:
    state = machinery.on(SENSOR)
    fails(machinery, state)
    machinery.look()
    machinery.instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
    assert machinery.look() == "Nothing new."
    assert machinery.open_incidents() == []


def test_the_table_says_what_is_wrong_from_when_to_when(machinery: Machinery) -> None:
    state = machinery.on(SENSOR)
    fails(machinery, state)
    machinery.look()
    assert machinery.open_incidents() == [("sensor", SENSOR)]
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    machinery.look()
    assert machinery.open_incidents() == []
    with machinery.database.transaction() as connection:
        row = connection.execute(sa.select(tables.incident)).one()
    assert (row.closed_at - row.opened_at).total_seconds() == pytest.approx(55, abs=20)
    assert row.opening_announced_at < row.closing_announced_at
    assert "3 ticks in a row have failed" in row.summary
    assert "postgresql://***@db/x" in row.detail


# -- the database ----------------------------------------------------------------------------------


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits until a server that is away has had time to be back."""
    for module in (
        "announcing.AWAY_SECONDS",
        "announcing.START_SECONDS",
        "detection.START_SECONDS",
    ):
        monkeypatch.setattr(f"dp_pipeline.notifications.{module}", 0.2)


@pytest.mark.usefixtures("_soon")
def test_that_the_database_is_away_is_told_once_and_what_failed_with_it_afterwards(
    machinery: Machinery,
) -> None:
    url = machinery.url
    machinery.url = closed_url().replace("http://", "postgresql://me:hidden77@") + "/db"
    state = machinery.on(SENSOR)
    fails(machinery, state)
    assert machinery.watch().startswith("The database cannot be used: ")
    before = machinery.telling
    said = machinery.tell()
    assert said.startswith("The database cannot be used: ")
    assert said.endswith("1 messages sent")
    assert "messages sent" not in machinery.tell()
    known, machinery.telling = machinery.telling, before  # the daemon was killed before its end
    assert "1 messages sent" in machinery.tell()
    machinery.telling = known
    machinery.evaluated(passed=False)
    assert "messages sent" not in machinery.look()
    machinery.url = url
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    assert machinery.look() == "2 messages sent"
    assert machinery.look() == "Nothing new."
    assert machinery.headers == [
        "❌ The database cannot be used",
        "❌ The database cannot be used",
        "❌ The check every_competition_is_listed of seasons fails",
        "✅ The database can be used again",
    ]
    assert "hidden77" not in json.dumps(machinery.receiver.accepted) + said


@pytest.mark.usefixtures("_soon")
def test_a_database_whose_tables_are_too_new_is_told(machinery: Machinery) -> None:
    with machinery.database.transaction() as connection:
        connection.execute(sa.text("UPDATE dp_alembic_version SET version_num = '9999'"))
    assert "made by a newer dp_pipeline" in machinery.tell()
    assert machinery.headers == ["❌ The database cannot be used"]


# -- ticks that outlive their daemon ---------------------------------------------------------------


def test_what_a_killed_daemon_never_heard_of_is_not_told_again(machinery: Machinery) -> None:
    state = machinery.on(SENSOR)
    fails(machinery, state)
    before = machinery.cursor
    assert machinery.look() == "1 messages sent"
    machinery.cursor = before
    assert machinery.look() == "Nothing new."
    machinery.ticked(state, TickStatus.SKIPPED, ago=5)
    before = machinery.cursor
    assert machinery.look() == "1 messages sent"
    machinery.cursor = before
    assert machinery.look() == "Nothing new."
    fails(machinery, state)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    machinery.ticked(state, TickStatus.FAILURE, ago=1)
    assert machinery.look() == "1 messages sent"


def test_two_ticks_at_once_tell_each_message_once(machinery: Machinery) -> None:
    machinery.evaluated(passed=False)
    fails(machinery, machinery.on("discover_tournaments"))
    machinery.watch()
    machinery.receiver.answers.append(Answer(delay_seconds=1))
    with ThreadPoolExecutor() as threads:
        said = threads.submit(replace(machinery).tell)
        deadline = time.monotonic() + 20
        while not machinery.receiver.received:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert machinery.tell() == ANOTHER_DELIVERS
        assert said.result() == "2 messages sent"
    assert machinery.look() == "Nothing new."
    assert len(machinery.headers) == 2


# -- jobs that leave nothing in the ledger ---------------------------------------------------------


def begin(machinery: Machinery, run: dg.DagsterRun) -> None:
    """Let the process of a run have begun its work."""
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
    machinery.instance.report_dagster_event(event, run_id=run.run_id)


def discover(machinery: Machinery) -> str:
    """A run that looks for seasons, through Dagster; its id."""
    job = build({"database": DatabaseResource(url=machinery.url)}).resolve_job_def(DISCOVER_JOB)
    return job.execute_in_process(instance=machinery.instance, raise_on_error=False).run_id


def test_a_look_for_seasons_that_crashed_is_told_once_and_when_it_works_again(
    machinery: Machinery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = tmp_path / "competitions.yaml"
    monkeypatch.setenv("DP_COMPETITIONS", str(followed))
    followed.write_text("competitions: 7\n")
    crashed = discover(machinery)
    assert machinery.look() == "1 messages sent"
    discover(machinery)
    assert machinery.look() == "Nothing new."
    followed.write_text("competitions: []\n")
    discover(machinery)
    assert machinery.look() == "1 messages sent"
    assert machinery.look() == "Nothing new."
    assert machinery.headers == [
        "❌ The job discover_seasons fails",
        "✅ The job discover_seasons works again",
    ]
    text = json.dumps(machinery.receiver.accepted[0])
    assert f"http://localhost:3000/runs/{crashed}" in text
    assert "competitions.yaml" in text, "what was wrong"


def test_what_a_check_of_a_run_says_is_not_told_of_the_run_as_well(
    machinery: Machinery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = tmp_path / "competitions.yaml"
    followed.write_text("competitions:\n- {provider: openfootball, competition: en.1}\n")
    monkeypatch.setenv("DP_COMPETITIONS", str(followed))
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", closed_url())
    discover(machinery)
    assert machinery.look() == "1 messages sent"
    assert machinery.headers == ["❌ The check every_competition_is_listed of seasons fails"]


@pytest.mark.parametrize("job", [DISCOVER_JOB, "poll_tournaments"])
def test_a_run_that_was_killed_is_told_unless_the_ledger_tells_it(
    machinery: Machinery, job: str
) -> None:
    config = {"ops": {"poll": {"config": {"keys": ["openligadb:bl1:2024"]}}}}
    planned = job == "poll_tournaments"
    run = machinery.instance.create_run_for_job(
        defs.resolve_job_def(job), run_config=config if planned else {}
    )
    begin(machinery, run)
    machinery.instance.report_run_failed(run, "Its process is gone: hidden77.")
    machinery.look()
    assert machinery.headers == ([] if planned else ["❌ The job discover_seasons fails"])
    assert ("Its process is gone" in json.dumps(machinery.receiver.accepted)) is not planned


def test_a_run_that_somebody_cancelled_is_not_told_but_one_that_ran_for_too_long(
    machinery: Machinery,
) -> None:
    job = defs.resolve_job_def(DISCOVER_JOB)
    machinery.instance.report_run_canceled(machinery.instance.create_run_for_job(job))
    assert machinery.look() == "Nothing new."
    run = machinery.instance.create_run_for_job(job)
    begin(machinery, run)
    machinery.instance.report_run_failed(run, "Exceeded maximum runtime of 7200 seconds.")
    machinery.instance.report_run_canceled(run)
    assert machinery.look() == "1 messages sent"
    assert "Exceeded maximum runtime" in json.dumps(machinery.receiver.accepted)


def test_a_run_that_did_not_start_is_told_when_none_of_three_did(machinery: Machinery) -> None:
    job = defs.resolve_job_def(DISCOVER_JOB)
    for said in ("Nothing new.", "Nothing new.", "1 messages sent"):
        run = machinery.instance.create_run_for_job(job)
        machinery.instance.report_run_failed(run, "It did not start within 120 seconds.")
        assert machinery.look() == said
    assert machinery.headers == ["❌ The job discover_seasons fails"]


def test_a_run_that_was_stopped_together_with_everything_is_not_told(machinery: Machinery) -> None:
    run = machinery.instance.create_run_for_job(defs.resolve_job_def(DISCOVER_JOB))
    begin(machinery, run)
    reason = RunFailureReason.UNEXPECTED_TERMINATION
    event = dg.DagsterEvent(
        dg.DagsterEventType.RUN_FAILURE.value, run.job_name,
        event_specific_data=JobFailureData(None, failure_reason=reason),
    )  # fmt: skip
    machinery.instance.report_dagster_event(event, run_id=run.run_id)
    assert machinery.look() == "Nothing new."


# -- checks ----------------------------------------------------------------------------------------


def test_a_failing_check_is_told_once_and_when_it_passes_again(machinery: Machinery) -> None:
    machinery.evaluated(passed=True)
    assert machinery.look() == "Nothing new."
    machinery.evaluated(passed=False)
    assert machinery.look() == "1 messages sent"
    machinery.evaluated(passed=False)
    assert machinery.look() == "Nothing new."
    machinery.evaluated(passed=True)
    assert machinery.look() == "1 messages sent"
    assert machinery.look() == "Nothing new."
    assert machinery.headers == [
        "❌ The check every_competition_is_listed of seasons fails",
        "✅ The check every_competition_is_listed of seasons passes again",
    ]
    assert "Two competitions are not listed." in json.dumps(machinery.receiver.accepted)


def test_a_warning_is_left_to_the_page_of_the_asset(machinery: Machinery) -> None:
    machinery.evaluated(passed=False, grave=False)
    assert machinery.look() == "Nothing new."


def test_what_slack_does_not_take_is_told_later(machinery: Machinery) -> None:
    machinery.receiver.answers.append(Answer(403, "no_service"))
    machinery.evaluated(passed=False)
    assert "The messages wait." in machinery.look()
    assert machinery.look() == "1 messages sent"
    assert machinery.look() == "Nothing new."
    assert len(machinery.receiver.accepted) == 1


def test_classes_that_are_not_wanted_are_not_posted(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_MESSAGES", "news")
    machinery.evaluated(passed=False)
    assert machinery.look() == "1 messages suppressed or not wanted"
    machinery.evaluated(passed=True)
    assert machinery.look() == "1 messages sent"


def waiting(machinery: Machinery, minutes: float) -> None:
    """A ledger with a message that waits for so long."""
    ended = datetime.now(UTC) - timedelta(minutes=minutes)
    finished_row(machinery.database, uuid4(), completed_at=ended)


def test_messages_that_wait_for_long_fail_the_check_of_the_ledger(machinery: Machinery) -> None:
    waiting(machinery, UNDELIVERED_MINUTES - 1)
    machinery.watch()
    assert machinery.delivered() is True
    waiting(machinery, UNDELIVERED_MINUTES + 1)
    machinery.watch()
    assert machinery.delivered() is False
    assert machinery.headers == ["❌ Messages have been waiting"]


def test_what_was_not_to_be_told_does_not_count_as_waiting(machinery: Machinery) -> None:
    waiting(machinery, 60)
    announced_from = time.time() - 30
    state = DeliveryState(announced_from, announced_from)
    notes.write(machinery.database, notes.STATE, state.note())
    machinery.watch()
    assert machinery.delivered() is True


def test_without_slack_nothing_waits_and_nothing_is_posted(machinery: Machinery) -> None:
    machinery.webhook = None
    waiting(machinery, 60)
    machinery.evaluated(passed=False)
    assert "Slack is off" in machinery.watch()
    assert machinery.delivered() is True
    assert machinery.receiver.received == []


def test_the_check_is_recorded_when_it_changes_not_at_every_tick(machinery: Machinery) -> None:
    for _ in range(3):
        machinery.watch()
    history = machinery.instance.event_log_storage.get_asset_check_execution_history(
        DELIVERED, limit=10
    )
    assert len(history) == 1


def test_a_person_can_evaluate_the_check_of_the_ledger(machinery: Machinery) -> None:
    waiting(machinery, 60)
    result = dg.materialize(
        [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetSpec)]
        + list(defs.asset_checks or []),
        selection=dg.AssetSelection.checks(DELIVERED),
        instance=machinery.instance,
        resources={
            "database": DatabaseResource(url=machinery.url),
            "slack": SlackResource(webhook=machinery.webhook),
        },
    )
    (found,) = result.get_asset_check_evaluations()
    assert not found.passed
    assert "has waited for 60 minutes" in (found.description or "")


def test_what_an_earlier_version_told_is_not_told_again_but_its_end_is(
    machinery: Machinery,
) -> None:
    fails(machinery, machinery.on("discover_tournaments"))
    machinery.evaluated(passed=False)
    machinery.cursor = json.dumps(
        {
            "failing": {"discover_tournaments": time.time() - 60},
            "checks": ["seasons:every_competition_is_listed:"],
            "seen": None,
            "jobs": {},
            "database": None,
            "quiet_until": 0,
        }
    )
    assert machinery.look() == "Nothing new."
    machinery.evaluated(passed=True)
    assert machinery.look() == "1 messages sent"
    assert machinery.headers == ["✅ The check every_competition_is_listed of seasons passes again"]


@given(st.none() | st.text() | st.from_type(dict).map(lambda found: json.dumps(found, default=str)))
def test_a_foreign_cursor_is_none(text: str | None) -> None:
    assert adopted(text) == Earlier([], None)
