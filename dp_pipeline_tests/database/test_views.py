"""The views people read: cheap for one tournament among thousands, and right about meetings."""

from collections.abc import Generator, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables.views import VIEWS
from dp_pipeline_tests.database.creating import create_database

# Of 10,000 tournaments the plans are the same.
TOURNAMENTS = 1_000
FILL = f"""
CREATE TEMP TABLE n AS SELECT n, md5('t' || n)::uuid AS t, md5('h' || n)::uuid AS h,
    md5('a' || n)::uuid AS a FROM generate_series(1, {TOURNAMENTS}) AS n;
INSERT INTO tournament (id, key, provider, external_id, season, label, slug, mode, standings_mode,
    status) SELECT t, 'openligadb:x' || n || ':2024', 'openligadb', n, '2024', n, n,
    'regular-season-only', 'unique-group', 'completed' FROM n;
INSERT INTO team (id, provider, external_id, name)
    SELECT h, 'openligadb', 'h' || n, 'Home ' || n FROM n
    UNION ALL SELECT a, 'openligadb', 'a' || n, 'Away ' || n FROM n;
INSERT INTO tournament_team (tournament_id, team_id, name) SELECT t, h, 'Home' FROM n
    UNION ALL SELECT t, a, 'Away' FROM n;
INSERT INTO tournament_round (id, tournament_id, slug, "order", label, type)
    SELECT md5('r' || n)::uuid, t, '1', 1, '1', 'season' FROM n;
INSERT INTO match (id, provider, external_id, tournament_id, round_slug, home_team_id, away_team_id,
    status, home_score, away_score, home_penalties_score, away_penalties_score)
    SELECT md5(i || 'm' || n)::uuid, 'openligadb', i || 'm' || n, t, '1', h, a, 'ended', 2, i, 4, 5
    FROM n, generate_series(1, 3) AS i;
INSERT INTO goal (id, tournament_id, match_id, side, ordinal, scorer)
    SELECT md5('g' || id)::uuid, tournament_id, id, 'home', 1, 'Kane' FROM match;
INSERT INTO knockout_tie (id, tournament_id, match_ids, legs)
    SELECT id, tournament_id, ARRAY[id], 1 FROM match;
INSERT INTO tournament_standing (id, tournament_id, team_id, position, games, wins, draws, losses,
    goals_for, goals_against, goal_difference, points)
    SELECT md5('s' || n)::uuid, t, h, 1, 1, 1, 0, 0, 2, 1, 1, 3 FROM n;
INSERT INTO matchday_standing (id, tournament_id, matchday, team_id, position, games, wins, draws,
    losses, goals_for, goals_against, points, whole_season)
    SELECT md5('d' || n)::uuid, t, 1, h, 1, 1, 1, 0, 0, 2, 1, 3, true FROM n;
INSERT INTO change (tournament_id, entity, entity_id, field, old, new, changed_at)
    SELECT tournament_id, 'match', id, 'away_score', to_jsonb(0), to_jsonb(1), now() FROM match
    UNION ALL SELECT t, 'tournament_standing', md5('s' || n)::uuid, 'points', to_jsonb(0),
    to_jsonb(3), now() + interval '1 hour' FROM n;
ANALYZE;
"""  # noqa: S608 - a number of ours
KEY = "openligadb:x77:2024"


@pytest.fixture(scope="module")
def connection(admin_url: str, migrated_template: str) -> Generator[sa.Connection]:
    name = f"test_{uuid4().hex[:12]}"
    database = Database(create_database(admin_url, name, migrated_template))
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql(FILL)
            yield connection
    finally:
        database.close()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _views(connection: sa.Connection) -> list[str]:
    wanted = """
        SELECT table_name FROM information_schema.columns
        JOIN information_schema.views USING (table_schema, table_name)
        WHERE table_schema = 'public' AND column_name = 'tournament_key' ORDER BY 1"""
    return list(connection.scalars(sa.text(wanted)))


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def test_one_tournament_among_thousands_is_read_by_indexes_alone(
    connection: sa.Connection,
) -> None:
    views = _views(connection)
    assert {"fixtures", "league_table", "table_by_matchday", "head_to_head"} < set(views)
    assert {"goalscorers", "knockout_ties", "match_history", "table_history"} < set(views)
    for view in views:
        question = f"EXPLAIN (FORMAT JSON) SELECT * FROM {view} WHERE tournament_key = '{KEY}'"  # noqa: S608
        ((plan,),) = connection.scalars(sa.text(question))
        for node in _nodes(plan["Plan"]):
            of_table = "Relation Name" in node and node["Node Type"] != "Bitmap Heap Scan"
            assert not of_table or "Index Cond" in node, (view, node)


