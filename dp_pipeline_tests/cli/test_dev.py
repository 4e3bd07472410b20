"""`dp dev`, as far as no Dagster is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dp_pipeline.cli import main


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
