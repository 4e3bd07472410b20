"""What this project needs of Dagster and Dagster does not make public, each with its reason.

No other module but dagster_storage.py imports a private name of Dagster, so that a new version is
checked in one place. They are as in Dagster 1.13, the floor in pyproject.toml. What each is relied
on for, a test says: dp_pipeline_tests/instance/test_dagster_internals.py names it.
"""

# Types of the public hooks that dagster.yaml names: a launcher, a storage, a compute log manager, a
# loader of environment files. Dagster documents the hooks and exports few of their types.
from dagster._config.config_schema import UserConfigSchema

# What is read of jobs, checks, backfills, sensors and schedules: Dagster returns these values from
# public methods of its instance and exports few of their types. The name of the job of everything
# that is materialized by hand, and the times of a cron schedule, are not public at all.
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    JobFailureData,
    RunFailureReason,
)
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig
from dagster._core.scheduler.instigation import (
    InstigatorState,
    ScheduleInstigatorData,
    TickStatus,
)
from dagster._core.secrets.env_file import PerProjectEnvFileLoader, get_env_var_dict
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
    AssetCheckPartitionInfo,
)
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage

# Names of tags that Dagster writes and reads itself.
from dagster._core.storage.tags import (
    BACKFILL_ID_TAG,
    GRPC_INFO_TAG,
    PARENT_RUN_ID_TAG,
    RETRY_NUMBER_TAG,
    ROOT_RUN_ID_TAG,
    SCHEDULE_NAME_TAG,
    SCHEDULED_EXECUTION_TIME_TAG,
    SENSOR_NAME_TAG,
)
from dagster._serdes import ConfigurableClass, ConfigurableClassData

# A daemon that waits for its lease is stopped like any other.
from dagster._utils.interrupts import raise_interrupts_as
from dagster._utils.schedules import schedule_execution_time_iterator
