"""A tournament that a person removes is gone, stays gone, and comes back when a person wants it."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from dp_pipeline.assets.refresh_job import REFRESH_JOB, refresh_requests
from dp_pipeline.cli.group import main
from dp_pipeline.competitions import removal
from dp_pipeline.competitions.file import load
from dp_pipeline.database import seasons, tables
from dp_pipeline.database.removed import forget, removed_keys
from dp_pipeline.definitions import defs
from dp_pipeline.ledger.failing import failing
from dp_pipeline.ledger.run_tags import Priority
from dp_pipeline_tests.competitions.place import EN1, Place, added, requested
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, healthy
from dp_pipeline_tests.ledger.rows import failed, finished_row
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


@pytest.fixture
def filled(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Two tournaments that are stored and have partitions."""
    monkeypatch.setenv("DP_DATABASE_URL", place.url)
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    # The command closes its instance; this one is looked at afterwards.
    opened = lambda: nullcontext(place.instance)  # noqa: E731
    monkeypatch.setattr("dp_pipeline.cli.remove.instance_in_use", opened)
    with serve(Replay(payloads=healthy()).app()) as base_url:
        for key in (FILE, LIGA):
            ingest(place.database, base_url, tmp_path, key)
    place.instance.add_dynamic_partitions("tournaments", [FILE, LIGA])
    return place


def dp(*arguments: str, typed: str | None = None) -> Result:
    ended = CliRunner().invoke(main, arguments, input=typed)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.output
    return ended


def counted(place: Place) -> dict[str, int]:
    """Rows of every table."""
    with place.database.transaction() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in tables.metadata.tables.items()
        }


OF_A_TOURNAMENT = ("tournament", "match", "goal", "tournament_round", "tournament_team", "team")


def test_all_that_is_of_it_alone_goes_and_no_sensor_brings_it_back(filled: Place) -> None:
    before = counted(filled)
    said = dp("remove", f" {FILE.upper()} ", "--yes")
    assert said.exit_code == 0, said.output
    assert "56 matches" in said.output
    assert f"`dp ingest {FILE}` brings it back." in said.output
    after = counted(filled)
    for name in OF_A_TOURNAMENT:
        assert 0 < after[name] < before[name], name
    assert after["tournament"] == 1
    assert after["data_provider_executions"] == before["data_provider_executions"]
    assert filled.partitions() == [LIGA]
    filled.follow(EN1)
    filled.list_seasons("openfootball:en.1", "2024-25", approve=False)
    with filled.database.transaction() as connection:
        (followed,) = load(filled.file).followed
        assert seasons.approve_followed(connection, followed) == ()
    for _ in range(2):
        tick = filled.tick()
        assert (added(tick), requested(tick)) == ([], [])
    assert filled.partitions() == [LIGA]


@pytest.mark.usefixtures("filled")
def test_its_page_and_its_files_go_with_what_is_stored(tmp_path: Path) -> None:
    for key in (FILE, LIGA):
        assert dp("export", key, "--format", "parquet", "--format", "csv").exit_code == 0
    assert dp("page", FILE).exit_code == 0
    published = tmp_path / "home" / "objects"

    def files(part: str) -> set[Path]:
        found = (*published.glob("seasons/**/*.*"), *published.glob("exports/**/*.*"))
        return {path for path in found if part in str(path) and path.is_file()}

    ours, others = files("openfootball"), files("openligadb")
    assert {"season.html", "places.svg", "data.parquet", "data.csv"} < {path.name for path in ours}
    assert dp("remove", FILE, "--keep-data", "--yes").exit_code == 0
    assert files("openfootball") == ours
    said = dp("remove", FILE, "--yes")
    assert "So are its page, charts and exported files" in said.output
    assert (files("openfootball"), files("openligadb")) == (set(), others)


def test_kept_data_is_read_by_nobody(filled: Place) -> None:
    before = counted(filled)
    assert dp("remove", LIGA, "--keep-data", "--yes").exit_code == 0
    after = counted(filled)
    assert [name for name in OF_A_TOURNAMENT if after[name] != before[name]] == []
    assert after["match_watch"] == after["tournament_watch"] == 0
    with filled.database.transaction() as connection:
        assert seasons.kept_current(connection, "openligadb", [], finished_too=True) == []
    tick = filled.tick()
    assert (added(tick), requested(tick)) == ([], [])
    (request,) = refresh_requests([LIGA], priority=Priority.SENSOR)
    made = counted(filled)["data_provider_executions"]
    result = defs.resolve_job_def(REFRESH_JOB).execute_in_process(
        instance=filled.instance, run_config=request.run_config
    )
    assert result.success
    assert counted(filled)["data_provider_executions"] == made


