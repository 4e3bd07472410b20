"""Locks that one session holds and the others find taken."""

import pytest
import sqlalchemy as sa

from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.database.locks import held


def free(url: str, name: str) -> bool:
    """Whether another process could take the lock."""
    other = Database(url)
    try:
        with held(other, name) as lock:
            return lock is not None
    finally:
        other.close()


def cut(database: Database) -> None:
    """End the session that holds a lock, from another one."""
    holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    with database.transaction() as connection:
        assert connection.scalar(sa.text(holders))


def hold_too_long(database: Database) -> None:
    with held(database, "a") as lock:
        assert lock is not None
        cut(database)
        lock.check()


def test_a_lock_is_taken_while_it_is_held_and_free_afterwards(
    database: Database, migrated_url: str
) -> None:
    with held(database, "a") as lock:
        assert lock is not None
        lock.check()
        assert not free(migrated_url, "a")
        assert free(migrated_url, "b")
        with held(database, "a") as again:
            assert again is None
    assert free(migrated_url, "a")


def test_a_lock_is_free_after_an_exception(database: Database, migrated_url: str) -> None:
    with pytest.raises(ValueError, match="boom"), held(database, "a"):
        raise ValueError("boom")  # noqa: EM101
    assert free(migrated_url, "a")


def test_who_lost_the_connection_has_lost_the_lock_and_hears_of_it(
    database: Database, migrated_url: str
) -> None:
    with pytest.raises(DatabaseError) as caught:
        hold_too_long(database)
    assert caught.value.retryable
    assert free(migrated_url, "a")
    with held(database, "a") as again:
        assert again is not None


def test_a_connection_that_is_lost_unnoticed_spoils_nothing(database: Database) -> None:
    with held(database, "a"):
        cut(database)
    with held(database, "a") as again:
        assert again is not None
