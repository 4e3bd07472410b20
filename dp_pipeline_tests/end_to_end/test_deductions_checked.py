"""A table with points that were taken away, held against the matches of its season."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.checked_data import CheckedData
from dp_pipeline.domains.data_checks import results_of
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = TournamentKey.parse("openfootball:en.1:2023-24")
NOBODY_KNOWS = TournamentKey.parse("openfootball:xx.1:2023-24")


def test_the_check_names_everton_and_forest_until_their_deductions_are_known(
    database: Database, recordings: Path, tmp_path: Path
) -> None:
    with serve(Replay(recordings).app()) as base_url:
        ingest(database, base_url, tmp_path, str(KEY))
    with database.transaction() as connection:
        stored = read_snapshot(connection, KEY, TABLES)
    computed = stored.rows(tables.tournament_standing)
    official = {id_: {**row, "computed": False} for id_, row in computed.items()}
    provided = stored.only(tables.tournament_standing, official)

    def wrong(snapshot: Snapshot) -> list[str]:
        results = results_of(CheckedData(snapshot, datetime(2024, 6, 1, tzinfo=UTC)))
        (table,) = (each for each in results if each.name == "table_follows_from_matches")
        assert table.passed is not bool(table.rows)
        return sorted(sentence.partition(":")[0] for sentence in table.rows)

    assert wrong(provided) == []
    assert wrong(replace(provided, key=NOBODY_KNOWS)) == [
        "Everton FC -8",
        "Nottingham Forest FC -4",
    ]
