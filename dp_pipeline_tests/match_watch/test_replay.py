"""A polled season rebuilt from the archive, run by run."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline.sandbox.world import calendar
from dp_pipeline_tests.end_to_end.contents import contents, emptied
from dp_pipeline_tests.match_watch.season import Played, season
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, standing_still


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Played(1, 12, 0, 14), id="weeks of a league"),
        pytest.param(Played(1, 96), id="a year of a league", marks=pytest.mark.slow),
        pytest.param(Played(3, 96), id="a year of a cup with groups", marks=pytest.mark.slow),
    ],
)
def test_what_was_polled_is_rebuilt_from_the_archive_with_its_history(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: Played,
) -> None:
    key, start = key_of(case.number), calendar.day_of(calendar.HOME_SEASON, case.first)
    with season(standing_still(SMALL, start), database, tmp_path) as played:
        played.archived = True
        played.ingest([key])
        played.play(start + case.last * calendar.DAY, case.hours * calendar.HOUR)
        url = played.url
    before = contents(database)
    assert len(before["change"]) > 20
    emptied(database)
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("SANDBOX_BASE_URL", url)
    dsn = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DP_DATABASE_URL", dsn)
    result = CliRunner().invoke(main, ["replay", key, "--apply", "--every-run"])
    assert result.exit_code == 0, result.output
    assert contents(database) == before
