"""`dp report`: the report of an execution, wherever it is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline_tests.cli.conftest import REFUSED, Dp, Filled
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA
from dp_pipeline_tests.ledger.rows import finished_row

TABLE = tables.data_provider_executions


@pytest.fixture
def row(filled: Filled) -> dict[str, Any]:
    """The execution of matches."""
    with filled.database.transaction() as connection:
        wanted = sa.select(TABLE).filter_by(tournament_key=LIGA, domain="matches")
        return dict(connection.execute(wanted).mappings().one())


@pytest.fixture
def objects(dp: Dp, filled: Filled, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of reports is the one that is configured."""
    del dp
    report = next(filled.home.rglob("data-provider-operation-reports"))
    monkeypatch.setenv("DP_HOME", str(report.parent.parent))
    return report.parent


def test_a_report_is_opened_by_the_beginning_of_its_id(
    dp: Dp, objects: Path, row: dict[str, Any]
) -> None:
    for text in (str(row["id"]), str(row["id"])[:8], f" {str(row['id'])[:9].upper()} "):
        shown = dp("report", text)
        assert shown.exit_code == 0
        assert Path(shown.output.strip()) == objects / page_key(row["report_file_key"])
    assert json.loads(dp("report", str(row["id"]), "--json").output)["executionId"] == str(
        row["id"]
    )


@pytest.mark.usefixtures("objects")
def test_a_report_is_read_in_the_terminal(dp: Dp, row: dict[str, Any]) -> None:
    text = dp("report", str(row["id"])[:8], "--text").output
    assert "28 matches were added" in " ".join(text.split())
    assert "How it went" in text


@pytest.mark.usefixtures("objects")
def test_the_last_report_of_a_tournament_is_that_of_its_failure(dp: Dp) -> None:
    text = " ".join(dp("report", REFUSED, "--text").output.split())
    assert "It failed: openfootball refused the request (HTTP 403 for /2024-25/de.1.json)." in text


@pytest.mark.usefixtures("objects")
def test_an_execution_at_work_does_not_hide_the_last_report(dp: Dp, filled: Filled) -> None:
    now = datetime.now(UTC) + timedelta(hours=1)
    at_work = {"status": "in_progress", "outcome": None, "completed_at": now}
    id_ = finished_row(filled.database, uuid4(), REFUSED, "teams", **at_work)
    try:
        assert "It failed: openfootball refused" in dp("report", REFUSED, "--text").output
    finally:
        with filled.database.transaction() as connection:
            connection.execute(sa.delete(TABLE).where(TABLE.c.id == id_))


def test_a_report_without_a_page_gets_one_where_it_is_opened(
    dp: Dp, objects: Path, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    page = objects / page_key(row["report_file_key"])
    body = page.read_bytes()
    page.unlink()
    try:
        made = Path(dp("report", str(row["id"])).output.strip())
    finally:
        page.write_bytes(body)
    assert made.is_relative_to(tmp_path)
    assert "28 matches were added" in made.read_text()


def test_what_has_no_report_is_a_sentence(
    dp: Dp, objects: Path, row: dict[str, Any], filled: Filled
) -> None:
    run = str(row["request_id"])
    for text, says in (
        ("ffffffff", "The ledger has no execution ffffffff."),
        ("what", "'what' is no execution: give its id"),
        (run, f"{run} is a run; `dp executions --run {run} --json`"),
        ("openligadb:nowhere:2024", "openligadb:nowhere:2024"),
    ):
        shown = dp("report", text)
        assert shown.exit_code != 0
        assert says in shown.output
    gone = {"report_file_key": None, "summary": {"reportUploadStatus": "removed"}}
    before = {"report_file_key": row["report_file_key"], "summary": row["summary"]}
    for values, says in ((gone, "was removed, because it was older"), (before, "has no")):
        with filled.database.transaction() as connection:
            connection.execute(sa.update(TABLE).filter_by(id=row["id"]).values(values))
        file = objects / row["report_file_key"]
        file.rename(file.with_suffix(".away"))
        try:
            shown = dp("report", str(row["id"]))
        finally:
            file.with_suffix(".away").rename(file)
        assert shown.exit_code != 0
        assert says in shown.output
