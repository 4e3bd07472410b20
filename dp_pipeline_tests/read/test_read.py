"""Frames of what is stored: right types, right rows, a sentence for what is not there."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import psycopg
import pytest

from dp_pipeline import read
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.read.frames import Rows, kind_of, pandas_frame, polars_frame
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA
from dp_pipeline_tests.read.documented import question

UTC_MOMENT = pl.Datetime("us", "UTC")


@pytest.fixture(autouse=True)
def _filled(filled_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", filled_url)
    monkeypatch.setenv("DP_HOME", str(tmp_path))


def test_fixtures_have_the_types_of_their_columns() -> None:
    frame = read.fixtures(f" {LIGA.upper()} ")
    assert frame.height == 28
    types = frame.schema
    assert types["kickoff_at"] == types["updated_at"] == UTC_MOMENT
    assert types["kickoff_date"] == pl.Date
    assert {types[f"{side}_score_ht"] for side in ("home", "away")} == {pl.Int64}
    assert types["home_team_id"] == pl.String
    assert frame["home_penalties_score"].null_count() == 28
    assert types["home_penalties_score"] == pl.Int64
    assert set(frame["status"]) == {"ended"}


def test_pandas_gets_the_same_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = read.fixtures(LIGA, as_pandas=True)
    ours = read.fixtures(LIGA)
    assert list(frame.columns) == ours.columns
    assert str(frame["home_score"].dtype) == str(frame["home_penalties_score"].dtype) == "Int64"
    assert str(frame["kickoff_at"].dtype) == "datetime64[us, UTC]"
    assert frame["kickoff_at"].tolist() == ours["kickoff_at"].to_list()
    assert frame["home_team"].tolist() == ours["home_team"].to_list()
    assert pd.api.types.is_datetime64_any_dtype(frame["kickoff_date"])


def test_without_pandas_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(read.LibraryMissingError, match="pip install pandas"):
        read.table(LIGA, as_pandas=True)


def test_tables_now_after_a_matchday_and_as_they_stood() -> None:
    now = read.table(LIGA)
    assert now["points"].to_list() == [21, 18, 15, 12, 9, 6, 3, 0]
    assert now.schema["form"] == pl.List(pl.String)
    first = read.table_at(LIGA, matchday=1)
    assert set(first["games"]) == {1}
    with pytest.warns(read.BetterQuestionWarning, match="this is the table after matchday 7"):
        last = read.table_at(LIGA, matchday=99)
    columns = ["position", "team", "points", "goals_for"]
    assert last.select(columns).rows() == now.select(columns).rows()
    assert now.columns[:4] == ["position", "team", "points", "games"]
    assert now.columns[-4:] == ["stage", "group_name", "tournament_key", "tournament"]
    assert read.fixtures(LIGA).columns[:4] == ["home_team", "away_team", "home_score", "away_score"]
    later = datetime(2999, 1, 1, tzinfo=UTC)
    assert read.table_at(LIGA, at=later).select(columns).rows() == now.select(columns).rows()
    with pytest.warns(read.BetterQuestionWarning, match="was stored here before 20"):
        assert read.table_at(LIGA, at=datetime(1999, 1, 1, tzinfo=UTC)).height == 0
    with pytest.raises(read.ReadError, match="matchday= or at="):
        read.table_at(LIGA)
    with pytest.raises(read.ReadError, match="matchday= or at="):
        read.table_at(LIGA, matchday=1, at=later)


def test_who_met_whom_who_scored_and_what_changed() -> None:
    meetings = read.head_to_head("sv ahlen", "SV Hanau")
    assert meetings.select("place", "goals_for", "goals_against", "result").rows() == [
        ("home", 2, 1, "W")
    ]
    asked = question("all meetings of two clubs").replace("FC Bayern München", "SV Ahlen")
    documented = read.sql(asked.replace("Borussia Dortmund", "SV Hanau"))
    assert documented.rows() == meetings.select(documented.columns).rows()
    scored, ties, changed = read.goalscorers(LIGA), read.knockout_ties(LIGA), read.history(LIGA)
    assert scored.columns[:4] == ["scorer", "team", "goals", "penalties"]
    assert ties.columns[:4] == ["round", "home_team", "away_team", "winner"]
    assert changed.columns[:4] == ["match", "field", "old", "new"]
    assert changed.columns[-4:] == ["round", "changed_at", "tournament_key", "tournament"]
    for frame in (meetings, scored, ties, changed):
        assert frame.columns[-2:] == ["tournament_key", "tournament"]
    assert scored["goals"].sum() == 28 * 3
    assert changed.height == ties.height == 0
    assert {LIGA, FILE} == set(read.tournaments()["key"])


def test_what_is_not_stored_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(read.UnknownTournamentError, match=f"Did you mean {LIGA}") as caught:
        read.table("openligadb:bl1:2023")
    assert caught.value.similar == (LIGA,)
    assert isinstance(caught.value, LookupError)
    with pytest.raises(read.UnknownTournamentError, match=r"read\.tournaments\(\) lists"):
        read.fixtures("nothing like it")
    with pytest.raises(read.UnknownTeamError, match="Did you mean Ahlen or SV Ahlen"):
        read.head_to_head("ahlem", "SV Hanau")


def test_a_question_of_ones_own_takes_parameters_and_writes_nothing() -> None:
    text = """SELECT count(*) AS matches, avg(home_score) AS goals, '12:30' AS time, 'a%' AS sign,
        now() AS moment FROM fixtures WHERE tournament_key = :key AND home_team LIKE 'SV%'"""
    frame = read.sql(text, key=LIGA)
    assert frame.schema["goals"] == pl.Float64
    assert frame.rows()[0][:4] == (28, 2.0, "12:30", "a%")
    assert read.sql("SELECT :key::text AS key", key=None)["key"].to_list() == [None]
    assert read.sql("SELECT 'a%' LIKE 'a%' AS alike")["alike"].to_list() == [True]
    with pytest.raises(read.NotOnlyReadingError, match="only read"):
        read.sql("DELETE FROM match")
    with pytest.raises(read.UnreadableError, match='relation "nope" does not exist'):
        read.sql("SELECT * FROM nope")
    with pytest.raises(read.ReadError, match="has no :kee"):
        read.sql("SELECT 1 AS one", kee=1)
    with pytest.raises(read.ReadError, match="Two columns have one name"):
        read.sql("SELECT 1 AS a, 2 AS a")
    with pytest.raises(read.ReadError, match="gives no rows"):
        read.sql("SET LOCAL search_path TO public")


def test_a_setting_or_a_database_that_cannot_be_used_is_an_error_of_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(read.UnreadableError, match="database"):
        read.tournaments()
    monkeypatch.setenv("DP_TIMEZONE", "Europe/Atlantis")
    with pytest.raises(read.UnreadableError, match="DP_TIMEZONE"):
        read.tournaments()


def test_every_connection_is_closed_again(filled_url: str) -> None:
    name = filled_url.rsplit("/", 1)[1].partition("?")[0]
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(filled_url, autocommit=True) as connection:
        before = connection.execute(others, [name]).fetchone()
        read.table(LIGA)
        with pytest.raises(read.ReadError):
            read.sql("SELECT 1/0 AS never")
        # a backend needs a moment to see that its client has gone
        for _ in range(50):
            if (row := connection.execute(others, [name]).fetchone()) == before:
                break
            connection.execute("SELECT pg_sleep(0.1)")
        assert row == before


def test_rarer_types_are_text_and_a_column_of_nulls_keeps_its_type() -> None:
    rows = Rows(
        {"a": kind_of(3802), "b": kind_of(20), "c": kind_of(1186), "d": kind_of(1184)},
        [({"x": "ü"}, None, None, None), (None, None, None, None)],
    )
    frame = polars_frame(rows)
    assert frame.schema == {"a": pl.String, "b": pl.Int64, "c": pl.String, "d": UTC_MOMENT}
    assert frame["a"].to_list() == ['{"x": "ü"}', None]
    assert pandas_frame(rows).dtypes.astype(str).to_dict() == {
        "a": "string",
        "b": "Int64",
        "c": "string",
        "d": "datetime64[us, UTC]",
    }
    empty: Any = pandas_frame(Rows(rows.columns, []))
    assert [str(each) for each in empty.dtypes][1] == "Int64"


def test_without_a_database_a_sentence_says_how_one_is_made(
    monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", postgres_url)
    with pytest.raises(read.NothingStoredError, match="dp db url"):
        read.tournaments()
    monkeypatch.delenv("DP_DATABASE_URL")
    with pytest.raises(read.NothingStoredError, match="dp ingest openligadb:bl1:2024"):
        read.tournaments()


def test_the_embedded_database_is_read_as_its_reader(
    monkeypatch: pytest.MonkeyPatch, postgres: EmbeddedPostgres
) -> None:
    monkeypatch.delenv("DP_DATABASE_URL")
    monkeypatch.setenv("DP_HOME", str(postgres._home))
    postgres.url()
    assert read.sql("SELECT current_user::text AS who")["who"].to_list() == ["dp_read_only"]


def test_importing_it_loads_neither_dagster_nor_anything_heavy() -> None:
    program = """
import json, sys
import dp_pipeline
from dp_pipeline import read
first = sorted(sys.modules)
try:
    read.tournaments()
except read.NothingStoredError:
    pass
print(json.dumps([first, sorted(sys.modules)]))
"""
    environment = {"DP_HOME": "/nowhere/dp", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    first, after = (set(each) for each in json.loads(done.stdout))
    heavy = {"dagster", "polars", "pandas", "sqlalchemy", "psycopg", "pydantic", "matplotlib"}
    assert first & heavy == set()
    assert "dagster" not in after
