"""Dagster's storage in SQLite files, with one engine per file and many events in one transaction.

Dagster's own makes an engine for each connection, which compiles every statement anew, looks up
the columns of its tables before each event of an asset, and writes events one by one: a first read
of 40 tournaments took 0.48 s of CPU each with it and 0.36 s with this one. And each process that
opens it loads Dagster's 88 migrations, and each run twice more, to learn what the files say.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from dagster import DagsterEventType
from sqlalchemy import exc

from dp_pipeline.instance.dagster_internals import AssetCheckExecutionRecordStatus
from dp_pipeline.instance.dagster_storage import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    INDEX_SHARD_NAME,
    AssetCheckExecutionsTable,
    DagsterSqliteStorage,
    EventLogEntry,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
    create_db_conn_string,
)

if TYPE_CHECKING:
    from dp_pipeline.instance.dagster_internals import ConfigurableClassData

MOST_ENGINES = 32
"""Of files of events, one per run: a webserver shows hundreds of runs in its life."""
BUSY_SECONDS = 30
"""How long a connection waits for another one that writes, as Dagster's own of events."""


_INSERT = sa.insert(SqlEventLogStorageTable)
_INSERT_FOR_IDS = _INSERT.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
_INSERT_EVALUATION = sa.insert(AssetCheckExecutionsTable)
_READ_EVALUATED = sa.select(
    AssetCheckExecutionsTable.c.asset_key,
    AssetCheckExecutionsTable.c.check_name,
    AssetCheckExecutionsTable.c.partition,
).where(
    AssetCheckExecutionsTable.c.asset_key.in_(sa.bindparam("assets", expanding=True)),
    AssetCheckExecutionsTable.c.check_name.in_(sa.bindparam("names", expanding=True)),
    AssetCheckExecutionsTable.c.run_id == sa.bindparam("run"),
    AssetCheckExecutionsTable.c.partition.in_(sa.bindparam("partitions", expanding=True)),
)
_READ_VERSION = sa.text("SELECT version_num FROM alembic_version")
_READ_SCHEMA = sa.text(
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid"
)


_Place = tuple[str, str, str]


def _engine(url: str, pool: type[sa.Pool] | None = sa.NullPool, **arguments: Any) -> sa.Engine:
    # Without a pool: a file that is deleted, as of an old run, is not kept open by anybody.
    return sa.create_engine(url, poolclass=pool, connect_args=arguments)


def _version(engine: sa.Engine) -> str | None:
    """The version of Dagster's tables in a file; None where there are none."""
    try:
        with engine.connect() as connection:
            return connection.scalar(_READ_VERSION)
    except exc.OperationalError:  # no file, no table, or another process makes them
        return None


class _OneFile:
    """All in one file, with one engine."""

    _conn_string: str

    @cached_property
    def _engine(self) -> sa.Engine:
        return _engine(self._conn_string)

    @contextmanager
    def connect(self) -> Generator[sa.Connection]:
        """A connection in a transaction."""
        with self._engine.begin() as connection:
            yield connection


class SqliteRuns(_OneFile, SqliteRunStorage):
    """Runs, in one file."""

    @classmethod
    def from_local(cls, base_dir: str, inst_data: "ConfigurableClassData | None" = None) -> Self:
        """The file below a directory, made if it is not there."""
        found = cls(create_db_conn_string(base_dir, "runs"), inst_data)
        return found if _version(found._engine) else super().from_local(base_dir, inst_data)


class SqliteSchedules(_OneFile, SqliteScheduleStorage):  # ty: ignore[incompatible-method-override] - so is Dagster's own
    """Ticks and what sensors and schedules remember, in one file."""

    @classmethod
    def from_local(
        cls, base_dir: str, inst_data: "ConfigurableClassData | None" = None
    ) -> SqliteScheduleStorage:
        """The file below a directory, made if it is not there."""
        found = cls(create_db_conn_string(base_dir, "schedules"), inst_data)
        return found if _version(found._engine) else super().from_local(base_dir, inst_data)


