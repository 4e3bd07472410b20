"""Nights on which a provider rests: ticks evaluated by Dagster's own scheduler, at chosen times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.daemon import get_default_daemon_logger
from dagster._scheduler.scheduler import launch_scheduled_runs

from dp_pipeline.assets.refresh_job import REFRESH_JOB, planned_refresh
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import defs
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.registry import BY_NAME, roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.schedules import refresh_schedule
from dp_pipeline_tests.dagster_dev import ROOT, switch
from dp_pipeline_tests.database.many import fill_tournaments

PROVIDER = "openligadb"
# Long past: a tick that is still to come notes nothing, whatever day this machine believes it is.
MONDAY = datetime(2024, 11, 25, 2, 17, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
NIGHTLY, WEEKLY = (refresh_schedule(BY_NAME[PROVIDER], kind) for kind in ("nightly", "weekly"))
CHECK = dg.AssetCheckKey(dg.AssetKey("health"), f"{PROVIDER}_is_refreshed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@dataclass
class Nights:
    """A database, an instance, and the daemon's scheduler."""

    database: Database
    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext

    def store(self, count: int, *, status: str = "active", name: str = "c") -> None:
        keys = [f"{PROVIDER}:{name}{number}:2024" for number in range(count)]
        with self.database.transaction() as connection:
            fill_tournaments(connection, keys, status=status)

    def rest(self, **time: float) -> None:
        """Leave the provider alone for so long from now; for no time ends it."""
        values = {
            "provider": PROVIDER,
            "root": roots({})[PROVIDER],
            "epoch": 3,
            "refusals": 2,
            "silences": 0,
            "open_until": datetime.now(UTC) + timedelta(**time),
        }
        with self.database.transaction() as connection:
            connection.execute(sa.delete(tables.provider_health))
            connection.execute(sa.insert(tables.provider_health).values(values))

    def tick(self, schedule: dg.ScheduleDefinition, at: datetime) -> tuple[TickStatus, str]:
        """Let the scheduler find what is due at a time; how the last tick ended and what it said.

        The others are off, so that one time is of one schedule.
        """
        for each in (NIGHTLY, WEEKLY):
            since = (at - timedelta(minutes=1)).timestamp() if each is schedule else None
            switch(self.instance, each, since=since)
        logger = get_default_daemon_logger("SchedulerDaemon")
        now = at + timedelta(seconds=5)
        for error in launch_scheduled_runs(self.workspace, logger, now, iteration_times={}):
            assert error is None, error
        [state] = [
            each
            for each in self.instance.all_instigator_state()
            if each.instigator_name == schedule.name
        ]
        ticks = self.instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        assert ticks[0].timestamp == at.timestamp()
        return ticks[0].status, ticks[0].skip_reason or ""

    def requested(self) -> list[tuple[str, int]]:
        """Unit and number of tournaments of each run, oldest first."""
        return [
            (run.tags["dp/run_group"], len(planned_refresh(run)))
            for run in reversed(self.instance.get_runs(dg.RunsFilter(job_name=REFRESH_JOB)))
        ]

    def check(self) -> tuple[bool, str] | None:
        """Whether the check passes, and what it says; None if it was never evaluated."""
        found = self.instance.get_latest_asset_check_evaluation_record(CHECK)
        if found is None or found.event is None or found.event.dagster_event is None:
            return None
        evaluation = found.event.dagster_event.asset_check_evaluation_data
        return evaluation.passed, evaluation.description or ""


@pytest.fixture
def nights(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Nights]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    monkeypatch.setenv("DP_COMPETITIONS", str(tmp_path / "competitions.yaml"))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")  # put back what the storage sets
    monkeypatch.setenv("DP_PARTITIONS_PER_RUN", "50")
    (tmp_path / "competitions.yaml").write_text("competitions: []\n")
    target = LoadableTargetOrigin(module_name="dp_pipeline.definitions")
    # By the real clock Dagster forgets a skipped tick after three days, and these were long ago.
    kept = {"retention": {"schedule": {"purge_after_days": -1}}}
    # its attributes implement the abstract properties
    code = InProcessCodeLocationOrigin(target, location_name="dp_pipeline")  # ty: ignore[abstract-class-instantiation]
    with (
        dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(ROOT), overrides=kept)) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(code)) as workspace,
    ):
        yield Nights(database, instance, workspace)


def test_a_provider_that_rests_at_first_is_read_later_in_the_night_and_once(
    nights: Nights,
) -> None:
    nights.store(60)
    nights.rest(seconds=30)
    status, said = nights.tick(NIGHTLY, MONDAY)
    assert status is TickStatus.SKIPPED
    assert said.startswith(f"{PROVIDER} refused or failed and is resting until ")
    assert said.endswith("This refresh is tried again at 2024-11-25 02:47 UTC.")
    nights.rest()
    assert nights.tick(NIGHTLY, MONDAY + timedelta(minutes=30)) == (TickStatus.SUCCESS, "")
    run_group = f"nightly:{PROVIDER}:2024-11-25"
    assert sorted(nights.requested()) == [(run_group, 10), (run_group, 50)]
    nights.store(1, name="new")
    for half_hours in (2, 7):
        status, said = nights.tick(NIGHTLY, MONDAY + timedelta(minutes=30 * half_hours))
        assert status is TickStatus.SKIPPED
        assert said.startswith("This night's refresh was requested at 20")
    assert len(nights.requested()) == 2
    assert nights.check() == (True, "The refresh of 2024-11-25 was requested.")
    # The next night is another run group.
    assert nights.tick(NIGHTLY, MONDAY + timedelta(days=2))[0] is TickStatus.SUCCESS
    assert sorted(nights.requested())[2:] == [
        (f"nightly:{PROVIDER}:2024-11-27", n) for n in (11, 50)
    ]


