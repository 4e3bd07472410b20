"""The locks that say "alive", over every way in which a session is lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.ledger import liveness as presence_module
from dp_pipeline.ledger.liveness import Liveness
from dp_pipeline_tests.database.proxy import Proxy, proxied

HOLDERS = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "RETAKE", Backoff(0.2, 0.2))
    monkeypatch.setattr(presence_module, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(presence_module, "GIVE_UP_SECONDS", 0.2)


@pytest.fixture
def proxy(migrated_url: str) -> Iterator[Proxy]:
    with proxied(migrated_url) as made:
        yield made


@pytest.fixture
def asking(migrated_url: str) -> Iterator[psycopg.Connection]:
    """A session of somebody else."""
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def liveness(proxy: Proxy) -> Iterator[Liveness]:
    database = Database(proxy.url)
    made = Liveness(database)
    with made.alive():
        yield made
    database.close()


def holders(asking: psycopg.Connection, name: str) -> set[int]:
    return {pid for (pid,) in asking.execute(HOLDERS, [name]).fetchall()}


def until(what: str, ask: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def take(liveness: Liveness, name: str) -> bool:
    """As the ledger does: once there is a session."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return liveness.take(name)
        except DatabaseError as error:
            if not error.retryable or time.monotonic() > deadline:
                raise


def test_what_is_taken_is_held_until_it_is_released(
    liveness: Liveness, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    liveness.keep("b")
    liveness.keep("c", shared=True)
    liveness.keep("c", shared=True)
    until("the kept ones", lambda: holders(asking, "b") and holders(asking, "c"))
    for name in "abc":
        liveness.release(name)
        assert not holders(asking, name)


def test_a_lock_that_another_session_has_is_not_taken(
    liveness: Liveness, asking: psycopg.Connection
) -> None:
    asking.execute("SELECT pg_advisory_lock(hashtextextended('a', 0))")
    assert not take(liveness, "a")
    liveness.keep("a")
    asking.execute("SELECT pg_advisory_unlock_all()")
    until("the kept one", lambda: holders(asking, "a") - {asking.info.backend_pid})


def test_all_is_held_again_though_sessions_are_cut_at_every_step_of_reconnecting(
    liveness: Liveness, proxy: Proxy, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    liveness.keep("b")
    liveness.keep("c", shared=True)
    proxy.limits = iter(range(1, 16))
    before = proxy.accepted
    proxy.cut()
    until("all steps", lambda: proxy.accepted > before + 8)
    proxy.limits = iter(())
    proxy.cut()
    until("the locks", lambda: all(holders(asking, name) for name in "abc"))
    assert take(liveness, "d")
    assert not liveness.lost("a")


def test_many_threads_find_their_locks_while_sessions_are_ended(
    liveness: Liveness, asking: psycopg.Connection
) -> None:
    wrong: list[object] = []
    over = threading.Event()

    def work(number: int) -> None:
        try:
            for turn in range(20):
                name = f"{number}:{turn}"
                if not take(liveness, name):
                    wrong.append(name)
                liveness.release(name)
        except Exception as error:  # noqa: BLE001 - an error of a thread is the test's
            wrong.append(error)

    def cut() -> None:
        while not over.wait(0.05):
            asking.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <>"
                " pg_backend_pid() AND datname = current_database()"
            )

    cutter = threading.Thread(target=cut)
    cutter.start()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    over.set()
    cutter.join()
    assert wrong == []


def test_an_old_session_that_outlives_its_client_is_ended_and_nobody_comes_between(
    liveness: Liveness, proxy: Proxy, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    liveness.keep("b")
    (old,) = holders(asking, "b")
    proxy.abandon()
    until("the new session", lambda: holders(asking, "b") - {old})
    assert old not in holders(asking, "a") | holders(asking, "b")
    assert not liveness.lost("a")
    assert take(liveness, "c")


def test_an_old_session_that_hangs_keeps_the_locks_until_it_can_be_ended(
    liveness: Liveness, proxy: Proxy, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    liveness.keep("b")
    (old,) = holders(asking, "b")
    os.kill(old, signal.SIGSTOP)
    try:
        proxy.abandon()
        accepted = proxy.accepted
        until("another session", lambda: proxy.accepted > accepted)
        with pytest.raises(DatabaseError, match="not yet back"):
            liveness.take("c")
        assert holders(asking, "a") == holders(asking, "b") == {old}, "it is ours all the time"
    finally:
        os.kill(old, signal.SIGCONT)
    until("the new session", lambda: holders(asking, "b") - {old})
    assert take(liveness, "c")
    assert not liveness.lost("a")


def test_who_took_a_lock_while_our_session_was_away_has_it(
    liveness: Liveness, proxy: Proxy, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    waits = threading.Thread(
        target=asking.execute, args=["SELECT pg_advisory_lock(hashtextextended('a', 0))"]
    )
    waits.start()
    proxy.cut()
    waits.join()
    until("the session", lambda: take(liveness, "b"))
    assert liveness.lost("a")
    liveness.release("a")
    assert holders(asking, "a") == {asking.info.backend_pid}


def test_a_session_that_was_set_read_only_is_thrown_away(
    liveness: Liveness, proxy: Proxy, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    (old,) = holders(asking, "a")
    name = asking.info.dbname
    asking.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    accepted = proxy.accepted
    proxy.cut()
    until("sessions that are refused", lambda: proxy.accepted > accepted + 2)
    assert not holders(asking, "a"), "a replica's locks are seen by nobody"
    asking.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    until("a session that writes", lambda: holders(asking, "a") - {old})
    assert not liveness.lost("a")


def test_a_session_that_becomes_read_only_while_it_holds_locks_is_thrown_away(
    liveness: Liveness, asking: psycopg.Connection
) -> None:
    assert take(liveness, "a")
    (old,) = holders(asking, "a")
    try:
        asking.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        asking.execute("SELECT pg_reload_conf()")
        until("the session to go", lambda: not holders(asking, "a"))
    finally:
        asking.execute("ALTER SYSTEM RESET default_transaction_read_only")
        asking.execute("SELECT pg_reload_conf()")
    until("a session that writes", lambda: holders(asking, "a") - {old})
    assert not liveness.lost("a")
