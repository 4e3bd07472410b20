"""By which rule a table is ordered, what is to be said of its rows, and which still follow."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_VIEW = """
{} VIEW league_table AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.stage,
    standing.group_name, standing.position, coalesce(team_here.name, team.name) AS team,
    standing.games, standing.wins, standing.draws, standing.losses, standing.goals_for,
    standing.goals_against, standing.goal_difference, standing.points, standing.form,
    standing.computed, standing.tournament_id, standing.team_id{}
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = standing.tournament_id AND team_here.team_id = standing.team_id
"""
_UP = """
ALTER TABLE tournament_standing
    ADD COLUMN rule text, ADD COLUMN note text,
    ADD COLUMN whole_season boolean DEFAULT false NOT NULL,
    ADD COLUMN superseded boolean DEFAULT false NOT NULL;
"""
_COMMENTS = {
    "position": "Place in this table, from 1; shared by teams that the rule cannot separate",
    "points": "With what was carried over or deducted, so not always 3 * wins + draws",
    "rule": "How teams level on points are ordered, with its source, or that the rule is unknown;"
    " null in a provider''s own table",
    "note": "What to know of this row: deductions, points carried over, why a place is shared",
    "whole_season": "True: this table is over the whole season, the only one or the final one",
}
_DOWN = """
ALTER TABLE tournament_standing DROP COLUMN rule, DROP COLUMN note, DROP COLUMN whole_season,
    DROP COLUMN superseded;
"""


def upgrade() -> None:
    """Add the columns, and to the view, which leaves out what does not follow any more."""
    more = ", standing.rule, standing.note, standing.whole_season"
    comments = [
        f"COMMENT ON COLUMN {relation}.{name} IS '{comment}';"
        for relation in ("tournament_standing", "league_table")
        for name, comment in _COMMENTS.items()
    ]
    _run(
        _UP,
        _VIEW.format("CREATE OR REPLACE", more) + "WHERE NOT standing.superseded",
        *comments,
        "COMMENT ON COLUMN tournament_standing.superseded IS 'True: a computed row that does not"
        " follow from the matches any more; not in league_table'",
    )


def downgrade() -> None:
    """Drop them; rows that did not follow any more would be shown again, so they go, too."""
    _run(
        "DROP VIEW league_table",
        "DELETE FROM tournament_standing WHERE superseded",
        _DOWN,
        _VIEW.format("CREATE", ""),
    )


def _run(*statements: str) -> None:
    for each in statements:
        op.get_bind().exec_driver_sql(each)
