"""What is written by one engine per file is what Dagster's own storage of these files reads."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import dagster as dg
import psutil
import pytest
from alembic.script import ScriptDirectory
from dagster import DagsterEventType
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from dp_pipeline.instance.sqlite_storage import MOST_ENGINES, SqliteEvents, SqliteStorage

KEYS = ("openligadb:bl1:2023", "openligadb:bl1:2024")


@pytest.fixture
def storages(tmp_path: Path) -> Iterator[tuple[SqliteStorage, DagsterSqliteStorage]]:
    """Ours, and Dagster's own on the same files."""
    ours, theirs = SqliteStorage(str(tmp_path)), DagsterSqliteStorage(str(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        for storage in (ours, theirs):
            storage.register_instance(instance)
        yield ours, theirs
        for storage in (ours, theirs):
            storage.dispose()


def _entries(run_id: str, *events: DagsterEvent) -> Sequence[EventLogEntry]:
    return [
        EventLogEntry(
            error_info=None,
            level="debug",
            user_message="",
            run_id=run_id,
            timestamp=time.time() + place,
            dagster_event=event,
        )
        for place, event in enumerate(events)
    ]


def _materialized(asset: str, key: str) -> DagsterEvent:
    said = dg.AssetMaterialization(asset, partition=key, tags={"dagster/data_version": key})
    return DagsterEvent(
        DagsterEventType.ASSET_MATERIALIZATION.value,
        "job",
        event_specific_data=StepMaterializationData(said),
    )


def _checked(asset: str, key: str, *, passed: bool) -> DagsterEvent:
    said = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset), check_name="complete", passed=passed, partition=key
    )
    return DagsterEvent(
        DagsterEventType.ASSET_CHECK_EVALUATION.value, "job", event_specific_data=said
    )


def _planned(asset: str, key: str) -> DagsterEvent:
    return DagsterEvent(
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
        "job",
        event_specific_data=AssetMaterializationPlannedData(dg.AssetKey(asset), partition=key),
    )


def test_events_of_assets_that_are_stored_together_are_there_one_by_one(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
) -> None:
    ours, theirs = storages
    events = [
        event
        for asset in ("teams", "matches")
        for key in KEYS
        for event in (_planned(asset, key), _materialized(asset, key))
    ]
    ours.event_log_storage.store_event_batch(_entries("run", *events))
    for read in (ours.event_log_storage, theirs.event_log_storage):
        assert len(read.get_logs_for_run("run")) == len(events)
        for asset in (dg.AssetKey("teams"), dg.AssetKey("matches")):
            last = read.get_latest_materialization_events([asset])[asset]
            assert last is not None
            assert last.asset_materialization is not None
            assert last.asset_materialization.partition == KEYS[-1]
            assert read.get_materialized_partitions(asset) == set(KEYS)
            tags = read.get_latest_tags_by_partition(
                asset, DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
            )
            assert tags == {key: {"dagster/data_version": key} for key in KEYS}
            (record,) = read.get_asset_records([asset])
            assert record.asset_entry.last_run_id == "run"


def test_checks_that_are_stored_with_events_of_assets_are_there_one_by_one(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
) -> None:
    ours, theirs = storages
    events = [
        event
        for key in KEYS
        for event in (_materialized("teams", key), _checked("teams", key, passed=key == KEYS[0]))
    ]
    ours.event_log_storage.store_event_batch(_entries("run", *events))
    check = dg.AssetCheckKey(dg.AssetKey("teams"), "complete")
    for read in (ours.event_log_storage, theirs.event_log_storage):
        assert len(read.get_logs_for_run("run")) == len(events)
        found = read.get_asset_check_execution_history(check, limit=9)
        assert [(each.partition, each.status.value) for each in found] == [
            (KEYS[1], "FAILED"),
            (KEYS[0], "SUCCEEDED"),
        ]
        assert read.get_materialized_partitions(dg.AssetKey("teams")) == set(KEYS)
        (record,) = read.get_asset_records([dg.AssetKey("teams")])
        assert record.asset_entry.last_run_id == "run"


def _check_planned(asset: str) -> DagsterEvent:
    return DagsterEvent(
        DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
        "job",
        event_specific_data=AssetCheckEvaluationPlanned(
            asset_key=dg.AssetKey(asset),
            check_name="complete",
            partitions_subset=DefaultPartitionsSubset(set(KEYS)),
        ),
    )


def _came_to(read: EventLogStorage) -> list[tuple[str | None, str]]:
    check = dg.AssetCheckKey(dg.AssetKey("teams"), "complete")
    history = read.get_asset_check_execution_history(check, limit=9)
    return sorted((each.partition, each.status.value) for each in history)


