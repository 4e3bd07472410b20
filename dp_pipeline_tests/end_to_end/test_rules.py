"""What analysts see in `league_table`: final tables, groups, deductions, and by which rule."""

import json
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

LEAGUE_TABLE = """
SELECT * FROM league_table WHERE tournament_key = %(key)s ORDER BY stage, group_name, position, team
"""


def tables(database: Database, home: Path, key: str, *payloads: Any) -> list[dict[str, Any]]:
    """The rows of `league_table` once some payloads were read one after another."""
    _, competition, season = key.split(":")
    for payload in payloads:
        with serve(Replay(payloads={f"/{season}/{competition}.json": payload}).app()) as base_url:
            executions = ingest(database, base_url, home, key)
        assert executions["standings"]["status"] == "completed", executions["standings"]
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return query(url, LEAGUE_TABLE, key=key)


def test_a_stage_in_groups_that_nobody_names_becomes_a_table_per_group(
    database: Database, tmp_path: Path, recordings: Path
) -> None:
    path = recordings.parent / "cases" / "openfootball" / "2025_copa.l_groups.json"
    whole = json.loads(path.read_text())
    first = {**whole, "matches": whole["matches"][:60]}
    rows = tables(database, tmp_path, "openfootball:copa.l:2025", first, whole)
    assert [sum(row["group_name"] == f"Group {n}" for row in rows) for n in range(1, 9)] == [4] * 8
    assert len(rows) == 32, "the one table of what was known before is gone"
    assert {row["rule"] for row in rows} == {
        "goal difference, goals, away goals, ranking [goal.com 2020; maisfutebol 2021]"
    }


@pytest.mark.parametrize(
    ("key", "champion"),
    [
        ("openfootball:be.1:2018-19", ("KRC Genk", 52)),
        ("openfootball:be.1:2020-21", ("Club Brugge KV", 44)),
        ("openfootball:at.1:2024-25", ("Sturm Graz", 40)),
        ("openfootball:sco.1:2024-25", ("Celtic FC", 92)),
    ],
)
def test_a_split_season_has_one_final_table_beside_those_of_its_stages(
    database: Database, tmp_path: Path, recordings: Path, key: str, champion: tuple[str, int]
) -> None:
    _, competition, season = key.split(":")
    path = recordings.parent / "more_seasons/football.json" / season / f"{competition}.json"
    payload = json.loads(path.read_text())
    rows = tables(database, tmp_path, key, payload)
    final = [row for row in rows if row["whole_season"]]
    assert {row["stage"] for row in final} == {"Final table"}
    assert (final[0]["team"], final[0]["points"]) == champion
    assert [row["position"] for row in final] == list(range(1, len(final) + 1))
    assert {row["stage"] for row in rows} > {"Final table", None}


def test_places_of_a_league_say_what_they_mean(
    database: Database, tmp_path: Path, recordings: Path
) -> None:
    payload = json.loads((recordings / "openfootball/2024-25/en.1.json").read_text())
    rows = tables(database, tmp_path, "openfootball:en.1:2024-25", payload)
    zones = [row["zone"] for row in rows]
    assert zones == ["champion", *["qualification"] * 4, *[None] * 12, *["relegation"] * 3]
