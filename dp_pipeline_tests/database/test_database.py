"""Transactions: in a thread, repeated when that helps, one writer of a tournament at a time."""

import threading
import time
from collections.abc import Generator
from uuid import UUID, uuid4

import anyio
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import event, exc

from dp_pipeline.database.database import (
    Database,
    DatabaseConfigurationError,
    DatabaseError,
    normalise_url,
    tournament_lock,
)
from dp_pipeline.database.errors import translated
from dp_pipeline_tests.database.proxy import proxied


@pytest.fixture
def database(postgres_url: str) -> Generator[Database]:
    database = Database(postgres_url)
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE entry (number int PRIMARY KEY, note text)"))
    yield database
    database.close()


def _count(database: Database) -> int:
    with database.transaction() as connection:
        return connection.execute(sa.text("SELECT count(*) FROM entry")).scalar_one()


def _insert(connection: sa.Connection, number: int = 1) -> None:
    connection.execute(sa.text("INSERT INTO entry VALUES (:n, 'note')"), {"n": number})


def test_the_session_is_in_utc_and_named(database: Database) -> None:
    with database.transaction() as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert connection.scalar(sa.text("SHOW application_name")) == "dp_pipeline"
        assert connection.scalar(sa.text("SHOW transaction_isolation")) == "read committed"


def test_no_statement_is_compiled_first_whatever_the_server_says(migrated_url: str) -> None:
    name = sa.make_url(migrated_url).database or ""
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET jit = on").format(sql.Identifier(name)))
    database = Database(migrated_url)
    with database.transaction() as connection:
        assert connection.scalar(sa.text("SHOW jit")) == "off"
    database.close()


