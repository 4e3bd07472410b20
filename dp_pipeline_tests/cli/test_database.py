"""`dp db`: who only reads gets a shell and a URL, without installing anything."""

import json
import os
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from dp_pipeline.cli import database, main
from dp_pipeline.database import migrations
from dp_pipeline.database.database import Database, DatabaseConfigurationError
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.resources import DatabaseResource


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
