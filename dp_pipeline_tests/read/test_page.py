"""What docs/reading-the-data.md shows can be typed as it stands there."""

import re
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
from click.testing import CliRunner

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import normalise_url

PAGE = Path(__file__).resolve().parents[2] / "docs/reading-the-data.md"
URL = re.compile(r"postgresql://dp_read_only:[^'\"\s]+")
# The seasons of the tests have other teams.
TEAMS = {
    "FC Bayern München": "SV Ahlen",
    "Borussia Dortmund": "SV Brake",
    "VfB Stuttgart": "SV Celle",
}


def blocks(language: str, url: str) -> list[str]:
    text = URL.sub(lambda _: url, PAGE.read_text()).replace("bl1:2022", "bl1:2024")
    for name, ours in TEAMS.items():
        text = text.replace(name, ours)
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(autouse=True)
def _filled(filled_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", filled_url)
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


# of the seven rounds of the season that is stored here
@pytest.mark.filterwarnings("ignore:Matchday 17 has no table")
def test_the_python_of_the_page_runs(filled_url: str) -> None:
    found = blocks("python", filled_url)
    assert len(found) == 4
    for block in found:
        names: dict[str, Any] = {}
        exec(block, names)  # noqa: S102 - our own page
        frame = names.get("frame")
        assert frame is None or len(frame) > 0


def test_the_files_of_the_page_are_written_and_read(filled_url: str) -> None:
    (command,) = re.findall(r"^\$ dp (export .*)$", PAGE.read_text(), re.MULTILINE)
    assert CliRunner().invoke(main, command.split()).exit_code == 0
    question = blocks("sql", filled_url)[0]
    with duckdb.connect() as connection:
        assert connection.execute(question).fetchall() == [("openligadb", "2024", 3.0)]


def test_duckdb_attaches_the_database(filled_url: str) -> None:
    with duckdb.connect() as connection:
        try:
            connection.execute("INSTALL postgres; LOAD postgres")
        except duckdb.Error as error:
            pytest.skip(f"DuckDB's extension postgres cannot be had here: {type(error).__name__}")
        # its libpq has no quotes in a URL of a socket's folder
        url = normalise_url(filled_url)
        place = f"dbname={url.database} user={url.username} host={url.query['host']}"
        attach = blocks("sql", f"{place} port={url.query['port']}")[1]
        assert connection.execute(attach).fetchall()[0] == ("SV Ahlen", 21)


def test_the_commands_of_the_page_are_commands() -> None:
    shown = re.findall(r"(?:^\$ |[`(])dp ([a-z ]+)", PAGE.read_text(), re.MULTILINE)
    assert len(shown) > 6
    for words in shown:
        command: Any = main
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, f"dp {words}"
            command = command.commands[word]
