"""The private storage classes of Dagster that dagster.yaml's own storage builds on, with reasons.

They are apart from dagster_internals.py because they load 460 modules, which a code location that
only wants the name of a tag should not pay for.
"""

# What the class that dagster.yaml names must be, and what it gives without DAGSTER_POSTGRES_URL.
# The three parts of the SQLite storage and where their files are, to keep what they make anew for
# each connection, and the tables of events and of what checks came to, with the kinds of events,
# to write many of them at once (sqlite_storage.py). The table of dynamic partitions, to see without
# reading 10,000 of them that none came or went (jobs.py).
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    DynamicPartitionsTable,
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)

# The storage of runs, to hold a lock on its own connection: one daemon works per storage.
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
