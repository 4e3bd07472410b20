import re
from collections.abc import Generator
from typing import get_args
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import exc

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline.football import models
from dp_pipeline.football.key import TournamentKey
from dp_pipeline_tests.database.creating import create_database

KEY = TournamentKey("openligadb", "bl1", "2024")


@pytest.fixture(scope="module")
def season(admin_url: str, migrated_template: str) -> Generator[Database]:
    """One database for all tests here, because each only asks what Postgres would say."""
    name = f"test_{uuid4().hex[:12]}"
    database = Database(create_database(admin_url, name, migrated_template))
    with database.transaction() as connection:
        _season(connection)
    yield database
    database.close()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.fixture
def connection(season: Database) -> Generator[sa.Connection]:
    """Rolled back after the test."""
    with season.engine.connect() as connection:
        yield connection


def _season(connection: sa.Connection) -> None:
    tournament = models.Tournament(
        KEY, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
    )
    teams = [models.Team("40", "FC Bayern München"), models.Team("7", "Borussia Dortmund")]
    matchday = models.Round("1", 1, "1. Spieltag", "season")
    store(connection, tables.tournament, [rows.tournament_row(tournament)])
    store(connection, tables.team, [rows.team_row(KEY, team) for team in teams])
    store(connection, tables.tournament_team, [rows.membership_row(KEY, team) for team in teams])
    store(connection, tables.tournament_round, [rows.round_row(KEY, matchday)])


def _match(**changes: object) -> rows.Row:
    match = models.Match("1", "1", "40", "7", "ended", home_score=2, away_score=1)
    return {**rows.match_row(KEY, match), **changes}


def _standing(**changes: object) -> rows.Row:
    standing = models.Standing("40", 1, 34, 25, 7, 2, 99, 32, 82, form=("W", "D"))
    return {**rows.standing_row(KEY, standing), **changes}


def _execution(**changes: object) -> dict[str, object]:
    return {
        "request_id": UUID(int=1),
        "tournament_id": KEY.tournament_id,
        "tournament_key": str(KEY),
        "domain": "matches",
        "operation_type": "matches_create",
        "status": "in_progress",
        **changes,
    }


@pytest.mark.parametrize(
    ("table", "row", "constraint"),
    [
        (tables.match, _match(status="over"), "ck_match_status"),
        (tables.match, _match(home_score=-1), "ck_match_score_not_negative"),
        (tables.match, _match(away_score=None), "ck_match_score_both_or_none"),
        (tables.match, _match(home_score_ht=0), "ck_match_score_ht_both_or_none"),
        (tables.match, _match(away_team_id=rows.team_id("openligadb", "40")), "ck_match_two_teams"),
        (tables.match, _match(away_team_id=uuid4()), "fk_match_away_team_id"),
        (tables.match, _match(round_slug="99"), "fk_match_tournament_id_round_slug"),
        (tables.tournament_standing, _standing(form=["X"]), "ck_tournament_standing_form"),
        (
            tables.tournament_standing,
            _standing(goal_difference=1),
            "ck_tournament_standing_goal_difference",
        ),
        (tables.tournament_standing, _standing(wins=-1), "ck_tournament_standing_not_negative"),
        (
            tables.data_provider_executions,
            _execution(status="started"),
            "ck_data_provider_executions_status",
        ),
        (
            tables.data_provider_executions,
            _execution(operation_type="match_create"),
            "ck_data_provider_executions_operation_type",
        ),
    ],
)
def test_a_row_outside_the_vocabulary_is_refused(
    connection: sa.Connection, table: sa.Table, row: rows.Row, constraint: str
) -> None:
    with pytest.raises(exc.IntegrityError) as caught:
        connection.execute(sa.insert(table).values(**row))
    assert getattr(caught.value.orig, "diag").constraint_name == constraint  # noqa: B009


def test_a_match_without_a_round_is_accepted(connection: sa.Connection) -> None:
    connection.execute(sa.insert(tables.match).values(**_match(round_slug=None)))


def test_points_may_be_negative(connection: sa.Connection) -> None:
    connection.execute(sa.insert(tables.tournament_standing).values(**_standing(points=-3)))


def test_a_team_has_one_row_per_table_even_where_stage_and_group_are_null(
    connection: sa.Connection,
) -> None:
    insert = sa.insert(tables.tournament_standing)
    connection.execute(insert.values(**_standing()))
    connection.execute(insert.values(**_standing(id=uuid4(), group_name="A")))
    with pytest.raises(exc.IntegrityError, match="uq_tournament_standing"):
        connection.execute(insert.values(**_standing(id=uuid4())))


def test_one_attempt_has_one_ledger_row(connection: sa.Connection) -> None:
    insert = sa.insert(tables.data_provider_executions)
    connection.execute(insert.values(**_execution()))
    connection.execute(insert.values(**_execution(attempt=2)))
    with pytest.raises(exc.IntegrityError, match="uq_data_provider_executions_attempt"):
        connection.execute(insert.values(**_execution()))


def test_the_ledger_fills_in_its_id_and_times(connection: sa.Connection) -> None:
    ledger = tables.data_provider_executions
    connection.execute(sa.insert(ledger).values(**_execution()))
    row = connection.execute(sa.select(ledger)).mappings().one()
    assert isinstance(row["id"], UUID)
    assert row["started_at"] == row["created_at"] == row["updated_at"]
    assert row["attempt"] == 1
    assert (row["completed_at"], row["announced_at"], row["summary"]) == (None, None, None)


