"""`dp dev`, as far as no Dagster is started."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dp_pipeline.cli.dev import season_page
from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.settings import Settings
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


def test_another_home_of_dagster_in_the_env_file_is_refused_as_dagster_would_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DP_MESSAGES", "nonsense")  # so that nothing is started in any case
    (tmp_path / ".env").write_text("DAGSTER_HOME=/elsewhere\n")
    refused = CliRunner().invoke(main, ["dev"])
    assert "take it out of .env" in refused.output
    (tmp_path / ".env").write_text(f"DAGSTER_HOME={tmp_path}\n")
    assert "DP_MESSAGES must be" in CliRunner().invoke(main, ["dev"]).output


def test_the_first_page_shows_a_season_once_it_has_its_table(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    settings, database = Settings.load(), Database(migrated_url)
    assert season_page(settings, LIGA) is None
    with serve(Replay(payloads=healthy()).app()) as base:
        ingest(database, base, tmp_path, LIGA)
    assert "<h1" in (season_page(settings, LIGA) or "")
    with database.transaction() as connection:  # as it is between matches and standings
        connection.execute(sa.delete(tables.tournament_standing))
    database.close()
    assert season_page(settings, LIGA) is None
