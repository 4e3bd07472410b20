"""Tournaments, matches and executions by the million, made by Postgres itself."""

import psycopg

_TOURNAMENTS = """
INSERT INTO tournament (id, key, provider, external_id, season, label, slug, mode, standings_mode,
    status)
SELECT md5('t' || n)::uuid, 'openligadb:f' || n || ':2024', 'openligadb', 'f' || n, '2024',
    'League ' || n, 'slug', 'regular-season-only', 'unique-group', 'completed'
FROM generate_series(1, %(tournaments)s) AS n
"""
_TEAMS = """
INSERT INTO team (id, provider, external_id, name)
SELECT md5('c' || n)::uuid, 'openligadb', 'f' || n, 'Club ' || n FROM generate_series(1, 20) AS n
"""
_MATCHES = """
INSERT INTO match (id, provider, external_id, tournament_id, home_team_id, away_team_id, status,
    home_score, away_score, kickoff_date)
SELECT md5('m' || t || '-' || n)::uuid, 'openligadb', 'f' || t || '-' || n, md5('t' || t)::uuid,
    md5('c' || 1 + n %% 20)::uuid, md5('c' || 1 + (n + 1) %% 20)::uuid, 'ended', n %% 4, n %% 3,
    date '2024-08-01' + n %% 280
FROM generate_series(1, %(tournaments)s) AS t, generate_series(1, %(matches)s) AS n
"""
_EXECUTIONS = """
INSERT INTO data_provider_executions (id, request_id, tournament_id, tournament_key, domain,
    attempt, operation_type, status, outcome, started_at, completed_at, duration, summary,
    announced_at)
SELECT md5('e' || t || '-' || n)::uuid, md5('r' || t / 50 || '-' || n / 5)::uuid,
    md5('t' || t)::uuid, 'openligadb:f' || t || ':2024', domains.name, 1,
    CASE domains.name WHEN 'tournaments' THEN 'tournament' ELSE domains.name END || '_update',
    'completed', 'unchanged', began.at, began.at + interval '1 second', 1000,
    '{"totalOperations": 3, "successfulOperations": 3, "failedOperations": 0}', began.at
FROM generate_series(1, %(tournaments)s) AS t, generate_series(0, %(executions)s - 1) AS n,
    LATERAL (SELECT (ARRAY['tournaments', 'teams', 'rounds', 'matches', 'standings'])[1 + n %% 5]
        AS name) AS domains,
    LATERAL (SELECT now() - (n / 5 + 1) * interval '1 day' - t / 50 * interval '1 minute' AS at)
        AS began
"""


def fill(url: str, tournaments: int, matches: int, executions: int) -> None:
    """Fill tables; what is made is of completed seasons, read every night and announced.

    Args:
        url: of a database with tables.
        tournaments: how many.
        matches: of each.
        executions: of each.
    """
    numbers = {"tournaments": tournaments, "matches": matches, "executions": executions}
    with psycopg.connect(url, autocommit=True) as connection:
        # Foreign keys hold by how the rows are made; looking each up takes longer than writing it.
        connection.execute("SET session_replication_role = replica")
        for statement in (_TOURNAMENTS, _TEAMS, _MATCHES, _EXECUTIONS):
            connection.execute(statement.encode(), numbers)
        connection.execute("VACUUM ANALYZE")