@pytest.mark.parametrize("by", ["ingest", "partition", "approve"])
def test_a_person_brings_it_back(filled: Place, tmp_path: Path, by: str) -> None:
    assert dp("remove", FILE, "--yes").exit_code == 0
    assert _removed(filled) == {FILE}
    if by == "ingest":
        with serve(Replay(payloads=healthy()).app()) as base_url:
            ingest(filled.database, base_url, tmp_path, FILE)
        assert added(filled.tick()) == [FILE]
    elif by == "partition":
        filled.instance.add_dynamic_partitions("tournaments", [FILE])
        filled.tick()
        assert _removed(filled) == {FILE}, "who removes it may be just about to"
        with filled.database.transaction() as connection:
            earlier = sa.func.now() - sa.text("interval '2 minutes'")
            connection.execute(sa.update(tables.removed_tournament).values(removed_at=earlier))
        filled.tick()
    else:
        filled.follow(EN1)
        filled.list_seasons("openfootball:en.1", "2024-25", approve=False)
        assert dp("approve", FILE).exit_code == 0
        assert requested(filled.tick()) == [FILE]
    assert _removed(filled) == set()


def test_it_is_refused_while_a_run_is_to_work_on_it(
    filled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "WAIT_SECONDS", 0.2)
    before = counted(filled)
    (request,) = refresh_requests([LIGA], priority=Priority.SENSOR)
    run = filled.launch(request, REFRESH_JOB)
    said = dp("remove", LIGA, "--yes")
    assert said.exit_code == 1
    named = f"Run {run.run_id[:8]} of {REFRESH_JOB} is queued or at work for {LIGA}; nothing was"
    assert named in said.stderr
    assert (counted(filled), filled.partitions()) == (before, sorted([FILE, LIGA]))
    filled.instance.report_run_canceled(run)
    job = defs.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection={dg.AssetKey("season_charts")}
    )
    # would put there again what was deleted
    run = filled.instance.create_run_for_job(job, tags={"dagster/partition": LIGA})
    assert dp("remove", LIGA, "--yes").exit_code == 1
    monkeypatch.setattr(removal, "WAIT_SECONDS", 40)
    busy = removal.who_is_at_work
    looked: list[set[str]] = []

    def ends_meanwhile(*arguments: Any) -> list[str]:
        looked.append(_removed(filled))
        if len(looked) == 2:
            with filled.database.transaction() as connection:
                forget(connection, [LIGA])  # as what a person has read does
            filled.instance.report_run_canceled(run)
        return busy(*arguments)

    monkeypatch.setattr(removal, "who_is_at_work", ends_meanwhile)
    assert dp("remove", LIGA, "--yes").exit_code == 0
    assert looked[:2] == [{LIGA}] * 2, "nothing asks for another run while it waits"
    assert _removed(filled) == {LIGA}


def test_what_was_killed_before_the_rows_went_is_made_good_by_doing_it_again(
    filled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dp_pipeline.database.removed.end_automation", killed)
        assert dp("remove", FILE, "--yes").exit_code != 0
    assert filled.partitions() == [LIGA]
    assert counted(filled)["tournament"] == 2
    assert "56 matches" in dp("remove", FILE, "--yes").output
    assert counted(filled)["tournament"] == 1


def test_nothing_goes_without_a_yes_and_an_unknown_key_is_a_sentence(filled: Place) -> None:
    before = counted(filled)
    said = dp("remove", LIGA, typed="n\n")
    assert said.exit_code == 1
    assert "Nothing was removed." in said.output
    unknown = dp("remove", "openligadb:bl1:2042", "--yes")
    assert unknown.exit_code == 1
    assert f"did you mean {LIGA}?" in unknown.stderr
    assert "dp ingest" not in unknown.stderr
    assert counted(filled) == before
    filled.instance.add_dynamic_partitions("tournaments", ["Bundesliga 2024"])
    odd = dp("remove", "Bundesliga 2024", "--yes")
    assert "Nothing is stored of it" in odd.output
    assert filled.partitions() == sorted([FILE, LIGA])


def test_what_was_never_read_is_tried_no_more(filled: Place) -> None:
    key = "openligadb:bl9:2024"
    finished_row(filled.database, uuid4(), key, "teams", **failed("OpenLigaDB is away."))
    assert key in filled.database.run_here(failing)
    assert "nothing is tried again" in dp("remove", key.upper(), "--yes").output
    assert filled.database.run_here(failing) == {}
    assert dp("remove", key, "--yes").exit_code == 1


def _removed(place: Place) -> set[str]:
    with place.database.transaction() as connection:
        return removed_keys(connection)
