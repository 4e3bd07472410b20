"""Retention as a person has it done: what would go is said first, and what is needed stays."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from dagster._core.definitions.reconstruct import ReconstructableRepository

from dp_pipeline.assets.retention_job import RETENTION_JOB
from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.http.archive import unpacked
from dp_pipeline_tests.end_to_end.contents import contents, query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:en.1:2024-25"
PATH = "/2024-25/en.1.json"
TIMES = {
    tables.data_provider_executions: ("started_at", "completed_at"),
    tables.response: ("answered_at",),
    tables.payload: ("created_at",),
    tables.change: ("changed_at",),
}
NOTHING = {"reports": 0, "answers": 0, "bodies": 0, "changes": 0, "executions": 0, "runs": 0}

Dp = Callable[..., str]


@pytest.fixture
def dp(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dp:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", url_of(database))
    monkeypatch.setenv("DP_RETENTION", str(tmp_path / "retention.yaml"))
    (tmp_path / "retention.yaml").write_text("changes: 400\n")

    def said(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == exit_code, result.output
        return result.output

    return said


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def aged(database: Database, days: int) -> None:
    """Everything that is stored was written so many days earlier."""
    with database.transaction() as connection:
        for table, columns in TIMES.items():
            earlier = {name: table.c[name] - timedelta(days=days) for name in columns}
            connection.execute(sa.update(table).values(earlier))


@pytest.fixture
def read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], dict[str, dict[str, Any]]]]:
    """Reads a season that was read as it went on, and once more unchanged, all of it long ago."""
    replay = Replay()
    with serve(replay.app()) as url:
        monkeypatch.setenv("OPENFOOTBALL_BASE_URL", url)
        for days in (1, 2, 2):
            matches = league("Arsenal FC", "Chelsea FC", "Everton FC", "Fulham FC")
            for match in matches[2 * days :]:
                match["score"] = {}
            replay.payloads[PATH] = season(matches)
            ingest(database, url, tmp_path, KEY)
            aged(database, 500)
        yield partial(ingest, database, url, tmp_path, KEY)


def counts(output: str) -> dict[str, int]:
    """The number of each part, which stands behind the days for which it is kept."""
    row = re.compile(r" ?(\w+) .* (?:\d+ days|forever) +([\d,]+)(?: |$)")
    return {found[1]: int(found[2]) for line in output.splitlines() if (found := row.match(line))}


def test_what_is_too_old_is_said_first_and_what_is_needed_stays(
    database: Database,
    tmp_path: Path,
    dp: Dp,
    read: Callable[[], dict[str, dict[str, Any]]],
) -> None:
    before = contents(database)
    # Three reads of six domains: what was read last is needed.
    would = {"reports": 12, "answers": 2, "bodies": 1, "executions": 12, "runs": 0}
    found = counts(dp("retention"))
    assert found == {**would, "changes": len(before["change"])}
    assert counts(dp("retention")) == found, "that was a dry run"
    assert counts(dp("retention", "--apply")) == found
    assert counts(dp("retention")) == NOTHING
    assert {**contents(database), "change": before["change"]} == before
    (body,) = (tmp_path / "objects" / "payloads").rglob("*.gz")
    assert json.loads(unpacked(body.read_bytes()) or b"")["matches"]
    reports = {path.with_suffix("") for path in (tmp_path / "objects").rglob("*.json")}
    pages = {path.with_suffix("") for path in (tmp_path / "objects").rglob("*.html")}
    assert len(reports) == 6
    assert pages == reports
    assert "planned" in dp("replay", KEY)
    assert {row["outcome"] for row in read().values()} <= {"unchanged", "not_applicable"}


@pytest.mark.usefixtures("read")
def test_what_the_history_names_stays_in_the_ledger_and_its_report_says_it_is_gone(
    database: Database, tmp_path: Path, dp: Dp
) -> None:
    (tmp_path / "retention.yaml").write_text("# changes stay\n")
    dp("retention", "--apply")
    named = query(
        url_of(database),
        "SELECT DISTINCT e.id, e.report_file_key, e.report_file_url, e.summary"
        " FROM change c LEFT JOIN data_provider_executions e ON e.id = c.execution_id",
    )
    assert named
    for row in named:
        assert row["id"] is not None
        assert (row["report_file_key"], row["report_file_url"]) == (None, None)
        assert row["summary"]["reportUploadStatus"] == "removed"


@pytest.mark.usefixtures("read")
def test_a_part_that_fails_stops_no_other_one_and_is_done_the_next_time(
    tmp_path: Path, dp: Dp
) -> None:
    reports = tmp_path / "objects" / "data-provider-operation-reports"
    reports.rename(tmp_path / "elsewhere")
    reports.write_text("a file where a folder should be")
    output = dp("retention", "--apply", exit_code=1)
    found = counts(output)
    assert (found["reports"], found["executions"]) == (0, 0), "rows know where their reports are"
    assert (found["answers"], found["bodies"]) == (2, 1)
    assert "0 reports of executions. Not all could be removed: The folder" in output
    reports.unlink()
    (tmp_path / "elsewhere").rename(reports)
    found = counts(dp("retention", "--apply"))
    assert (found["reports"], found["executions"], found["answers"]) == (12, 12, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("read")
def test_the_job_removes_what_the_command_would(tmp_path: Path, dp: Dp) -> None:
    code = ReconstructableRepository.for_module("dp_pipeline.definitions", "defs", str(tmp_path))
    job = code.get_reconstructable_job(RETENTION_JOB)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = partial(dg.execute_job, job, instance)
        assert run(run_config={"ops": {"apply": {"config": {"dry_run": True}}}}).success
        assert counts(dp("retention"))["executions"] == 12
        assert run().success
    assert counts(dp("retention")) == NOTHING


def test_a_policy_that_cannot_be_used_is_one_sentence_and_nothing_is_removed(
    tmp_path: Path, dp: Dp
) -> None:
    (tmp_path / "retention.yaml").write_text("reports: 2\n")
    said = dp("retention", "--apply", exit_code=1)
    assert said == (
        f"Error: {tmp_path}/retention.yaml: `reports` must be forever or a whole number of days "
        "from 7 to 36500, not '2'.\n"
    )
