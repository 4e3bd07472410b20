"""Sessions ended by the server while runs work, many times: nothing is lost, left open or failed.

What a failover, an administrator or a proxy does to one session at a time; the server stays.
"""

import contextlib
import random
import threading
from collections.abc import Generator, Iterator

import psycopg
import pytest

from dp_pipeline.database.database import DatabaseError
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.notifications.duties import DutiesFailedError
from dp_pipeline_tests.end_to_end.world import PATH, VERSIONS, World, dawdle, payload, until, world

CUTS_PER_RUN = 14
ONE = """
SELECT pg_terminate_backend(pid) FROM (
  SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'dp_pipeline'
  ORDER BY random() LIMIT 1
) AS one
"""
LOCKS = """
SELECT pg_terminate_backend(pid) FROM (
  SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND pid IN (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database())
) AS holders
"""


@pytest.fixture
def cut_world(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        yield made


class Cutter:
    """Ends sessions of the pipeline one after the other, as long as some are wanted."""

    def __init__(self, made: World, seed: int) -> None:
        self.cuts = 0
        self._made = made
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._over = threading.Event()

    @contextlib.contextmanager
    def cutting(self) -> Generator[None]:
        thread = threading.Thread(target=self._cut)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _cut(self) -> None:
        with psycopg.connect(self._made.database_url, autocommit=True) as connection:
            while self.cuts < CUTS_PER_RUN and not self._over.is_set():
                found = connection.execute(self._chance.choice((ONE, ONE, LOCKS))).fetchall()
                self.cuts += len(found)
                self._over.wait(self._chance.uniform(0.01, 0.15))


def tick(made: World) -> None:
    """One whose own session is cut fails, and the next one catches up."""
    with contextlib.suppress(DatabaseError, DutiesFailedError):
        made.tick()


def cut_through(made: World, runs: int) -> int:
    """Ingest so many times while sessions are ended; how many were."""
    cuts = 0
    for number in range(runs):
        version = number % len(VERSIONS)
        if version == 0:
            made.forget()
        made.replay.payloads[PATH] = payload(version)
        cutter = Cutter(made, number)
        worker = made.worker()
        with cutter.cutting():
            while worker.is_alive():
                tick(made)
                worker.join(0.2)
        assert worker.exitcode == 0, made.log()
        assert set(made.versions().values()) == {version}
        cuts += cutter.cuts
    tick(made)
    rows = made.executions()
    assert len(rows) == len(NAMES) * runs
    assert {row["status"] for row in rows} == {"completed"}, made.log()
    assert {row["error_class"] for row in rows} == {None}
    until("all to be told", lambda: made.tick() == "Nothing new.")
    # Twice when the session that was to note the first time was ended just then.
    assert set(made.told().values()) <= {1, 2}
    assert all(row["announced_at"] for row in made.executions())
    return cuts


@pytest.mark.slow
def test_runs_complete_whatever_session_is_ended_under_them(cut_world: World) -> None:
    cut_world.query(dawdle())
    assert cut_through(cut_world, 3) >= 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_thirty_runs_complete_over_four_hundred_ended_sessions(cut_world: World) -> None:
    cut_world.query(dawdle())
    assert cut_through(cut_world, 30) >= 400