def test_a_transaction_happens_entirely_or_not_at_all(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as connection:
            _insert(connection)
            message = "mine"
            raise KeyError(message)

    with pytest.raises(KeyError, match="mine"):
        fail()
    assert _count(database) == 0
    with database.transaction() as connection:
        _insert(connection)
    assert _count(database) == 1


def test_work_runs_in_a_thread_and_gives_its_value(database: Database) -> None:
    def work(connection: sa.Connection) -> str:
        _insert(connection)
        return threading.current_thread().name

    assert anyio.run(database.run, work) != threading.current_thread().name
    assert _count(database) == 1


def test_an_error_of_the_work_itself_is_passed_on_and_not_repeated(database: Database) -> None:
    calls = []

    def work(connection: sa.Connection) -> None:
        calls.append(connection)
        message = "mine"
        raise KeyError(message)

    with pytest.raises(KeyError, match="mine"):
        anyio.run(database.run, work)
    assert len(calls) == 1


def test_a_broken_rule_is_a_sentence_without_the_row(database: Database) -> None:
    calls = []

    def work(connection: sa.Connection) -> None:
        calls.append(connection)
        connection.execute(
            sa.text("INSERT INTO entry VALUES (:a, :b), (:a, :b)"), {"a": 7, "b": "private"}
        )

    with pytest.raises(DatabaseError) as caught:
        anyio.run(database.run, work)
    assert len(calls) == 1
    assert not caught.value.retryable
    assert caught.value.sqlstate == "23505"
    assert 'violates unique constraint "entry_pkey"' in str(caught.value)
    assert "private" not in str(caught.value)
    assert isinstance(caught.value.__cause__, exc.IntegrityError)


def test_work_is_repeated_when_its_connection_is_cut(database: Database) -> None:
    calls = []

    def work(connection: sa.Connection) -> int:
        calls.append(connection)
        _insert(connection, len(calls))
        if len(calls) < 3:
            pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
            with database.transaction() as other:
                other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return connection.execute(sa.text("SELECT count(*) FROM entry")).scalar_one()

    assert anyio.run(database.run, work) == 1
    assert len(calls) == 3
    assert _count(database) == 1


def test_work_is_repeated_on_another_session_when_its_own_was_set_read_only(
    database: Database,
) -> None:
    with database.autocommit() as connection:
        old = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        connection.execute(sa.text("SET default_transaction_read_only = on"))
    pids = []

    def work(connection: sa.Connection) -> None:
        pids.append(connection.scalar(sa.text("SELECT pg_backend_pid()")))
        _insert(connection)

    anyio.run(database.run, work)
    assert _count(database) == 1
    assert pids[0] == old
    assert pids[-1] != old


def test_a_server_that_takes_no_writes_for_a_while_is_waited_for(database: Database) -> None:
    name = database.url.database
    with database.autocommit() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    database.close()
    calls = []

    async def until_it_does() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(database.run, lambda c: (calls.append(c), _insert(c)))
            await anyio.sleep(0.5)
            # A session that says it wants to write may do so.
            url = normalise_url(str(database.engine.url)).set(query={**database.url.query})
            other = sa.create_engine(url, isolation_level="AUTOCOMMIT")
            with other.connect() as connection:
                connection.execute(sa.text("SET default_transaction_read_only = off"))
                connection.execute(
                    sa.text(f"ALTER DATABASE {name} RESET default_transaction_read_only")
                )
            other.dispose()

    anyio.run(until_it_does)
    assert _count(database) == 1
    assert len(calls) == 1, "a session that is read only from its start is not used at all"


@pytest.mark.parametrize(
    "state", ["25006", "25P03", "40001", "40P01", "53300", "55006", "55P03", "57014", "57P01"]
)
def test_what_passes_is_tried_again(database: Database, state: str) -> None:
    calls = []

    def work(connection: sa.Connection) -> None:
        calls.append(connection)
        if len(calls) == 1:
            raised = f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"
            connection.exec_driver_sql(raised)

    anyio.run(database.run, work)
    assert len(calls) == 2


def test_a_session_that_is_ended_at_the_start_is_asked_for_again(postgres_url: str) -> None:
    with proxied(postgres_url) as proxy:
        proxy.limits = iter((2, 4))
        database = Database(proxy.url)
        database.ensure_current()
        database.close()
        assert proxy.accepted > 2


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "LATIN5"])
def test_a_database_that_cannot_hold_every_name_is_refused_in_one_sentence(
    admin_url: str, encoding: str
) -> None:
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"
            " LOCALE_PROVIDER libc LOCALE 'C'".encode()
        )
    database = Database(admin_url.replace("/postgres?", f"/{name}?"))
    try:
        with pytest.raises(DatabaseConfigurationError, match=f"encoded in {encoding}.*UTF8"):
            database.ensure_current()
        with database.transaction() as open_, pytest.raises(exc.DBAPIError):
            open_.execute(sa.text("SELECT 1 FROM alembic_version"))
    finally:
        database.close()
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_names_of_every_script_are_stored_whatever_encoding_the_environment_names(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    database = Database(postgres_url)
    names = "Beşiktaş Łódź Ференцварош 横浜"
    with database.transaction() as connection:
        assert connection.scalar(sa.select(sa.literal(names))) == names
        assert connection.scalar(sa.text("SELECT length(:names)"), {"names": names}) == len(names)
    database.close()


def test_attempts_of_one_means_no_repetition(database: Database) -> None:
    calls = []

    def work(connection: sa.Connection) -> None:
        calls.append(connection)
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async def once() -> None:
        await database.run(work, attempts=1)

    with pytest.raises(DatabaseError) as caught:
        anyio.run(once)
    assert caught.value.retryable
    assert len(calls) == 1


def test_deadlocked_work_is_repeated_until_both_are_done(database: Database) -> None:
    with database.transaction() as connection:
        _insert(connection, 1)
        _insert(connection, 2)
    both = threading.Barrier(2)
    update = sa.text("UPDATE entry SET note = note || '+' WHERE number = :n")
    tries = {1: 0, 2: 0}

    def work(first: int, second: int, connection: sa.Connection) -> None:
        tries[first] += 1
        connection.execute(update, {"n": first})
        if tries[first] == 1:
            both.wait(10)
        connection.execute(update, {"n": second})

    async def together() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(database.run, lambda c: work(1, 2, c))
            group.start_soon(database.run, lambda c: work(2, 1, c))

    anyio.run(together)
    assert sum(tries.values()) >= 3
    with database.transaction() as connection:
        notes = connection.scalars(sa.text("SELECT note FROM entry")).all()
    assert notes == ["note++", "note++"]


def test_cancelling_waits_for_the_transaction_under_way(database: Database) -> None:
    done = []

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_sleep(0.5)"))
        _insert(connection)
        done.append(True)

    async def cancelled() -> None:
        with anyio.move_on_after(0.1):
            await database.run(work)

    anyio.run(cancelled)
    assert done == [True]
    assert _count(database) == 1


def test_a_lock_held_too_long_by_another_is_told(database: Database) -> None:
    def impatient() -> None:
        with database.transaction() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            _insert(other)

    with database.transaction() as connection:
        _insert(connection)
        with pytest.raises(DatabaseError, match="Another process") as caught:
            impatient()
    assert caught.value.retryable


def test_writers_of_one_tournament_take_turns_and_others_do_not_wait(database: Database) -> None:
    tournament: UUID = uuid4()
    order: list[str] = []
    started = threading.Event()

    def later() -> None:
        with database.transaction() as connection:
            started.set()
            tournament_lock(connection, tournament)
            order.append("second")

    thread = threading.Thread(target=later)
    with database.transaction() as connection:
        tournament_lock(connection, tournament)
        tournament_lock(connection, tournament)
        thread.start()
        assert started.wait(10)
        with database.transaction() as other:
            tournament_lock(other, uuid4())
            order.append("other")
        time.sleep(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["other", "first", "second"]


def test_many_at_once_share_four_connections_that_are_kept(database: Database) -> None:
    opened = []
    event.listen(database.engine, "connect", lambda *_: opened.append(1))
    database.close()

    async def together() -> None:
        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(database.run, lambda c, n=number: _insert(c, n))

    for _ in range(2):
        anyio.run(together)
        assert _count(database) == 40
        with database.transaction() as connection:
            connection.execute(sa.text("TRUNCATE entry"))
    assert len(opened) <= 4


def test_what_libpq_asks_the_reader_is_left_out_of_the_sentence() -> None:
    asked = "failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP"
    error = psycopg.OperationalError(f'connection to server at "::1" {asked} connections?')
    said = str(translated(error, None))
    assert said.endswith("failed: Connection refused.")
    assert "?" not in said


def test_what_libpq_says_of_both_its_attempts_stands_in_the_sentence_once() -> None:
    once = 'connection to server at "::1", port 5432 failed: FATAL:  no password fits user "dp"'
    error = psycopg.OperationalError(f"connection failed: {once}\n{once}")
    said = str(translated(error, None))
    assert said == f"The database does not let us in: {once.replace('  ', ' ')}."
