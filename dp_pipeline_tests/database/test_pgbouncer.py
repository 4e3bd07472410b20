"""The real PgBouncer before a real Postgres, in each of its modes."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import psycopg
import pytest
import sqlalchemy as sa

from dp_pipeline.database.database import Database, DatabaseConfigurationError, DatabaseError
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.liveness import Liveness
from dp_pipeline.storage import Folder
from dp_pipeline_tests.end_to_end.world import World, world
from dp_pipeline_tests.pgbouncer import pgbouncer

Pooler = Callable[..., str]


@pytest.fixture
def pooler(migrated_url: str) -> Iterator[Pooler]:
    """Start a PgBouncer before the test's database; its URL."""
    with contextlib.ExitStack() as stack:

        def start(mode: str, **settings: object) -> str:
            return stack.enter_context(pgbouncer(migrated_url, mode, **settings))

        yield start


def refused(url: str) -> None:
    database = Database(url)
    try:
        with pytest.raises(DatabaseConfigurationError, match=r"session mode.*DP_DATABASE_URL"):
            database.ensure_current()
    finally:
        database.close()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("settings", [{}, {"server_round_robin": 1}, {"default_pool_size": 1}])
def test_a_pooler_that_shares_sessions_is_refused_in_one_sentence(
    pooler: Pooler, mode: str, settings: dict[str, object]
) -> None:
    refused(pooler(mode, **settings))


def test_it_is_refused_too_when_the_same_session_comes_back_by_chance(
    pooler: Pooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = pooler("transaction", server_round_robin=1)
    monkeypatch.setattr("dp_pipeline.database.server.HEARD_SECONDS", 0.5)
    # Sessions that wait to be used: each statement of ours finds its own one or another one.
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(psycopg.connect(url)) for _ in range(6)]
        for other in others:
            other.execute("SELECT 1")
        for other in others:
            other.rollback()
        for _ in range(5):
            refused(url)


def test_in_session_mode_all_works_without_options_set_by_hand(pooler: Pooler) -> None:
    database = Database(pooler("session"))
    database.ensure_current()
    with database.transaction() as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert connection.scalar(sa.text("SHOW client_encoding")) == "UTF8"
    database.close()


def test_in_session_mode_a_lock_is_held_and_free_once_its_client_is_gone(
    pooler: Pooler, migrated_url: str
) -> None:
    url = pooler("session")
    database = Database(url)
    liveness = Liveness(database)
    with psycopg.connect(migrated_url, autocommit=True) as asking:

        def held() -> bool:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            return asking.execute(query).fetchone() != (0,)

        with liveness.alive():
            assert liveness.take("a")
            assert held()
            asking.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
            with pytest.raises(DatabaseError) as caught:
                liveness.take("b")
            assert caught.value.retryable
            assert liveness.take("b")
            assert not liveness.lost("a")
        deadline = time.monotonic() + 10
        while held():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    database.close()


def test_in_session_mode_many_clients_one_after_another_meet_no_prepared_statement(
    pooler: Pooler,
) -> None:
    url = pooler("session", default_pool_size=2)
    for _ in range(4):
        database = Database(url)
        for _ in range(12):  # the sixth is prepared
            with database.transaction() as connection:
                connection.execute(sa.text("SELECT id FROM match WHERE id = :id"), {"id": uuid4()})
        database.close()


@pytest.mark.slow
def test_in_session_mode_runs_are_recorded_as_ever(
    pooler: Pooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(monkeypatch, pooler("session")) as made:
        assert made.ingest() == 0, made.log()
        made.tick()
        assert _completed(made)


def _completed(made: World) -> bool:
    rows = made.executions()
    return len(rows) == len(NAMES) and {row["status"] for row in rows} == {"completed"}


def test_behind_a_pooler_that_shares_sessions_a_run_does_not_begin_its_work(
    pooler: Pooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(monkeypatch, pooler("transaction")) as made:
        assert made.ingest() == 1
        assert "session mode" in made.log()
        assert "Traceback" not in made.log()
        assert made.executions() == []


def test_sessions_that_the_pooler_ends_are_replaced_and_nothing_is_lost(
    pooler: Pooler, migrated_url: str, tmp_path: Path
) -> None:
    database = Database(pooler("session"))

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", "openligadb:bl1:2024", Run(uuid4())):
                with psycopg.connect(migrated_url, autocommit=True) as other:
                    other.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                        " current_database() AND pid <> pg_backend_pid()"
                    )

    anyio.run(work)
    with database.transaction() as connection:
        query = sa.text("SELECT status FROM data_provider_executions")
        assert connection.scalars(query).all() == ["completed"]
    database.close()
