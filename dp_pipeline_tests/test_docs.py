"""What the documentation shows is true: its example runs, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import sqlalchemy as sa

from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.settings import S3Settings, Settings
from dp_pipeline_tests.days import clock

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])


def headings(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if "://" not in link and not (
            target.exists() and (not heading or heading in headings(target))
        ):
            missing.append(link)
    assert missing == []


def test_every_command_is_in_the_readme() -> None:
    commands = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0]
    names = main.list_commands(click.Context(main))
    assert "ingest" in names
    assert [name for name in names if f"`dp {name}" not in commands] == []


def test_every_table_and_view_is_in_the_data_model(database: Database) -> None:
    page = (ROOT / "docs/data-model.md").read_text()
    with database.transaction() as connection:
        views = sa.inspect(connection).get_view_names()
    assert [name for name in (*tables.metadata.tables, *views) if f"`{name}`" not in page] == []


def test_the_questions_of_the_data_model_can_be_asked(database: Database) -> None:
    [questions] = re.findall(
        r"```sql\n(.*?)```", (ROOT / "docs/data-model.md").read_text(), re.DOTALL
    )
    with database.transaction() as connection:
        connection.exec_driver_sql(questions)


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    fields = {**Settings.model_fields, **S3Settings.model_fields}
    names = [field.validation_alias for field in fields.values() if field.validation_alias]
    assert "DP_HOME" in names
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_domain_is_in_the_glossary_and_the_architecture_shows_what_it_depends_on() -> None:
    [row] = re.findall(r"\| domain \| (.*) \|", (ROOT / "docs/glossary.md").read_text())
    assert ", ".join(f"`{name}`" for name in REGISTERED) in row
    diagram = (ROOT / "docs/architecture.md").read_text().partition("```mermaid")[2]
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagram.partition("```")[0], re.MULTILINE)
    assert sorted(arrows) == sorted(
        (other, one.name) for one in REGISTERED.values() for other in one.depends_on
    )


def test_the_example_of_the_guide_records_an_execution(tmp_path: Path, migrated_url: str) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DP_HOME": str(tmp_path), **clock()}
        | {"DP_DATABASE_URL": migrated_url},
        capture_output=True,
        text=True,
        check=True,
    )
    database = Database(migrated_url)
    with database.transaction() as connection:
        row = connection.execute(sa.select(tables.data_provider_executions)).one()
    database.close()
    assert done.stdout == f"recorded as request {row.request_id}\n"
    assert (row.status, row.operation_type) == ("completed", "matches_create")
    assert row.summary["operationsCount"] == 2
    assert row.summary["entityLabel"] == "1. Fußball-Bundesliga 2024/2025"
    assert (tmp_path / "objects" / row.report_file_key).exists()
