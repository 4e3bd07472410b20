"""Files of a tournament: engines read them with one line, and each says where it is from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.assets.exports import EXPORTS, exports
from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.publish.exports import EXPORTED, FORMATS, Export, read_export, write_export
from dp_pipeline.read.frames import Rows
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.settings import S3Settings
from dp_pipeline.storage import S3, Folder
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA


def duck(question: str) -> Any:
    return duckdb.sql(question)


@pytest.fixture(scope="module")
def read_again(filled_url: str) -> Iterator[Any]:
    database = Database(filled_url)

    def read(key: str) -> Export:
        with database.transaction() as connection:
            return read_export(connection, key)

    yield read
    database.close()


@pytest.fixture(scope="module")
def folder(read_again: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of two tournaments in all formats."""
    folder = tmp_path_factory.mktemp("exported")
    for key in (LIGA, FILE):
        write_export(read_again(key), Folder(folder), FORMATS)
    return folder / "exports"


def test_each_engine_reads_all_tournaments_of_a_table_with_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    liga, file = duck("""
        SELECT provider, competition, season, count(*), count(home_score), min(kickoff_at)
        FROM read_parquet('matches/**/*.parquet', hive_partitioning = true)
        GROUP BY ALL ORDER BY provider DESC
    """).fetchall()
    assert liga[:5] == ("openligadb", "bl1", "2024", 28, 28)
    assert file[:4] == ("openfootball", "en.1", "2024-25", 56)
    assert liga[5].utcoffset() is not None
    frame = pl.read_parquet("matches/**/*.parquet", hive_partitioning=True)
    assert frame.height == 28 + 56
    assert frame.schema["kickoff_at"] == pl.Datetime("us", "UTC")
    goals = duck("SELECT * FROM read_parquet('goals/**/*.parquet')").df()
    assert set(goals[goals.tournament_key == LIGA].minute) == {10, 50, 90}


def test_csv_and_json_are_read_with_one_line_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for question in (
        "SELECT team, points, licence FROM read_csv('csv/standings/**/*.csv')",
        "SELECT team, points, licence FROM read_json('json/standings/**/*.json')",
    ):
        champion = f"{question} WHERE position = 1 AND tournament_key = '{LIGA}'"
        assert duck(champion).fetchall() == [("SV Ahlen", 21, "ODbL 1.0")]
    form = pl.read_csv("csv/standings/**/*.csv").filter(pl.col("tournament_key") == LIGA)["form"]
    assert form[0] == "W W W W W"
    (place,) = Path("json/matches").glob("provider=openligadb/**/data.json")
    row = json.loads(place.read_text())[0]
    assert row["updated_at"].endswith("Z")
    assert row["attribution"].startswith("Contains information from OpenLigaDB")


