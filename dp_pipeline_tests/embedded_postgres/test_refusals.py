"""What it does not run on: broken clusters, odd environments, servers of somebody else."""

import signal
import subprocess
from pathlib import Path

import pytest

from dp_pipeline.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from dp_pipeline.embedded_postgres.place import account_for, find_programs
from dp_pipeline_tests.embedded_postgres.homes import Home, value, wait_until

pytestmark = pytest.mark.slow


def test_the_users_environment_does_not_mislead_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    misleading = {
        "PGHOST": "db.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGDATA": "/nonexistent",
        "PGUSER": "nobody",
        "PGDATABASE": "nothing",
        "PGOPTIONS": "-c work_mem=wrong",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "LATIN1",
        "TMPDIR": "/nonexistent",
        "LC_ALL": "xx_XX",
        "PYTHONWARNINGS": "error",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
    }
    for name, text in misleading.items():
        monkeypatch.setenv(name, text)
    postgres = home.postgres()
    url = postgres.url()
    assert postgres.url() == url
    for process in home.servers() + home.watchers():
        if Path(f"/proc/{process.pid}/environ").exists():
            assert "a-secret" not in Path(f"/proc/{process.pid}/environ").read_text()


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    wait_until(lambda: not home.servers())
    (home.directory / "data" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="ended while it started") as error:
        postgres.url()
    assert 'unrecognized configuration parameter "nonsense"' in error.value.log
    wait_until(lambda: not home.watchers())  # it spoke first and ends then


def test_a_cluster_of_another_version_is_told_with_both_versions(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    wait_until(lambda: not home.servers())
    (home.directory / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by Postgres 13.* 18"):
        postgres.url()


def test_a_directory_that_is_no_cluster_is_left_alone(home: Home) -> None:
    data = home.directory / "data"
    data.mkdir(parents=True)
    (data / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not a Postgres cluster"):
        home.postgres().url()
    assert (data / "thesis.txt").read_text() == "mine"


def test_a_home_that_cannot_be_made_is_a_clear_error(home: Home) -> None:
    (home.path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="cannot be used"):
        EmbeddedPostgres(home.path / "file").url()


def test_a_server_that_somebody_started_by_hand_is_left_alone(home: Home) -> None:
    postgres = home.postgres()
    postgres.url()
    postgres.release()
    data = home.directory / "data"
    pid_file = data / "postmaster.pid"
    # a server that is still on its way out lets no other one begin
    wait_until(lambda: not (home.servers() or home.watchers() or pid_file.exists()))
    account = account_for(data)
    programs, _ = find_programs(account)
    command = [str(programs / "postgres"), "-D", str(data), "-c", "listen_addresses="]
    by_hand = subprocess.Popen(
        [*command, "-c", f"unix_socket_directories={data}"],
        user=account.uid,
        group=account.gid,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        wait_until(lambda: pid_file.exists() and b"ready" in pid_file.read_bytes())
        with pytest.raises(EmbeddedPostgresError, match="not started by dp_pipeline"):
            postgres.url()
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(30)
    assert value(postgres.url(), "SELECT 1") == 1
