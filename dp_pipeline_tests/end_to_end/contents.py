"""What is in the database, read with plain SQL as an analyst would."""

import uuid
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import TABLES

FOOTBALL_TABLES = (
    *("tournament", "team", "tournament_team", "tournament_round"),
    *("match", "goal", "tournament_standing"),
)

MATCHES = """
SELECT m.external_id, home.name AS home, away.name AS away, m.round_slug, r.label AS round, m.stage,
  m.kickoff_at, m.kickoff_date, m.status, m.home_score, m.away_score, m.home_score_ht,
  m.away_score_ht, m.home_penalties_score, m.away_penalties_score
FROM match m
JOIN tournament t ON t.id = m.tournament_id
JOIN team home ON home.id = m.home_team_id
JOIN team away ON away.id = m.away_team_id
LEFT JOIN tournament_round r ON r.tournament_id = t.id AND r.slug = m.round_slug
WHERE t.key = %(key)s
"""
TABLE = """
SELECT s.position, team.name AS team, s.games, s.wins, s.draws, s.losses, s.goals_for,
  s.goals_against, s.goal_difference, s.points, s.stage, s.group_name, s.computed,
  s.rule, s.note
FROM tournament_standing s
JOIN tournament t ON t.id = s.tournament_id
JOIN team ON team.id = s.team_id
WHERE t.key = %(key)s
ORDER BY s.stage, s.group_name, s.position
"""
COUNTS = """
SELECT t.key,
  (SELECT count(*) FROM tournament_team x WHERE x.tournament_id = t.id) AS teams,
  (SELECT count(*) FROM tournament_round x WHERE x.tournament_id = t.id) AS rounds,
  (SELECT count(*) FROM match x WHERE x.tournament_id = t.id) AS matches,
  (SELECT count(*) FROM tournament_standing x WHERE x.tournament_id = t.id) AS standings
FROM tournament t
"""
EXECUTIONS = """
SELECT * FROM data_provider_executions ORDER BY started_at, domain
"""


def query(url: str, statement: LiteralString, **values: Any) -> list[dict[str, Any]]:
    """The rows of a query."""
    with psycopg.Connection[DictRow].connect(url, row_factory=dict_row) as connection:
        return connection.execute(statement, values).fetchall()


def row_versions(url: str) -> dict[str, list[Any]]:
    """Every row of football facts with its place on disk (ctid) and its writer (xmin).

    Both change with every write, also with one that changes no value; so two of these that are
    equal mean that nothing was written.
    """
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                sql.SQL("SELECT ctid::text, xmin::text, t.* FROM {} t ORDER BY ctid").format(
                    sql.Identifier(table)
                )
            ).fetchall()
            for table in FOOTBALL_TABLES
        }


def executions_of(url: str, request_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The ledger's rows of one run, by domain; of one tournament only."""
    rows = [row for row in query(url, EXECUTIONS) if row["request_id"] == request_id]
    by_domain = {row["domain"]: row for row in rows}
    assert len(by_domain) == len(rows)
    return by_domain


def contents(database: Database) -> dict[str, list[Any]]:
    """Every row that plans write and its history, but for times of writing and executions."""
    with database.transaction() as connection:
        rows = {
            table.name: connection.scalars(
                sa.text(
                    "SELECT (to_jsonb(t) - '{created_at,updated_at}'::text[])::text"  # noqa: S608
                    f" FROM {table.name} AS t"
                )
            ).all()
            for table in TABLES
        }
        history = sa.text("SELECT entity, entity_id, field, old, new FROM change ORDER BY id")
        rows["change"] = [tuple(row) for row in connection.execute(history)]
    return {name: sorted(map(str, of)) for name, of in rows.items()}


def emptied(database: Database) -> None:
    """Forget all football, lists of seasons too; what the archive and the ledger have stays."""
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "TRUNCATE tournament, team, club, team_alias, competition_season CASCADE"
        )
