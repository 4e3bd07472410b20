"""Rows that a killed process left open, with processes that are really killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.reconcile import GRACE_SECONDS
from dp_pipeline_tests.ledger.rows import reconciled, rows, wait_for_free


def test_the_row_of_a_killed_process_is_closed_once_its_run_is_over(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(60)
    assert reconciled(database, over=True).closed == (), "it lives"

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_free(database)

    (closed,) = reconciled(database, over=True).closed
    (row,) = rows(database)
    assert row["id"] == closed
    assert (row["status"], row["outcome"]) == ("failed", "failed")
    assert row["error_class"] == "ProcessGone"
    assert row["completed_at"] is not None
    assert row["duration"] >= 0
    assert row["summary"]["failedOperations"] == 1
    assert reconciled(database, over=True).closed == ()


def test_a_free_lock_alone_closes_a_row_only_after_the_grace(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_free(database)

    first = reconciled(database, over=False, now=1_000.0)
    assert first.closed == ()
    assert len(first.free_since) == 1
    soon = 1_000.0 + GRACE_SECONDS - 1
    second = reconciled(database, over=False, free_since=dict(first.free_since), now=soon)
    assert second.closed == ()
    late = 1_000.0 + GRACE_SECONDS
    third = reconciled(database, over=False, free_since=dict(second.free_since), now=late)
    assert len(third.closed) == 1


@pytest.mark.slow
def test_a_living_process_retakes_its_lock_when_its_connection_is_cut(
    database: Database,
    admin_url: str,
    worker: Callable[[float], subprocess.Popen[str]],
) -> None:
    process = worker(9)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database.url.database],
        )
    first = reconciled(database, over=False, now=time.time())
    assert first.closed == ()

    deadline = time.monotonic() + 8
    while reconciled(database, over=False, now=0.0).free_since and time.monotonic() < deadline:
        time.sleep(0.2)
    assert reconciled(database, over=True).closed == (), "it holds its lock again"

    assert process.wait(timeout=30) == 0
    (row,) = rows(database)
    assert row["status"] == "completed"


def test_the_truth_of_a_living_process_replaces_what_was_said_of_it(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(1.5)
    table = tables.data_provider_executions
    with database.transaction() as connection:
        connection.execute(
            sa.update(table).values(
                status="failed",
                error_class="ProcessGone",
                completed_at=sa.func.now(),
                announced_at=sa.func.now(),
            )
        )
    assert process.wait(timeout=30) == 0

    (row,) = rows(database)
    assert row["status"] == "completed"
    assert row["error_class"] is None
    assert row["announced_at"] is None, "it is told again, truly"
