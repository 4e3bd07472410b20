"""What the places of a table mean: `tournament_standing.zone`, shown in `league_table`."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_VIEW = """
{} VIEW league_table AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.stage,
    standing.group_name, standing.position, coalesce(team_here.name, team.name) AS team,
    standing.games, standing.wins, standing.draws, standing.losses, standing.goals_for,
    standing.goals_against, standing.goal_difference, standing.points, standing.form,
    standing.computed, standing.tournament_id, standing.team_id, standing.rule, standing.note,
    standing.whole_season{}
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = standing.tournament_id AND team_here.team_id = standing.team_id
WHERE NOT standing.superseded
"""
_COMMENT = (
    "COMMENT ON COLUMN {}.zone IS 'champion, qualification, promotion, play-off or relegation: what"
    " its place means; null where it means nothing of that or is not known'"
)
_ADD = """
ALTER TABLE tournament_standing ADD COLUMN zone text;
ALTER TABLE tournament_standing ADD CONSTRAINT ck_tournament_standing_zone CHECK (zone IN
    ('champion', 'qualification', 'promotion', 'play-off', 'relegation'));
"""


def upgrade() -> None:
    """Add the column, and to the view; the next read of a table fills it."""
    _run(
        _ADD,
        _VIEW.format("CREATE OR REPLACE", ", standing.zone"),
        *(_COMMENT.format(relation) for relation in ("tournament_standing", "league_table")),
    )


def downgrade() -> None:
    """Drop it."""
    _run(
        "DROP VIEW league_table",
        "ALTER TABLE tournament_standing DROP COLUMN zone",
        _VIEW.format("CREATE", ""),
    )


def _run(*statements: str) -> None:
    for each in statements:
        op.get_bind().exec_driver_sql(each)