def test_a_spreadsheet_meets_no_formula_in_a_csv_and_every_number_as_it_is(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://evil.example")'
    texts = [
        formula,
        "+1+1",
        "-cmd",
        "@SUM(A1)",
        "\t=1",
        "\uff1d1",
        "-3",
        "+01",
        "-2.5",
        "1. FC",
        "",
    ]
    rows = Rows({"team": "text", "points": "whole"}, [(text, -3) for text in texts])
    export = Export(TournamentKey.parse(LIGA), "Liga", "https://example.org", {"standings": rows})
    files = {
        file.key.rpartition(".")[2]: tmp_path / file.key
        for file in write_export(export, Folder(tmp_path), FORMATS)
    }
    read = pl.read_csv(files["csv"], schema_overrides={"team": pl.String})
    assert read["team"].to_list()[:6] == [f"'{text}" for text in texts[:6]]
    assert read["team"].fill_null("").to_list()[6:] == texts[6:]
    assert set(read["points"]) == {-3}
    assert pl.read_parquet(files["parquet"])["team"].to_list() == texts
    assert [row["team"] for row in json.loads(files["json"].read_text())] == texts


def test_a_parquet_file_says_its_provider_source_licence_and_time(folder: Path) -> None:
    for table in EXPORTED:
        file = folder / table / "provider=openligadb/competition=bl1/season=2024/data.parquet"
        said = pl.read_parquet_metadata(file)
        assert said["provider"] == "openligadb"
        assert said["licence"] == "ODbL 1.0"
        assert said["licence_url"].startswith("https://opendatacommons.org/")
        assert "OpenLigaDB" in said["attribution"]
        assert said["source"].startswith("https://www.openligadb.de/")
        assert said["tournament_key"] == LIGA
        assert said["data_changed_at"].startswith("20")


def test_equal_data_is_equal_bytes_and_one_version(
    folder: Path, read_again: Any, tmp_path: Path
) -> None:
    again = read_again(LIGA)
    assert again.version == read_again(LIGA).version != read_again(FILE).version
    for file in write_export(again, Folder(tmp_path), FORMATS):
        written = tmp_path / file.key
        assert written.read_bytes() == (folder.parent / file.key).read_bytes()
        assert written.stat().st_size == file.size


def test_what_may_not_be_passed_on_has_no_public_address(read_again: Any) -> None:
    bucket = S3(S3Settings.model_validate({"bucket": "data"}), "https://cdn.example.org")
    open_data = read_again(LIGA)
    assert bucket.url(f"{open_data.root}x").startswith("https://cdn.example.org/exports/")
    kept = Export(TournamentKey.parse("sofascore:17:61627"), "x", "y", {})
    assert bucket.url(f"{kept.root}x") == "s3://data/private/exports/x"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_a_run_writes_what_is_stored_and_names_what_is_not(
    instance: dg.DagsterInstance, filled_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    keys = [LIGA, "openligadb:bl1:1999", FILE]
    instance.add_dynamic_partitions(str(TOURNAMENTS.name), keys)
    resources = {"database": DatabaseResource(url=filled_url), "ledger": LedgerResource()}
    ran = dg.materialize(
        [exports],
        instance=instance,
        resources=resources,
        run_config={"ops": {"export": {"config": {"formats": ["parquet", "csv"]}}}},
        tags={
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": keys[-1],
        },
        raise_on_error=False,
    )
    assert not ran.success
    (failure,) = ran.get_step_failure_events()
    told = failure.step_failure_data.user_failure_data
    said = (told and told.description) or ""
    assert "1 of 3 tournaments failed" in said
    assert "\nopenligadb:bl1:1999 is not stored" in said
    made = instance.fetch_materializations(dg.AssetKey(EXPORTS), limit=9).records
    events = {record.partition_key: record.asset_materialization for record in made}
    assert set(events) == {LIGA, FILE}
    liga: Any = events[LIGA]
    tags, metadata = liga.tags, liga.metadata
    assert tags[DATA_VERSION_TAG]
    assert metadata["licence"].value == "ODbL 1.0"
    files = [record.data for record in metadata["files"].records]
    assert {str(each["table"]) for each in files} == set(EXPORTED)
    assert all(Path(str(each["file"])).is_file() for each in files)
    assert len(files) == 2 * len(EXPORTED)

    # what was requested once is kept current
    csv = Path(next(str(each["file"]) for each in files if str(each["file"]).endswith(".csv")))
    csv.write_text("of last week")
    assert dg.materialize(
        [exports], instance=instance, resources=resources, partition_key=LIGA
    ).success
    assert "OpenLigaDB" in csv.read_text()


def test_only_changed_data_is_exported_again(instance: dg.DagsterInstance) -> None:
    definitions, cursor = build(), None
    instance.add_dynamic_partitions(str(TOURNAMENTS.name), [LIGA])
    requested = []

    def stored(version: str) -> None:
        """A run has materialized all domains."""
        nonlocal cursor
        for name in NAMES:
            tags = {DATA_VERSION_TAG: version}
            event = dg.AssetMaterialization(name, partition=LIGA, tags=tags)
            instance.report_runless_asset_event(event)
        result = dg.evaluate_automation_conditions(
            definitions, instance, dg.AssetSelection.assets(EXPORTS), cursor=cursor
        )
        cursor = result.cursor
        requested.append(result.total_requested)
        if result.total_requested:
            instance.report_runless_asset_event(dg.AssetMaterialization(EXPORTS, partition=LIGA))

    for version in ("first", "first", "second", "second", "third"):
        stored(version)
    assert requested == [0, 0, 1, 0, 1]


def test_the_command_writes_into_a_folder_and_names_what_is_not_stored(
    filled_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", filled_url)
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    to = tmp_path / "my files"
    arguments = ["export", LIGA.upper(), "openligadb:bl1:1999", "--format", "json", "--to", str(to)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "licence: ODbL 1.0" in done.output
    place = to / "json/goals/provider=openligadb/competition=bl1/season=2024/data.json"
    assert f"84 goals     {place}" in done.output
    assert len(json.loads(place.read_text())) == 84
    assert "openligadb:bl1:1999 is not stored" in done.output
