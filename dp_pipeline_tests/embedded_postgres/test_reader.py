"""The role that only reads, over TCP on this machine, and the port it is reached at."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from dp_pipeline.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from dp_pipeline_tests.embedded_postgres.homes import (
    ROOT,
    Home,
    socket_directory,
    url_of,
    value,
    wait_until,
)

pytestmark = pytest.mark.slow

HOME_MODE = 0o710 if ROOT else 0o700  # root's server is another user, whose group passes


@pytest.fixture
def postgres(home: Home) -> Iterator[EmbeddedPostgres]:
    postgres = home.postgres()
    yield postgres
    postgres.release()


def _end(home: Home, postgres: EmbeddedPostgres) -> None:
    postgres.release()
    wait_until(lambda: not home.servers() and not home.watchers())


def _port(url: str) -> int:
    return int(conninfo_to_dict(url)["port"] or 0)


def test_the_reader_reads_also_tables_that_come_later_and_writes_none(
    postgres: EmbeddedPostgres,
) -> None:
    reader = postgres.reader_url()
    assert reader.startswith("postgresql://dp_read_only:")
    with psycopg.connect(postgres.url(), autocommit=True) as owner:
        owner.execute("CREATE TABLE later AS SELECT 7 AS n")
        owner.execute("CREATE VIEW seen AS SELECT n FROM later")
    assert value(reader, "SELECT n FROM later") == 7
    assert value(reader, "SELECT n FROM seen") == 7
    assert value(reader, "SHOW statement_timeout") == "1min"
    with psycopg.connect(reader, autocommit=True) as connection:
        for statement in ("DELETE FROM later", "CREATE TABLE mine (n int)", "DROP TABLE later"):
            with pytest.raises((errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)):
                connection.execute(statement.encode())
        connection.execute("SET default_transaction_read_only = off")
        for statement in (
            "DELETE FROM later",
            "CREATE TABLE mine (n int)",
            "CREATE TEMP TABLE t ()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_only_the_reader_comes_over_tcp_and_only_with_its_password(
    postgres: EmbeddedPostgres,
) -> None:
    url, reader = postgres.url(), postgres.reader_url()
    port = _port(reader)
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/dp_pipeline")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://dp_read_only:guess@127.0.0.1:{port}/dp_pipeline")
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(url.replace("postgres@", "dp_read_only@", 1))
    kept = value(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'dp_read_only'")
    assert str(kept).startswith("SCRAM-SHA-256$")


def test_the_password_is_this_users_alone(home: Home) -> None:
    fresh = home.path / "fresh"
    inner = Home(fresh)
    try:
        inner.postgres().url()
        password = inner.directory / "read_only_password"
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert stat.S_IMODE(fresh.stat().st_mode) == HOME_MODE
        assert password.read_text() not in (inner.directory / "server.log").read_text()
    finally:
        inner.clean()


def test_a_saved_connection_lasts(home: Home) -> None:
    user = home.user()
    url_of(user)
    postgres = home.postgres()
    reader = postgres.reader_url()
    postgres.release()
    user.kill()
    home.kill_everything()
    assert postgres.reader_url() == reader
    assert value(reader, "SELECT 1") == 1
    postgres.release()


def test_a_moved_home_keeps_port_and_password_and_a_copy_gets_its_own_port(home: Home) -> None:
    one, two, three = (Home(home.path / name) for name in ("one", "two", "three"))
    try:
        postgres = one.postgres()
        reader = postgres.reader_url()
        _end(one, postgres)
        one.path.rename(two.path)
        assert two.postgres().reader_url() == reader
        subprocess.run(["cp", "-a", str(two.path), str(three.path)], check=True)
        assert _port(three.postgres().reader_url()) != _port(reader)
    finally:
        for each in (two, three):
            each.clean()


def test_a_port_that_is_taken_is_told_and_the_socket_goes_on(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    url, reader = postgres.url(), postgres.reader_url()
    _end(home, postgres)
    with socket.create_server(("127.0.0.1", _port(reader))):
        assert postgres.url() == url
        assert value(url, "SELECT 1") == 1
        with pytest.raises(EmbeddedPostgresError, match="is taken by another program") as error:
            postgres.reader_url()
        assert str(_port(reader)) in str(error.value)
        assert error.value.message in (home.directory / "server.log").read_text()
        _end(home, postgres)
    assert postgres.reader_url() == reader


def test_a_cluster_of_version_0_1_gets_a_port_and_a_reader(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as owner:
        owner.execute("CREATE TABLE old AS SELECT 1 AS n")
        owner.execute("GRANT TEMPORARY ON DATABASE dp_pipeline TO public")
        owner.execute("DROP OWNED BY dp_read_only")
        owner.execute("DROP ROLE dp_read_only")
    _end(home, postgres)
    (home.directory / "read_only_password").unlink()
    record = json.loads((home.directory / "server.json").read_text())
    del record["port"]
    (home.directory / "server.json").write_text(json.dumps(record))
    assert value(postgres.reader_url(), "SELECT n FROM old") == 1


def test_many_processes_admit_the_reader_at_once(home: Home) -> None:
    users = [home.user() for _ in range(4)]
    assert len({url_of(user) for user in users}) == 1
    assert value(home.postgres().reader_url(), "SELECT 1") == 1


def test_a_lost_password_is_replaced(home: Home, postgres: EmbeddedPostgres) -> None:
    before = postgres.reader_url()
    (home.directory / "read_only_password").unlink()
    assert postgres.reader_url() != before
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(before)


def _dp(home: Home, *arguments: str, **further: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dp_pipeline", *arguments],
        env={"PATH": os.environ["PATH"], "DP_HOME": str(home.path), **further},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_dp_db_serve_keeps_the_server_up_until_ctrl_c(home: Home) -> None:
    serving = _dp(home, "db", "serve")
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().removeprefix("The database is at ").strip()
        reader = serving.stdout.readline().split()[-1]
        assert serving.stdout.readline().startswith("Ctrl-C lets go of it")
        assert value(reader, "SELECT count(*) FROM tournament") == 0
        assert value(url, "SELECT count(*) FROM tournament") == 0
        serving.send_signal(2)
        _, said = serving.communicate(timeout=10)
        assert (serving.returncode, said) == (0, "")
    finally:
        serving.kill()
        serving.communicate()


def test_dp_db_serve_goes_on_without_its_port(home: Home, postgres: EmbeddedPostgres) -> None:
    port = _port(postgres.reader_url())
    _end(home, postgres)
    with socket.create_server(("127.0.0.1", port)):
        serving = _dp(home, "db", "serve")
        try:
            assert serving.stdout is not None
            url = serving.stdout.readline().removeprefix("The database is at ").strip()
            assert serving.stdout.readline().startswith("Ctrl-C lets go of it")
            assert value(url, "SELECT count(*) FROM tournament") == 0
            serving.send_signal(15)
            shown, said = serving.communicate(timeout=10)
            assert (serving.returncode, shown) == (0, "Stopped.\n")
            assert f"Port {port} on 127.0.0.1" in said
        finally:
            serving.kill()
            serving.communicate()


def test_dp_db_url_prints_the_readers_url_of_the_embedded_server_only(home: Home) -> None:
    printed, _ = _dp(home, "db", "url", "--read-only").communicate(timeout=60)
    assert value(printed.strip(), "SELECT count(*) FROM fixtures") == 0
    own = _dp(home, "db", "url", "--read-only", DP_DATABASE_URL=home.postgres().url())
    _, said = own.communicate(timeout=60)
    assert own.returncode == 1
    assert said.startswith("Error: DP_DATABASE_URL names a server of your own")


def test_the_socket_directory_comes_back_under_its_name(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    url = postgres.url()
    _end(home, postgres)
    shutil.rmtree(socket_directory(url))
    assert postgres.url() == url


def test_a_socket_directory_that_somebody_else_took_is_left_to_him(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    taken = socket_directory(postgres.url())
    _end(home, postgres)
    shutil.rmtree(taken, ignore_errors=True)
    taken.mkdir(mode=0o777)
    try:
        assert socket_directory(postgres.url()) != taken
        assert Path(taken).exists()
    finally:
        taken.rmdir()
