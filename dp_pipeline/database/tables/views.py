"""The views that people read, as values: from which table each column comes.

Their SQL is in the migrations; a test holds these values equal to what the database has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from dp_pipeline.database.tables.clubs import club
from dp_pipeline.database.tables.columns import metadata
from dp_pipeline.database.tables.football import (
    goal,
    knockout_tie,
    match,
    tournament_standing,
)
from dp_pipeline.database.tables.history import change
from dp_pipeline.database.tables.ledger import data_provider_executions
from dp_pipeline.database.tables.matchdays import matchday_standing

_EVERYWHERE = {
    "tournament_key": "tournament.key",
    "tournament": "tournament.label",
    "round": "tournament_round.label",
    "round_order": "tournament_round.order",
    "team": "team.name",
    "opponent": "team.name",
    "home_team": "team.name",
    "away_team": "team.name",
    "match_id": "match.id",
}
"""Columns that come from the same place in every view that has them."""


@dataclass(frozen=True, slots=True)
class DatabaseView:
    """A view.

    Args:
        name: of it.
        description: two plain sentences.
        table: from which a column comes that is named like one of it.
        columns: their names in order; a computed one with its type.
        sources: where the others come from.
    """

    name: str
    description: str
    table: sa.Table
    columns: str
    sources: Mapping[str, str] = field(default_factory=dict)

    def column_types(self) -> dict[str, str | None]:
        """The columns in order; of a computed one the type, else None: that of its source."""
        return {
            name: kind.replace("_", " ") or None
            for name, _, kind in (each.partition(":") for each in self.columns.split())
        }

    def source_of(self, column: str) -> "sa.Column[object] | None":
        """The stored column that a column shows; None where it is computed."""
        if self.column_types()[column] is not None:
            return None
        named = self.sources.get(column)
        if named is None and column in self.table.c:
            return self.table.c[column]
        table, _, name = (named or _EVERYWHERE[column]).partition(".")
        return metadata.tables[table].c[name]


VIEWS = (
    DatabaseView(
        "league_table",
        "The current tables of a tournament with the names of its teams, one row per stage, group "
        "and team. `zone` says what a place leads to, and `rule` how level teams are ordered.",
        tournament_standing,
        "tournament_key tournament stage group_name position team games wins draws losses "
        "goals_for goals_against goal_difference points form computed tournament_id team_id rule "
        "note whole_season zone short_name provider updated_at",
        {"short_name": "team.short_name", "provider": "tournament.provider"},
    ),
    DatabaseView(
        "fixtures",
        "All matches of a tournament with the names of round and teams and every score, played or "
        "not. A match that another one replaced is left out.",
        match,
        "tournament_key tournament stage group_name round_order round kickoff_at kickoff_date "
        "status home_team away_team home_score away_score home_penalties_score "
        "away_penalties_score venue match_id tournament_id kickoff_local home_score_ht "
        "away_score_ht home_score_90 away_score_90 round_slug provider external_id "
        "provider_status home_team_id away_team_id home_club_id away_club_id missing_since "
        "updated_at",
        {"home_club_id": "team.club_id", "away_club_id": "team.club_id"},
    ),
    DatabaseView(
        "goalscorers",
        "Who scored how often for which team in a tournament. Own goals, and goals that the "
        "provider took back, do not count.",
        goal,
        "tournament_key tournament scorer team goals:bigint penalties:bigint matches:bigint "
        "tournament_id team_id provider updated_at",
        {"team_id": "team.id", "provider": "tournament.provider"},
    ),
    DatabaseView(
        "knockout_ties",
        "The ties of knockout rounds with their legs, the aggregate, who went on and by what. A "
        "tie of two legs is one row, seen from the home team of the first leg.",
        knockout_tie,
        "tournament_key tournament stage round_order round legs home_team away_team scores:ARRAY "
        "home_goals away_goals winner:text decided_by home_penalties:integer "
        "away_penalties:integer first_date last_date match_ids tournament_id winner_id:uuid "
        "tie_id provider round_slug home_team_id away_team_id updated_at",
        {
            "stage": "match.stage",
            "first_date": "match.kickoff_date",
            "last_date": "match.kickoff_date",
            "tie_id": "knockout_tie.id",
            "provider": "tournament.provider",
            "round_slug": "match.round_slug",
            "home_team_id": "match.home_team_id",
            "away_team_id": "match.away_team_id",
        },
    ),
    DatabaseView(
        "head_to_head",
        "Played matches as each of both teams sees them, two rows per match. `team_id` joins the "
        "teams of a provider over tournaments, and `club_id`, where it is known, over providers.",
        match,
        "tournament_key tournament round kickoff_at kickoff_date place:text team opponent "
        "goals_for:integer goals_against:integer result:text penalties_for:integer "
        "penalties_against:integer status provider team_id opponent_id club_id opponent_club_id "
        "match_id tournament_id updated_at",
        {
            "team_id": "team.id",
            "opponent_id": "team.id",
            "club_id": "team.club_id",
            "opponent_club_id": "team.club_id",
        },
    ),
    DatabaseView(
        "table_by_matchday",
        "The table of a tournament after each matchday. It goes by the results as they are now and "
        "the rules of the competition.",
        matchday_standing,
        "tournament_key tournament matchday round stage group_name position team games wins draws "
        "losses goals_for goals_against goal_difference:integer points note whole_season provider "
        "tournament_id team_id updated_at",
        {"provider": "tournament.provider"},
    ),
    DatabaseView(
        "match_history",
        "Every changed field of every match of a tournament, old and new. `changed_at` is when the "
        "change was stored here.",
        change,
        "tournament_key tournament round match:text field old:text new:text changed_at "
        "execution_id match_id tournament_id change_id provider kickoff_date round_slug home_team "
        "away_team home_team_id away_team_id",
        {
            "tournament_id": "match.tournament_id",
            "change_id": "change.id",
            "provider": "match.provider",
            "kickoff_date": "match.kickoff_date",
            "round_slug": "match.round_slug",
            "home_team_id": "match.home_team_id",
            "away_team_id": "match.away_team_id",
        },
    ),
    DatabaseView(
        "table_history",
        "The tables of a tournament as they stood here at any time. The rows of a time are those "
        "with `valid_from` before it and `valid_to` after it or null.",
        tournament_standing,
        "tournament_key tournament stage group_name position team games wins draws losses "
        "goals_for goals_against goal_difference points form zone note computed "
        "valid_from:timestamp_with_time_zone valid_to:timestamp_with_time_zone whole_season "
        "tournament_id team_id standing_id",
        {"standing_id": "tournament_standing.id"},
    ),
    DatabaseView(
        "clubs",
        "Clubs that more than one provider has, a row for each of their teams; a team that one "
        "provider alone has is not in it. `club_by` says by what a team was found to be of that "
        "club.",
        club,
        "club kind squad country provider team external_id club_by seasons:bigint "
        "fixtures:bigint club_id team_id",
        {
            "club": "club.name",
            "provider": "team.provider",
            "external_id": "team.external_id",
            "club_by": "team.club_by",
            "club_id": "club.id",
            "team_id": "team.id",
        },
    ),
    DatabaseView(
        "execution_stats",
        "What executions came to and cost per day, provider and domain. Dry runs do not count.",
        data_provider_executions,
        "day:date provider:text domain executions:bigint runs:bigint stored:bigint "
        "failures:bigint blocked:bigint median_duration:double_precision "
        "p95_duration:double_precision requests:bigint bytes:bigint",
    ),
)
"""All views of the database."""
