"""Of what tables by matchday were computed: the table `matchday_table`."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE matchday_table (
    tournament_id uuid NOT NULL, computed_from text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_matchday_table PRIMARY KEY (tournament_id),
    CONSTRAINT fk_matchday_table_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE
);
COMMENT ON TABLE matchday_table IS 'Of what the tables after each matchday were computed; equal: they are not made anew';
COMMENT ON COLUMN matchday_table.tournament_id IS 'tournament.id';
COMMENT ON COLUMN matchday_table.computed_from IS 'Digest of matches, rounds, names, rules and code';
COMMENT ON COLUMN matchday_table.created_at IS 'When this row was first stored';
COMMENT ON COLUMN matchday_table.updated_at IS 'Last time a value of this row changed';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Create it, empty: the next read of a table fills it."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it; tables by matchday are computed again."""
    op.get_bind().exec_driver_sql("DROP TABLE matchday_table")
