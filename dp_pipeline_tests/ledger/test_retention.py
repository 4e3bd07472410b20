"""How long what is kept: the file that says it, and what stays in the ledger however old it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.retention import removal
from dp_pipeline.ledger.retention.needed import needed_runs
from dp_pipeline.ledger.retention.policy import RetentionError, load
from dp_pipeline.ledger.retention.removal import remove
from dp_pipeline.storage import Folder
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANOTHER, A_THIRD = "openligadb:bl2:2024", "openligadb:bl3:2024"


def test_a_file_changes_what_it_names_and_leaves_the_rest_as_it_is_packaged(tmp_path: Path) -> None:
    default = load(None)
    assert default.changes is None, "the history is kept"
    path = tmp_path / "retention.yaml"
    path.write_text("runs: 7\nreports: forever\n")
    assert load(path).model_dump() == {**default.model_dump(), "runs": 7, "reports": None}
    path.write_text("")
    assert load(path) == default


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("runs: 6", r"`runs` must be forever or a whole number of days from 7 to 36500, not '6'\."),
        ("executions: 30", r"`executions` must be .* days from 31 to 36500, not '30'\."),
        ("reports: yes", r"`reports` must be forever or .*, not 'True'\."),
        ("archive: 90.5", r"`archive` must be forever or .*, not '90\.5'\."),
        ("changes: [90]", r"`changes` must be forever or .*"),
        ("logs: 90", r"'logs' is not known here; known are executions, reports, archive, .*"),
        ("90", r"it must have lines such as `runs: 60`, for executions, .*"),
        ("runs: [", r".*line 1: this is not YAML\."),
    ],
)
def test_what_is_wrong_with_the_file_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "retention.yaml"
    path.write_text(text)
    with pytest.raises(RetentionError, match=f"^{path}(: |, ){sentence}$".replace(", ).*", ", )")):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RetentionError, match=r"nowhere\.yaml \(DP_RETENTION\) cannot be read: No "):
        load(tmp_path / "nowhere.yaml")


def test_what_is_shown_tried_again_or_waits_for_somebody_stays_however_old(
    database: Database, tmp_path: Path
) -> None:
    stays, goes, runs = set(), set(), {}

    def row(days: int, domain: str, *, kept: bool, **values: Any) -> Any:
        run = uuid4()
        values["completed_at"] = NOW - timedelta(days=days)
        id_ = finished_row(database, run, domain=domain, **values)
        (stays if kept else goes).add(id_)
        runs[id_] = str(run)
        return id_

    row(900, "teams", kept=False)
    named = row(800, "teams", kept=True)  # by the history
    row(700, "teams", kept=False)
    young = row(399, "teams", kept=True)
    row(398, "teams", kept=True)

    row(960, "matches", kept=False)
    row(950, "matches", kept=True)  # Dagster's last materialization
    row(940, "matches", kept=False, **failed())
    row(930, "matches", kept=True, **failed())  # no whole read has made good for it
    row(920, "matches", kept=False, scope="part", outcome="unchanged")
    row(910, "matches", kept=True, scope="part", outcome="unchanged")

    refused = failed(outcome="suspicious_payload")
    row(900, "matches", kept=True, key=ANOTHER, **refused)
    same = {"error": "…", "refusedBefore": {}}
    row(850, "matches", kept=False, key=ANOTHER, **refused | {"summary": same})
    for_good = {"error": "…", "settled": {}, "difference": "another one"}
    row(840, "matches", kept=False, key=ANOTHER, **refused | {"summary": for_good})
    row(830, "matches", kept=True, key=ANOTHER, **refused | {"summary": for_good})
    row(800, "matches", kept=False, key=ANOTHER, outcome="unchanged")
    row(700, "matches", kept=True, key=ANOTHER, outcome="unchanged")

    row(900, "matches", kept=False, key=A_THIRD, **refused)  # a newer read was stored
    row(800, "matches", kept=True, key=A_THIRD)

    row(900, "goals", kept=True, status="in_progress", started_at=NOW - timedelta(days=900))
    with database.transaction() as connection:
        open_ = TABLE.c.status == "in_progress"
        connection.execute(sa.update(TABLE).where(open_).values(completed_at=None))
        change = {"entity": "team", "entity_id": uuid4(), "field": "name", "execution_id": named}
        connection.execute(sa.insert(tables.change).values(change))
        needed = needed_runs(connection)

    for _ in remove(database, Folder(tmp_path), load(None).oldest(NOW)):
        pass
    with database.transaction() as connection:
        left = set(connection.scalars(sa.select(TABLE.c.id)))
    assert left == stays
    # Runs have their own period: nobody needs those of the one named and the one not too old.
    assert needed == {runs[id_] for id_ in stays - {named, young}}


def test_what_a_refused_read_had_stays_whichever_of_its_domains_requested_it(
    database: Database, tmp_path: Path
) -> None:
    run, ended = uuid4(), NOW - timedelta(days=900)
    first = finished_row(database, run, completed_at=ended)
    refused = failed(outcome="suspicious_payload", completed_at=ended)
    refusing = finished_row(database, run, KEY, "standings", **refused)
    for days in (850, 800):
        later = NOW - timedelta(days=days)
        newest = finished_row(database, uuid4(), completed_at=later, outcome="unchanged")
    with database.transaction() as connection:
        for id_ in (first, newest):
            answer = {"url": "http://localhost/a", "status": 200, "hash": "00", "execution_id": id_}
            answered = {**answer, "answered_at": ended}
            connection.execute(sa.insert(tables.response).values(answered))
    for _ in remove(database, Folder(tmp_path), load(None).oldest(NOW)):
        pass
    with database.transaction() as connection:
        answers = set(connection.scalars(sa.select(tables.response.c.execution_id)))
        left = set(connection.scalars(sa.select(TABLE.c.id)))
    assert answers == {first, newest}
    assert left == {first, refusing, newest}


def test_a_body_that_comes_again_while_others_are_removed_stays(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "OBJECTS_AT_ONCE", 1)
    removed = []

    class Store(Folder):
        def delete(self, key: str) -> None:
            removed.append(key)
            (other,) = {"00", "11"} - {key}
            answer = {"url": "u", "status": 200, "hash": other, "execution_id": uuid4()}
            with database.transaction() as connection:
                connection.execute(sa.insert(tables.response).values(answer))

    with database.transaction() as connection:
        for hash_ in ("00", "11"):
            row = {"hash": hash_, "bytes": 1, "stored_bytes": 1, "object_key": hash_}
            old = {**row, "created_at": NOW - timedelta(days=900)}
            connection.execute(sa.insert(tables.payload).values(old))
    *_, last = [
        each
        for each in remove(database, Store(tmp_path), load(None).oldest(NOW))
        if each.part == "bodies"
    ]
    with database.transaction() as connection:
        left = set(connection.scalars(sa.select(tables.payload.c.hash)))
    assert left == {"00", "11"} - set(removed)
    assert (last.count, last.bytes, len(removed)) == (1, 1, 1)
