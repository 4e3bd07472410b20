"""What checks of stored data came to: the table `data_check`."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE data_check (
    tournament_id uuid NOT NULL, name text NOT NULL, domain text NOT NULL, passed boolean NOT NULL,
    severity text NOT NULL, detail text NOT NULL, rows jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_data_check PRIMARY KEY (tournament_id, name),
    CONSTRAINT fk_data_check_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT ck_data_check_severity CHECK (severity IN ('WARN', 'ERROR'))
);
COMMENT ON TABLE data_check IS 'What each check of a tournament''s data came to last; updated_at says since when';
COMMENT ON COLUMN data_check.tournament_id IS 'tournament.id';
COMMENT ON COLUMN data_check.name IS 'Name of the check, as on the asset';
COMMENT ON COLUMN data_check.domain IS 'Of which it checks rows';
COMMENT ON COLUMN data_check.passed IS 'Whether nothing is wrong';
COMMENT ON COLUMN data_check.severity IS 'ERROR where somebody would be misled by the data, WARN where something lacks or it passed';
COMMENT ON COLUMN data_check.detail IS 'A sentence with the numbers';
COMMENT ON COLUMN data_check.rows IS 'What is wrong, a sentence each, up to 20';
COMMENT ON COLUMN data_check.created_at IS 'When this row was first stored';
COMMENT ON COLUMN data_check.updated_at IS 'Last time a value of this row changed';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Create it, empty: the next read of a tournament fills it."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it; checks are made again."""
    op.get_bind().exec_driver_sql("DROP TABLE data_check")