@pytest.mark.slow
def test_a_night_at_whose_end_the_provider_still_rests_is_left_out_and_a_check_says_so(
    nights: Nights,
) -> None:
    nights.store(1, status="completed")
    nights.rest(hours=5)
    for half_hours in range(7):
        _, said = nights.tick(WEEKLY, TUESDAY + timedelta(minutes=30 * half_hours))
        assert "This refresh is tried again at" in said
        assert nights.check() is None
    _, said = nights.tick(WEEKLY, TUESDAY + timedelta(minutes=210))
    assert said.startswith(f"The weekly refresh of 2024-11-26 was left out: {PROVIDER} refused")
    assert nights.check() == (False, said)
    assert nights.requested() == []
    nights.rest()
    nights.store(1, name="d")
    nights.tick(NIGHTLY, TUESDAY + timedelta(days=1))
    assert nights.check() == (True, "The refresh of 2024-11-27 was requested.")


def test_what_a_tick_lost_half_way_is_requested_by_the_next_and_nothing_twice(
    nights: Nights,
) -> None:
    nights.store(110)
    nights.tick(NIGHTLY, MONDAY)
    assert sorted(size for _, size in nights.requested()) == [10, 50, 50]
    [lost] = [run for run in nights.instance.get_runs() if len(planned_refresh(run)) == 10]
    nights.instance.delete_run(lost.run_id)
    nights.store(1, name="new")
    assert nights.tick(NIGHTLY, MONDAY + timedelta(minutes=30))[0] is TickStatus.SUCCESS
    assert sorted(size for _, size in nights.requested()) == [11, 50, 50]
    assert nights.tick(NIGHTLY, MONDAY + timedelta(minutes=60))[0] is TickStatus.SKIPPED


def test_a_tick_that_the_daemon_repeats_queues_what_it_had_only_created(nights: Nights) -> None:
    nights.store(60)
    nights.tick(NIGHTLY, MONDAY)
    instance = nights.instance
    [created] = instance.get_runs(limit=1)
    instance.delete_run(created.run_id)
    instance.run_storage.add_run(created.with_status(dg.DagsterRunStatus.NOT_STARTED))
    [state] = [
        each for each in instance.all_instigator_state() if each.instigator_name == NIGHTLY.name
    ]
    [tick] = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    instance.update_tick(tick.with_status(TickStatus.STARTED))
    assert nights.tick(NIGHTLY, MONDAY)[0] is TickStatus.SUCCESS
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.QUEUED] * 2


def test_a_weekly_re_read_that_was_made_good_late_is_not_followed_by_the_nightly(
    nights: Nights,
) -> None:
    nights.store(1)
    # All at once, as on a machine that was off: what counts is when it was requested.
    nights.tick(WEEKLY, TUESDAY + timedelta(minutes=210))
    _, said = nights.tick(NIGHTLY, TUESDAY + timedelta(days=1))
    assert said.startswith("The weekly re-read, which reads the same, was requested at 20")
    assert [run_group for run_group, _ in nights.requested()] == [f"weekly:{PROVIDER}:2024-11-26"]


def test_logos_are_collected_with_the_weekly_re_read_and_with_no_other(nights: Nights) -> None:
    nights.store(1)
    nights.tick(NIGHTLY, MONDAY)
    nights.tick(WEEKLY, TUESDAY)
    runs = reversed(nights.instance.get_runs(dg.RunsFilter(job_name=REFRESH_JOB)))
    assert [["logos" in d for d in planned_refresh(run).values()] for run in runs] == [
        [False],
        [True],
    ]


def test_on_tuesdays_the_nightly_refresh_leaves_it_to_the_weekly_re_read(nights: Nights) -> None:
    nights.store(1)
    said = nights.tick(NIGHTLY, TUESDAY)
    assert said == (TickStatus.SKIPPED, "On Tuesdays the weekly re-read reads the same.")
    assert nights.requested() == []


def test_a_person_sees_what_the_last_night_came_to(nights: Nights) -> None:
    def by_hand() -> tuple[bool, str]:
        result = dg.materialize(
            [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetSpec)]
            + list(defs.asset_checks or []),
            selection=dg.AssetSelection.checks(CHECK),
            instance=nights.instance,
            resources=defs.resources,
        )
        (found,) = result.get_asset_check_evaluations()
        return found.passed, found.description or ""

    assert by_hand() == (True, "No refresh has been due yet.")
    nights.store(1)
    nights.rest(hours=5)
    _, said = nights.tick(NIGHTLY, MONDAY + timedelta(minutes=210))
    assert by_hand() == by_hand() == (False, said)


def test_a_tick_that_a_person_tries_out_notes_nothing(nights: Nights) -> None:
    nights.store(1)
    nights.rest(hours=5)
    with dg.build_schedule_context(
        instance=nights.instance,
        scheduled_execution_time=datetime.now(UTC).replace(hour=5, minute=47) + timedelta(days=1),
        resources={"database": DatabaseResource()},
    ) as context:
        assert "was left out" in str(NIGHTLY(context))
    assert nights.check() is None


def test_every_night_has_ticks_and_the_list_of_schedules_reads_short() -> None:
    crons = [str(each.cron_schedule) for each in (NIGHTLY, WEEKLY)]
    assert crons == ["17,47 2-5 * * *", "17,47 2-5 * * 2"]


def test_the_next_tick_is_half_an_hour_later_until_the_night_is_over() -> None:
    quiet = RefreshWindow(2, 17)
    ticks = [MONDAY]
    while (following := quiet.next(ticks[-1])) is not None:
        ticks.append(following)
    assert len(ticks) == 8
    assert ticks[-1] == MONDAY.replace(hour=5, minute=47)