def test_a_kept_report_may_quote_anything_and_goes_with_its_execution(
    connection: sa.Connection,
) -> None:
    ledger, reports = tables.data_provider_executions, tables.execution_report
    id_ = connection.scalar(sa.insert(ledger).values(**_execution()).returning(ledger.c.id))
    said = {"snippet": "\x00 \ud800 \U0001f600 ü"}
    connection.execute(sa.insert(reports).values(execution_id=id_, file_key="k", report=said))
    assert connection.scalar(sa.select(reports.c.report)) == said
    connection.execute(sa.delete(ledger))
    assert connection.scalar(sa.select(sa.func.count()).select_from(reports)) == 0


def test_deleting_a_tournament_takes_its_own_rows_and_leaves_the_teams(
    connection: sa.Connection,
) -> None:
    connection.execute(sa.insert(tables.match).values(**_match()))
    connection.execute(sa.insert(tables.tournament_standing).values(**_standing()))
    connection.execute(sa.delete(tables.tournament))
    for table in (
        tables.match,
        tables.tournament_standing,
        tables.tournament_round,
        tables.tournament_team,
    ):
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert connection.scalar(sa.select(sa.func.count()).select_from(tables.team)) == 2


def test_a_team_that_plays_cannot_be_deleted(connection: sa.Connection) -> None:
    with pytest.raises(exc.IntegrityError, match="fk_tournament_team_team_id"):
        connection.execute(sa.delete(tables.team))


def test_the_views_name_tournament_round_and_teams(connection: sa.Connection) -> None:
    connection.execute(sa.insert(tables.match).values(**_match()))
    connection.execute(sa.insert(tables.tournament_standing).values(**_standing()))
    fixture = connection.execute(sa.text("SELECT * FROM fixtures")).mappings().one()
    assert fixture["tournament_key"] == "openligadb:bl1:2024"
    assert fixture["round"] == "1. Spieltag"
    assert fixture["home_team"] == "FC Bayern München"
    assert fixture["away_team"] == "Borussia Dortmund"
    assert (fixture["home_score"], fixture["away_score"]) == (2, 1)
    line = connection.execute(sa.text("SELECT * FROM league_table")).mappings().one()
    assert (line["position"], line["team"], line["points"]) == (1, "FC Bayern München", 82)
    assert line["form"] == ["W", "D"]


def test_who_scored_counts_no_own_goal_no_goal_without_a_name_and_none_taken_back(
    connection: sa.Connection,
) -> None:
    connection.execute(sa.insert(tables.match).values(**_match()))
    goals = [
        ("home", 1, "Kane", {"penalty": True}),
        ("home", 2, "Kane", {"missing_since": None}),
        ("home", 3, "Kane", {"missing_since": sa.func.now()}),
        ("home", 4, "Schlotterbeck", {"own_goal": True}),
        ("away", 1, "Guirassy", {"own_goal": False}),
        ("away", 2, None, {}),
    ]
    for side, ordinal, scorer, more in goals:
        given = {"match_id": _match()["id"], "tournament_id": _match()["tournament_id"], **more}
        row = {"id": uuid4(), "side": side, "ordinal": ordinal, "scorer": scorer, **given}
        connection.execute(sa.insert(tables.goal).values(**row))
    found = connection.execute(sa.text("SELECT * FROM goalscorers ORDER BY goals DESC")).mappings()
    assert [(r["scorer"], r["team"], r["goals"], r["penalties"], r["matches"]) for r in found] == [
        ("Kane", "FC Bayern München", 2, 1, 1),
        ("Guirassy", "Borussia Dortmund", 1, 0, 1),
    ]


GROUP_INDEX = "unannounced_run_group"
UNANNOUNCED = "announced_at IS NULL AND completed_at IS NOT NULL"
GOOD = "status = 'completed' AND scope = 'part'"
SUBJECT = "tournament_key = 'a:b:c' AND domain = 'teams' AND completed_at < now()"


def test_the_ledgers_frequent_questions_are_answered_by_an_index(
    connection: sa.Connection,
) -> None:
    connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    for condition, index in {
        "status = 'in_progress'": "in_progress",
        f"{UNANNOUNCED} AND run_group IS NULL ORDER BY completed_at": "unannounced",
        f"{UNANNOUNCED} AND run_group IS NOT NULL ORDER BY run_group, completed_at": GROUP_INDEX,
        f"{UNANNOUNCED} AND run_group = 'nightly'": GROUP_INDEX,
        f"{SUBJECT} AND {GOOD} ORDER BY completed_at DESC LIMIT 1": "completed",
        f"{SUBJECT} AND fingerprint IS NOT NULL ORDER BY completed_at LIMIT 1": "fingerprint",
        "tournament_key = 'a:b:c' ORDER BY started_at DESC": "tournament_key",
        f"request_id = '{UUID(int=1)}'": "attempt",
    }.items():
        question = f"EXPLAIN SELECT * FROM data_provider_executions WHERE {condition}"  # noqa: S608 - our own text
        plan = "\n".join(connection.scalars(sa.text(question)))
        assert re.search(rf"_executions_{index}\b", plan), plan
        assert "Sort" not in plan


def test_every_table_view_and_column_says_what_it_is_for(connection: sa.Connection) -> None:
    silent = sa.text("""
        SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
        AND c.relname <> 'dp_alembic_version'
        AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)
    """)
    assert connection.execute(silent).all() == []


def test_names_fit_into_postgres() -> None:
    for table in tables.metadata.tables.values():
        for thing in (*table.constraints, *table.indexes):
            assert thing.name is not None
            assert len(str(thing.name)) <= 63


def test_the_match_vocabulary_is_the_models() -> None:
    check = next(
        c for c in tables.match.constraints if c.name and str(c.name).endswith("match_status")
    )
    assert isinstance(check, sa.CheckConstraint)
    assert re.findall(r"'([^']+)'", str(check.sqltext)) == list(get_args(models.MatchStatus))
