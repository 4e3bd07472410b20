"""Sessions that lie in the pool: which are asked whether they live, what becomes of dead ones."""

from typing import LiteralString

import psycopg
import pytest
import sqlalchemy as sa

from dp_pipeline.database import sessions
from dp_pipeline.database.database import Database


def backend(database: Database) -> int:
    with database.transaction() as connection:
        found = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    assert isinstance(found, int)
    return found


def test_a_session_is_asked_only_where_it_was_idle_for_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backend(database)
    asked: list[str] = []
    ask = sessions.execute_alone

    def counted(connection: psycopg.Connection, statements: LiteralString) -> None:
        asked.append(statements)
        ask(connection, statements)

    monkeypatch.setattr(sessions, "execute_alone", counted)
    assert backend(database) == first
    assert asked == []
    monkeypatch.setattr(sessions, "_IDLE_SECONDS", -1.0)
    assert backend(database) == first
    assert len(asked) == 1


def test_one_that_was_ended_meanwhile_is_replaced_without_an_error(database: Database) -> None:
    first = backend(database)
    other = Database(database.url.render_as_string(hide_password=False))
    with other.transaction() as connection:
        ended = sa.text("SELECT pg_terminate_backend(:pid, 5000)")
        assert connection.scalar(ended, {"pid": first})
    other.close()
    assert backend(database) != first
