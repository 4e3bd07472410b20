"""The examples run on what is stored: a notebook cell by cell, and dbt where it is installed.

dbt needs an environment of its own: DP_DBT names its program (`python -m venv ENV &&
ENV/bin/pip install dbt-postgres`, then ENV/bin/dbt).
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_the_notebook_runs_cell_by_cell_and_holds_no_output(
    filled_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", filled_url)
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    notebook = json.loads((EXAMPLES / "season.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in cells] == [[]] * len(cells)
    names: dict[str, Any] = {}
    for cell in cells:
        exec("".join(cell["source"]), names)  # noqa: S102 - our own example
    assert names["key"] == LIGA
    assert names["table"].height == 8
    assert names["played"].height == 28
    assert len(names["axes"].lines) == 4
    names["figure"].savefig(tmp_path / "course.png")


def _environment(url: str) -> dict[str, str]:
    """What environment.py says of a database's URL, as a shell understands it."""
    script = EXAMPLES / "dbt/environment.py"
    done = subprocess.run(
        [sys.executable, str(script)], input=url, capture_output=True, text=True, check=True
    )
    words = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(word.split("=", 1) for word in words)


def test_the_variables_of_dbt_are_those_of_the_url() -> None:
    assert _environment("postgresql://me:a%20%27b@db.example.org:6543/data?sslmode=require") == {
        "DBT_HOST": "db.example.org",
        "DBT_PORT": "6543",
        "DBT_USER": "me",
        "DBT_PASSWORD": "a 'b",
        "DBT_DBNAME": "data",
    }
    socket = _environment("postgresql://postgres@/dp_pipeline?host=%2Ftmp%2Fx&port=23467")
    assert (socket["DBT_HOST"], socket["DBT_PORT"]) == ("/tmp/x", "23467")  # noqa: S108


@pytest.fixture
def schema(filled_url: str) -> Iterator[str]:
    """Where dbt writes; it goes afterwards."""
    yield "marts_of_a_test"
    with psycopg.connect(filled_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS marts_of_a_test CASCADE")


@pytest.fixture(scope="session")
def dbt() -> str:
    """The program."""
    program = os.environ.get("DP_DBT")
    if not program:
        pytest.skip("DP_DBT does not name the program dbt of an environment that has dbt-postgres")
    return program


def test_dbt_builds_its_mart_and_its_tests_pass(
    dbt: str, filled_url: str, schema: str, tmp_path: Path
) -> None:
    project = shutil.copytree(EXAMPLES / "dbt", tmp_path / "dbt")
    done = subprocess.run(
        [dbt, "--no-send-anonymous-usage-stats", "build", "--profiles-dir", "."],
        cwd=project,
        env={
            **_environment(filled_url),
            "DBT_SCHEMA": schema,
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    with psycopg.connect(filled_url) as connection:
        rows = connection.execute(
            "SELECT tournament_key, count(*), sum(games) FROM marts_of_a_test.home_advantage"
            " GROUP BY 1 ORDER BY 1 DESC"
        ).fetchall()
    assert [(key, teams, int(games)) for key, teams, games in rows] == [
        (LIGA, 8, 2 * 28),
        (FILE, 8, 2 * 56),
    ]
