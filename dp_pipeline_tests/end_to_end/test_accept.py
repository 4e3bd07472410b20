"""A person takes in what was refused: once, shown first, and never over something newer."""

import copy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import anyio
import pytest

from dp_pipeline.assets.replay import Replaying
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.acceptance import archived_run, refused_execution
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.storage import Folder, Storing
from dp_pipeline_tests.end_to_end.contents import EXECUTIONS, executions_of, query
from dp_pipeline_tests.end_to_end.deciding import RESULTS, Desk, rewritten
from dp_pipeline_tests.end_to_end.seasons_by_hand import (
    FILE,
    LIGA,
    MATCHES_OF,
    TABLE,
    TEAMS,
    healthy,
)
from dp_pipeline_tests.ledger.rows import finished_row, rows

COUNTS = """
SELECT count(*) AS matches, count(*) FILTER (WHERE m.superseded_by IS NULL) AS counting
FROM match m JOIN tournament t ON t.id = m.tournament_id WHERE t.key = %(key)s
"""
STATUSES = """
SELECT DISTINCT m.status, m.home_score AS score
FROM match m JOIN tournament t ON t.id = m.tournament_id WHERE t.key = %(key)s
"""
PLACES = """
SELECT team FROM league_table WHERE tournament_key = %(key)s
"""
CLUBS = """
SELECT home_team AS name FROM fixtures WHERE tournament_key = %(key)s
UNION SELECT away_team FROM fixtures WHERE tournament_key = %(key)s
"""


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(database, tmp_path, monkeypatch)


def test_what_was_refused_is_shown_and_written_once(desk: Desk) -> None:
    desk.read(healthy(), FILE)
    refused = desk.read(rewritten(FILE), FILE)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    finished_row(desk.database, uuid4(), FILE, "logos")  # images come when they come
    before = query(desk.url, RESULTS, key=FILE)
    declined = desk.accept(refused["id"])
    assert (declined.exit_code, query(desk.url, RESULTS, key=FILE)) == (1, before)
    assert "Would be updated" in declined.output
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    results = {(row["home_score"], row["away_score"]) for row in query(desk.url, RESULTS, key=FILE)}
    assert results == {(3, 3)}
    accepted = [row for row in query(desk.url, EXECUTIONS) if row["summary"].get("accepted")]
    said = {(row["summary"]["accepted"]["reason"], row["scope"]) for row in accepted}
    assert said == {("The league was voided.", "dry_run"), ("The league was voided.", "whole")}
    again = desk.accept(refused["id"], "--yes")
    assert again.exit_code == 1
    assert "It was taken in already: by " in again.output
    after = desk.read(rewritten(FILE), FILE)
    assert {row["status"] for row in after.values()} == {"completed"}, "it is what is stored now"


def test_a_league_that_is_created_anew_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.read(healthy(), LIGA)
    (counts,) = query(desk.url, COUNTS, key=LIGA)
    anew = copy.deepcopy(healthy())
    for match in anew[MATCHES_OF[LIGA]]:
        match["matchID"] += 100_000
    # The table is answered when all is refused already.
    refused = desk.read(anew, LIGA, slowly="/getbltable")["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    assert query(desk.url, COUNTS, key=LIGA) == [
        {"matches": 2 * counts["matches"], "counting": counts["matches"]}
    ]


def test_nothing_is_taken_in_over_a_newer_read_and_nothing_that_was_not_refused(
    desk: Desk,
) -> None:
    first = desk.read(healthy(), FILE)["matches"]
    assert "It refused nothing: it ended written." in desk.accept(first["id"], "--yes").output
    refused = desk.read(rewritten(FILE), FILE)["tournaments"]
    newer = copy.deepcopy(healthy())
    newer[MATCHES_OF[FILE]]["matches"][0]["date"] = "2024-09-30"
    assert desk.read(newer, FILE)["matches"]["outcome"] == "written"
    late = desk.accept(refused["id"], "--yes")
    assert late.exit_code == 1
    assert "A newer read was stored at " in late.output


def test_a_read_stored_while_the_acceptance_waits_for_the_tournament_goes_before_it(
    desk: Desk,
) -> None:
    desk.read(healthy(), FILE)
    refused = desk.read(rewritten(FILE), FILE)["tournaments"]
    before = query(desk.url, RESULTS, key=FILE)
    key = TournamentKey.parse(FILE)
    store = Folder(desk.home / "objects")
    with desk.database.transaction() as connection:
        archived = archived_run(connection, refused_execution(connection, refused["id"]))

    async def race(ledger: Ledger, other: Ledger) -> UUID:
        replaying = Replaying(desk.database, Storing(store), ledger, {"openfootball": desk.root})
        accepted = {"execution": str(refused["id"]), "by": "Ana", "reason": "They were right."}
        accept = partial(replaying.replay, apply=True, accepted=accepted)
        ids = []

        async def take_in() -> None:
            ids.append(await accept(key, archived, NAMES))

        async with other.lease(key.tournament_id) as lease, anyio.create_task_group() as group:
            await lease.acquire()
            group.start_soon(take_in)
            begun = len(rows(desk.database)) + 1
            with anyio.fail_after(10):
                while len(rows(desk.database)) < begun:  # noqa: ASYNC110 - of another connection
                    await anyio.sleep(0.02)
            now = datetime.now(UTC)
            finished_row(desk.database, uuid4(), FILE, "matches", started_at=now, completed_at=now)
            await lease.release()
        return ids[0]

    book, other_book = Ledger(desk.database, store), Ledger(desk.database, store)
    with book.working() as mine, other_book.working() as other:
        id_ = anyio.run(race, mine, other)
    first, *others = executions_of(desk.url, id_).values()
    assert first["error_text"].startswith("A newer read was stored at ")
    assert {row["outcome"] for row in others} == {"blocked_dependency"}
    assert query(desk.url, RESULTS, key=FILE) == before


def test_a_club_that_the_provider_gives_another_id_and_name_is_taken_in(desk: Desk) -> None:
    desk.read(healthy(), LIGA)
    renamed = copy.deepcopy(healthy())
    for match in renamed[MATCHES_OF[LIGA]]:
        for side in (match["team1"], match["team2"]):
            if side["teamId"] == 8:
                side.update(teamId=108, teamName="FC Hanau 1860")
    for row in renamed[TABLE]:
        if row["teamInfoId"] == 8:
            row.update(teamInfoId=108, teamName="FC Hanau 1860")
    refused = desk.read(renamed, LIGA)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    clubs = {row["name"] for row in query(desk.url, CLUBS, key=LIGA)}
    assert clubs == {*(f"SV {name}" for name in TEAMS[:-1]), "FC Hanau 1860"}
    table = {row["team"] for row in query(desk.url, PLACES, key=LIGA)}
    assert table == clubs
    assert {row["status"] for row in desk.read(renamed, LIGA).values()} == {"completed"}


def test_a_season_that_was_voided_is_taken_in(desk: Desk) -> None:
    desk.read(healthy(), FILE)
    voided = copy.deepcopy(healthy())
    for match in voided[MATCHES_OF[FILE]]["matches"]:
        match.update(status="CANCELLED", score={}, goals1=[], goals2=[])
    refused = desk.read(voided, FILE)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    taken = desk.accept(refused["id"], "--yes")
    assert taken.exit_code == 0, taken.output
    assert query(desk.url, STATUSES, key=FILE) == [{"status": "cancelled", "score": None}]
    assert query(desk.url, PLACES, key=FILE) == [], "there is no table any more"
    assert {row["status"] for row in desk.read(voided, FILE).values()} == {"completed"}