def test_each_view_has_rows_of_one_tournament_with_its_provider(connection: sa.Connection) -> None:
    counts = {
        view: connection.scalar(
            sa.text(f"SELECT count(*) FROM {view} WHERE tournament_key = :key"),  # noqa: S608
            {"key": KEY},
        )
        for view in _views(connection)
    }
    assert counts == {
        "fixtures": 3,
        "goalscorers": 1,
        "head_to_head": 6,
        "knockout_ties": 3,
        "league_table": 1,
        "match_history": 3,
        "table_by_matchday": 1,
        "table_history": 2,
    }


def test_a_meeting_is_seen_from_both_sides(connection: sa.Connection) -> None:
    asked = sa.text("""
        SELECT team, opponent, place, goals_for, goals_against, result, penalties_for
        FROM head_to_head WHERE tournament_key = :key ORDER BY place DESC, goals_for, goals_against
    """)
    assert [tuple(row) for row in connection.execute(asked, {"key": KEY})] == [
        ("Home", "Away", "home", 2, 1, "W", 4),
        ("Home", "Away", "home", 2, 2, "D", 4),
        ("Home", "Away", "home", 2, 3, "L", 4),
        ("Away", "Home", "away", 1, 2, "L", 5),
        ("Away", "Home", "away", 2, 2, "D", 5),
        ("Away", "Home", "away", 3, 2, "W", 5),
    ]


@pytest.mark.parametrize(
    "column",
    [
        *("fixtures.kickoff_date", "head_to_head.kickoff_date", "match_history.kickoff_date"),
        *("knockout_ties.first_date", "knockout_ties.last_date"),
    ],
)
def test_a_moment_without_a_day_is_on_its_day_in_utc(
    connection: sa.Connection, column: str
) -> None:
    view, name = column.split(".")
    with connection.begin_nested() as looked:
        connection.exec_driver_sql("SET LOCAL TIME ZONE 'America/New_York'")
        moved = """UPDATE match SET kickoff_at = '2026-03-01 23:30-05' FROM tournament
            WHERE tournament.id = tournament_id AND key = :key"""
        connection.execute(sa.text(moved), {"key": KEY})
        found = sa.text(f"SELECT DISTINCT {name} FROM {view} WHERE tournament_key = :key")  # noqa: S608
        assert connection.scalars(found, {"key": KEY}).all() == [date(2026, 3, 2)]
        looked.rollback()


def test_the_views_are_registered_with_their_columns_types_and_sources(
    connection: sa.Connection,
) -> None:
    columns = sa.text("""
        SELECT table_name, column_name, data_type FROM information_schema.columns
        JOIN information_schema.views USING (table_schema, table_name)
        WHERE table_schema = 'public' ORDER BY table_name, ordinal_position""")
    stored: dict[str, dict[str, str]] = {}
    for row in connection.execute(columns):
        stored.setdefault(row.table_name, {})[row.column_name] = row.data_type
    assert set(stored) == {view.name for view in VIEWS}
    used = sa.text("""
        SELECT view_name, table_name, column_name FROM information_schema.view_column_usage
        WHERE view_schema = 'public'""")
    sources = {tuple(row) for row in connection.execute(used)}
    dialect = postgresql.dialect()
    for view in VIEWS:
        assert list(view.column_types()) == list(stored[view.name]), view.name
        for name, computed in view.column_types().items():
            source = view.source_of(name)
            if source is None:
                assert computed == stored[view.name][name], (view.name, name)
                continue
            assert (view.name, source.table.name, source.name) in sources, (view.name, name)
            kind = source.type.compile(dialect=dialect).lower()
            assert ("ARRAY" if kind.endswith("[]") else kind) == stored[view.name][name]