class SqliteEvents(SqliteEventLogStorage):
    """Events: a file per run, and one that has those of assets and checks of all runs."""

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        self._batch = threading.local()
        """With the connection in whose transaction this thread writes events of assets."""
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Generator[sa.Connection]:
        joined = getattr(self._batch, "connection", None)
        if joined is not None and shard == INDEX_SHARD_NAME:
            yield joined
            return
        with self._db_lock:
            engine = self._engine_of(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _initdb(self, engine: sa.Engine, for_index_shard: bool = False) -> None:
        """Create the tables in a new file; Dagster says of which version, or the file of all runs.

        Where both fail because another process does the same, Dagster's own way repeats.
        """
        if _version(engine) is not None:
            return
        version = None if for_index_shard else _version(self._engine_of(INDEX_SHARD_NAME))
        if version is None:
            super()._initdb(engine, for_index_shard)
            return
        try:
            self._create_like_index(engine, version)
        except (exc.DatabaseError, sqlite3.DatabaseError):
            super()._initdb(engine)

    def _create_like_index(self, engine: sa.Engine, version: str) -> None:
        """Create what the file of all runs has; to compile Dagster's own took 0.04 s of CPU."""
        with self._engine_of(INDEX_SHARD_NAME).connect() as connection:
            schema = connection.scalars(_READ_SCHEMA).all()
        filled = f"INSERT INTO alembic_version VALUES ('{version}')"  # noqa: S608 - Dagster's own
        script = ";\n".join(("PRAGMA journal_mode=WAL", "BEGIN", *schema, filled, "COMMIT"))
        with closing(engine.raw_connection()) as connection:
            connection.cursor().executescript(script)

    def _engine_of(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            url = self.conn_string_for_shard(shard)
            # The file of all runs is never deleted: whoever closes it last writes its journal back
            # each time, which took 2 ms of CPU.
            pool = None if shard == INDEX_SHARD_NAME else sa.NullPool
            self._engines[shard] = _engine(url, pool, timeout=BUSY_SECONDS)
        self._engines.move_to_end(shard)
        if len(self._engines) > MOST_ENGINES:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def dispose(self) -> None:
        """Close what is kept open."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether the file of all runs has a table; what is there stays there."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        if column_name not in self._columns and super()._has_asset_key_col_on_connection(
            conn, column_name
        ):
            self._columns.add(column_name)
        return column_name in self._columns

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run: those of assets in two transactions, others one by one."""
        kinds = {event.get_dagster_event().event_type for event in events}
        if kinds - ASSET_EVENTS - ASSET_CHECK_EVENTS:
            super().store_event_batch(events)
            return
        rows = [self._event_to_row(event) for event in events]
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(_INSERT, rows)
        with self.index_connection() as connection:
            ids = connection.scalars(_INSERT_FOR_IDS, rows).all()
            self._batch.connection = connection
            try:
                said = [row["event"] for row in rows]
                self._store_about_assets(connection, list(zip(events, ids, said, strict=True)))
            finally:
                self._batch.connection = None

    def _store_about_assets(
        self, connection: sa.Connection, stored: Sequence[tuple[EventLogEntry, int, str]]
    ) -> None:
        """Store what stored events say of assets and of their checks."""
        of_assets, of_checks = [], []
        for event, id_, said in stored:
            if event.get_dagster_event().event_type in ASSET_CHECK_EVENTS:
                of_checks.append((event, id_, said))
            else:
                of_assets.append((event, id_))
        self._store_about_checks(connection, of_checks)
        events, ids = [event for event, _ in of_assets], [id_ for _, id_ in of_assets]
        self._store_asset_event_tags(connection, events, ids)
        # Of each asset and kind the last one is what its row says.
        last = {
            (event.get_dagster_event().asset_key, event.get_dagster_event().event_type): (
                event,
                id_,
            )
            for event, id_ in of_assets
        }
        for event, id_ in last.values():
            self._store_asset_event(connection, event, id_)

    def _store_about_checks(
        self, connection: sa.Connection, stored: Sequence[tuple[EventLogEntry, int, str]]
    ) -> None:
        """Store what checks of partitions came to in one write, where no row waits for it.

        Dagster's own looks for such a row with each, and makes text of the event three times: 15
        checks were a tenth of the CPU of a first read.
        """
        places = [place for event, _, _ in stored if (place := _place(event)) is not None]
        if not places or len(places) < len(stored):
            # What is planned among them is a row that their evaluations wait for.
            for event, id_, _ in stored:
                self.store_asset_check_event(event, id_)
            return
        there = _evaluated(connection, stored[0][0].run_id, places)
        new, others = [], []
        for place, (event, id_, said) in zip(places, stored, strict=True):
            if place in there:
                others.append((event, id_))
                continue
            there.add(place)
            evaluation: Any = event.get_dagster_event().event_specific_data
            status = AssetCheckExecutionRecordStatus
            target = evaluation.target_materialization_data
            new.append(
                {
                    **dict(zip(("asset_key", "check_name", "partition"), place, strict=True)),
                    "run_id": event.run_id,
                    "execution_status": (
                        status.SUCCEEDED if evaluation.passed else status.FAILED
                    ).value,
                    "evaluation_event": said,
                    "evaluation_event_timestamp": self._event_insert_timestamp(event),
                    "evaluation_event_storage_id": id_,
                    "materialization_event_storage_id": target.storage_id if target else None,
                }
            )
        if new:
            connection.execute(_INSERT_EVALUATION, new)
        for event, id_ in others:
            self.store_asset_check_event(event, id_)


def _place(event: EventLogEntry) -> _Place | None:
    """Asset, check and partition of an evaluation in a run; None of any other event."""
    said = event.get_dagster_event()
    evaluation: Any = said.event_specific_data
    is_one = said.event_type == DagsterEventType.ASSET_CHECK_EVALUATION and event.run_id
    if not is_one or evaluation.partition is None:
        return None
    return evaluation.asset_key.to_string(), evaluation.check_name, evaluation.partition


def _evaluated(connection: sa.Connection, run_id: str, places: Sequence[_Place]) -> set[_Place]:
    """Of the evaluations of a run those of which there is a row: as planned, or made before."""
    assets, names, partitions = map(list, map(set, zip(*places, strict=True)))
    wanted = {"assets": assets, "names": names, "partitions": partitions, "run": run_id}
    found = connection.execute(_READ_EVALUATED, wanted)
    return {(row.asset_key, row.check_name, row.partition) for row in found}


class SqliteStorage(DagsterSqliteStorage):
    """All of it below one directory."""

    def __init__(self, base_dir: str, inst_data: "ConfigurableClassData | None" = None) -> None:
        self.base_dir = base_dir
        self._run_storage = SqliteRuns.from_local(_runs_directory(base_dir))
        self._event_log_storage = SqliteEvents(_event_logs_directory(base_dir))
        self._schedule_storage = SqliteSchedules.from_local(_schedule_directory(base_dir))
        self._inst_data = inst_data
        super(DagsterSqliteStorage, self).__init__()