@pytest.mark.parametrize("together", [True, False])
def test_a_check_that_was_planned_or_made_before_in_the_run_has_one_row(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
    *,
    together: bool,
) -> None:
    ours, theirs = storages
    batches = [
        [_check_planned("teams")],
        [_checked("teams", KEYS[0], passed=True), _checked("teams", KEYS[1], passed=True)],
        [_checked("teams", KEYS[0], passed=False), _checked("teams", "new", passed=False)],
        [_checked("teams", "new", passed=True), _checked("teams", "new", passed=False)],
        [_checked("teams", "newer", passed=False), _checked("teams", "newer", passed=True)],
    ]
    for batch in [list(chain(*batches))] if together else batches:
        ours.event_log_storage.store_event_batch(_entries("run", *batch))
    expected = [(KEYS[0], "FAILED"), (KEYS[1], "SUCCEEDED"), ("new", "FAILED")]
    for read in (ours.event_log_storage, theirs.event_log_storage):
        assert _came_to(read) == sorted([*expected, ("newer", "SUCCEEDED")])


def test_the_same_check_in_another_run_has_a_row_of_its_own(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
) -> None:
    ours, theirs = storages
    for run, passed in (("one", True), ("two", False)):
        batch = [_checked("teams", key, passed=passed) for key in KEYS]
        ours.event_log_storage.store_event_batch(_entries(run, *batch))
    assert _came_to(theirs.event_log_storage) == [
        (key, status) for key in KEYS for status in ("FAILED", "SUCCEEDED")
    ]


def test_an_event_of_another_kind_is_stored_as_dagster_does(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
) -> None:
    ours, theirs = storages
    started = DagsterEvent(DagsterEventType.STEP_START.value, "job", step_key="step")
    ours.event_log_storage.store_event_batch(_entries("run", started, _planned("teams", KEYS[0])))
    kinds = [entry.dagster_event_type for entry in theirs.event_log_storage.get_logs_for_run("run")]
    assert kinds == [DagsterEventType.STEP_START, DagsterEventType.ASSET_MATERIALIZATION_PLANNED]


def test_runs_without_number_keep_no_more_engines_than_there_may_be(
    storages: tuple[SqliteStorage, DagsterSqliteStorage],
) -> None:
    ours, theirs = storages
    runs = [f"run{number}" for number in range(MOST_ENGINES + 2)]
    for run in runs:
        ours.event_log_storage.store_event(*_entries(run, _materialized("teams", KEYS[0])))
    assert isinstance(ours.event_log_storage, SqliteEvents)
    assert len(ours.event_log_storage._engines) == MOST_ENGINES
    assert all(len(theirs.event_log_storage.get_logs_for_run(run)) == 1 for run in runs)


def test_a_file_of_a_run_is_made_as_dagster_makes_it(tmp_path: Path) -> None:
    made = []
    for storage in (
        SqliteStorage(str(tmp_path / "ours")),
        DagsterSqliteStorage(str(tmp_path / "theirs")),
    ):
        with dg.DagsterInstance.ephemeral() as instance:
            storage.register_instance(instance)
            storage.event_log_storage.store_event(*_entries("run", _materialized("teams", KEYS[0])))
            storage.dispose()
        with sqlite3.connect(Path(storage.base_dir) / "history" / "runs" / "run.db") as file:
            tables = file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")
            version = file.execute("SELECT version_num FROM alembic_version")
            made.append(
                (
                    {(kind, name, "".join((sql or "").split())) for kind, name, sql in tables},
                    version.fetchall(),
                    file.execute("PRAGMA journal_mode").fetchall(),
                )
            )
        file.close()
    ours, theirs = made
    assert ours == theirs


def test_what_is_there_is_opened_without_a_look_at_dagsters_migrations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteStorage(str(tmp_path)).dispose()
    loaded: list[object] = []
    with dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setattr(ScriptDirectory, "from_config", loaded.append)
        again = SqliteStorage(str(tmp_path))
        again.register_instance(instance)
        again.event_log_storage.store_event(*_entries("run", _materialized("teams", KEYS[0])))
    assert again.event_log_storage.get_materialized_partitions(dg.AssetKey("teams")) == {KEYS[0]}
    assert loaded == []
    again.dispose()


def test_what_is_closed_keeps_no_file_open(
    storages: tuple[SqliteStorage, DagsterSqliteStorage], tmp_path: Path
) -> None:
    ours, _ = storages
    ours.event_log_storage.store_event(*_entries("run", _materialized("teams", KEYS[0])))
    assert _open_files(tmp_path) == {"index.db", "index.db-shm", "index.db-wal"}
    ours.dispose()
    assert _open_files(tmp_path) == set()
    assert ours.event_log_storage.get_materialized_partitions(dg.AssetKey("teams")) == {KEYS[0]}


def _open_files(directory: Path) -> set[str]:
    files = (Path(file.path) for file in psutil.Process().open_files())
    return {file.name for file in files if file.is_relative_to(directory)}
