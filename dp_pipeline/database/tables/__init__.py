"""The tables, as SQLAlchemy Core values: columns, keys, checks, indexes.

A change here needs a migration; a test holds the two equal.
"""

from dp_pipeline.database.tables.archive import payload, response
from dp_pipeline.database.tables.automation import (
    competition_season,
    match_watch,
    provider_health,
    provider_hour,
    provider_rate_limit,
    removed_tournament,
    tournament_watch,
)
from dp_pipeline.database.tables.checks import data_check, finding
from dp_pipeline.database.tables.clubs import club, team_pair
from dp_pipeline.database.tables.columns import metadata
from dp_pipeline.database.tables.comparisons import comparison
from dp_pipeline.database.tables.football import (
    goal,
    image,
    knockout_tie,
    match,
    team,
    team_alias,
    tournament,
    tournament_round,
    tournament_standing,
    tournament_team,
)
from dp_pipeline.database.tables.history import change
from dp_pipeline.database.tables.incidents import (
    INCIDENT_KINDS,
    delivery_note,
    incident,
    slack_thread,
)
from dp_pipeline.database.tables.ledger import (
    EXECUTION_STATUSES,
    OPERATION_TYPES,
    data_provider_executions,
    execution_report,
)
from dp_pipeline.database.tables.matchdays import matchday_standing, matchday_table

__all__ = [
    "EXECUTION_STATUSES",
    "INCIDENT_KINDS",
    "OPERATION_TYPES",
    "change",
    "club",
    "comparison",
    "competition_season",
    "data_check",
    "data_provider_executions",
    "delivery_note",
    "execution_report",
    "finding",
    "goal",
    "image",
    "incident",
    "knockout_tie",
    "match",
    "match_watch",
    "matchday_standing",
    "matchday_table",
    "metadata",
    "payload",
    "provider_health",
    "provider_hour",
    "provider_rate_limit",
    "removed_tournament",
    "response",
    "slack_thread",
    "team",
    "team_alias",
    "team_pair",
    "tournament",
    "tournament_round",
    "tournament_standing",
    "tournament_team",
    "tournament_watch",
]
