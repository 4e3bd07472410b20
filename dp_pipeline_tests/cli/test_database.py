"""`dp db`: who only reads gets a shell and a URL, without installing anything."""

import os
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from dp_pipeline.cli import database, main
from dp_pipeline.embedded_postgres import EmbeddedPostgres


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
