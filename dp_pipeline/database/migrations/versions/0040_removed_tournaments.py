"""Tournaments that a person removed: the table `removed_tournament`."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE removed_tournament (
    key text NOT NULL, removed_at timestamptz DEFAULT now() NOT NULL, removed_by text NOT NULL,
    CONSTRAINT pk_removed_tournament PRIMARY KEY (key)
);
COMMENT ON TABLE removed_tournament IS 'Tournaments that a person removed with dp remove: nothing reads them by itself until a person ingests or approves them';
COMMENT ON COLUMN removed_tournament.key IS 'The tournament key';
COMMENT ON COLUMN removed_tournament.removed_at IS 'When it was removed';
COMMENT ON COLUMN removed_tournament.removed_by IS 'Name of the user at whose terminal';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Create it, empty."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it; what is followed is read again."""
    op.get_bind().exec_driver_sql("DROP TABLE removed_tournament")
