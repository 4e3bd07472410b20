"""Checks of stored data: made with every read, told when their results change."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from dp_pipeline.assets.check_results import checked
from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.domains.data_checks import CHECKS, CheckResult
from dp_pipeline.domains.known_exceptions import KnownExceptionsError, load
from dp_pipeline.domains.registry import NAMES, TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

SUMMER = datetime(2025, 7, 1, tzinfo=UTC)
TEAMS = ("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda")
# the files have no goals
MADE = {check.name for check in CHECKS if check.domain != "goals"}
RESULTS = "SELECT name, passed, severity, detail, rows, updated_at FROM data_check"


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Any:
    def one(payload: Any) -> dict[str, dict[str, Any]]:
        with serve(Replay(payloads={"/2024-25/en.1.json": payload}).app()) as base_url:
            ingest(database, base_url, tmp_path, FILE)
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return {row["name"]: row for row in query(url, RESULTS)}

    return one


def test_what_is_wrong_is_kept_row_by_row_and_an_unchanged_read_changes_nothing(
    read: Any,
) -> None:
    matches = league(*TEAMS)
    first = read(season(matches))
    assert set(first) == MADE
    failing = {name: row["rows"] for name, row in first.items() if not row["passed"]}
    wrong = "The season: It has 6 teams; by its format it has 20."
    assert failing == {"fixture_list_is_complete": [wrong]}
    assert read(season(matches)) == first
    matches[-1]["score"] = {}
    short = read(season(matches[:-1]))
    (row,) = short["all_matches_are_listed"]["rows"]
    last = f"{matches[-1]['team1']} - {matches[-1]['team2']}"
    assert row.startswith(last)
    assert "is not listed by the provider since" in row
    assert (short["all_matches_are_listed"]["severity"]) == "WARN"


def test_a_match_long_past_its_day_is_an_error(
    database: Database, read: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    matches = league(*TEAMS)
    matches[0]["score"] = {}
    overdue = read(season(matches))["no_match_is_overdue"]
    assert (overdue["passed"], overdue["severity"]) == (False, "ERROR")
    pair = f"{matches[0]['team1']} - {matches[0]['team2']}"
    assert overdue["rows"] == [f"{pair}, round 1 of 2024-09-01 is still scheduled."]
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", url)
    said = CliRunner().invoke(main, ["checks", FILE, "--json"])
    assert said.exit_code == 0, said.output
    names = [row["name"] for row in json.loads(said.output)]
    assert names == ["no_match_is_overdue", "fixture_list_is_complete"], "errors come first"


def test_what_a_read_left_out_fails_a_check_until_a_whole_read_leaves_out_nothing(
    database: Database, read: Any
) -> None:
    matches = league(*TEAMS)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    wanted = "SELECT id, domain, kind, subject, updated_at FROM finding WHERE severity = 'ERROR'"
    first = read(season([*matches, {**matches[0], "team2": matches[0]["team1"]}]))
    found = query(url, wanted)
    (left_out,) = found
    assert (left_out["domain"], left_out["kind"]) == ("matches", "team_against_itself")
    check = first["all_matches_could_be_stored"]
    assert (check["passed"], check["severity"]) == (False, "ERROR")
    assert check["rows"] == [
        "Ahlen - Ahlen, Matchday 1: matches[30]: a team cannot play against itself."
    ]
    read(season([*matches, {**matches[0], "team2": matches[0]["team1"]}]))
    assert query(url, wanted) == found, "the same was found"
    assert read(season(matches))["all_matches_could_be_stored"]["passed"]
    assert query(url, wanted) == []


def test_a_known_failure_passes_with_its_reason_until_its_day(
    database: Database, read: Any, tmp_path: Path
) -> None:
    matches = league(*TEAMS)
    matches[0]["score"] = {}
    read(season(matches))
    file = tmp_path / "known.toml"
    text = f'[[exception]]\ntournament = "{FILE}"\ncheck = "{{}}"\nreason = "Lost."\nuntil = {{}}\n'
    key = TournamentKey.parse(FILE)

    def result(until: str) -> CheckResult:
        file.write_text(text.format("no_match_is_overdue", until))
        with database.transaction() as connection:
            snapshot = read_snapshot(connection, key, TABLES)
            results = checked(
                connection, snapshot, SUMMER, load(file), selected=["no_match_is_overdue"]
            )
        (result,) = (each for each in results if each.name == "no_match_is_overdue")
        return result

    excused, expired = result("2999-01-01"), result("2024-01-01")
    assert excused.passed
    assert excused.detail.startswith("Known until 2999-01-01: Lost. 1 thing is wrong in 30 matches")
    assert not expired.passed
    assert expired.detail.endswith(" It was known until 2024-01-01: Lost.")
    file.write_text(text.format("no_such_check", "2999-01-01"))
    with pytest.raises(KnownExceptionsError, match=r"exception\.0\.check.*no check no_such_check"):
        load(file)


def test_dagster_hears_of_a_result_that_changed_and_of_all_that_a_person_selected(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    matches = league(*TEAMS)
    matches[0]["score"] = {}
    replay = Replay(payloads={"/2024-25/en.1.json": season(matches)})
    with serve(replay.app()) as base_url, dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [FILE])
        definitions = build(
            {
                "database": DatabaseResource(url=migrated_url),
                "providers": ProvidersResource(base_urls={"openfootball": base_url}),
            }
        )

        def evaluations(job: dg.JobDefinition) -> dict[str, dg.AssetCheckEvaluation]:
            result = job.execute_in_process(instance=instance, partition_key=FILE)
            assert result.success
            return {each.check_name: each for each in result.get_asset_check_evaluations()}

        ours = definitions.resolve_job_def("ingest_tournaments")
        first = evaluations(ours)
        assert set(first) == MADE
        overdue = first["no_match_is_overdue"]
        assert (overdue.passed, overdue.partition) == (False, FILE)
        assert overdue.severity is dg.AssetCheckSeverity.ERROR
        assert overdue.description is not None
        assert overdue.description.startswith("1 thing is wrong in 30 matches: ")
        assert evaluations(ours) == {}, "nothing has changed"
        everything = definitions.resolve_implicit_global_asset_job_def()
        chosen = everything.get_subset(
            asset_selection={dg.AssetKey(name) for name in NAMES},
            asset_check_selection={dg.AssetCheckKey(dg.AssetKey("matches"), overdue.check_name)},
        )
        assert set(evaluations(chosen)) == {overdue.check_name}
