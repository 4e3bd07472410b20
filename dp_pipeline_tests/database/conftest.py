"""A database with the teams of a league."""

import pytest

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline_tests.database.league import KEY, TEAMS, TOURNAMENT


@pytest.fixture
def league(database: Database) -> Database:
    with database.transaction() as connection:
        store(connection, tables.tournament, [rows.tournament_row(TOURNAMENT)])
        store(connection, tables.team, [rows.team_row(KEY, team) for team in TEAMS])
    return database
