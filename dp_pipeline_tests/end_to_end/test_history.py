"""The history: exactly what changed, each once, and tables as they stood."""

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.history import UNTRACKED_FIELDS
from dp_pipeline.domains.computed_tables import write_matchday_tables
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:en.1:2024-25"
TEAMS = ("Arsenal FC", "Chelsea FC", "Everton FC", "Fulham FC")
TRACKED = [
    table
    for table in dict.fromkeys(TABLES)
    if table not in (tables.knockout_tie, tables.team_alias) and "id" in table.c
]
CHANGES = "SELECT * FROM change ORDER BY id"
TABLE = """
SELECT team, games, points, position FROM table_history
WHERE tournament_key = %(key)s AND valid_from <= %(at)s
  AND (valid_to > %(at)s OR valid_to IS NULL) ORDER BY position
"""


def played(days: int) -> Any:
    """The season when so many of its six matchdays are over."""
    matches = league(*TEAMS)
    for match in matches[2 * days :]:
        match["score"] = {}
    return season(matches)


def contents(database: Database) -> dict[tuple[str, Any], dict[str, Any]]:
    """Every tracked row by table and id, as JSON has it."""
    with database.transaction() as connection:
        return {
            (table.name, row["id"]): json.loads(row["row"])
            for table in TRACKED
            for row in connection.execute(
                sa.text(f"SELECT id, to_jsonb(t)::text AS row FROM {table.name} AS t")  # noqa: S608
            ).mappings()
        }


def differences(before: Any, after: Any) -> list[tuple[str, Any, str, Any, Any]]:
    return sorted(
        (
            (*place, field, old[field], after[place][field])
            for place, old in before.items()
            for field in old
            if field not in {"updated_at", *UNTRACKED_FIELDS.get(place[0], ())}
            and old[field] != after[place][field]
        ),
        key=str,
    )


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Any:
    def one(payload: Any) -> dict[str, dict[str, Any]]:
        with serve(Replay(payloads={"/2024-25/en.1.json": payload}).app()) as base_url:
            return ingest(database, base_url, tmp_path, KEY)

    return one


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_the_history_is_what_differs_between_two_reads_each_field_once(
    database: Database, read: Any
) -> None:
    url = url_of(database)
    read(played(2))
    assert query(url, CHANGES) == [], "first values are no change"
    before = contents(database)
    payload = played(3)
    payload["matches"][7]["time"] = "17:30"
    rows = read(payload)
    changes = query(url, CHANGES)
    assert differences(before, contents(database)) == sorted(
        ((c["entity"], c["entity_id"], c["field"], c["old"], c["new"]) for c in changes), key=str
    )
    by = {row["id"]: domain for domain, row in rows.items()}
    assert {(by[c["execution_id"]], c["entity"]) for c in changes} == {
        ("matches", "match"),
        ("standings", "tournament_standing"),
    }
    read(payload)
    assert query(url, CHANGES) == changes, "an unchanged read adds nothing"


def test_a_table_is_shown_as_it_stood_at_any_time(database: Database, read: Any) -> None:
    url = url_of(database)
    stood: list[tuple[datetime, list[dict[str, Any]]]] = []
    now = "SELECT team, games, points, position FROM league_table ORDER BY position"
    for days in (1, 2, 4):
        read(played(days))
        (moment,) = query(url, "SELECT clock_timestamp() AS at")
        stood.append((moment["at"], query(url, now)))
    assert [table[0]["games"] for _, table in stood] == [1, 2, 4]
    for at, table in stood:
        assert query(url, TABLE, key=KEY, at=at) == table
    after = "SELECT team, games, points, position FROM table_by_matchday WHERE matchday = %(day)s"
    for day, (_, table) in zip((1, 2, 4), stood, strict=True):
        assert query(url, f"{after} ORDER BY position", day=day) == table
    assert query(url, after, day=5) == []


def test_tables_by_matchday_that_follow_from_nothing_any_more_go(
    database: Database, read: Any
) -> None:
    read(played(2))
    computed = "SELECT computed_from, updated_at FROM matchday_table"
    (before,) = query(url_of(database), computed)
    read(played(2))
    assert query(url_of(database), computed) == [before], "of the same they are computed once"
    with database.transaction() as connection:
        snapshot = read_snapshot(connection, TournamentKey.parse(KEY), TABLES)
        first_day = {
            id_: row for id_, row in snapshot.rows(tables.match).items() if row["round_slug"] == "1"
        }
        write_matchday_tables(connection, snapshot.only(tables.match, first_day))
    days = query(url_of(database), "SELECT DISTINCT matchday FROM table_by_matchday")
    assert [row["matchday"] for row in days] == [1]


def test_people_read_in_words_what_changed(
    database: Database, read: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = url_of(database)
    read(played(2))
    payload = copy.deepcopy(played(2))
    payload["matches"][7]["time"] = "17:30"
    rows = read(payload)
    (sentence,) = rows["matches"]["summary"]["changed"]
    home, away = (payload["matches"][7][side] for side in ("team1", "team2"))
    assert sentence == f"{home} - {away}: kick-off 14:00 -> 16:30 UTC"
    (seen,) = query(
        url, "SELECT match, field, match_id FROM match_history WHERE field = %(f)s", f="kickoff_at"
    )
    assert seen["match"] == f"{home} - {away}"

    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", url)

    def said(*arguments: str) -> Any:
        result = CliRunner().invoke(main, ["history", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert f"{home} - {away}" in said(KEY)
    of_all = json.loads(said("--since", "1h", "--json"))
    assert {(c["tournament_key"], c["row"]) for c in of_all} >= {(KEY, f"{home} - {away}")}
    assert "T" in of_all[0]["at"], "as programs read it"
    assert said("--since", "1h").splitlines()[0].strip().endswith(f" ({KEY})")
    assert said(KEY, "--since", "2999-01-01") == "Nothing has changed since then.\n"
    changes = json.loads(said(str(seen["match_id"]), "--json"))
    assert {(c["row"], c["field"]) for c in changes} >= {(f"{home} - {away}", "kickoff_at")}
    assert len(changes) == len(query(url, "SELECT * FROM match_history"))
    after_one = json.loads(said(KEY, "--matchday", "1", "--json"))
    assert [row["games"] for row in after_one] == [1, 1, 1, 1]
    at = json.loads(said(KEY, "--at", "2999-01-01", "--json"))
    assert [(row["team"], row["points"]) for row in at] == [
        (row["team"], row["points"])
        for row in query(url, "SELECT team, points FROM league_table ORDER BY position, team")
    ]
    covered = CliRunner().invoke(main, ["coverage", KEY, "--json"])
    assert json.loads(covered.output)["summary"] == (
        "6 of 6 rounds, 12 of 12 matches, no goals listed, table computed"
    )
    assert "goals of played matches" in CliRunner().invoke(main, ["coverage", KEY]).output
    for command in ("history", "coverage"):
        gone = CliRunner().invoke(main, [command, "openfootball:en.1:1999-00"])
        assert gone.exit_code == 1
        assert "is not stored" in gone.output
