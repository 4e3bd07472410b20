"""Each private name of Dagster that is used, and the test that says what is relied on.

`make test-newest` runs them, and all others, on the newest Dagster.
"""

import ast

import dagster as dg

from dp_pipeline.instance import dagster_internals
from dp_pipeline.ledger.run_tags import BACKFILL_TAG
from dp_pipeline_tests.dagster_dev import ROOT

BACKFILLS = "notifications/test_backfills.py"
AUTOMATION = "notifications/detectors/test_automation.py"
CHECKS = "notifications/detectors/test_checks.py"
JOBS = "notifications/detectors/test_jobs.py"
HERE = "instance/test_dagster_internals.py"

TESTS: dict[str, tuple[str, ...]] = {
    "instance/test_storage.py::test_everything_dagster_keeps_is_below_home": (
        *("UserConfigSchema", "ConfigurableClass", "ConfigurableClassData"),
        *("CapturedLogContext", "LocalComputeLogManager", "LocalArtifactStorage"),
    ),
    "instance/test_storage.py::test_dagsters_storage_follows_its_postgres_url_for_many_processes"
    "_at_once": ("DagsterStorage",),
    "instance/test_sqlite_storage.py::test_events_of_assets_that_are_stored_together_are_there_one"
    "_by_one": (
        *(
            "ASSET_EVENTS",
            "EventLogEntry",
            "SqlEventLogStorageTable",
            "SqliteEventLogStorage",
        ),
        *("SqliteRunStorage", "SqliteScheduleStorage", "DagsterSqliteStorage"),
    ),
    "instance/test_sqlite_storage.py::test_checks_that_are_stored_with_events_of_assets_are_there_one"
    "_by_one": ("ASSET_CHECK_EVENTS", "AssetCheckExecutionsTable"),
    "instance/test_sqlite_storage.py::test_a_file_of_a_run_is_made_as_dagster_makes_it": (
        *("SqlEventLogStorageMetadata", "INDEX_SHARD_NAME", "create_db_conn_string"),
        *("_event_logs_directory", "_runs_directory", "_schedule_directory"),
    ),
    "assets/test_events.py::test_what_is_logged_is_stored_and_heard_by_who_listens": (
        *("DagsterEvent", "DagsterEventBatchMetadata"),
    ),
    "competitions/test_discovery.py::test_a_settled_tick_is_followed_by_one_that_meets_whatever_was"
    "_done_since": ("DynamicPartitionsTable", "SqlEventLogStorage"),
    "instance/test_daemon.py::test_a_second_daemon_on_one_home_waits_and_goes_on_when_the_first_was"
    "_killed": ("SqlRunStorage",),
    "instance/test_daemon.py::test_a_daemon_that_waits_is_stopped_like_any_other": (
        "raise_interrupts_as",
    ),
    "instance/test_daemon.py::test_what_a_killed_daemon_had_not_come_to_launch_is_in_the_queue"
    "_again": ("LaunchRunContext",),
    "instance/test_dagster_dev.py::test_a_run_inside_another_process_is_judged_by_that_process": (
        *("CheckRunHealthResult", "DefaultRunLauncher", "WorkerStatus"),
    ),
    "instance/test_dagster_dev.py::test_a_lost_code_server_ends_no_run_and_a_lost_worker_does": (
        "GRPC_INFO_TAG",
    ),
    "instance/test_dagster_dev.py::test_the_real_environment_beats_the_env_file_in_every_process": (
        *("PerProjectEnvFileLoader", "get_env_var_dict"),
    ),
    "instance/test_coordinator.py::test_the_environment_says_how_many_runs_work_at_once": (
        "RunQueueConfig",
    ),
    f"{BACKFILLS}::test_the_digest_says_how_the_backfill_itself_ended": (
        *("BULK_ACTION_TERMINAL_STATUSES", "BulkActionStatus", "PartitionBackfill"),
    ),
    f"{BACKFILLS}::test_what_ended_while_slack_was_off_is_history": ("BulkActionsFilter",),
    f"{BACKFILLS}::test_a_backfill_of_all_partitions_is_counted_after_some_were_deleted": (
        "AssetGraphSubset",
    ),
    f"{AUTOMATION}::test_a_sensor_that_keeps_failing_is_announced_once_and_its_recovery_once": (
        *("InstigatorState", "InstigatorType", "TickStatus"),
    ),
    f"{AUTOMATION}::test_a_schedule_that_ticks_again_soon_is_announced_when_that_fails_too": (
        *("ScheduleInstigatorData", "schedule_execution_time_iterator"),
    ),
    f"{CHECKS}::test_a_check_of_stored_data_is_an_incident_of_each_tournament_until_it_passes": (
        *("AssetCheckExecutionRecord", "AssetCheckExecutionRecordStatus"),
        "AssetCheckPartitionInfo",
    ),
    f"{JOBS}::test_a_run_that_was_stopped_together_with_everything_is_not_announced": (
        *("JobFailureData", "RunFailureReason"),
    ),
    f"{HERE}::test_what_is_materialized_by_hand_is_of_one_job": ("IMPLICIT_ASSET_JOB_NAME",),
    f"{HERE}::test_a_tag_that_dagster_writes_has_the_name_by_which_stored_runs_are_found": (
        *("BACKFILL_ID_TAG", "PARENT_RUN_ID_TAG", "RETRY_NUMBER_TAG", "ROOT_RUN_ID_TAG"),
        *("SCHEDULE_NAME_TAG", "SCHEDULED_EXECUTION_TIME_TAG", "SENSOR_NAME_TAG"),
    ),
}


def test_each_private_name_has_a_test_that_exists() -> None:
    used = [
        alias.name
        for module in ("dagster_internals", "dagster_storage")
        for node in ast.parse((ROOT / f"dp_pipeline/instance/{module}.py").read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(used) == sorted(name for names in TESTS.values() for name in names)
    for test in TESTS:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / "dp_pipeline_tests" / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


def test_what_is_materialized_by_hand_is_of_one_job() -> None:
    @dg.asset
    def one() -> None: ...

    job = dg.Definitions(assets=[one]).resolve_implicit_global_asset_job_def()
    assert job.name == dagster_internals.IMPLICIT_ASSET_JOB_NAME


def test_a_tag_that_dagster_writes_has_the_name_by_which_stored_runs_are_found() -> None:
    schedule, sensor = dagster_internals.SCHEDULE_NAME_TAG, dagster_internals.SENSOR_NAME_TAG
    assert (schedule, sensor) == ("dagster/schedule_name", "dagster/sensor_name")
    assert dagster_internals.BACKFILL_ID_TAG == BACKFILL_TAG
    assert dagster_internals.PARENT_RUN_ID_TAG == "dagster/parent_run_id"
    assert dagster_internals.ROOT_RUN_ID_TAG == "dagster/root_run_id"
    assert dagster_internals.RETRY_NUMBER_TAG == "dagster/retry_number"
    assert dagster_internals.SCHEDULED_EXECUTION_TIME_TAG == ".dagster/scheduled_execution_time"
