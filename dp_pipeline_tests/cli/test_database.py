"""`dp db`: who only reads gets a shell and a URL, without installing anything."""

import json
import os
import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from dp_pipeline.cli import database
from dp_pipeline.cli.group import main
from dp_pipeline.database import migrations
from dp_pipeline.database.database import Database, DatabaseConfigurationError
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.resources import DatabaseResource

COUNTS = """
    SELECT (SELECT count(*) FROM tournament), (SELECT count(*) FROM data_provider_executions),
        (SELECT count(*) FROM match), (SELECT count(*) FROM fixtures)
"""


@pytest.fixture
def home(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DP_HOME", str(postgres._home))
    return postgres._home


def test_the_shell_reads_with_the_psql_that_comes_with_us_and_writes_as_the_owner_only(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert home.is_dir()
    monkeypatch.setenv("PATH", str(tmp_path))

    def shell(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(main, ["db", "shell", *arguments])
        return result.exit_code, *capfd.readouterr()

    assert shell("-At", "-c", "SELECT current_user") == (0, "dp_read_only\n", "")
    code, _, said = shell("-c", "DELETE FROM match")
    assert code == 1
    assert "read-only transaction" in said
    assert shell("--write", "-Atc", "SELECT current_user") == (0, "postgres\n", "")


def test_the_password_is_no_argument_of_a_process(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    assert home.is_dir()
    program = tmp_path / "psql"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\necho "$PGPASSWORD" >> "$0.env"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert CliRunner().invoke(main, ["db", "shell"]).exit_code == 0
    (password,) = (tmp_path / "psql.env").read_text().split()
    assert password in postgres.reader_url()
    assert password not in (tmp_path / "said").read_text()


def test_without_any_psql_a_sentence_says_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert home.is_dir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(database, "client_program", lambda _: None)
    result = CliRunner().invoke(main, ["db", "shell"])
    assert result.exit_code == 1
    assert "There is no psql: install it" in result.output


def test_java_programs_get_a_url_of_their_own(home: Path, postgres: EmbeddedPostgres) -> None:
    assert home.is_dir()
    said = CliRunner().invoke(main, ["db", "url", "--jdbc"]).output.strip()
    url, _, who = said.removeprefix("jdbc:").partition("?")
    assert url.startswith("postgresql://127.0.0.1:")
    user, password = (each.partition("=")[2] for each in who.split("&"))
    assert f"{user}:{password}@" in postgres.reader_url()
    with psycopg.connect(url, user=user, password=password) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["db", *arguments])
    return result.exit_code, result.output


def test_one_command_migrates_where_nothing_else_may(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, head = migrations.REVISIONS[-3], migrations.HEAD
    monkeypatch.setenv("DP_DATABASE_URL", postgres_url)
    monkeypatch.setenv("DP_MIGRATE", "off")
    none = f"There are no tables yet, and this code is of version {head}: `dp db migrate` runs the "
    assert said("version") == (1, f"{none}{len(migrations.REVISIONS)} migrations between.\n")
    old = Database(postgres_url)
    with old.transaction() as connection:
        migrations.upgrade(connection, before)
    old.close()
    older = (
        f"There are tables of version {before}, and this code is of version {head}: "
        "`dp db migrate` runs the 2 migrations between."
    )
    assert said("version") == (1, f"{older}\n")
    code, versions = said("version", "--json")
    assert (code, json.loads(versions)) == (1, {"tables": before, "code": head, "behind": 2})
    assert said("url") == (1, f"Error: {older}\n")
    with pytest.raises(DatabaseConfigurationError, match="dp db migrate"):
        DatabaseResource(url=postgres_url).open()
    assert said("migrate") == (0, f"The tables are of version {head} now; they were of {before}.\n")
    current = f"The tables are of version {head}, as this code is.\n"
    assert said("migrate") == said("version") == (0, current)
    assert said("url") == (0, f"{postgres_url}\n")


def test_tables_of_a_newer_version_are_named_and_left_alone(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    newer = Database(migrated_url)
    with newer.transaction() as connection:
        connection.exec_driver_sql("UPDATE dp_alembic_version SET version_num = '9999'")
    newer.close()
    sentence = (
        "Error: The tables were made by a newer dp_pipeline (version 9999, this one knows up to "
        f"{migrations.HEAD}); update this installation.\n"
    )
    assert said("version") == said("migrate") == said("url") == (1, sentence)


def dumped(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DP_DATABASE_URL", url)
    code, output = said("dump", str(file))
    assert code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    return output


def test_a_dump_comes_back_into_an_empty_database_and_into_no_other(
    filled_url: str,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "football.dump"
    assert dumped(filled_url, file, monkeypatch).startswith(f"{file} has the database now, ")
    refused = "Error: Something is stored in this database, and only an empty one is filled"
    assert said("restore", str(file))[1].startswith(refused)
    with psycopg.connect(filled_url) as connection:
        [counts] = connection.execute(COUNTS).fetchall()
    monkeypatch.setenv("DP_DATABASE_URL", postgres_url)
    back = (0, f"{counts[0]} tournaments and {counts[1]} executions are stored now.\n")
    assert said("restore", str(file)) == back
    assert capfd.readouterr() == ("", "")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(COUNTS).fetchall() == [counts]
    assert said("version")[0] == 0


def test_of_a_torn_dump_nothing_is_restored_and_a_failed_dump_writes_no_file(
    filled_url: str, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "football.dump"
    dumped(filled_url, file, monkeypatch)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 3 // 4])
    # its tables are empty, so that it may be filled
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    assert said("restore", str(file)) == (1, "Error: Nothing was restored.\n")
    with psycopg.connect(migrated_url) as connection:
        assert connection.execute(COUNTS).fetchall() == [(0, 0, 0, 0)]
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url.replace("?", "-gone?"))
    assert said("dump", str(tmp_path / "none.dump")) == (1, "Error: Nothing was written.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["football.dump"]


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="only Linux has a folder like /sys")
def test_a_dump_into_a_folder_that_cannot_be_written_is_a_sentence(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    code, output = said("dump", "/sys/football.dump")
    assert code == 1
    assert re.fullmatch(r"Error: [A-Z][a-z -]+: /sys/\.football\.dump-\w+\.\n", output)
